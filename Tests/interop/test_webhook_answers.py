"""What a webhook app can answer, and what becomes of the call, with a log that shows what came.

The table is docs/contract/webhooks.md#answers-with-a-script.
"""

import json
import re
import socket

import pytest

from harness.outcome import check_outcome
from harness.server import NUMBER
from harness.steps import TO, place
from harness.waiting import eventually
from harness.webhook_app import HANGUP, Reply

HTML = {"Content-Type": "text/html; charset=utf-8"}
WEBHOOK_TIMES = {"BELAY_WEBHOOK_SECONDS": "1", "BELAY_WEBHOOK_CONNECT_SECONDS": "0.5"}


@pytest.fixture
def server(belay, far_end):
    return belay(trunk=far_end().trunk, env=WEBHOOK_TIMES)


@pytest.mark.parametrize("reply, reason, shown", [
    (Reply(302, "elsewhere", {"Location": "http://127.0.0.1/x"}), "webhookInvalidResponse", r"\b302\b"),
    (Reply(404, "no such page"), "webhookInvalidResponse", r"404[\s\S]*no such page|no such page[\s\S]*404"),
    (Reply(500, "it broke"), "webhookInvalidResponse", r"500[\s\S]*it broke|it broke[\s\S]*500"),
    (Reply(200, "x" * (1 << 20) + "y"), "webhookInvalidResponse", r"200, too large"),
    (Reply(200, "<html>hello</html>", HTML), "webhookInvalidResponse", r"<html>hello"),
    (Reply(200, '[{"Say":', HTML), "webhookInvalidResponse", r"Say"),
    (Reply(204), "appNoPercl", r"\b204\b"),
    (Reply(200, b""), "appNoPercl", r"\b200\b"),
    (Reply(200, "[]"), "appNoPercl", r"\[\]"),
    (Reply(200, '{"success":true}'), "appInvalidPercl", r"success"),
    (Reply(200, '[{"Dance":{}}]'), "appInvalidPercl", r"Dance"),
    (Reply(200, '[{"Say":{"text":"a"}},{"Say":{}}]'), "appInvalidPercl", r"Say[\s\S]*\b1\b[\s\S]*text|text"),
    (Reply(200, '[{"Pause":{"length":"long"}}]'), "appInvalidPercl", r"length"),
    (Reply(200, '[{"Say":{"text":"a"},"Hangup":{}}]'), "appInvalidPercl", r"."),
    (Reply(200, '[{"GetDigits":{"actionUrl":"http://127.0.0.1/x","prompts":[{"Enqueue":{}}]}}]'), "appInvalidPercl", r"Enqueue|prompts"),
    (Reply(200, '[{"AddToConference":{"conferenceId":"CF' + "0" * 40 + '"}}]'), "perclProcessingError", r"AddToConference"),
    (Reply(200, "never", delay=5), "webhookFailed", r"(?i)time"),
    (Reply(close_without_answer=True), "webhookFailed", r"(?i)clos|connect|reset|end"),
    (Reply(raw=b"I am not a web server\r\n\r\n"), "webhookFailed|webhookInvalidResponse", r"."),
], ids=lambda value: re.sub(r"[^A-Za-z0-9 ]+", " ", str(value.body or value.raw or value.status))[:24] if isinstance(value, Reply) else None)
def test_answers_that_end_the_call(server, app, reply, reason, shown):
    app.unfinished_allowed = True
    call = place(server, app, reply)
    ended = server.wait_until_ended(call)
    assert re.fullmatch(reason, ended["callEndedReason"]), ended
    check_outcome(server, app, call, "completed", ended["callEndedReason"], logged=[shown])
    server.wait_until_idle()


@pytest.mark.parametrize("reply", [
    Reply(200, json.dumps(HANGUP), HTML), Reply(200, json.dumps(HANGUP), {}), Reply(201, HANGUP),
    Reply(200, [{"Hangup": {"unknown": 1, "reason": "attributes nobody knows are ignored"}}]),
    Reply(200, "  \n" + json.dumps([{"Hangup": {}}, {"Say": {"text": "never heard"}}])),
    Reply(200, HANGUP, delay=0.6),
], ids=["text/html", "no type", "201", "unknown attribute", "more after the terminal one", "slow"])
def test_answers_that_are_fine(server, app, reply):
    check_outcome(server, app, place(server, app, reply), "completed", "appHangup")


def test_nobody_listens_there(server, app):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        call = server.rest.place(from_=NUMBER, to=TO, callConnectUrl=f"http://127.0.0.1:{closed.getsockname()[1]}/connect")
        ended = server.wait_until_ended(call)
    assert (ended["status"], ended["callEndedReason"]) == ("completed", "webhookFailed"), ended


