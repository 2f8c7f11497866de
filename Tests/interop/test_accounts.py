"""The operator's hand on a running server: accounts and their rules, keys, the brake, reload, room on the disk."""

import csv
import io
import itertools
import json
import os
import signal
import subprocess

from harness import steps
from harness.far_end import Person
from harness.rest import Client
from harness.server import ACCOUNT, KEY, NUMBER, binary
from harness.waiting import eventually
from harness.webhook_app import HANGUP, is_signed

PAUSE = [{"Pause": {"length": 60000}}]
#: The far end wants each number dialled once.
numbers = (f"+1312444{count:04}" for count in itertools.count(1000))


def place(server, app, script=HANGUP):
    return steps.place(server, app, script, to=next(numbers))


def belay_says(server, *arguments, status=0):
    """What a command of the command line prints."""
    ran = subprocess.run(
        [binary(), *arguments, "--data", server.data], capture_output=True, text=True, timeout=30,
        env={k: v for k, v in os.environ.items() if not k.startswith("BELAY_")})
    assert ran.returncode == status, (arguments, ran.returncode, ran.stdout, ran.stderr)
    return ran.stdout if status == 0 else ran.stderr


def refused(server, app, status, code, rule, to="+13125550142", client=None):
    answer = (client or server.rest).post("/Calls", {
        "from": NUMBER, "to": to, "callConnectUrl": app.url("/connect")})
    assert (answer.status, answer.json["code"], answer.json["details"].get("rule")) == (status, code, rule), answer


def test_a_second_account(belay, far_end, app):
    """Made by the operator, it sees only its own; a trial, it calls verified numbers only; suspended, nobody."""
    far = far_end()
    server = belay(trunk=far.trunk)
    made = dict(line.split("=", 1) for line in belay_says(server, "account", "create", "--label", "Guests").split())
    other = Client(server.http, made["BELAY_ACCOUNT_ID"], made["BELAY_API_KEY"])
    assert other.get("").json["label"] == "Guests"
    assert other.get("").json["type"] == "trial"
    number = "+13125550177"
    assert other.post("/IncomingPhoneNumbers", {"phoneNumber": number}).status == 200

    first = place(server, app)
    app.wait_for(first, "callStatus")
    assert other.get("/Calls").json["total"] == 0
    assert other.get(f"/Calls/{first}").status == 404
    assert other.raw("GET", f"/apiserver/Accounts/{ACCOUNT}/Calls").status == 403

    to = next(numbers)
    asked = {"from": number, "to": to, "callConnectUrl": app.answer("/guests", [{"Hangup": {}}])}
    answer = other.post("/Calls", asked)
    assert (answer.status, answer.json["code"], answer.json["details"]["rule"]) == (403, 29, "verifiedNumbers"), answer
    belay_says(server, "account", "verify", other.account, to)
    app.judge = False  # its webhooks are signed by another secret than the test's
    call = other.post("/Calls", asked).json["callId"]
    webhook = app.wait_for(call, "outDialApiConnect")
    assert is_signed(webhook.body, webhook.headers["freeclimb-signature"], made["BELAY_SIGNING_SECRET"])
    assert webhook.json["accountId"] == other.account
    assert server.rest.get(f"/Calls/{call}").status == 404

    belay_says(server, "account", "suspend", other.account)
    assert (other.get("/Calls").status, other.get("/Calls").json["code"]) == (403, 51)
    belay_says(server, "account", "resume", other.account)
    assert other.get("/Calls").status == 200
    listed = belay_says(server, "account", "list")
    assert other.account in listed and ACCOUNT in listed and "Guests" in listed
    server.wait_until_idle()


