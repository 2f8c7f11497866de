"""Conferences over REST and from the command line: lists, changes, refusals, stories (docs/contract/rest.md#conferences,
docs/contract/rest.md#participants)."""

import concurrent.futures
import re

import pytest

from harness.rooms import Room
from harness.waiting import eventually
from harness.webhook_app import HANGUP
from test_conferences import A, B, far, reason, server
from test_first_quarter_of_an_hour import run


def test_lists(server, app):
    rooms = [Room(server, app, alias=alias) for alias in ("a", "a", "b")]
    rooms[0].end()
    rooms[1].join(A, startConfOnEnter=False, talk=False)
    rooms[1].join(B, startConfOnEnter=False)

    def found(path="", **query):
        answer = server.rest.get("/Conferences" + path, **query)
        assert answer.status == 200, answer
        items = answer.json["participants" if path else "conferences"]
        return [item["callId" if path else "conferenceId"] for item in items]

    ids = [room.id for room in rooms]
    assert found() == ids[::-1]
    assert found(alias="a") == [ids[1], ids[0]] and found(alias="c") == []
    assert found(status="terminated") == [ids[0]] and found(status="populated", alias="a") == [ids[1]]
    assert ids[2] in found(dateCreated=rooms[2].made["dateCreated"])
    assert ids[1] in found(dateUpdated=rooms[1].resource["dateUpdated"])
    assert found(dateCreated="2024-10-09") == found(dateUpdated="2024-10-09") == []
    path = f"/{ids[1]}/Participants"
    assert len(found(path)) == 2 and len(found(path, talk="false")) == len(found(path, talk="1")) == 1
    assert found(path, listen="false") == found(path, dtmfPassThrough="true") == []
    for answer in (server.rest.get("/Conferences", status="over"), server.rest.get("/Conferences" + path, talk="loud")):
        assert answer.status == 400 and answer.json["details"]["fields"], answer
    assert rooms[1].end().status == 204


@pytest.mark.parametrize("body, field", [
    ({"alias": "a" * 65}, "alias"), ({"alias": 7}, "alias"), ({"playBeep": "sometimes"}, "playBeep"), ({"record": "yes"}, "record"),
    ({"waitUrl": "music.wav"}, "waitUrl"), ({"statusCallbackUrl": "http://h:0/"}, "statusCallbackUrl"),
])
def test_what_is_no_conference_is_refused(server, body, field):
    answer = server.rest.post("/Conferences", body)
    assert (answer.status, answer.json["code"]) == (400, 9), answer
    [fault] = answer.json["details"]["fields"]
    assert fault["field"] == field and fault["allowed"], fault


def test_changed_over_rest(server, app):
    room = Room(server, app, alias="Monday")
    assert room.ask("POST", body={"alias": "Tuesday", "playBeep": "never"}).status == 204
    resource = room.resource
    assert (resource["alias"], resource["playBeep"], resource["revision"]) == ("Tuesday", "never", 2), resource
    assert room.ask("POST", body={"alias": None}).status == 204
    assert room.resource["alias"] is None
    for body in ({"status": "inProgress"}, {"status": "populated"}, {"status": 1}, {"playBeep": "x"}):
        assert room.ask("POST", body=body).status == 400, body
    assert room.told == ["empty"]


@pytest.mark.parametrize("field", ["talk", "listen", "dtmfPassThrough"])
def test_only_truths_are_truths(server, app, field):
    """A text, a number and null are refused, and what stands beside them is not done either."""
    room = Room(server, app)
    call = room.join(A)
    before = room.ask("GET", f"/Participants/{call}").json
    other = "listen" if field == "talk" else "talk"
    for value in ("false", "true", "", 0, 1, None, [], {}):
        answer = room.ask("POST", f"/Participants/{call}", {field: value, other: False})
        assert answer.status == 400 and [fault["field"] for fault in answer.json["details"]["fields"]] == [field], answer
    assert room.ask("GET", f"/Participants/{call}").json == before
    changed = room.change(call, **{field: not before[field]})
    assert changed[field] is not before[field] and changed["revision"] == before["revision"] + 1, changed
    room.hang_up(call)


def test_two_who_change_one_participant(server, app):
    """Neither undoes what the other does, and what was answered last is what is shown."""
    room = Room(server, app)
    call = room.join(A)
    for truth in (False, True) * 10:
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda name: room.change(call, **{name: truth}), ("talk", "listen")))
        shown = room.ask("GET", f"/Participants/{call}").json
        assert (shown["talk"], shown["listen"]) == (truth, truth), shown
    room.hang_up(call)


