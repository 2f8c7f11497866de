"""Media goes where signalling says, on a real wire: moves, early media, gateways, hold, dead lines, keys in every form."""

import json
import re
import threading

import pytest

from harness.gateway import Gateway
from harness.outcome import check_outcome
from harness.steps import place
from harness.waiting import eventually

TALK = [{"Pause": {"length": 60_000}}, {"Hangup": {}}]


@pytest.fixture
def gateway(endings):
    far = Gateway()
    endings.append(far.close)
    return far


@pytest.fixture
def call(belay, app, gateway):
    """Starts a server whose trunk is the gateway, and makes a call: call(script, arguments=…, env=…)."""
    def make(script=TALK, **options):
        app.unfinished_allowed = True
        server = belay(trunk=gateway.trunk, **options)
        return server, place(server, app, script)

    return make


def keys(app, most):
    return [{"GetDigits": {"actionUrl": app.answer("/keys", [{"Hangup": {}}]), "maxDigits": most, "finishOnKey": "",
                           "initialTimeoutMs": 30_000, "digitTimeoutMs": 5000, "prompts": [{"Pause": {"length": 1}}]}}]


def digits(app, call_id):
    return app.wait_for(call_id, "getDigits", seconds=30).json["digits"]


def explanation(server, call_id):
    return "\n".join(json.dumps(entry) for entry in server.rest.logs(call_id))


# RFC 3264 §8.3.1: an offer moves the stream; until the answer has come, and for a round trip, media comes from where it
# came from before.

@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
@pytest.mark.parametrize("overlap", [0, 3, 25])
@pytest.mark.parametrize("settings", [(), ("--trunk-media", "follow")], ids=["description", "follow"])
def test_media_moves_while_the_former_port_still_sends(call, gateway, app, method, overlap, settings):
    _, call_id = call(keys(app, 2), arguments=settings)
    former, latter = gateway.rtp(), gateway.rtp()
    gateway.answer(gateway.describe(former))
    former.speak(gateway.theirs)
    former.hears(20)
    gateway.describe_anew(gateway.describe(latter), method)
    latter.hears(overlap or 1)
    former.stop()
    latter.speak(gateway.theirs)
    latter.hears(30)
    latter.press("4")
    latter.press("2")
    assert digits(app, call_id) == "42"


@pytest.mark.parametrize("settings", [(), ("--trunk-media", "follow")], ids=["description", "follow"])
def test_early_media_from_another_port_goes_on_after_the_answer(call, gateway, app, settings):
    _, call_id = call(keys(app, 2), arguments=settings)
    ringback, callee = gateway.rtp(), gateway.rtp()
    gateway.ring(gateway.describe(ringback))
    ringback.speak(gateway.theirs)
    gateway.answer(gateway.describe(callee))
    callee.hears(10) if not settings else eventually(lambda: callee.heard or ringback.heard, 10, "media comes")
    ringback.stop()
    callee.speak(gateway.theirs)
    callee.hears(30)
    callee.press("4")
    callee.press("2")
    assert digits(app, call_id) == "42"


def test_strays_of_another_port_win_nothing(call, gateway, app):
    _, call_id = call(keys(app, 1), arguments=("--trunk-media", "follow"))
    callee, stray = gateway.rtp(), gateway.rtp()
    gateway.answer(gateway.describe(callee))
    stray.target = gateway.theirs
    for _ in range(3):
        stray.send(b"\x09\x0a\x00\xa0", payload_type=101)
    callee.hears(20)
    callee.speak(gateway.theirs)
    callee.hears(20)
    callee.press("1")
    assert digits(app, call_id) == "1"
    assert stray.heard == []


def test_a_flood_costs_the_call_nothing(call, gateway, app):
    """From another port of the far end's host, as fast as a thread can send it: every key is heard, and none of it is read."""
    server, call_id = call(keys(app, 5))
    callee, stranger = gateway.rtp(), gateway.rtp()
    gateway.answer(gateway.describe(callee))
    callee.speak(gateway.theirs)
    callee.hears(20)
    callee.press("1")
    # The key is in the log once the callee is who is heard.
    eventually(lambda: "Digit received" in explanation(server, call_id), 10, "heard")
    over, sent = threading.Event(), []

    def flood():
        while not over.is_set():
            stranger.target = gateway.theirs
            stranger.send(b"\xff" * 160)
            sent.append(1)

    thread = threading.Thread(target=flood)
    thread.start()
    try:
        for key in "2345":
            callee.press(key)
        assert digits(app, call_id) == "12345"
    finally:
        over.set()
        thread.join()
    server.wait_until_ended(call_id)
    [closed] = [entry for entry in server.rest.logs(call_id) if "packetsRejected" in entry["metadata"]]
    assert len(sent) > 500 and closed["metadata"]["packetsRejected"] == 0, (len(sent), closed)


