"""A real user agent at the other end: what it heard is what was said, and every packet came when it should."""

import re

import numpy
import pytest

from harness import audio
from harness.outcome import check_outcome
from harness.steps import place
from harness.waiting import eventually

SENTENCE = "Good afternoon. The north face is in the shade now, so take a warm jacket and a second rope."


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    return audio.render(SENTENCE, tmp_path_factory.mktemp("rendition"))


@pytest.mark.parametrize("codec, payload", [("PCMU/8000/1", 0), ("PCMA/8000/1", 8)])
def test_what_was_said_is_heard(baresip, belay, app, capture, said, codec, payload):
    far = baresip(codecs=codec)
    server = belay(trunk=far.trunk)
    wire = capture()
    call = place(server, app, [{"Pause": {"length": 500}}, {"Say": {"text": SENTENCE}}, {"Pause": {"length": 500}}])
    check_outcome(server, app, call, "completed", "appHangup", seconds=40)
    far.wait_for_event("CALL_CLOSED")
    wire.finish()

    streams = wire.streams(server.rtp_ports)
    assert len(streams) == 1, streams
    stream = streams[0]
    assert stream.lost == 0, stream
    assert stream.mean_delta == pytest.approx(20, abs=0.3), stream
    packets = wire.packets(stream.source[1], stream.destination[1])
    assert {p.payload_type for p in packets} == {payload}
    assert {p.length for p in packets} == {160}
    assert all((b.sequence - a.sequence) % 65536 == 1 for a, b in zip(packets, packets[1:]))
    assert all((b.timestamp - a.timestamp) % 2 ** 32 == 160 for a, b in zip(packets, packets[1:]))
    assert packets[0].marker

    heard = audio.read(far.heard())[0]
    assert audio.faults(heard, said) == []
    far.stop()
    server.wait_until_idle()


def test_a_file_is_played(baresip, belay, app, folder, said):
    """Play: a 16-bit stereo WAV at 44.1 kHz comes out at 8 kHz as it went in."""
    from scipy.io import wavfile
    from scipy.signal import resample_poly

    from harness.webhook_app import Reply

    high = resample_poly(said, 441, 80)
    wavfile.write(folder / "prompt.wav", 44100, (numpy.stack([high, high], axis=1) * 32767).astype(numpy.int16))
    far = baresip()
    server = belay(trunk=far.trunk)
    url = app.answer("/prompt.wav", Reply(200, (folder / "prompt.wav").read_bytes(), {"Content-Type": "audio/wav"}))
    call = place(server, app, [{"Play": {"file": url}}, {"Pause": {"length": 300}}])
    check_outcome(server, app, call, "completed", "appHangup", seconds=40)
    far.wait_for_event("CALL_CLOSED")
    assert len(app.fetches) == 1 and app.fetches[0].path == "/prompt.wav"
    assert audio.faults(audio.read(far.heard())[0], said) == []


