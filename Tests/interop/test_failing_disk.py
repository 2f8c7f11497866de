"""Every write fails: whoever asks is told at once, nothing is told twice, and nothing is told that a restart takes back.

docs/decisions/0032.
"""

import re
import sqlite3
import threading

import pytest

from harness.failing_disk import HANGS, MODES, FailingDisk
from harness.far_end import Person
from harness.server import ACCOUNT, NUMBER
from harness.waiting import eventually
from harness.webhook_app import Reply

CALLS = 3


@pytest.fixture
def failing(belay, far_end, folder, app):
    """A server behind whose back the disk can fail, and its far end."""
    app.unfinished_allowed = True
    disk = FailingDisk(folder, folder / "server1" / "data")
    far = far_end(caller_may_crash=True)
    server = belay(trunk=far.trunk, env=disk.env)
    yield server, disk, far
    disk.heal()


def readiness(server):
    answer = server.rest.raw("GET", "/ready", authorized=False)
    return answer.status, answer.body.decode()


def becomes(server, status, words="", seconds=10):
    def so():
        seen, text = readiness(server)
        return seen == status and re.search(words, text)

    eventually(so, seconds, lambda: f"/ready says {status} /{words}/; it says {readiness(server)}")


def place_calls(server, app, far, count=CALLS, first=0):
    """Calls that are spoken to: their ids, and what ends their scripts."""
    release = threading.Event()

    def script(webhook):
        release.wait(60)
        return Reply(200, [{"Hangup": {}}])

    application = server.rest.post("/Applications", {
        "callConnectUrl": app.answer("/connect", script), "statusCallbackUrl": app.url("/status")})
    assert application.status == 201, application
    made = [server.rest.post("/Calls", {"from": NUMBER, "to": f"+131255502{number:02}",
                                        "applicationId": application.json["applicationId"]}) for number in range(first, first + count)]
    assert all(answer.status == 202 for answer in made), made
    ids = [answer.json["callId"] for answer in made]
    for call in ids:
        server.wait_for_status(call, "inProgress")
        app.wait_for(call, "outDialApiConnect")
    return ids, release


def ended_at_the_far_end(far):
    eventually(lambda: not far.open_dialogs(), 10, "every dialog is over")


@pytest.mark.parametrize("mode", MODES)
def test_what_ends_meanwhile_is_told_when_it_is_on_disk(failing, app, mode):
    server, disk, far = failing
    calls, release = place_calls(server, app, far)
    disk.fail(MODES[mode])
    release.set()
    ended_at_the_far_end(far)
    becomes(server, 503, "disk|space")
    invited = len(far.dialogs)
    refused = server.rest.post("/Calls", {"from": NUMBER, "to": "+13125550299", "callConnectUrl": app.url("/connect")})
    assert refused.status == 503 and "retry-after" in {name.lower() for name in refused.headers}, refused
    assert len(far.dialogs) == invited
    assert server.metrics()["belay_storage_failing"] == 1
    told = [webhook.json for call in calls for webhook in app.of(call, "callStatus")]
    assert not told, f"told, and not on disk: {told}"

    disk.heal()
    becomes(server, 200)
    first = {call: app.wait_for(call, "callStatus") for call in calls}
    assert {webhook.json["callEndedReason"] for webhook in first.values()} == {"appHangup"}
    server.kill()
    server.start()
    for call in calls:
        assert server.rest.call(call)["callEndedReason"] == "appHangup"
    # Calls are made again, and what comes of this one comes after whatever the start had to tell.
    place_calls(server, app, far, 1, first=50)
    for call in calls:
        assert {webhook.event for webhook in app.of(call, "callStatus")} == {first[call].event}


@pytest.mark.parametrize("mode", ["EIO", "ENOSPC"])
def test_killed_meanwhile_it_is_told_once_and_by_the_restart(failing, app, mode):
    server, disk, far = failing
    calls, release = place_calls(server, app, far)
    disk.fail(MODES[mode])
    release.set()
    ended_at_the_far_end(far)
    becomes(server, 503)
    server.kill()
    assert not [webhook for call in calls for webhook in app.of(call, "callStatus")]
    disk.heal()
    server.start()
    for call in calls:
        assert app.wait_for(call, "callStatus").json["callEndedReason"] == "internalError"
        assert server.wait_until_ended(call)["callEndedReason"] == "internalError"
    place_calls(server, app, far, 1, first=50)
    for call in calls:
        assert len({webhook.event for webhook in app.of(call, "callStatus")}) == 1


def test_an_idle_server_finds_out_and_recovers(failing):
    server, disk, _ = failing
    for mode in MODES.values():
        becomes(server, 200)
        disk.fail(mode)
        becomes(server, 503, "disk|space")
        disk.heal()
    becomes(server, 200)
    disk.fail(HANGS)
    # One that takes ten seconds for a transaction.
    becomes(server, 503, "has not answered", seconds=30)
    disk.heal()
    becomes(server, 200)
    for words in ("nothing can be stored", "what waited is stored"):
        server.program.wait_for(words)