def test_one_second_try_when_nothing_came(server, app):
    """One immediate second try, only when the connection failed before any byte of an answer.

    docs/contract/webhooks.md#answers-with-a-script.
    """
    tries = []

    def first_closes(webhook):
        tries.append(webhook)
        return Reply(close_without_answer=True) if len(tries) == 1 else Reply(200, HANGUP)

    call = place(server, app, first_closes)
    check_outcome(server, app, call, "completed", "appHangup")
    assert len(tries) == 2
    assert tries[0].event == tries[1].event and tries[0].body == tries[1].body


@pytest.mark.parametrize("url", [
    "http://169.254.169.254/latest/meta-data", "http://10.0.0.1/x", "http://192.168.1.1/x", "http://[::1]:80/x",
    "http://[::ffff:10.0.0.1]/x", "http://0.0.0.0/x", "http://100.64.0.1/x"])
def test_addresses_that_a_webhook_may_not_reach(server, app, url):
    """--webhook-allow names 127.0.0.0/8 and nothing else."""
    call = server.rest.place(from_=NUMBER, to=TO, callConnectUrl=url)
    ended = server.wait_until_ended(call)
    assert (ended["status"], ended["callEndedReason"]) == ("completed", "webhookFailed"), ended
    text = json.dumps(server.rest.logs(call))
    assert re.search(r"(?i)not allowed|refused|private|forbidden|may not", text), text


def test_loopback_is_closed_unless_named(belay, far_end, app):
    """With a trunk and without --webhook-allow a webhook cannot go to loopback."""
    far = far_end()
    server = belay(arguments=["--trunk", far.trunk], env={"BELAY_CALLS_PER_SECOND": "100"})
    call = server.rest.place(from_=NUMBER, to=TO, callConnectUrl=app.answer("/connect", HANGUP))
    ended = server.wait_until_ended(call)
    assert ended["callEndedReason"] == "webhookFailed", ended
    assert app.webhooks == []


def test_redirect_first_and_later(server, app):
    """requestType redirect, with the original's name and fields (docs/contract/webhooks.md#redirect)."""
    app.answer("/second", [{"Pause": {"length": 50}}, {"Redirect": {"actionUrl": app.url("/third")}}])
    app.answer("/third", HANGUP)
    call = place(server, app, [{"Redirect": {"actionUrl": app.url("/second")}}])
    check_outcome(server, app, call, "completed", "appHangup")
    kinds = [(w.path, w.kind) for w in app.of(call)]
    assert kinds == [("/connect", "outDialApiConnect"), ("/second", "redirect"), ("/third", "redirect"), ("/status", "callStatus")]
    first = app.of(call, "redirect")[0].json
    assert first["originalRequestType"] == "outDialApiConnect" and first["dialCallStatus"] == "inProgress", first


def test_too_many_redirects(server, app):
    call = place(server, app, lambda webhook: Reply(200, [{"Redirect": {"actionUrl": app.url("/connect")}}]))
    check_outcome(server, app, call, "completed", "maxRedirectsError", seconds=40)
    assert len(app.of(call, "redirect")) == 256


@pytest.mark.parametrize("bad", [Reply(500, "later"), Reply(429, "slower"), Reply(close_without_answer=True)],
                         ids=["500", "429", "closed"])
def test_a_notification_is_tried_again(server, app, bad):
    """Connection failure, 429, 5xx are tried again with the same id and body, signed afresh.

    docs/contract/webhooks.md#notifications, docs/decisions/0016.
    """
    tries = []

    def third_time(webhook):
        tries.append(webhook)
        return bad if len(tries) < 3 else Reply(200, "{}")

    app.answer("/status", third_time)
    call = place(server, app)
    server.wait_until_ended(call)
    eventually(lambda: len(tries) == 3, 20, lambda: f"three tries; there were {len(tries)}")
    pauses = [b.started - a.started for a, b in zip(tries, tries[1:])]
    assert pauses[1] > pauses[0], f"the pauses grow: {pauses}"
    assert len({t.event for t in tries}) == len({t.body for t in tries}) == 1
    server.wait_until_idle()


@pytest.mark.parametrize("fine", [Reply(404, "no"), Reply(501, "no"), Reply(200, "text"), Reply(204)],
                         ids=["404", "501", "text", "204"])
def test_any_other_answer_is_delivery(server, app, fine):
    app.answer("/status", fine)
    call = place(server, app)
    app.wait_for(call, "callStatus")
    server.wait_until_ended(call)
    server.wait_until_idle()
    assert len(app.of(call, "callStatus")) == 1


def test_hangs_up_while_the_script_is_fetched(belay, far_end, app):
    """callStatus waits for the answer; the answer is ignored (docs/contract/webhooks.md#order)."""
    from harness.far_end import Person

    server = belay(trunk=far_end(decide=lambda number: Person(hangs_up=0.2)).trunk)
    call = place(server, app, Reply(200, [{"Redirect": {"actionUrl": app.url("/never")}}], delay=1.0))
    check_outcome(server, app, call, "completed", "farEndHangup")
    connect, status = app.of(call, "outDialApiConnect")[0], app.of(call, "callStatus")[0]
    assert status.started >= connect.finished
    assert not [w for w in app.webhooks if w.path == "/never"]