def test_what_is_not_there(server, app):
    room = Room(server, app)
    nobody, nothing = "CA" + "0" * 40, "CF" + "0" * 40
    for method, path in (("GET", f"/{nothing}"), ("POST", f"/{nothing}"), ("GET", f"/{nothing}/Participants"), ("GET", "/CF1"),
                         ("GET", f"/{nothing}/Recordings"), ("GET", f"/{nothing}/Logs"), ("DELETE", f"/{room.id}/Participants/x"),
                         ("GET", f"/{room.id}/Participants/{nobody}"), ("POST", f"/{room.id}/Participants/{nobody}"),
                         ("DELETE", f"/{room.id}/Participants/{nobody}")):
        answer = server.rest.raw(method, f"{server.rest.path}/Conferences{path}", b"{}" if method == "POST" else None)
        assert (answer.status, answer.json["code"]) == (404, 66), (method, path, answer)
    foreign = server.rest.raw("GET", f"/apiserver/Accounts/AC{'9' * 40}/Conferences/{room.id}")
    assert foreign.status == 403, foreign
    assert room.ask("DELETE").status == 405


def test_its_story(far, server, app):
    """Its own log tells who came and went, and what became of it; so does the account's, and the calls have theirs."""
    room = Room(server, app, alias="Monday", statusCallbackUrl=None)
    call = room.join(A)
    room.change(call, talk=False)
    room.hang_up(call)
    assert room.end().status == 204
    wanted = ["Conference created", "Participant came", "Conference populated", "Conference inProgress", "Participant changed",
              "Participant left", "Conference empty", "The end is asked for", "Conference terminated"]
    story = eventually(lambda: len(room.story) >= len(wanted) and room.story, 10, "its story is on disk")
    assert [entry["message"] for entry in story] == wanted
    assert all(entry["callId"] is None and entry["metadata"]["conferenceId"] == room.id for entry in story)
    assert {entry["metadata"]["callId"] for entry in story if "Participant" in entry["message"]} == {call}
    found = server.rest.post("/Logs", {"pql": f'metadata.conferenceId = "{room.id}" AND message = "Participant came"'}).json
    assert [entry["metadata"]["callId"] for entry in found["logs"]] == [call], found
    assert any(entry["message"] == "Joined the conference" for entry in server.rest.logs(call))


def test_from_the_command_line(far, server, app):
    """A moderator without a program."""
    room = Room(server, app, run(server, "conference", "create", "--alias", "Monday", "--play-beep", "never", "--record").strip())
    assert re.search(rf"{room.id} +empty +Monday", run(server, "conference", "list")), "made"
    assert room.id in run(server, "conferences", "list", "--status", "empty", "--alias", "Monday")
    assert run(server, "conference", "members", room.id) == ""
    first, second = room.join(A), room.join(B, leaveConferenceUrl=app.answer("/left", HANGUP))
    shown = run(server, "conference", "members", room.id)
    assert re.search(rf"{second} +talks +hears.*\n{first} +talks +hears", shown), shown
    assert re.search(r"conferences +1, with 2 calls", run(server, "status"))
    run(server, "conference", "mute", room.id, first)
    assert re.search(rf"{first} +muted", run(server, "conference", "members", room.id))
    run(server, "conference", "unmute", room.id, first)
    assert re.search(rf"{first} +talks", run(server, "conference", "members", room.id))
    run(server, "conference", "remove", room.id, second)
    assert reason(app, second) == "appHangup"
    for _ in range(2):
        run(server, "conference", "end", room.id)
    assert reason(app, first) == "conferenceTerminated"
    eventually(lambda: room.ask("GET", "/Recordings").json["recordings"], 10, "the recording")
    told = run(server, "show", room.id)
    for part in (r"status +terminated", r"alias +Monday", rf"Participant came \({first}", r"Participant changed", r"Conference terminated",
                 r"recording RE[0-9a-fA-F]{40}"):
        assert re.search(part, told), f"{part} is not in:\n{told}"
    assert told == run(server, "conference", "show", room.id)
    assert "Conference created" in run(server, "logs", room.id)
    run(server, "conference", "mute", room.id, first, status=70)
    run(server, "conference", "end", "Monday", status=70)


def test_an_operator_shows_a_queue(server, app):
    queue = run(server, "queue", "create", "--alias", "sales").strip()
    shown = run(server, "show", queue)
    assert re.search(rf"queueId +{queue}", shown) and re.search(r"maxSize +100", shown), shown
    assert run(server, "queue", "show", queue) == shown
    assert queue in run(server, "queues")