def test_the_checker_refuses_what_is_wrong(said):
    """The same check fails on silence, on the wrong law, on a gap, on too quiet, too long, and on other words."""
    rng = numpy.random.default_rng(7)
    quiet = numpy.zeros(audio.RATE // 2)
    line = numpy.concatenate([quiet, said, quiet])
    assert audio.faults(line, said) == []
    assert audio.faults(line + rng.normal(0, 0.0003, len(line)), said) == []
    assert audio.faults(numpy.zeros(len(line)), said)
    wrong_law = audio.a_law_decode(audio.mu_law_encode(line))
    assert any("correlation" in fault or "level" in fault or "length" in fault for fault in audio.faults(wrong_law, said))
    holed = line.copy()
    loud = len(quiet) + int(numpy.argmax(numpy.convolve(said ** 2, numpy.ones(800), "valid")))
    holed[loud:loud + 480] = 0
    assert any("gap" in fault for fault in audio.faults(holed, said))
    assert any("level" in fault for fault in audio.faults(line * 0.05, said))
    assert any("length" in fault for fault in audio.faults(numpy.concatenate([line, said[:4000]]), said))
    assert any("correlation" in fault for fault in audio.faults(line[::-1], said))


def test_digits_are_sent_and_heard(baresip, belay, app, capture):
    """sendDigits (docs/contract/calls.md#digits-in-time): RFC 4733 events, `{2}` two standard pauses from onset to onset."""
    far = baresip()
    server = belay(trunk=far.trunk)
    wire = capture()
    call = place(server, app, [{"Pause": {"length": 200}}], sendDigits="12{2}34*#")
    check_outcome(server, app, call, "completed", "appHangup", seconds=30)
    eventually(lambda: far.digits == "1234*#", 5, lambda: f"baresip prints 1234*#; it printed {far.digits!r}")
    for digit in "1234*#":
        far.program.wait_for(re.escape(f"received event: '{digit}' (end=1)"))
    far.wait_for_event("CALL_CLOSED")
    wire.finish()

    stream = wire.streams(server.rtp_ports)
    assert len({s.source for s in stream}) == 1 and sum(s.lost for s in stream) == 0, stream
    packets = wire.packets(stream[0].source[1], stream[0].destination[1])
    assert all((b.sequence - a.sequence) % 65536 == 1 for a, b in zip(packets, packets[1:]))
    events = [p for p in packets if p.payload_type >= 96]
    onsets = [p for p in events if p.marker]
    assert len(onsets) == 6, [(p.time, p.timestamp, p.marker) for p in events]
    gaps = [(b.timestamp - a.timestamp) % 2 ** 32 / 8000 for a, b in zip(onsets, onsets[1:])]
    assert gaps == pytest.approx([0.5, 1.0, 0.5, 0.5, 0.5], abs=0.03), gaps
    # One event keeps one timestamp (RFC 4733 §2.5.1.2).
    assert len({p.timestamp for p in events}) == 6


def test_the_script_waits_for_the_digits(baresip, belay, app):
    """The webhook goes out at the answer; the script starts when the digits have been sent.

    docs/contract/calls.md#digits-and-the-script.
    """
    far = baresip()
    server = belay(trunk=far.trunk)
    call = place(server, app, [{"Hangup": {}}], sendDigits="1234#")
    ended = check_outcome(server, app, call, "completed", "appHangup", seconds=20)
    assert ended["connectDuration"] >= 2, ended
    eventually(lambda: far.digits == "1234#", 5, lambda: f"all digits came before the end: {far.digits!r}")


def test_baresip_hangs_up(baresip, belay, app):
    far = baresip()
    server = belay(trunk=far.trunk)
    call = place(server, app, [{"Pause": {"length": 60000}}])
    far.wait_for_event("CALL_ESTABLISHED")
    app.wait_for(call, "outDialApiConnect")
    far.command("hangup")
    check_outcome(server, app, call, "completed", "farEndHangup")


def test_baresip_refuses(baresip, belay, app):
    """Manual answer, and the user says no: baresip sends 486."""
    far = baresip(auto_answer=False)
    server = belay(trunk=far.trunk)
    call = place(server, app)
    far.wait_for_event("CALL_INCOMING")
    far.command("hangup")
    check_outcome(server, app, call, "busy", "busy", logged=[r"\b486\b"])


def test_baresip_does_not_answer(baresip, belay, app):
    far = baresip(auto_answer=False)
    server = belay(trunk=far.trunk)
    call = place(server, app, timeout=2)
    far.wait_for_event("CALL_INCOMING")
    check_outcome(server, app, call, "noAnswer", "noAnswer", logged=["CANCEL sip:"])
    far.wait_for_event("CALL_CLOSED")


def test_cancelled_while_baresip_rings(baresip, belay, app):
    far = baresip(auto_answer=False)
    server = belay(trunk=far.trunk)
    call = place(server, app)
    far.wait_for_event("CALL_INCOMING")
    assert server.rest.update(call, "canceled").status == 202
    check_outcome(server, app, call, "canceled", "callCanceled")
    far.wait_for_event("CALL_CLOSED")
    server.wait_until_idle(refused=1)


def test_busy_on_another_call(baresip, belay, app):
    """baresip takes four calls at once; the fifth is refused with 486."""
    far = baresip()
    server = belay(trunk=far.trunk)
    calls = [place(server, app, [{"Pause": {"length": 60000}}]) for _ in range(4)]
    for call in calls:
        server.wait_for_status(call, "inProgress")
    check_outcome(server, app, place(server, app), "busy", "busy")
    for call in calls:
        assert server.rest.update(call, "completed").status == 202
    for call in calls:
        check_outcome(server, app, call, "completed", "appHangup")
