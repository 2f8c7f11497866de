"""SIGTERM: no new calls, the live ones get their time, then BYE; what is owed to the customer is delivered later."""

import signal

import pytest

from harness.far_end import Person
from harness.outcome import check_outcome
from harness.server import NUMBER
from harness.steps import TO, place
from harness.waiting import eventually
from harness.webhook_app import Reply


def drains(server):
    return server.rest.raw("GET", "/ready", authorized=False).status == 503


def test_drains(belay, far_end, app):
    far = far_end(decide=lambda number: Person(hangs_up=1.5))
    server = belay(trunk=far.trunk, env={"BELAY_DRAIN_SECONDS": "30"})
    call = place(server, app, [{"Pause": {"length": 60000}}])
    app.wait_for(call, "outDialApiConnect")
    server.program.send(signal.SIGTERM)
    eventually(lambda: drains(server), 1.2, "/ready says 503")
    assert server.rest.raw("GET", "/health", authorized=False).status == 200
    refused = server.rest.post("/Calls", {"from": NUMBER, "to": TO, "callConnectUrl": app.url("/connect")})
    assert (refused.status, refused.json["code"]) == (503, 55), refused
    ending = app.wait_for(call, "callStatus").json
    assert (ending["callStatus"], ending["callEndedReason"]) == ("completed", "farEndHangup"), ending
    assert server.program.wait(10) == 0
    assert len(far.dialogs) == 1
    server.start()
    check_outcome(server, app, call, "completed", "farEndHangup")


def test_hangs_up_when_the_time_is_over(belay, far_end, app):
    far = far_end()
    server = belay(trunk=far.trunk, env={"BELAY_DRAIN_SECONDS": "1"})
    call = place(server, app, [{"Pause": {"length": 60000}}])
    app.wait_for(call, "outDialApiConnect")
    server.program.send(signal.SIGTERM)
    assert server.program.wait(12) == 0
    assert not far.open_dialogs()
    assert next(iter(far.dialogs.values())).bye_received
    app.wait_for(call, "callStatus", 1)
    server.start()
    assert server.rest.call(call)["status"] == "completed"


@pytest.mark.parametrize("answers", [0.0, None], ids=["answered", "ringing"])
def test_a_second_signal_ends_at_once(belay, far_end, app, answers):
    far = far_end(decide=lambda number: Person(answers=answers))
    server = belay(trunk=far.trunk, env={"BELAY_DRAIN_SECONDS": "600"})
    call = place(server, app, [{"Pause": {"length": 60000}}])
    if answers is None:
        server.wait_for_status(call, "ringing")
        eventually(lambda: far.dialogs, 5, "the INVITE is there")
    else:
        app.wait_for(call, "outDialApiConnect")
    server.program.send(signal.SIGTERM)
    eventually(lambda: drains(server), 5, "/ready says 503")
    server.program.send(signal.SIGTERM)
    assert server.program.wait(10) == 0
    far.wait_until_quiet(64 * 0.1 + 2)
    server.start()
    ended = server.wait_until_ended(call)
    # A call that the server had to give up ends with internalError (docs/contract/calls.md#a-restart).
    assert (ended["status"], ended["callEndedReason"]) == \
        ("completed" if answers is not None else "failed", "internalError"), ended
    app.wait_for(call, "callStatus")


def test_a_webhook_that_is_owed_survives(belay, far_end, app):
    """callStatus is kept on disk until it is delivered, over a clean stop and a start."""
    far = far_end()
    app.answer("/status", Reply(503, "not now"))
    server = belay(trunk=far.trunk)
    call = place(server, app)
    first = app.wait_for(call, "callStatus")
    server.stop()
    app.answer("/status", Reply(200, "{}"))
    server.start()
    again = eventually(lambda: next((w for w in app.of(call, "callStatus")
                                     if w.answer is not None and w.answer.status == 200), None),
                       15, "callStatus comes after the restart")
    assert (again.event, again.body) == (first.event, first.body)
    server.wait_until_idle()


def test_a_line_gone_dead(belay, far_end, app):
    """A peer that had sent RTP and then sends nothing is hung up (docs/contract/calls.md#dead-line)."""
    far = far_end(decide=lambda number: Person(speaks=25))
    server = belay(trunk=far.trunk, env={"BELAY_DEAD_LINE_SECONDS": "2"})
    call = place(server, app, [{"Pause": {"length": 60000}}])
    ended = check_outcome(server, app, call, "completed", "failed", seconds=15)
    assert ended["duration"] >= 2, ended
    server.wait_until_idle()


def test_the_longest_call(belay, far_end, app):
    far = far_end()
    server = belay(trunk=far.trunk, env={"BELAY_MAX_CALL_SECONDS": "2"})
    call = place(server, app, [{"Pause": {"length": 60000}}])
    check_outcome(server, app, call, "completed", "maxDuration", seconds=10)
