"""A key stops a prompt: from the key's first packet on the wire to the prompt's last one, as tshark saw them.

Time in which the machine held the server up altogether does not count.
"""

import numpy
import pytest
from scipy.io import wavfile

from harness.far_end import Person
from harness.instruments import Burst, compose
from harness.server import NUMBER
from harness.steps import application
from harness.webhook_app import Reply

#: It measures hundredths of a second.
pytestmark = pytest.mark.alone

LONGEST_SECONDS = 0.040
KEYS = "12"
CALLS = 6
# No comma and no full stop: a voice that never pauses.
TEXT = "please press the number of the person that you would like to speak to " * 6


def tone(folder, seconds=20):
    """A prompt that sounds in each of its frames."""
    path = folder / "tone.wav"
    wavfile.write(path, 8000, (compose([Burst(0, seconds, 700, -15)], seconds) * 32767).astype(numpy.int16))
    return Reply(200, path.read_bytes(), {"Content-Type": "audio/wav"})


def port_of(far, number):
    [dialog] = far.dialogs_of(number)
    return dialog.invite.audio_port


def held_up(sounds, pressed, after):
    """How much longer than a packet's 20 ms the server was not heard around the key: the machine had no time for it."""
    around = [when for when in sounds if pressed - 0.1 < when <= pressed] + after
    gaps = [later - earlier for earlier, later in zip(around, around[1:])]
    return max(0.0, max(gaps, default=0.0) - 0.025)


@pytest.mark.parametrize("command, flush", [("Play", False), ("Say", False), ("Play", True)])
def test_a_key_stops_the_prompt(belay, far_end, app, capture, folder, command, flush):
    """Twelve keys, in six calls at once: each is in its webhook, and 40 ms after it nothing more is heard."""
    far = far_end(decide=lambda number: Person(
        presses=KEYS, presses_after=0.4 + 0.0035 * int(number[-1]), presses_when_heard=True, speaks=1000))
    server = belay(trunk=far.trunk)
    prompt = {"Play": {"file": app.answer("/tone.wav", tone(folder))}} if command == "Play" else {"Say": {"text": TEXT}}
    ask = {"GetDigits": {"actionUrl": app.url("/digits"), "maxDigits": 1, "flushBuffer": flush, "prompts": [prompt]}}

    def digits(webhook):
        # The pause keeps what is heard after a key apart from the next prompt.
        is_last = len(app.of(webhook.call, "getDigits")) == len(KEYS)
        return Reply(200, [{"Pause": {"length": 500}}] + ([{"Hangup": {}}] if is_last else [ask]))

    app.answer("/digits", digits)
    wire = capture()
    connect = application(server, app, [ask])
    numbers = [f"+1312555000{index}" for index in range(CALLS)]
    calls = [server.rest.place(from_=NUMBER, to=number, applicationId=connect) for number in numbers]
    for call in calls:
        app.wait_for(call, "callStatus", 30)
    wire.finish()

    lateness = []
    all_presses, all_sounds = wire.presses(server.rtp_ports), wire.sounds(server.rtp_ports)
    for call, number in zip(calls, numbers):
        told = [(w.json["digits"], w.json["reason"]) for w in app.of(call, "getDigits")]
        assert told == [(key, "maxDigits") for key in KEYS], told
        port = port_of(far, number)
        presses, sounds = all_presses[port], all_sounds[port]
        assert "".join(key for _, key in presses) == KEYS, presses
        for pressed, _ in presses:
            assert any(pressed - 0.5 < when <= pressed for when in sounds), "the prompt was to be heard before the key"
            after = [when for when in sounds if pressed < when < pressed + 0.45]
            lateness.append(max(after, default=pressed) - pressed - held_up(sounds, pressed, after))
    assert len(lateness) >= 10
    print(f"{command}: milliseconds from key to silence: {[round(1000 * late, 1) for late in sorted(lateness)]}")
    assert max(lateness) <= LONGEST_SECONDS, sorted(lateness)


def test_keys_typed_ahead(belay, far_end, app, capture, folder):
    """The first key comes before GetDigits does: nothing of its prompt is heard, and the second key is waited for."""
    far = far_end(decide=lambda number: Person(presses="42", presses_after=0.4, presses_every=1.6, speaks=1000))
    server = belay(trunk=far.trunk)
    file = app.answer("/tone.wav", tone(folder))
    app.answer("/digits", [{"Pause": {"length": 300}}, {"Hangup": {}}])
    wire = capture()
    connect = application(server, app, [{"Pause": {"length": 1200}}, {"GetDigits": {
        "actionUrl": app.url("/digits"), "maxDigits": 2, "prompts": [{"Play": {"file": file}}]}}])
    call = server.rest.place(from_=NUMBER, to="+13125550000", applicationId=connect)
    app.wait_for(call, "callStatus", 30)
    wire.finish()
    told = app.of(call, "getDigits")[0].json
    assert (told["digits"], told["reason"]) == ("42", "maxDigits"), told
    assert wire.sounds([port_of(far, "+13125550000")]) == {}


def test_keys_typed_ahead_are_forgotten(belay, far_end, app, capture, folder):
    """flushBuffer: the prompt is heard in spite of the key before it, and only the next key counts."""
    far = far_end(decide=lambda number: Person(presses="45", presses_after=0.4, presses_every=1.8, speaks=1000))
    server = belay(trunk=far.trunk)
    file = app.answer("/tone.wav", tone(folder))
    app.answer("/digits", [{"Pause": {"length": 300}}, {"Hangup": {}}])
    wire = capture()
    connect = application(server, app, [{"Pause": {"length": 1200}}, {"GetDigits": {
        "actionUrl": app.url("/digits"), "maxDigits": 1, "flushBuffer": True, "prompts": [{"Play": {"file": file}}]}}])
    call = server.rest.place(from_=NUMBER, to="+13125550000", applicationId=connect)
    app.wait_for(call, "callStatus", 30)
    wire.finish()
    told = app.of(call, "getDigits")[0].json
    assert (told["digits"], told["reason"]) == ("5", "maxDigits"), told
    port = port_of(far, "+13125550000")
    (first, _), (second, _) = wire.digits([port])
    sounds = wire.sounds([port])[port]
    assert first < min(sounds) < second - 0.5 and max(sounds) <= second + LONGEST_SECONDS, (first, second, sounds[:1])


def test_a_key_before_the_prompt_is_there(belay, far_end, app, capture, folder):
    """The prompt is still being fetched when the key comes: it is not played when it has arrived."""
    far = far_end(decide=lambda number: Person(presses="7", presses_after=0.6, speaks=1000))
    server = belay(trunk=far.trunk)
    slow = tone(folder, seconds=2)
    slow.delay = 1.2
    file = app.answer("/tone.wav", slow)
    app.answer("/digits", [{"Pause": {"length": 2000}}, {"Hangup": {}}])
    wire = capture()
    connect = application(server, app, [{"GetDigits": {
        "actionUrl": app.url("/digits"), "maxDigits": 1, "prompts": [{"Play": {"file": file}}]}}])
    call = server.rest.place(from_=NUMBER, to="+13125550000", applicationId=connect)
    app.wait_for(call, "callStatus", 30)
    wire.finish()
    assert len(app.fetches) == 1, "the prompt was asked for"
    told = app.of(call, "getDigits")[0].json
    assert (told["digits"], told["reason"]) == ("7", "maxDigits"), told
    assert app.of(call, "getDigits")[0].started < app.fetches[0].finished, "the key came first"
    assert wire.sounds([port_of(far, "+13125550000")]) == {}
