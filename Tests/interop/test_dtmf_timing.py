"""When digits sound: onsets on the wire against the plan (docs/contract/calls.md#digits-in-time), as events and as tones in the audio.

The plan is worked out here once more, from the specification, and not asked of the server.
"""

import re
from dataclasses import dataclass

import numpy
import pytest

from harness import audio
from harness.server import NUMBER
from harness.steps import application
from harness.webhook_app import HANGUP

#: It measures hundredths of a second.
pytestmark = pytest.mark.alone

PACKET_SECONDS = 0.020
# A tone in the audio begins softly: it is heard so much after its first sample at most.
EDGE_SECONDS = 0.001
# A packet that left later than this the machine kept waiting: its call says nothing of the plan, and is made again.
PUNCTUAL_SECONDS = 0.015
TRIES = 3
EVENTS, PCMU = 101, 0

# ITU-T Q.23.
ROWS, COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477)
KEYS = ("123", "456", "789", "*0#")

# The examples of docs/contract/calls.md#senddigits, and pauses leading, inside, in a row, and at the end; each with the length of a standard pause.
SEQUENCES = [
    ("1234#", 500), ("12{2}34{4}#", 500), ("{2}90", 500), ("{1}{3}7*", 500), ("1{2}{3}2{1}3", 500), ("5{6}", 500),
    ("0246813579", 100), ("8{3}*#", 1000)]


@dataclass
class Sound:
    """One digit as it was on the wire; its onset in seconds after the first packet that was sent."""

    digit: str
    onset: float
    seconds: float


def plan(digits, pause_milliseconds):
    """(digit, onset, length) of each tone, in seconds from the beginning."""
    length = min(100, pause_milliseconds / 2)
    planned, gap, now = [], None, 0
    for pause, digit in re.findall(r"\{(\d+)\}|([0-9*#])", digits):
        if pause:
            gap = (gap or 0) + int(pause) * pause_milliseconds
            continue
        now += gap if gap is not None else pause_milliseconds if planned else 0
        gap = None
        planned.append((digit, now / 1000, length / 1000))
    return planned


def timestamp(packet):
    return int.from_bytes(packet[4:8], "big")


def payload_type(packet):
    return packet[1] & 0x7F


def lateness(packets):
    """By how much each packet left after the moment that its timestamp tells; the earliest twentieth was in time.

    An event's packets share the timestamp of the first of them.
    """
    first = timestamp(packets[0][1])
    late, seen = [], set()
    for when, packet in packets:
        if timestamp(packet) not in seen:
            late.append(when - (timestamp(packet) - first) % (1 << 32) / audio.RATE)
        seen.add(timestamp(packet))
    return numpy.array(late) - numpy.percentile(late, 5)


def events(packets):
    """The RFC 4733 events among the packets, and when each one's first packet left."""
    began, first = packets[0][0], timestamp(packets[0][1])
    found = []
    for when, packet in packets:
        if payload_type(packet) != EVENTS:
            continue
        onset = (timestamp(packet) - first) % (1 << 32) / audio.RATE
        if not found or found[-1][0].onset != onset:
            found.append((Sound("0123456789*#"[packet[12]], onset, 0), when - began))
        found[-1][0].seconds = int.from_bytes(packet[14:16], "big") / audio.RATE
    return found


def samples_of(packets):
    """The audio that left, each packet's in the place that its timestamp tells."""
    first = timestamp(packets[0][1])
    samples = numpy.zeros((timestamp(packets[-1][1]) - first) % (1 << 32) + 160)
    for _, packet in packets:
        place = (timestamp(packet) - first) % (1 << 32)
        samples[place:place + 160] = audio.mu_law_decode(numpy.frombuffer(packet[12:172], numpy.uint8))
    return samples


def stretches(samples, quiet=0.004, threshold=0.01):
    """(first, last) sample of each stretch that sounds."""
    loud = numpy.flatnonzero(numpy.abs(samples) > threshold)
    if not len(loud):
        return []
    ends = numpy.flatnonzero(numpy.diff(loud) > quiet * audio.RATE)
    return list(zip(loud[numpy.concatenate(([0], ends + 1))], loud[numpy.concatenate((ends, [len(loud) - 1]))] + 1))


def amplitude(samples, hertz):
    """Of a sinus of this frequency, in dB below full scale."""
    window = numpy.hanning(len(samples))
    phase = numpy.exp(-2j * numpy.pi * hertz * numpy.arange(len(samples)) / audio.RATE)
    return 20 * numpy.log10(2 * abs(numpy.dot(samples * window, phase)) / window.sum() + 1e-9)


def tone(samples):
    """The digit that the samples hold; fails where it is no DTMF tone as ITU-T Q.23 and Q.24 have it."""
    low, high = [[amplitude(samples, hertz) for hertz in group] for group in (ROWS, COLUMNS)]
    row, column = int(numpy.argmax(low)), int(numpy.argmax(high))
    levels = {"low": low[row], "high": high[column]}
    assert all(-20 < level < -6 for level in levels.values()), levels
    # Q.24: the higher group up to 4 dB above the lower one, or 8 dB below it.
    assert -8 <= high[column] - low[row] <= 4, levels
    for group, strongest in ((low, row), (high, column)):
        others = [level for index, level in enumerate(group) if index != strongest]
        assert max(others) < group[strongest] - 15, (low, high)
    return KEYS[row][column]