def test_what_is_asked_meanwhile_is_answered(failing, app):
    """Reads from what is on disk, changes with 503; nothing is done that is not written."""
    server, disk, far = failing
    [call], release = place_calls(server, app, far, 1)
    [number] = server.rest.get("/IncomingPhoneNumbers").json["incomingPhoneNumbers"]
    for mode, words in [(MODES["EIO"], "disk"), (HANGS, "has not answered")]:
        disk.fail(mode)
        becomes(server, 503, words, seconds=30)
        for path in ["/Calls", f"/Calls/{call}", f"/Calls/{call}/Logs", "/Logs", "/Recordings", "/Applications"]:
            answer = server.rest.raw("GET", f"/apiserver/Accounts/{ACCOUNT}{path}")
            assert answer.status == 200, (path, answer)
        for path, body in [("/Applications", {"alias": "x"}), (f"/IncomingPhoneNumbers/{number['phoneNumberId']}", {"alias": "x"})]:
            answer = server.rest.post(path, body)
            assert answer.status == 503 and "retry-after" in {name.lower() for name in answer.headers}, (path, answer)
        disk.heal()
        becomes(server, 200, seconds=20)
    release.set()
    assert server.wait_until_ended(call)["callEndedReason"] == "appHangup"


def test_a_waiting_call_is_canceled_on_disk_or_not_at_all(belay, far_end, folder, app):
    """It may be dialled by the next start as long as the disk does not know that it is canceled: so nobody is told it is."""
    app.unfinished_allowed = True
    disk = FailingDisk(folder, folder / "server1" / "data")
    far = far_end(caller_may_crash=True)
    server = belay(trunk=far.trunk, env=disk.env | {"BELAY_CALLS_AT_ONCE": "1"})
    [call], release = place_calls(server, app, far, 1)
    waiting = server.rest.place(from_=NUMBER, to="+13125550261", callConnectUrl=app.url("/connect"))
    gone = server.rest.place(from_=NUMBER, to="+13125550262", callConnectUrl=app.url("/connect"))
    assert server.rest.post(f"/Calls/{gone}", {"status": "canceled"}).status == 202
    disk.fail(MODES["EIO"])
    becomes(server, 503)
    answer = server.rest.post(f"/Calls/{waiting}", {"status": "canceled"})
    assert answer.status == 503 and server.rest.call(waiting)["status"] == "queued", answer
    server.kill()
    release.set()
    disk.heal()
    server.start()
    assert server.wait_until_ended(call)["callEndedReason"] == "internalError"
    assert server.rest.call(gone)["status"] == "canceled"
    assert server.wait_until_ended(waiting)["status"] == "completed", "it is as if nobody had asked"
    server.wait_until_idle()
    assert not far.dialogs_of("+13125550262")


def test_the_end_does_not_wait_for_a_disk_that_hangs(failing):
    server, disk, _ = failing
    disk.fail(HANGS)
    becomes(server, 503, "has not answered", seconds=30)
    server.expected_status = 1
    assert server.stop(seconds=60) == 1
    assert "the server ends without it" in server.program.text


#: What a record may have become, as SQL, and whether where the call went can still be read.
HARM = {
    "text": ("UPDATE records SET record = CAST('no record' AS BLOB) WHERE call = ?", False),
    "empty": ("UPDATE records SET record = x'' WHERE call = ?", False),
    "cut off": ("UPDATE records SET record = substr(record, 1, length(record) - 5) WHERE call = ?", True),
    "a later version": ("UPDATE records SET record = CAST(substr(CAST(record AS TEXT), 1, length(record) - 2) || '9}' AS BLOB)"
                        " WHERE call = ?", True),
    "missing": ("DELETE FROM records WHERE call = ?", False),
}


def test_a_record_that_cannot_be_read_ends_its_call(belay, app, far_end):
    far = far_end(decide=lambda number: Person(), caller_may_crash=True, dead_line=2)
    server = belay(trunk=far.trunk)
    app.unfinished_allowed = True
    calls, release = place_calls(server, app, far, len(HARM) + 2)
    *calls, by_record, by_nothing = calls
    server.kill()
    with sqlite3.connect(server.data / "belay.sqlite") as database:
        for call, (harm, _) in zip(calls, HARM.values()):
            changed = database.execute(harm.replace("= ?", "= (SELECT id FROM calls WHERE call_id = ?)"), [call])
            assert changed.rowcount == 1, harm
        # The rows of these cannot be read; the second has no record, either: nothing tells who is to be told.
        changed = database.execute("UPDATE calls SET direction = 'sideways' WHERE call_id IN (?, ?)", [by_record, by_nothing])
        assert changed.rowcount == 2
        database.execute("DELETE FROM records WHERE call = (SELECT id FROM calls WHERE call_id = ?)", [by_nothing])
    database.close()
    release.set()
    server.start()
    for call, (harm, knows) in zip(calls, HARM.values()):
        ended = server.wait_until_ended(call)
        assert (ended["status"], ended["callEndedReason"]) == ("completed", "internalError"), f"{harm}: {ended}"
        told = app.wait_for(call, "callStatus")
        assert told.json["callEndedReason"] == "internalError", harm
        dialog = next(d for d in far.dialogs.values() if d.invite.to_user == ended["to"])
        if knows:
            eventually(lambda: dialog.bye_received, 5, f"{harm}: the far end is hung up on")
    assert app.wait_for(by_record, "callStatus").json["callEndedReason"] == "internalError"
    assert not server.rest.all_calls(active="true")
    for call in calls:
        server.program.wait_for(rf"ends.*{call}|{call}.*ends")
    server.program.wait_for("cannot be read, so that its call ends")
    ended_at_the_far_end(far)
    # It is done with once.
    server.kill()
    with sqlite3.connect(server.data / "belay.sqlite") as database:
        statuses = dict(database.execute("SELECT call_id, status FROM calls"))
    database.close()
    assert statuses[by_record] == "completed" and statuses[by_nothing] == "failed", statuses
    server.start()
    place_calls(server, app, far, 1, first=50)
    for call in [*calls, by_record]:
        assert len({webhook.event for webhook in app.of(call, "callStatus")}) == 1
    assert not app.of(by_nothing, "callStatus")
