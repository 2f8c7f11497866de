"""Every way in which a carrier ends a call, played by SIPp: the table of docs/contract/calls.md#outcomes from outside."""

import re
import time

import pytest

from harness.far_end import Person
from harness.outcome import check_outcome
from harness.server import NUMBER
from harness.steps import TO, place
from harness.waiting import eventually

def methods(far, again=False):
    """The requests that SIPp received, in order; answers to its own requests left out, and what came again: INVITEs that
    it was late to answer, ACKs of responses that it sent again itself (RFC 3261 §17.1.1.2).

    - again: ACKs that came again count."""
    requests = [m for m in far.messages if not m.sent and not m.name.isdigit()]
    seen, names = set(), []
    for message in requests:
        transaction = (message.name, message.header("Via"))
        if transaction not in seen or again and message.name == "ACK":
            names.append(message.name)
        seen.add(transaction)
    return names


@pytest.fixture
def one_call(belay, sipp, app):
    """Starts SIPp with a scenario and a server that dials it; returns both."""
    def make(scenario, server=None, **options):
        far = sipp(scenario, **options)
        return far, belay(trunk=far.trunk, **(server or {}))

    return make


def test_script_hangs_up(one_call, app):
    far, belay = one_call("answer_wait_bye")
    call = place(belay, app, [{"Pause": {"length": 300}}, {"Hangup": {"reason": "enough"}}])
    check_outcome(belay, app, call, "completed", "appHangup", logged=["INVITE sip:", "SIP/2.0 180", "SIP/2.0 200", "BYE sip:"])
    far.finish()
    invite = far.received("INVITE")[0]
    assert invite.first_line.startswith(f"INVITE sip:{TO}@127.0.0.1:{far.port}"), invite.text
    assert NUMBER in invite.header("From")
    assert re.search(r"^m=audio \d+ RTP/AVP (\d+ )*0\b", invite.text, re.M), invite.text
    assert re.search(r"^a=rtpmap:\d+ telephone-event/8000", invite.text, re.M), invite.text
    assert re.search(r"^m=audio \d+ RTP/AVP (\d+ )*8\b", invite.text, re.M), invite.text
    assert methods(far) == ["INVITE", "ACK", "BYE"]
    assert len({m.header("Call-ID") for m in far.messages}) == 1
    belay.wait_until_idle()
    assert belay.calls_total("completed") == 1


def test_script_ends_without_terminal_command(one_call, app):
    far, belay = one_call("answer_wait_bye")
    call = place(belay, app, [{"Pause": {"length": 200}}])
    check_outcome(belay, app, call, "completed", "appHangup")
    far.finish()


def test_far_end_hangs_up(one_call, app):
    far, belay = one_call("answer_send_bye")
    call = place(belay, app, [{"Pause": {"length": 60000}}])
    check_outcome(belay, app, call, "completed", "farEndHangup", logged=["BYE sip:"])
    far.finish()
    belay.wait_until_idle()


@pytest.mark.parametrize("outcome, status", [
    ("486 Busy Here", "busy"), ("600 Busy Everywhere", "busy"), ("603 Decline", "busy"),
    ("408 Request Timeout", "noAnswer"), ("480 Temporarily Unavailable", "noAnswer"),
    ("404 Not Found", "failed"), ("403 Forbidden", "failed"), ("410 Gone", "failed"), ("484 Address Incomplete", "failed"),
    ("488 Not Acceptable Here", "failed"), ("500 Server Internal Error", "failed"), ("503 Service Unavailable", "failed"),
    ("604 Does Not Exist Anywhere", "failed"), ("699 Whatever", "failed"),
])
def test_refused(one_call, app, outcome, status):
    far, belay = one_call("refuse", outcome=outcome)
    call = place(belay, app)
    code = outcome.split()[0]
    check_outcome(belay, app, call, status, status, logged=[f"SIP/2.0 {code}|\\b{code}\\b"])
    far.finish()
    assert methods(far) == ["INVITE", "ACK"]
    belay.wait_until_idle(refused=1)
    assert belay.calls_total(status) == 1


def test_redirected(one_call, app):
    far, belay = one_call("redirect")
    call = place(belay, app)
    check_outcome(belay, app, call, "failed", "failed", logged=[r"\b302\b"])
    far.finish()
    assert methods(far) == ["INVITE", "ACK"]


def test_rings_until_the_timeout(one_call, app):
    far, belay = one_call("ring_until_cancel")
    call = place(belay, app, timeout=1)
    assert belay.wait_for_status(call, "ringing", 5)["startTime"] is not None
    check_outcome(belay, app, call, "noAnswer", "noAnswer", logged=["CANCEL sip:", r"\b487\b"])
    far.finish()
    assert methods(far) == ["INVITE", "CANCEL", "ACK"]
    belay.wait_until_idle(refused=1)