def of_punctual_calls(server, far, app, capture, numbers, place, judge):
    """Makes a call to each number, all at once, and judges each one whose packets left in time; those that the machine
    kept waiting are made again. The last digit of a number is the try's."""
    left = list(numbers)
    for attempt in range(TRIES):
        wire = capture()
        dialled = {f"{number}{attempt}": number for number in left}
        for call in [place(number, name) for number, name in dialled.items()]:
            app.wait_for(call, "callStatus", 30)
        far.wait_until_quiet(10)
        wire.finish()
        departures = wire.departures(server.rtp_ports)
        acknowledged = {call_id: when for when, name, _, _, call_id in wire.sip(far.port) if name == "ACK"}
        for number, name in dialled.items():
            [dialog] = far.dialogs_of(number)
            packets = departures[dialog.invite.audio_port]
            began_late = abs(packets[0][0] - acknowledged[dialog.invite.call_id]) > 2 * PACKET_SECONDS
            if attempt < TRIES - 1 and (began_late or max(lateness(packets)) > PUNCTUAL_SECONDS):
                continue
            judge(name, packets, acknowledged[dialog.invite.call_id])
            left.remove(name)
        if not left:
            return


def check(sounds, digits, pause, what):
    """The digits are the right ones, begin within a packet of the plan, and are as long as planned."""
    planned = plan(digits, pause)
    assert "".join(sound.digit for sound in sounds) == "".join(digit for digit, _, _ in planned), (what, sounds)
    for sound, (digit, onset, seconds) in zip(sounds, planned):
        off = sound.onset - onset
        assert abs(off) <= PACKET_SECONDS + EDGE_SECONDS, f"{what}: {digit} begins {1000 * off:+.1f} ms beside the plan"
        assert abs(sound.seconds - seconds) <= PACKET_SECONDS / 2, f"{what}: {digit} lasts {sound.seconds:.4f} s"


def test_the_plan_itself():
    """1234# has two seconds from its first to its last onset (docs/contract/calls.md#digits-in-time)."""
    assert [onset for _, onset, _ in plan("1234#", 500)] == [0, 0.5, 1.0, 1.5, 2.0]
    assert [onset for _, onset, _ in plan("12{2}34{4}#", 500)] == [0, 0.5, 1.5, 2.0, 4.0]
    assert plan("{1}{3}7*", 500) == [("7", 2.0, 0.1), ("*", 2.5, 0.1)]
    assert plan("12", 100) == [("1", 0, 0.05), ("2", 0.1, 0.05)]


@pytest.mark.parametrize("takes_events", [True, False], ids=["events", "tones"])
def test_onsets_on_the_wire(belay, far_end, app, capture, takes_events):
    """sendDigits of Make a Call where the standard pause is the usual one, SendDigits in a script for the others."""
    far = far_end(takes_events=takes_events)
    server = belay(trunk=far.trunk)
    connect = application(server, app, HANGUP)
    sequences = {f"+1312555{index:03}": sequence for index, sequence in enumerate(SEQUENCES)}

    def place(number, name):
        digits, pause = sequences[name]
        if pause == 500:
            return server.rest.place(from_=NUMBER, to=number, sendDigits=digits, applicationId=connect)
        script = app.answer(f"/script{pause}", [{"SendDigits": {"digits": digits, "pauseMs": pause}}, {"Hangup": {}}])
        return server.rest.place(from_=NUMBER, to=number, callConnectUrl=script, applicationId=connect)

    def judge(name, packets, acknowledged):
        digits, pause = sequences[name]
        what = f"{digits} ({pause} ms)"
        if takes_events:
            timed = events(packets)
            sounds = [sound for sound, _ in timed]
            for sound, left in timed:
                late = left - timed[0][1] - (sound.onset - sounds[0].onset)
                assert abs(late) <= PACKET_SECONDS, f"{what}: {sound.digit} left {1000 * late:+.1f} ms beside its time"
        else:
            assert {payload_type(packet) for _, packet in packets} == {PCMU}, "events were not agreed"
            samples = samples_of(packets)
            sounds = [Sound(tone(samples[first:last]), float(first / audio.RATE), float((last - first) / audio.RATE))
                      for first, last in stretches(samples)]
        # The answer starts the clock of the audio; its first packet leaves in the frame after the ACK.
        assert abs(packets[0][0] - acknowledged) <= 2 * PACKET_SECONDS, what
        # A script's digits begin when the script is there, which the wire does not tell.
        begins = 0 if pause == 500 else sounds[0].onset - plan(digits, pause)[0][1]
        for sound in sounds:
            sound.onset -= begins
        off = [round(1000 * (sound.onset - onset), 1) for sound, (_, onset, _) in zip(sounds, plan(digits, pause))]
        print(f"{what}: {off} ms beside the plan")
        check(sounds, digits, pause, what)

    of_punctual_calls(server, far, app, capture, sequences, place, judge)
