"""Kamailio as the trunk, with record_route and loose_route: it sees every request of every dialog."""

import pytest

from harness.caller import Caller
from harness.far_end import Person
from harness.kamailio import Kamailio
from harness.outcome import check_outcome
from harness.steps import answering_number, place
from harness.waiting import eventually

WAITS = [{"Pause": {"length": 60000}}]


@pytest.fixture
def proxied(belay, far_end, folder, endings):
    """proxied(Person()): a server, Kamailio as its trunk, and a strict far end behind that."""
    def make(person=Person()):
        far = far_end(lambda number: person)
        proxy = Kamailio(folder)
        endings.append(proxy.stop)
        server = belay(trunk=proxy.trunk, rtp_ports=20)
        proxy.start(server.sip[1], far.port)
        # Last made, first ended: a request that missed the route is a fault of the server.
        endings.append(lambda: missed_nothing(proxy))
        return server, proxy, far

    return make


def missed_nothing(proxy):
    assert proxy.complaints == []


def test_a_call_out_that_belay_hangs_up(proxied, app):
    """ACK and BYE take the route that the 200 brought (RFC 3261 §12.2.1.1)."""
    server, proxy, far = proxied()
    call = place(server, app, [{"Pause": {"length": 100}}])
    check_outcome(server, app, call, "completed", "appHangup")
    [dialog] = far.dialogs.values()
    assert len(dialog.invite.all("via")) == 2 and len(dialog.invite.all("record-route")) == 1
    eventually(lambda: dialog.bye_received, 5, "the BYE comes through the proxy")
    assert dialog.source[1] == proxy.port
    server.wait_until_idle()


def test_a_call_out_that_the_far_end_hangs_up(proxied, app):
    server, _, far = proxied(Person(hangs_up=0.2))
    call = place(server, app, WAITS)
    check_outcome(server, app, call, "completed", "farEndHangup")
    [dialog] = far.dialogs.values()
    eventually(lambda: dialog.bye_answered, 5, "its BYE is answered")


@pytest.mark.parametrize("how", ["timeout", "REST"])
def test_a_call_out_that_is_given_up(proxied, app, how):
    """CANCEL follows the INVITE's way, and 487 comes back on it (RFC 3261 §9.1, §16.10)."""
    server, _, far = proxied(Person(answers=None))
    if how == "timeout":
        call = place(server, app, timeout=1)
        check_outcome(server, app, call, "noAnswer", "noAnswer", logged=["CANCEL sip:", r"\b487\b"])
    else:
        call = place(server, app)
        eventually(lambda: far.dialogs, 5, "it rings")
        server.wait_for_status(call, "ringing")
        assert server.rest.update(call, "canceled").status == 202
        check_outcome(server, app, call, "canceled", "callCanceled", logged=[r"\b487\b"])
    [dialog] = far.dialogs.values()
    assert dialog.ended_by == "cancel"


def test_a_refusal(proxied, app):
    server, _, far = proxied(Person(refuses="486 Busy Here"))
    check_outcome(server, app, place(server, app), "busy", "busy")
    [dialog] = far.dialogs.values()
    eventually(lambda: dialog.acknowledged, 5, "the proxy acknowledges it")


@pytest.mark.parametrize("who", ["caller", "belay"])
def test_a_call_in(proxied, app, endings, who):
    server, proxy, _ = proxied()
    answering_number(server, app, [{"Say": {"text": "Hello."}}, {"Pause": {"length": 1 if who == "belay" else 60000}}])
    caller = Caller(proxy)
    endings.append(caller.close)
    answer = caller.call()
    assert answer.status == 200 and len(caller.routes) == 1
    if who == "belay":
        bye = caller.hung_up()
        assert len(bye.all("via")) == 2, "Belay's BYE goes through the proxy"
    else:
        assert caller.hang_up() == 200
    [call] = server.rest.all_calls()
    call = server.wait_until_ended(call["callId"])
    assert (call["direction"], call["callEndedReason"]) == ("inbound", "appHangup" if who == "belay" else "farEndHangup")


def test_a_call_in_that_the_caller_gives_up(proxied, app, endings):
    server, proxy, _ = proxied()
    answering_number(server, app, [{"Pause": {"length": 60000}}, {"Hangup": {}}])
    caller = Caller(proxy)
    endings.append(caller.close)
    assert caller.cancel().status == 487
    [call] = server.rest.all_calls()
    call = server.wait_until_ended(call["callId"])
    assert (call["status"], call["callEndedReason"]) == ("canceled", "callCanceled")
