"""Recordings judged by instruments: length, level, who is left and who is right, one time for both, no gap."""

import math
import struct
import time

import numpy
import pytest
from scipy.io import wavfile

from harness import audio, instruments
from harness.far_end import Person
from harness.instruments import Burst, compose, find
from harness.steps import place
from harness.waiting import eventually
from harness.webhook_app import HANGUP, Reply

# What baresip sounds from the answer on, and what Belay plays: apart, at once, and one within the other.
HEARD = [Burst(0.8, 0.4, 440, -18), Burst(2.0, 2.0, 440, -18), Burst(4.5, 0.3, 440, -18)]
SAID = [Burst(0.3, 0.4, 1000, -24), Burst(1.6, 0.5, 1000, -24), Burst(2.8, 1.5, 1000, -24)]
SCORE_SECONDS = 5.0
# Where a far end's packets are less regular than this, nobody can say to within 20 ms when it said something.
LATE_SECONDS = 0.020
TRIES = 6


def write(path, samples):
    wavfile.write(path, audio.RATE, (numpy.atleast_2d(samples).T * 32767).round().astype(numpy.int16))
    return path


def silence_after(samples, seconds=600):
    """baresip would hang up at the end of its file."""
    return numpy.concatenate([samples, numpy.zeros(seconds * audio.RATE)])


def download(server, recording_id, name="downloaded.wav"):
    answer = server.rest.raw("GET", f"{server.rest.path}/Recordings/{recording_id}/Download")
    assert answer.status == 200, answer
    path = server.folder / name
    path.write_bytes(answer.body)
    return path


def on_the_wire(score, samples, began):
    """The score's bursts at the moments when they were on the wire."""
    found = find(samples, score[0].hertz)
    assert len(found) == len(score), f"the wire does not carry the score: {found}"
    return [Burst(began + burst.start, wanted.seconds, wanted.hertz, wanted.decibels)
            for burst, wanted in zip(found, score)]


def wall(moment):
    """A monotonic moment by the wall clock."""
    return moment + time.time() - time.monotonic()


def of_a_punctual_far_end(capture, server, make_call):
    """A call whose far end sent in time: its id, the capture, and what came and left as `Capture.audio` has them.

    A far end that the machine kept waiting has left gaps of its own, and its call is made again.
    """
    for _ in range(TRIES):
        wire = capture()
        call = make_call()
        eventually(lambda: server.gauge("belay_sip_dialogs") == 0, 10, "both sides are done with the call")
        wire.finish()
        came, left = wire.audio(wire.media_port(server.sip[1]))
        if came[2] < LATE_SECONDS:
            return call, wire, came, left
    raise AssertionError(f"the machine is too busy: the far end's packets come up to {1000 * came[2]:.0f} ms too late or too early")


def test_a_call_by_its_score(baresip, belay, app, capture, folder):
    says = write(folder / "heard.wav", silence_after(compose(HEARD, SCORE_SECONDS)))
    far = baresip(codecs="PCMU/8000/1", says=says)
    server = belay(trunk=far.trunk)
    prompt = write(folder / "said.wav", compose(SAID, SCORE_SECONDS)).read_bytes()
    file = app.answer("/prompt.wav", Reply(200, prompt, {"Content-Type": "audio/wav"}))

    def make_call():
        call = place(server, app, [{"StartRecordCall": {}}, {"Play": {"file": file}}, {"Pause": {"length": 500}}])
        app.wait_for(call, "callStatus", 30)
        return call

    call, wire, (came, began, _), (left, also, _) = of_a_punctual_far_end(capture, server, make_call)
    heard, said = on_the_wire(HEARD, came, began), on_the_wire(SAID, left, also)
    channels = audio.read(download(server, app.of(call, "callStatus")[0].json["recordingId"]))
    print(f"aligned to {1000 * (instruments.alignment(channels, heard, said) or 0):+.1f} ms")
    # It was recorded from the moment when the script was there to the BYE.
    bye = next(when for when, name, *_ in wire.sip(far.port) if name == "BYE")
    seconds = bye - wall(app.of(call, "outDialApiConnect")[0].finished)
    assert instruments.faults(channels, heard, said, seconds) == []


# The judge itself

def ideal():
    return numpy.stack([compose(HEARD, SCORE_SECONDS), compose(SAID, SCORE_SECONDS)])


def shifted(channels, seconds, channel=0):
    moved = channels.copy()
    moved[channel] = numpy.roll(channels[channel], round(seconds * audio.RATE))
    return moved


