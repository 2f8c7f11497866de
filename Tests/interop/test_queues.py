"""Queues and parking as callers, agents and apps meet them (docs/contract/percl.md#enqueue, docs/contract/percl.md#park)."""

import concurrent.futures
import re
import time

import pytest

from harness.far_end import Person
from harness.server import NUMBER
from harness.steps import TO, place
from harness.waiting import eventually
from harness.webhook_app import HANGUP, Reply
from test_first_quarter_of_an_hour import run

QUEUE = "QU" + "7" * 40
SILENCE = [{"Pause": {"length": 60000}}]


@pytest.fixture
def server(far_end, belay):
    """Everybody answers."""
    return belay(trunk=far_end(decide=lambda number: Person()).trunk)


def enqueue(app, queue=QUEUE, wait=SILENCE, then=HANGUP, name="", **more):
    return {"Enqueue": {"queueId": queue, "waitUrl": app.answer(f"/wait{name}", wait),
                        "actionUrl": app.answer(f"/on{name}", then), **more}}


def ask(server, method, path, body=None):
    return server.rest.raw(method, f"{server.rest.path}/Queues{path}", body)


def queued(server, app, count, **more):
    """So many calls in the queue, in line."""
    calls = []
    for number in range(count):
        calls.append(place(server, app, [enqueue(app, **more)], to=f"+131255501{number:02}"))
        app.wait_for(calls[-1], "queueWait")
    return calls


def test_a_caller_waits_and_is_served(server, app):
    """The whole way: told of, asked again and again, taken out over REST, on at actionUrl."""
    told = app.url("/told")
    call = place(server, app, [enqueue(
        app, wait=[{"Say": {"text": "Please hold the line."}}], then=[{"Say": {"text": "Here we are."}}, {"Hangup": {}}],
        notificationUrl=told)])
    assert app.wait_for(call, "addToQueueNotification").json["queueId"] == QUEUE
    first = app.wait_for(call, "queueWait").json
    assert (first["queueId"], first["queuePosition"], first["queueTime"], first["currentQueueSize"]) == (QUEUE, "1", 0, 1)
    again = app.wait_for(call, "queueWait", 20, count=2).json
    assert again["queueTime"] >= 1 and again["queuePosition"] == "1"
    member = ask(server, "POST", f"/{QUEUE}/Members/Front")
    assert (member.status, member.json["callId"], member.json["position"]) == (202, call, 1), member
    left = app.wait_for(call, "dequeue").json
    assert left["queueResult"] == "dequeued" and type(left["queueTime"]) is int and left["queueTime"] >= 1, left
    assert left["callStatus"] == "inProgress"
    app.wait_for(call, "callStatus", 20)
    assert ask(server, "GET", f"/{QUEUE}").status == 404, "what Enqueue made goes with its last call"
    messages = [entry["message"] for entry in server.rest.logs(call)]
    assert messages.count("Entered the queue") == messages.count("Left the queue") == 1
    story = ask(server, "GET", f"/{QUEUE}/Logs").json["logs"]
    assert [entry["message"] for entry in story] == ["Queue over", "Call dequeued", "Call enqueued", "Queue created"], story
    assert story[1]["metadata"]["callId"] == call and story[1]["metadata"]["queueTime"] == left["queueTime"], story
    assert story[1]["requestId"] == member.headers["request-id"] and "callId" not in {k for k, v in story[1].items() if v}
    assert ask(server, "GET", f"/QU{'8' * 40}/Logs").status == 404
    server.wait_until_idle()


def test_two_agents_never_get_one_caller(server, app):
    """A hundred ask at once for the twelve who wait: each of the twelve once, the first in line first."""
    calls = queued(server, app, 12)
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: ask(server, "POST", f"/{QUEUE}/Members/Front"), range(100)))
    given = [answer.json["callId"] for answer in answers if answer.status == 202]
    assert sorted(given) == sorted(calls) and len(answers) - len(given) == 88, [answer.status for answer in answers]
    assert {answer.status for answer in answers} == {202, 404}
    for call in calls:
        app.wait_for(call, "callStatus", 20)
        assert [w.kind for w in app.of(call)].count("dequeue") == 1
    server.wait_until_idle()