def test_rules(belay, far_end, app):
    """Each rule refuses by its name before anything is dialled, and outlives a restart."""
    far = far_end()
    server = belay(trunk=far.trunk)
    refused(server, app, 403, 47, "allowsInternational", to="+442079460123")
    refused(server, app, 403, 30, "premium", to="+19005550123")
    refused(server, app, 400, 9, "noSuchNumber", to="+11235550123")
    belay_says(server, "account", "update", ACCOUNT, "--refuse-prefix", "+1212", "--calls-per-day", "2",
               "--calls-at-once", "1", "--international", "yes")
    shown = belay_says(server, "account", "show")
    assert "+1212" in shown and "callsPerDay" in shown
    refused(server, app, 403, 30, "refusedPrefixes", to="+12125550142")
    first = place(server, app, PAUSE)
    second = place(server, app, PAUSE)
    app.wait_for(first, "outDialApiConnect")
    assert server.rest.call(second)["status"] == "queued", "one call at once"
    refused(server, app, 429, 24, "callsPerDay")
    server.rest.update(first, "completed")
    app.wait_for(second, "outDialApiConnect")
    server.rest.update(second, "completed")
    app.wait_for(second, "callStatus")
    server.stop()
    server.start()
    refused(server, app, 429, 24, "callsPerDay")
    refused(server, app, 403, 30, "refusedPrefixes", to="+12125550142")
    assert len(far.dialogs) == 2
    logs = [json.loads(line) for line in server.program.text.splitlines() if line.startswith("{")]
    assert all({"timestamp", "level", "message"} <= entry.keys() for entry in logs), logs


def test_keys_are_replaced(belay, far_end, app):
    """The older key is good until it is revoked; webhooks are signed by both secrets meanwhile."""
    far = far_end()
    server = belay(trunk=far.trunk)
    key = belay_says(server, "key", "new").strip()
    secret = belay_says(server, "key", "new", "--signing").strip()
    new = Client(server.http, ACCOUNT, key)
    assert (server.rest.get("").status, new.get("").status) == (200, 200)
    call = place(server, app)
    webhook = app.wait_for(call, "outDialApiConnect")
    for one in (secret, server.secret):
        assert is_signed(webhook.body, webhook.headers["freeclimb-signature"], one)
    app.wait_for(call, "callStatus")
    assert f"BELAY_API_KEY={key}" in (server.data / "credentials").read_text(), "the folder's file goes with it"
    belay_says(server, "key", "revoke")
    belay_says(server, "key", "revoke", "--signing")
    assert (server.rest.get("").status, new.get("").status) == (401, 200)
    app.secret = secret
    app.webhooks.clear()
    second = new.place(from_=NUMBER, to=next(numbers), callConnectUrl=app.url("/connect"))
    webhook = app.wait_for(second, "outDialApiConnect")
    assert not is_signed(webhook.body, webhook.headers["freeclimb-signature"], server.secret)
    assert KEY not in server.program.text and key not in server.program.text


def test_the_brake(belay, far_end, app):
    """Stopped dialling cancels what waits, refuses what comes, holds over a restart; --hang-up ends what is live."""
    far = far_end()
    server = belay(trunk=far.trunk, env={"BELAY_CALLS_AT_ONCE": "1"})
    live = place(server, app, PAUSE)
    app.wait_for(live, "outDialApiConnect")
    waiting = place(server, app, PAUSE)
    belay_says(server, "stop-dialling")
    ended = app.wait_for(waiting, "callStatus").json
    assert (ended["callStatus"], ended["callEndedReason"]) == ("canceled", "callCanceled"), ended
    assert any(entry["metadata"].get("rule") == "diallingStopped" for entry in server.rest.logs(waiting))
    refused(server, app, 503, 55, "diallingStopped")
    assert server.rest.call(live)["status"] == "inProgress"
    belay_says(server, "stop-dialling", "--hang-up")
    assert app.wait_for(live, "callStatus").json["callStatus"] == "completed"
    server.stop()
    server.start()
    refused(server, app, 503, 55, "diallingStopped")
    server.program.wait_for("belay start-dialling")
    belay_says(server, "start-dialling")
    after = place(server, app)
    app.wait_for(after, "callStatus")
    assert len(far.dialogs) == 2
    server.wait_until_idle()