@pytest.mark.parametrize("word", ["canceled", "completed"])
def test_cancelled_while_ringing(one_call, app, word):
    far, belay = one_call("ring_until_cancel")
    call = place(belay, app)
    eventually(lambda: far.sent("180"), 5, "SIPp rings")
    answer = belay.rest.update(call, word)
    assert answer.status == 202 and answer.body == b"", answer
    check_outcome(belay, app, call, "canceled", "callCanceled", logged=["CANCEL sip:"])
    far.finish()
    assert methods(far) == ["INVITE", "CANCEL", "ACK"]
    again = belay.rest.update(call, word)
    assert again.status == 404, again
    belay.wait_until_idle(refused=1)


def test_answers_after_it_was_cancelled(one_call, app):
    """RFC 3261 §9.1: the 200 wins; ACK, BYE, no script, connectTime null (docs/contract/calls.md#cancel-and-hang-up)."""
    far, belay = one_call("answer_after_cancel_ok")
    call = place(belay, app, [{"Say": {"text": "nobody may hear this"}}])
    eventually(lambda: far.sent("180"), 5, "SIPp rings")
    assert belay.rest.update(call, "canceled").status == 202
    check_outcome(belay, app, call, "canceled", "callCanceled")
    far.finish()
    assert methods(far) == ["INVITE", "CANCEL", "ACK", "BYE"]
    belay.wait_until_idle()


def test_answer_crosses_the_cancel(belay, far_end, app):
    """The 200 to the INVITE arrives before the one to the CANCEL that was already on its way."""
    far = far_end(decide=lambda number: Person(answers=None, answers_when_cancelled=True))
    server = belay(trunk=far.trunk)
    call = place(server, app, [{"Say": {"text": "nobody may hear this"}}])
    server.wait_for_status(call, "ringing")
    eventually(lambda: far.dialogs, 5, "the INVITE is there")
    assert server.rest.update(call, "canceled").status == 202
    check_outcome(server, app, call, "canceled", "callCanceled")
    dialog = next(iter(far.dialogs.values()))
    assert dialog.acknowledged and dialog.bye_received and dialog.final_status == 200
    server.wait_until_idle()


@pytest.mark.parametrize("word", ["canceled", "completed"])
def test_hung_up_over_rest(one_call, app, word):
    far, belay = one_call("answer_wait_bye")
    call = place(belay, app, [{"Pause": {"length": 60000}}])
    app.wait_for(call, "outDialApiConnect")
    assert belay.rest.update(call, word).status == 202
    check_outcome(belay, app, call, "completed", "appHangup")
    far.finish()


def test_nobody_responds(belay, far_end, app):
    """No response at all: INVITE again after T1, 2·T1, 4·T1 …, given up after 64·T1 (RFC 3261 §17.1.1.2)."""
    far = far_end(decide=lambda number: None)
    server = belay(trunk=far.trunk, t1_ms=50)
    asked = time.monotonic()
    call = place(server, app, timeout=600)
    check_outcome(server, app, call, "failed", "failed", seconds=10)
    times = next(iter(far.invite_datagrams.values()))
    assert len(far.invite_datagrams) == 1 and len(times) == 7, times
    # None too soon: since the call was asked for, as the first may come late. None too late: since the first.
    for number, came in enumerate(times[1:], 1):
        seconds = 0.05 * (2 ** number - 1)
        assert came - asked >= seconds and came - times[0] <= seconds + 1, [time - asked for time in times]
    server.wait_until_idle()


def test_trunk_port_is_closed(belay, app):
    """Nobody listens there: the system says so (ICMP), or nothing comes; failed in either case."""
    server = belay(trunk="sip:127.0.0.1:9", t1_ms=50)
    call = place(server, app)
    check_outcome(server, app, call, "failed", "failed", seconds=10)
    server.wait_until_idle()


def test_trunk_without_a_route(belay, app):
    """RFC 3261 §18.4: what cannot be sent is known at once, without the 64·T1 of silence. From an address of loopback
    nothing leaves this machine, so that the system refuses any other."""
    server = belay(trunk="sip:192.0.2.7:5060", t1_ms=500)
    call = place(server, app)
    # 64·T1 would be 32 s.
    check_outcome(server, app, call, "failed", "failed", seconds=10, logged=["the INVITE could not be sent: "])
    server.wait_until_idle()