def test_the_line_moves_up(server, app):
    calls = queued(server, app, 3)
    members = ask(server, "GET", f"/{QUEUE}/Members").json
    assert [(m["callId"], m["position"]) for m in members["queueMembers"]] == list(zip(calls, (1, 2, 3)))
    assert members["total"] == 3
    server.rest.update(calls[0], "completed")
    ending = app.wait_for(calls[0], "removeFromQueueNotification").json
    assert (ending["queueResult"], ending["callStatus"]) == ("hangup", "completed"), ending
    app.wait_for(calls[0], "callStatus")
    assert ask(server, "GET", f"/{QUEUE}/Members/{calls[1]}").json["position"] == 1
    assert ask(server, "GET", f"/{QUEUE}/Members/{calls[0]}").status == 404
    queue = ask(server, "GET", f"/{QUEUE}").json
    assert queue["currentSize"] == 2 and queue["averageQueueRemovalTime"] >= 0 and queue["averageWaitTime"] >= 0
    for call in calls[1:]:
        server.rest.update(call, "completed")
        app.wait_for(call, "callStatus")


def test_the_caller_hangs_up_while_waiting(far_end, belay, app):
    """Told to actionUrl once, before callStatus; whatever it answers is not run; the next ones move up at once."""
    far = far_end(decide=lambda number: Person(hangs_up=2.0))
    server = belay(trunk=far.trunk)
    call = place(server, app, [enqueue(app, then=[{"Say": {"text": "Nobody hears it."}}])])
    told = app.wait_for(call, "removeFromQueueNotification", 10).json
    assert told["queueResult"] == "hangup" and told["queueTime"] >= 1 and told["callStatus"] == "completed", told
    app.wait_for(call, "callStatus")
    kinds = [w.kind for w in app.of(call)]
    assert kinds.count("removeFromQueueNotification") == 1 and kinds[-1] == "callStatus", kinds
    assert ask(server, "GET", f"/{QUEUE}/Members/{call}").status == 404
    assert not any("PerCL Say" in entry["message"] for entry in server.rest.logs(call))


def test_a_full_queue(server, app):
    made = ask(server, "POST", "", b'{"alias": "small", "maxSize": 1}')
    assert made.status == 201 and made.json["maxSize"] == 1, made
    queue = made.json["queueId"]
    first = place(server, app, [enqueue(app, queue)])
    app.wait_for(first, "queueWait")
    second = place(server, app, [enqueue(app, queue, then=HANGUP, name="2")], to="+13125550143")
    refused = app.wait_for(second, "removeFromQueueNotification").json
    assert refused["queueResult"] == "queueFull" and "queueTime" not in refused, refused
    assert app.wait_for(second, "callStatus").json["callEndedReason"] == "appHangup"
    server.rest.update(first, "completed")
    app.wait_for(first, "callStatus")
    assert ask(server, "GET", f"/{queue}").json["currentSize"] == 0, "REST made it: it stays"


def test_keys_in_the_wait(far_end, belay, app):
    """The official sample: GetDigits in the wait, Dequeue in the answer to it."""
    far = far_end(decide=lambda number: Person(presses="1", presses_after=1.0))
    server = belay(trunk=far.trunk)
    digits = app.answer("/digits", [{"Dequeue": {}}])
    call = place(server, app, [enqueue(app, wait=[{"GetDigits": {
        "actionUrl": digits, "maxDigits": 1, "minDigits": 1, "flushBuffer": True,
        "prompts": [{"Say": {"text": "To leave the queue press any key. " * 5}}]}}])])
    assert app.wait_for(call, "getDigits", 10).json["digits"] == "1"
    assert app.wait_for(call, "dequeue").json["queueResult"] == "dequeued"
    app.wait_for(call, "callStatus")