@pytest.mark.parametrize("settings, follows", [
    ((), False), (("--trunk-media", "description"), False), (("--trunk-media", "follow"), True),
    (("--trunk-nat", "true"), True), (("--trunk-nat", "true", "--trunk-media", "description"), False),
], ids=["default", "description", "follow", "nat", "nat and description"])
def test_a_gateway_that_sends_from_one_port_and_names_another(call, gateway, app, settings, follows):
    """It is heard in any case; whether it listens where it says, or where it sends from, only its operator knows."""
    server, call_id = call(keys(app, 1), arguments=settings)
    named, sending = gateway.rtp(), gateway.rtp()
    gateway.answer(gateway.describe(named))
    sending.speak(gateway.theirs)
    (sending if follows else named).hears(30)
    other = named if follows else sending
    count = len(other.heard)
    (sending if follows else named).hears(20)
    assert len(other.heard) == count
    sending.press("7")
    assert digits(app, call_id) == "7"
    words = "goes there from now on" if follows else "goes where that says"
    assert words in explanation(server, call_id)


# RFC 3264 §8.4: who holds, or is held, may not send, or has nothing to.

@pytest.mark.parametrize("direction", ["inactive", "sendonly", "recvonly"])
def test_a_held_call_is_not_missed_and_is_again_when_it_resumes(call, gateway, app, direction):
    server, call_id = call(env={"BELAY_DEAD_LINE_SECONDS": "1"})
    port = gateway.rtp()
    gateway.answer(gateway.describe(port))
    port.speak(gateway.theirs)
    port.hears(5)
    gateway.describe_anew(gateway.describe(port, direction))
    port.stop()
    let_pass(gateway, 2.5)
    assert server.rest.call(call_id)["status"] == "inProgress"
    gateway.describe_anew(gateway.describe(port))
    check_outcome(server, app, call_id, "completed", "failed", logged=["fell silent", "hung up here", "BYE sip:"])
    assert gateway.byes >= 1


# RFC 3264 §8.2: a stream is removed by port 0, which the answer has as well; a later offer brings it back.

@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_removed_stream_is_not_missed_and_comes_back(call, gateway, app, method):
    server, call_id = call(keys(app, 1), env={"BELAY_DEAD_LINE_SECONDS": "1"})
    port, other = gateway.rtp(), gateway.rtp()
    gateway.answer(gateway.describe(port))
    port.speak(gateway.theirs)
    port.hears(5)
    answer = gateway.describe_anew(gateway.describe(None), method)
    assert re.findall(rb"^m=(\S+) (\d+) ", answer.body, re.M) == [(b"audio", b"0")]
    port.stop()
    let_pass(gateway, 0.5)  # what was on its way
    heard = len(port.heard)
    let_pass(gateway, 2.5)
    assert len(port.heard) == heard, "nothing is sent"
    assert server.rest.call(call_id)["status"] == "inProgress"
    answer = gateway.describe_anew(gateway.describe(other), method)
    assert answer.audio_port == gateway.theirs[1]
    other.speak(gateway.theirs)
    other.hears(30)
    other.press("2")
    assert digits(app, call_id) == "2"
    assert len(port.heard) == heard


def let_pass(gateway, seconds):
    """So many packets come from one port to another, one each 20 ms."""
    sender, receiver = gateway.rtp(), gateway.rtp()
    sender.speak(("127.0.0.1", receiver.port))
    receiver.hears(int(seconds * 50), seconds=60)


def test_a_line_on_which_nothing_ever_comes_is_dead(call, gateway, app):
    server, call_id = call(env={"BELAY_DEAD_LINE_SECONDS": "1"})
    gateway.answer(gateway.describe(gateway.rtp()))
    check_outcome(server, app, call_id, "completed", "failed", logged=["never came", "hung up here", "BYE sip:"])
    assert gateway.byes >= 1


# RFC 4733, as gear in use sends it.

@pytest.mark.parametrize("answered, sent", [(96, 101), (96, 96), (101, 101), (127, 101)])
def test_keys_under_either_sides_number(call, gateway, app, answered, sent):
    """RFC 3264 §6.1: each side sends by the number that the other's description has; some send by their own."""
    _, call_id = call(keys(app, 2))
    port = gateway.rtp()
    gateway.answer(gateway.describe(port, events=answered))
    port.speak(gateway.theirs)
    port.hears(5)
    for key in "42":
        port.press(key, payload_type=sent)
    assert digits(app, call_id) == "42"


@pytest.mark.parametrize("pressed", ["12", "11"])
@pytest.mark.parametrize("form", [
    {}, {"ssrc": 4711}, {"timestamp": 0}, {"timestamp": 0, "marks": False}, {"step": 160}, {"marks": False},
], ids=["by the book", "an SSRC of their own", "one timestamp", "one timestamp, no marker", "rising", "no marker"])
def test_keys_as_gear_in_use_sends_them(call, gateway, app, pressed, form):
    server, call_id = call(keys(app, 2))
    port = gateway.rtp()
    gateway.answer(gateway.describe(port))
    port.speak(gateway.theirs)
    port.hears(10)
    first, last = pressed
    port.press(first, **form)
    port.hears(5)  # a moment between the two; the second ends the call
    port.press(last, **form)
    assert digits(app, call_id) == pressed