def test_two_branches_answer(one_call, app):
    """RFC 3261 §13.2.2.4: each 200 gets its ACK; the one that is not taken gets a BYE."""
    far, belay = one_call("two_forks_answer")
    call = place(belay, app, [{"Pause": {"length": 600}}])
    check_outcome(belay, app, call, "completed", "appHangup")
    far.finish()
    assert methods(far) == ["INVITE", "ACK", "ACK", "BYE", "BYE"]
    assert [m.tag for m in far.received("ACK")] == ["branch-a", "branch-b"]
    assert [m.tag for m in far.received("BYE")] == ["branch-b", "branch-a"]
    belay.wait_until_idle()


@pytest.mark.parametrize("scenario, acknowledgements", [("answer_twice", 2), ("lose_acks", 4)])
def test_each_200_is_acknowledged(one_call, app, scenario, acknowledgements):
    far, belay = one_call(scenario, retransmissions=False)
    call = place(belay, app, [{"Pause": {"length": 1500}}])
    check_outcome(belay, app, call, "completed", "appHangup")
    far.finish()
    assert methods(far, again=True) == ["INVITE"] + ["ACK"] * acknowledgements + ["BYE"]
    assert len({m.header("CSeq") for m in far.received("ACK")}) == 1
    assert len({m.header("Via") for m in far.received("ACK")}) == 1, "the same ACK each time"


def test_early_media_without_reliability(one_call, app):
    far, belay = one_call("early_media")
    call = place(belay, app)
    check_outcome(belay, app, call, "completed", "appHangup", logged=["SIP/2.0 183"])
    far.finish()


def test_progress_in_many_steps(one_call, app):
    far, belay = one_call("delayed_answer")
    call = place(belay, app)
    check_outcome(belay, app, call, "completed", "appHangup", logged=["SIP/2.0 181"])
    far.finish()
    assert methods(far) == ["INVITE", "ACK", "BYE"]


def test_session_is_offered_again(one_call, app):
    """A re-INVITE is answered with a 200 and SDP, or refused with 488 (RFC 3261 §14.2); the call lives on."""
    far, belay = one_call("reinvite")
    call = place(belay, app, [{"Pause": {"length": 1500}}])
    check_outcome(belay, app, call, "completed", "appHangup")
    far.finish()
    answers = [m for m in far.messages if not m.sent and (m.header("CSeq") or "").endswith("INVITE") and m.name in ("200", "488")]
    assert len(answers) == 1, [str(m) for m in far.messages]
    if answers[0].name == "200":
        assert "m=audio" in answers[0].text


def test_asked_whether_it_lives(one_call, app):
    far, belay = one_call("options_in_dialog")
    call = place(belay, app, [{"Pause": {"length": 600}}])
    check_outcome(belay, app, call, "completed", "appHangup")
    far.finish()


def test_bye_answered_with_481(one_call, app):
    far, belay = one_call("reject_bye")
    call = place(belay, app)
    check_outcome(belay, app, call, "completed", "appHangup")
    far.finish()
    assert methods(far) == ["INVITE", "ACK", "BYE"]
    belay.wait_until_idle()


def test_answered_with_a_codec_never_offered(one_call, app):
    """The answer cannot be used: ACK, then BYE, and the call has failed; the log says why."""
    far, belay = one_call("no_common_codec")
    call = place(belay, app)
    ended = belay.wait_until_ended(call)
    assert ended["status"] == "failed", ended
    app.wait_for(call, "callStatus")
    far.finish()
    assert methods(far) == ["INVITE", "ACK", "BYE"]
    belay.wait_until_idle()


def test_media_goes_both_ways(one_call, app, capture):
    """SIPp echoes each packet; tshark sees one stream each way, and the log tells the loss."""
    far, belay = one_call("answer_wait_bye", echo=True)
    wire = capture()
    call = place(belay, app, [{"Say": {"text": "An echo in the hills."}}, {"Pause": {"length": 1000}}])
    check_outcome(belay, app, call, "completed", "appHangup", logged=["packetsReceived"])
    far.finish()
    wire.finish()
    ours = wire.streams(belay.rtp_ports)
    assert len(ours) == 1, ours
    assert ours[0].lost == 0 and ours[0].mean_delta == pytest.approx(20, abs=0.5), ours
    entry = next(e for e in belay.rest.logs(call) if "packetsReceived" in (e["metadata"] or {}))
    assert entry["metadata"]["packetsSent"] == ours[0].packets, entry
    assert abs(entry["metadata"]["packetsReceived"] - ours[0].packets) <= 3, entry
    assert entry["metadata"]["packetsLost"] == 0, entry