def test_rest_inside_the_open_webhook(server, app):
    """The official sample makes its queue over REST inside the webhook that the same call waits for."""
    made = {}

    def connect(webhook):
        answer = ask(server, "POST", "", b'{"alias": "Test", "maxSize": 25}')
        made["queue"] = answer.json["queueId"]
        return [enqueue(app, made["queue"])]

    application = server.rest.post("/Applications", {
        "callConnectUrl": app.answer("/nested", connect), "statusCallbackUrl": app.url("/status")}).json
    call = server.rest.place(from_=NUMBER, to=TO, applicationId=application["applicationId"])
    assert app.wait_for(call, "queueWait").json["queueId"] == made["queue"]
    server.rest.update(call, "completed")
    app.wait_for(call, "callStatus")


def test_a_wait_that_fails_lets_the_caller_wait(server, app):
    """waitUrl is asked again, slower and slower; nobody is hung up on for it."""
    call = place(server, app, [enqueue(app, wait=Reply(500, "no"))])
    third = app.wait_for(call, "queueWait", 15, count=3)
    times = [webhook.started for webhook in app.of(call, "queueWait")]
    assert 0.9 <= times[1] - times[0] and 1.9 <= times[2] - times[1], times
    assert third.json["callStatus"] == "inProgress"
    app.answer("/wait", SILENCE)
    assert ask(server, "POST", f"/{QUEUE}/Members/Front").status == 202
    app.wait_for(call, "callStatus")


def test_queues_after_a_crash(far_end, belay, app):
    """A queue that REST made is there again, with its alias and size; the callers are told of, and gone."""
    far = far_end()
    server = belay(trunk=far.trunk)
    queue = ask(server, "POST", "", b'{"alias": "sales", "maxSize": 7}').json["queueId"]
    call = place(server, app, [enqueue(app, queue)])
    app.wait_for(call, "queueWait")
    # A list waits for the disk to catch up.
    assert server.rest.call(call)["status"] == "inProgress"
    server.kill()
    server.start()
    ending = app.wait_for(call, "removeFromQueueNotification", 20).json
    assert ending["queueResult"] == "systemError", ending
    assert app.wait_for(call, "callStatus", 20).json["callEndedReason"] == "internalError"
    kept = ask(server, "GET", f"/{queue}").json
    assert (kept["alias"], kept["maxSize"], kept["currentSize"]) == ("sales", 7, 0), kept
    assert ask(server, "GET", f"/{queue}/Members").json["queueMembers"] == []
    server.wait_until_idle()


def test_taken_out_just_before_a_crash(server, app):
    """Killed before the app has answered how the call goes on: it is told once more, by the same event, then of the end."""
    call = place(server, app, [enqueue(app, then=Reply(200, HANGUP, delay=60))])
    app.wait_for(call, "queueWait")
    assert ask(server, "POST", f"/{QUEUE}/Members/Front").status == 202
    first = app.wait_for(call, "dequeue")
    # A list waits for the disk to catch up.
    assert server.rest.call(call)["status"] == "inProgress"
    server.kill()
    app.answer("/on", HANGUP)
    server.start()
    again = app.wait_for(call, "dequeue", 20, count=2)
    assert (again.event, again.sequence, again.body) == (first.event, first.sequence, first.body)
    assert app.wait_for(call, "callStatus", 20).json["callEndedReason"] == "internalError"
    assert len(app.of(call, "dequeue")) == 2 and app.of(call, "removeFromQueueNotification") == []
    server.wait_until_idle()


def test_another_account_s_queue_is_none(belay, far_end, app):
    far = far_end()
    server = belay(trunk=far.trunk)
    call = place(server, app, [enqueue(app)])
    app.wait_for(call, "queueWait")
    for method, path in (("GET", f"/{QUEUE[:-1]}8"), ("POST", f"/{QUEUE[:-1]}8/Members/Front"), ("GET", "/QU1"),
                         ("POST", f"/{QUEUE}/Members/CA{'0' * 40}"), ("POST", f"/{QUEUE}/Members/nobody")):
        answer = ask(server, method, path)
        assert answer.status == 404 and answer.json["code"] == 1, (path, answer)
    assert ask(server, "DELETE", f"/{QUEUE}").status in (404, 405)
    server.rest.update(call, "completed")
    app.wait_for(call, "callStatus")