def test_reload(belay, far_end, app, folder):
    """SIGHUP takes the file over while a call is live; what cannot be changed is said, and a bad file changes nothing."""
    far = far_end(decide=lambda number: Person())
    config = folder / "belay.yaml"
    config.write_text("calls-at-once: 1\n")
    server = belay(trunk=far.trunk, arguments=["--config", str(config)],
                   env={"BELAY_CALLS_AT_ONCE": "", "BELAY_LOG_FORMAT": "text"})
    first, second = place(server, app, PAUSE), place(server, app, PAUSE)
    app.wait_for(first, "outDialApiConnect")
    assert server.rest.call(second)["status"] == "queued"
    config.write_text("calls-at-once: 2\nnode: 7\n")
    server.program.send(signal.SIGHUP)
    app.wait_for(second, "outDialApiConnect")
    eventually(lambda: "node has changed; it holds from the next start on" in server.program.text, 5, "node is named")
    config.write_text("calls-at-once: many\n")
    server.program.send(signal.SIGHUP)
    eventually(lambda: "stays as it was" in server.program.text, 5, "the bad file is refused")
    assert server.rest.call(first)["status"] == "inProgress"

    # No room on the disk: new calls are refused, live ones go on.
    config.write_text("calls-at-once: 0\nmin-free-mb: 999999999\n")
    server.program.send(signal.SIGHUP)
    eventually(lambda: server.rest.raw("GET", "/ready", authorized=False).status == 503, 5, "/ready says 503")
    answer = server.rest.post("/Calls", {"from": NUMBER, "to": next(numbers), "callConnectUrl": app.url("/connect")})
    assert (answer.status, answer.json["code"]) == (503, 55), answer
    assert "disk" in answer.json["message"] and answer.headers["retry-after"] == "60"
    for call in (first, second):
        assert server.rest.call(call)["status"] == "inProgress"
        server.rest.update(call, "completed")
        app.wait_for(call, "callStatus")
    config.write_text("calls-at-once: 0\n")
    server.program.send(signal.SIGHUP)
    eventually(lambda: server.rest.raw("GET", "/ready", authorized=False).status == 200, 5, "/ready says 200")
    third = place(server, app)
    app.wait_for(third, "callStatus")
    server.wait_until_idle()


def test_a_record_of_every_call(belay, app):
    """belay export calls: each ended call once, in the order of their ends, as CSV and as JSON lines."""
    server = belay()
    ended = []
    for to, status in [("+15005550486", "busy"), ("+15005550404", "failed"), ("+15005551000", "completed")]:
        ended.append(steps.place(server, app, HANGUP, to=to))
        assert server.wait_until_ended(ended[-1])["status"] == status
    live = steps.place(server, app, PAUSE, to="+15005551001")
    app.wait_for(live, "outDialApiConnect")

    rows = list(csv.DictReader(io.StringIO(belay_says(server, "export", "calls"))))
    assert [row["callId"] for row in rows] == ended, "a call that goes on is none of them"
    for row in rows:
        call = server.rest.call(row["callId"])
        for name in ("accountId", "direction", "from", "to", "status", "callEndedReason"):
            assert row[name] == call[name], (name, row, call)
        assert row["ended"] == call["endTimeISO"] and row["connected"] == (call["connectTimeISO"] or "")
        assert row["connectDuration"] == ("" if call["connectDuration"] is None else str(call["connectDuration"]))
    lines = belay_says(server, "export", "calls", "--format", "jsonl").splitlines()
    assert [json.loads(line)["callId"] for line in lines] == ended
    assert json.loads(lines[0])["connected"] is None

    since = server.rest.call(ended[2])["endTimeISO"]
    tomorrow = belay_says(server, "export", "calls", "--since", "2126-01-01")
    assert tomorrow.count("\n") == 1, "the names alone"
    assert belay_says(server, "export", "calls", "--until", since[:10], "--format", "jsonl") == ""
    assert belay_says(server, "export", "calls", "--account", "AC" + "9" * 40, "--format", "jsonl") == ""
    assert "YYYY-MM-DD" in belay_says(server, "export", "calls", "--since", "soon", status=70)
    server.rest.update(live, "completed")
    server.wait_until_ended(live)