def with_hole(channels, channel, start, seconds):
    holed = channels.copy()
    holed[channel, round(start * audio.RATE):round((start + seconds) * audio.RATE)] = 0
    return holed


def with_noise(channels, channel, start, decibels):
    noisy = channels.copy()
    first = round(start * audio.RATE)
    noisy[channel, first:first + 800] += 10 ** (decibels / 20) * numpy.random.default_rng(7).normal(0, 1, 800)
    return noisy


def cut(channels, start, seconds):
    first, last = round(start * audio.RATE), round((start + seconds) * audio.RATE)
    return numpy.concatenate([channels[:, :first], channels[:, last:]], axis=1)


def through_mu_law(channels):
    return audio.mu_law_decode(audio.mu_law_encode(channels))


@pytest.mark.parametrize("change", [
    lambda c: c, through_mu_law, lambda c: shifted(c, 0.015), lambda c: shifted(shifted(c, 0.15), 0.15, 1),
    lambda c: with_hole(c, 0, 3.0, 0.02)], ids=["ideal", "µ-law", "15 ms", "both later", "one frame lost"])
def test_the_instruments_accept(change):
    assert instruments.faults(change(ideal()), HEARD, SAID, SCORE_SECONDS) == []


@pytest.mark.parametrize("change, words", [
    (lambda c: c[::-1], "other side's"),
    (lambda c: c[:1], "1 channels"),
    (lambda c: c * 0, "0 are there"),
    (lambda c: numpy.stack([c[0], c[1] * 0]), "right: 3 bursts"),
    (lambda c: numpy.stack([c[0] + c[1], c[1]]), "left: the other side's"),
    (lambda c: c[:, :c.shape[1] // 2], "s long"),
    (lambda c: c * 0.5, "dBFS, sounded at"),
    (lambda c: shifted(c, 0.03), "+30 ms beside what was said"),
    (lambda c: shifted(c, 0.03, 1), "-30 ms beside what was said"),
    (lambda c: with_hole(c, 0, 3.0, 0.06), "gap of 60 ms"),
    (lambda c: with_hole(c, 1, 1.5, 1.0), "2 are there"),
    (lambda c: cut(c, 1.3, 0.2), "beside the others"),
    (lambda c: cut(c, 3.0, 0.1), "lasts"),
    (lambda c: with_noise(c, 0, 1.4, -50), "where silence was"),
    (lambda c: c[:, ::2], "s long"),
], ids=["swapped", "mono", "silent", "one silent", "mixed", "half", "half as loud", "left shifted", "right shifted",
        "gap", "a burst missing", "silence cut", "tone cut", "noise", "twice as fast"])
def test_the_instruments_notice(change, words):
    found = instruments.faults(change(ideal()), HEARD, SAID, SCORE_SECONDS)
    assert any(words in fault for fault in found), found


# RecordUtterance

def only_tone(samples, seconds, decibels=-18):
    """The one burst of 440 Hz in a recording that holds so many seconds of it, and nothing else."""
    [burst] = find(samples, 440)
    assert burst.seconds == pytest.approx(seconds, rel=instruments.LENGTH_PERCENT / 100), burst
    assert burst.decibels == pytest.approx(decibels, abs=instruments.LEVEL_DECIBELS), burst
    assert list(instruments.gaps(samples, burst)) == []
    assert find(samples, 1000) == [], "the beep is ours and belongs to no utterance"
    return burst


def test_utterances_by_their_length(baresip, belay, app, capture, folder):
    """The first one ends by maxLengthSec in the midst of a tone, the second one by silence after it."""
    tone = [Burst(0, 7.0, 440, -18)]
    far = baresip(codecs="PCMU/8000/1", says=write(folder / "heard.wav", silence_after(compose(tone, 7.0))))
    server = belay(trunk=far.trunk)
    second = app.answer("/second", HANGUP)
    first = app.answer("/first", [{"RecordUtterance": {
        "actionUrl": second, "playBeep": True, "silenceTimeoutMs": 1000, "maxLengthSec": 30}}])

    def make_call():
        call = place(server, app, [{"Pause": {"length": 300}}, {"RecordUtterance": {
            "actionUrl": first, "playBeep": False, "silenceTimeoutMs": 1000, "maxLengthSec": 2}}])
        app.wait_for(call, "callStatus", 30)
        return call

    call, _, (heard, began, _), (said, also, _) = of_a_punctual_far_end(capture, server, make_call)
    by_length, by_silence = [webhook.json for webhook in app.of(call, "record")]
    assert (by_length["termReason"], by_length["recordingDurationSec"]) == ("maxLength", 2), by_length
    assert by_silence["termReason"] == "timeout", by_silence
    [samples] = audio.read(download(server, by_length["recordingId"], "by-length.wav"))
    assert len(samples) / audio.RATE == pytest.approx(2.0, rel=instruments.LENGTH_PERCENT / 100)
    only_tone(samples, 2.0)

    [samples] = audio.read(download(server, by_silence["recordingId"], "by-silence.wav"))
    beep = find(said, 1000)[0]
    left = began + find(heard, 440)[0].end - (also + beep.end)
    burst = only_tone(samples, left)
    rest = len(samples) / audio.RATE - burst.end
    assert rest == pytest.approx(1.0, abs=0.1), "it ends when silenceTimeoutMs are over"
    assert audio.level(samples[round((burst.end + 0.03) * audio.RATE):]) < instruments.SILENCE_DECIBELS
    seconds = len(samples) / audio.RATE
    assert by_silence["recordingDurationSec"] - 1 < seconds <= by_silence["recordingDurationSec"], (by_silence, seconds)
    assert int(by_silence["recordingSize"]) == (server.folder / "by-silence.wav").stat().st_size


# What a crash leaves

def check_header(path):
    """RIFF's and the data's lengths are those of the file, to the half second that was being written."""
    content = path.read_bytes()
    riff, size, wave, form, length = struct.unpack("<4sI4s4sI", content[:20])
    kind, channels, rate, bytes_a_second, block, bits = struct.unpack("<HHIIHH", content[20:36])
    name, data = struct.unpack("<4sI", content[36:44])
    assert (riff, wave, form, length, kind, name) == (b"RIFF", b"WAVE", b"fmt ", 16, 1, b"data"), content[:44]
    assert (rate, bits, block, bytes_a_second) == (8000, 16, 2 * channels, 16_000 * channels), content[:44]
    assert size == data + 36, content[:44]
    assert data % block == 0 and 0 <= len(content) - 44 - data <= bytes_a_second / 2, (data, len(content))
    return channels


@pytest.mark.parametrize("script, channels", [
    ([{"StartRecordCall": {}}, {"Pause": {"length": 60000}}], 2),
    ([{"RecordUtterance": {"actionUrl": "http://127.0.0.1:9/", "playBeep": False}}], 1),
], ids=["StartRecordCall", "RecordUtterance"])
def test_what_a_crash_leaves(belay, far_end, app, script, channels):
    """kill -9 in the midst of a recording: what was heard until then can be played, and is listed with its length."""
    far = far_end(decide=lambda number: Person(tone=440, speaks=1000), caller_may_crash=True)
    server = belay(trunk=far.trunk, arguments=["--public-url", "http://belay.example:8080/"])
    call = place(server, app, script)
    connect = app.wait_for(call, "outDialApiConnect")
    began = eventually(lambda: connect.finished, 5, "the script is fetched")
    partial = server.data / "recordings"
    eventually(lambda: [*partial.iterdir()], 30, "the recording begins")
    # It began before it was seen: what is late makes the least that it may hold less, and the most of it more.
    seen = time.monotonic()
    enough = 44 + 3 * 16_000 * channels
    eventually(lambda: any(f.stat().st_size > enough for f in partial.iterdir()), 30, "three seconds are written")
    least = max(3, time.monotonic() - seen - 1)
    server.kill()
    most = time.monotonic() - began
    app.unfinished_allowed = True
    server.start()
    server.wait_until_ended(call)

    [listed] = server.rest.get(f"/Calls/{call}/Recordings").json["recordings"]
    path = download(server, listed["recordingId"], "after-crash.wav")
    assert check_header(path) == channels
    heard = audio.read(path)[0]
    assert len(audio.read(path)) == channels
    assert least <= len(heard) / audio.RATE <= most, (least, len(heard), most)
    assert listed["durationSec"] == math.ceil(len(heard) / audio.RATE), (listed, len(heard))
    [tone] = find(heard, 440)
    assert list(instruments.gaps(heard, tone)) == []
    assert len(heard) / audio.RATE - tone.seconds < 0.5, f"the tone goes on to the end: {tone}"
    assert tone.decibels == pytest.approx(-15.05, abs=instruments.LEVEL_DECIBELS)
    told = app.wait_for(call, "callStatus", 15).json
    if "StartRecordCall" in script[0]:
        assert told["recordingId"] == listed["recordingId"] and told["recordingDurationSec"] == listed["durationSec"]
        assert told["recordingUrl"].startswith("http://belay.example:8080/apiserver/Accounts/"), told["recordingUrl"]
    else:
        assert told["recordingId"] is None