@pytest.mark.parametrize("body, field", [
    (b'{"maxSize": 0}', "maxSize"), (b'{"maxSize": 1001}', "maxSize"), (b'{"maxSize": "many"}', "maxSize"),
    (b'{"alias": "' + b"a" * 65 + b'"}', "alias"), (b'{"alias": 7}', "alias"),
])
def test_what_is_no_queue_is_refused(server, body, field):
    answer = ask(server, "POST", "", body)
    assert answer.status == 400 and field in answer.json["message"], answer


# Parking


def park(app, wait=SILENCE, then=HANGUP):
    return {"Park": {"waitUrl": app.answer("/wait", wait), "actionUrl": app.answer("/on", then),
                     "notificationUrl": app.url("/parked")}}


def test_from_the_command_line(server, app):
    """An agent without a program: a queue is made, looked at, and its callers taken out; a parked call goes on."""
    queue = run(server, "queue", "create", "--alias", "sales", "--max-size", "25").strip()
    calls = queued(server, app, 2, queue=queue)
    assert re.search(rf"{queue} +sales +2 of 25", run(server, "queue", "list"))
    shown = run(server, "queue", "members", queue)
    assert re.search(rf"1 +{calls[0]}.*\n2 +{calls[1]}", shown), shown
    assert run(server, "queue", "next", queue).strip() == calls[0]
    assert run(server, "queue", "next", queue, calls[1]).strip() == calls[1]
    for call in calls:
        app.wait_for(call, "callStatus")
    run(server, "queue", "next", queue, status=70)
    call = place(server, app, [park(app)])
    app.wait_for(call, "parkWait")
    run(server, "resume", call)
    app.wait_for(call, "unpark")
    app.wait_for(call, "callStatus")


def test_parked_and_resumed(far_end, belay, app):
    """While it is parked the caller hears waitUrl's script; resumed, the sound stops at once, and actionUrl goes on."""
    server = belay(trunk=far_end().trunk)
    call = place(server, app, [park(
        app, wait=[{"Say": {"text": "You are parked. " * 40}}], then=[{"Pause": {"length": 300}}, {"Hangup": {}}])])
    assert app.wait_for(call, "park").path == "/parked"
    assert app.wait_for(call, "parkWait").path == "/wait"
    eventually(lambda: any(e["message"] == "PerCL Say" for e in server.rest.logs(call)), 10, "the caller hears the script")
    asked = time.monotonic()
    assert server.rest.update(call, "inProgress").status == 202
    resumed = app.wait_for(call, "unpark")
    assert resumed.started - asked < 3 and resumed.json["callStatus"] == "inProgress", resumed.json
    entries = {entry["message"]: entry["timestamp"] for entry in server.rest.logs(call)}
    assert 0 <= entries["PerCL Say aborted"] - entries["Resume requested"] < 100_000, entries
    app.wait_for(call, "callStatus")
    refused = server.rest.update(call, "inProgress")
    assert refused.status == 404, refused


def test_what_is_not_parked_is_not_resumed(server, app):
    call = place(server, app, SILENCE)
    app.wait_for(call, "outDialApiConnect")
    server.wait_for_status(call, "inProgress")
    refused = server.rest.update(call, "inProgress")
    assert refused.status == 409 and "not parked" in refused.json["message"], refused
    server.rest.update(call, "completed")
    app.wait_for(call, "callStatus")


def test_unpark_in_the_wait(server, app):
    call = place(server, app, [park(app, wait=[{"Unpark": {}}])])
    assert app.wait_for(call, "unpark").json["callStatus"] == "inProgress"
    app.wait_for(call, "callStatus")
    assert [w.kind for w in app.of(call)].count("unpark") == 1


def test_a_parked_caller_hangs_up(far_end, belay, app):
    far = far_end(decide=lambda number: Person(hangs_up=1.5))
    server = belay(trunk=far.trunk)
    call = place(server, app, [park(app, then=[{"Say": {"text": "Nobody hears it."}}])])
    told = app.wait_for(call, "unpark", 10).json
    assert told["callStatus"] == "completed", told
    app.wait_for(call, "callStatus")
    assert [w.kind for w in app.of(call)][-2:] == ["unpark", "callStatus"]
    server.wait_until_idle()
