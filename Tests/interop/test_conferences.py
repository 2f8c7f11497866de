"""Conferences as callers, moderators and apps meet them (docs/contract/percl.md#conferences, docs/contract/rest.md#conferences).

What is heard in them is in test_conference_audio.py, what is asked over REST and by hand in test_conferences_over_rest.py.
"""

import concurrent.futures
import time

import pytest

from harness.rooms import Room
from harness.server import NUMBER
from harness.steps import TO, place
from harness.waiting import eventually
from harness.webhook_app import HANGUP, Reply

A, B, C, D = (f"+131255501{number:02}" for number in range(1, 5))


@pytest.fixture
def far(talkers):
    """Everybody answers and says nothing."""
    return talkers({})


@pytest.fixture
def server(far, belay):
    return belay(trunk=far.trunk)


def reason(app, call, seconds=20):
    return app.wait_for(call, "callStatus", seconds).json["callEndedReason"]


def control(app, script, keys="*7", path="/control"):
    """Attributes by which those keys ask for that script."""
    return {"allowCallControl": True, "callControlSequence": keys, "callControlUrl": app.answer(path, script)}


# Its life

def test_the_life_of_a_conference(server, app):
    """Made, waited in, begun, left by who began it, left by all, used again, ended: each state told once and in order."""
    room = Room(server, app, alias="Monday")
    assert (room.made["status"], room.made["playBeep"], room.made["record"], room.made["waitUrl"]) \
        == ("empty", "always", False, None), room.made
    first = room.join(A, startConfOnEnter=False)
    second = room.join(B, startConfOnEnter=False)
    room.wait_until_told("empty", "populated")
    assert room.resource["status"] == "populated"
    starter = room.join(C)
    room.wait_until_told("empty", "populated", "inProgress")
    assert room.members == [starter, second, first]
    room.hang_up(starter)
    assert room.resource["status"] == "inProgress" and room.members == [second, first]
    room.hang_up(first, second)
    statuses = ["empty", "populated", "inProgress", "empty"]
    room.wait_until_told(*statuses)
    assert room.resource["status"] == "empty" and room.members == []
    again = room.join(D)
    statuses += ["populated", "inProgress"]
    room.wait_until_told(*statuses)
    assert room.end().status == 204
    assert room.resource["status"] == "terminated", "who has the 204 finds it so"
    room.wait_until_told(*statuses, "empty", "terminated")
    assert reason(app, again) == "conferenceTerminated"
    webhooks = app.of(room.id)
    assert [webhook.sequence for webhook in webhooks] == list(range(1, len(webhooks) + 1))
    for webhook in webhooks:
        told = webhook.json
        assert told["conferenceId"] == room.id and told["accountId"] == room.made["accountId"], told
        assert {told[name] for name in ("callId", "from", "to", "callStatus", "direction", "parentCallId", "queueId",
                                        "recordingUrl", "recordingId", "recordingDurationSec")} == {None}, told
    assert room.ask("GET", f"/Participants/{again}").status == 404
    server.wait_until_idle()


def test_made_by_a_script(server, app):
    """CreateConference joins nobody; what is told names the call that made it, but not how that call is."""
    call = place(server, app, [{"CreateConference": {
        "actionUrl": app.answer("/made", [{"Pause": {"length": 1500}}]), "statusCallbackUrl": app.url("/conference"),
        "alias": "Tuesday", "playBeep": "exitOnly", "record": True}}])
    made = app.wait_for(call, "createConference").json
    assert made["callStatus"] == "inProgress", made
    room = Room(server, app, made["conferenceId"])
    told = app.wait_for(room.id, "conferenceStatus").json
    assert (told["status"], told["callId"], told["from"], told["to"], told["direction"], told["callStatus"]) \
        == ("empty", call, NUMBER, TO, "outboundAPI", None), told
    resource = room.resource
    assert (resource["alias"], resource["playBeep"], resource["record"], resource["actionUrl"], resource["statusCallbackUrl"]) \
        == ("Tuesday", "exitOnly", True, app.url("/made"), app.url("/conference")), resource
    assert room.members == []
    assert reason(app, call) == "appHangup"
    assert room.end().status == 204
    room.wait_until_told("empty", "terminated")


def test_ended_by_many_at_once(server, app):
    """Each of them is answered 204, and it ends once; what has ended is shown, and stays as it is."""
    room = Room(server, app)
    calls = [room.join(number, leaveConferenceUrl=app.answer("/left", [{"Say": {"text": "Nobody hears it."}}]))
             for number in (A, B)]
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: room.end(), range(10)))
    assert [answer.status for answer in answers] == [204] * 10
    for call in calls:
        assert reason(app, call) == "conferenceTerminated"
        [left] = app.of(call, "leaveConference")
        assert left.json["callStatus"] == "completed" and left.json["conferenceId"] == room.id, left.json
        assert [webhook.kind for webhook in app.of(call)][-2:] == ["leaveConference", "callStatus"]
        assert not any("PerCL Say" in entry["message"] for entry in server.rest.logs(call))
    room.wait_until_told("empty", "populated", "inProgress", "empty", "terminated")
    assert room.end().status == room.end("empty").status == 204
    late = room.ask("POST", body={"alias": "late"})
    assert (late.status, late.json["code"]) == (409, 108), late
    assert room.resource["status"] == "terminated" and room.resource["alias"] is None
    server.wait_until_idle()
    assert len(room.told) == 5


def test_ended_within_the_webhook_that_tells_of_leaving(server, app):
    """The official samples do so from both calls: they look whether it has ended, and end it if not, while the webhook is open."""
    room, answers = Room(server, app), []

    def left(webhook):
        if room.resource["status"] != "terminated":
            answers.append(room.end().status)
        return []

    first, second = (room.join(number, leaveConferenceUrl=app.answer("/left", left)) for number in (A, B))
    began = time.monotonic()
    server.rest.update(first, "completed")
    assert (reason(app, first), reason(app, second)) == ("appHangup", "conferenceTerminated")
    assert time.monotonic() - began < 10, "nobody waits for a webhook to run out"
    assert answers == [204]
    room.wait_until_told("empty", "populated", "inProgress", "empty", "terminated")
    assert all(len(app.of(call, "leaveConference")) == 1 for call in (first, second))


def test_twenty_come_at_once(far_end, belay, app):
    """It is populated once and begins once, all are in it and told of; its end ends them all."""
    far = far_end()
    server = belay(trunk=far.trunk)
    room = Room(server, app)
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        calls = list(pool.map(lambda number: room.call(f"+13125550{number}", [room.add()]), range(200, 220)))
    for call in calls:
        app.wait_for(call, "addToConferenceNotification", 20)
    assert sorted(room.members) == sorted(calls)
    room.wait_until_told("empty", "populated", "inProgress")
    assert room.end().status == 204
    for call in calls:
        assert reason(app, call) == "conferenceTerminated"
        assert len(app.of(call, "addToConferenceNotification")) == 1
    room.wait_until_told("empty", "populated", "inProgress", "empty", "terminated")
    far.wait_until_quiet(10)
    server.wait_until_idle()


def test_after_a_crash(far, server, app):
    """Nobody is in it, which is told once; it is there with what was said of it, its recording too, and can be used."""
    room = Room(server, app, alias="Monday", playBeep="never", record=True)
    call = room.join(A, leaveConferenceUrl=app.url("/left"))
    room.wait_until_told("empty", "populated", "inProgress")
    far.hears(A, seconds=2.0)
    assert room.resource["status"] == "inProgress"
    server.kill()
    server.start()
    room.wait_until_told("empty", "populated", "inProgress", "empty", seconds=20)
    left = app.wait_for(call, "leaveConference", 20).json
    assert left["callStatus"] == "completed" and left["conferenceId"] == room.id, left
    assert reason(app, call) == "internalError"
    recorded = app.wait_for(room.id, "conferenceRecordingStatus", 20).json
    assert recorded["status"] == "empty" and recorded["recordingDurationSec"] >= 1, recorded
    resource = room.resource
    assert (resource["status"], resource["alias"], resource["playBeep"], resource["record"]) \
        == ("empty", "Monday", "never", True), resource
    assert room.members == []
    again = room.join(B)
    room.wait_until_told("empty", "populated", "inProgress", "empty", "populated", "inProgress")
    assert room.end().status == 204
    assert reason(app, again) == "conferenceTerminated"
    server.wait_until_idle()


def test_taken_out_just_before_a_crash(server, app):
    """Killed before the app has answered how the call goes on: it is told once more, by the same event, then of the end."""
    room = Room(server, app)
    call = room.join(A, leaveConferenceUrl=app.answer("/left", Reply(200, HANGUP, delay=60)))
    assert room.ask("DELETE", f"/Participants/{call}").status == 204
    first = app.wait_for(call, "leaveConference")
    # A list waits for the disk to catch up.
    assert server.rest.call(call)["status"] == "inProgress"
    server.kill()
    app.answer("/left", HANGUP)
    server.start()
    again = app.wait_for(call, "leaveConference", 20, count=2)
    assert (again.event, again.sequence, again.body) == (first.event, first.sequence, first.body)
    assert reason(app, call) == "internalError"
    assert len(app.of(call, "leaveConference")) == 2
    server.wait_until_idle()


def test_one_that_is_over_or_never_was(server, app):
    """A call that is added there ends, and its log says which of the two it was; nobody is told of a stay."""
    room = Room(server, app)
    assert room.end().status == 204
    late = room.call(A, [room.add(leaveConferenceUrl=app.url("/left"))])
    assert reason(app, late) == "conferenceTerminated"
    never = Room(server, app, "CF" + "0" * 40)
    lost = never.call(B, [never.add()])
    assert reason(app, lost) == "perclProcessingError"
    for call, words in ((late, f"{room.id} has been terminated"), (lost, f"no conference {never.id}")):
        [failed] = [entry for entry in server.rest.logs(call) if entry["message"] == "PerCL AddToConference failed"]
        assert failed["level"] == "error" and words in failed["metadata"]["explanation"], failed
        assert {webhook.kind for webhook in app.of(call)} == {"outDialApiConnect", "callStatus"}
    assert room.told == ["empty", "terminated"]


def test_ended_just_as_somebody_comes(server, app):
    """The end comes while the call's script is still speaking: no stay begins, and nothing is told behind the end."""
    room = Room(server, app)
    call = room.call(A, [{"Pause": {"length": 1000}}, room.add()])
    server.wait_for_status(call, "inProgress")
    assert room.end().status == 204
    assert reason(app, call) == "conferenceTerminated"
    assert app.of(call, "addToConferenceNotification") == []
    assert room.told == ["empty", "terminated"]


# Who leaves

def test_taken_out_over_rest(server, app):
    """The call goes on at its leaveConferenceUrl, or is hung up; a second time there is nobody to take out."""
    room = Room(server, app)
    stays = room.join(A)
    goes_on = room.join(B, leaveConferenceUrl=app.answer("/left", [{"Say": {"text": "You are out."}}]))
    hung_up = room.join(C)
    for call in (goes_on, hung_up):
        assert room.ask("DELETE", f"/Participants/{call}").status == 204
        again = room.ask("DELETE", f"/Participants/{call}")
        assert (again.status, again.json["code"]) == (404, 66), again
    left = app.wait_for(goes_on, "leaveConference").json
    assert left["callStatus"] == "inProgress" and left["conferenceId"] == room.id, left
    assert reason(app, goes_on) == "appHangup" and reason(app, hung_up) == "removedFromConference"
    assert any(entry["message"] == "PerCL Say completed" for entry in server.rest.logs(goes_on))
    assert app.of(hung_up, "leaveConference") == []
    assert room.members == [stays] and room.resource["status"] == "inProgress"
    room.hang_up(stays)
    room.wait_until_told("empty", "populated", "inProgress", "empty")


def test_emptied_over_rest(server, app):
    """Everybody leaves at once, one slow app holds up nobody, and the conference is there still."""
    room = Room(server, app)
    app.answer("/slow", Reply(200, HANGUP, delay=6))
    slow = room.join(A, leaveConferenceUrl=app.url("/slow"))
    quick = room.join(B, leaveConferenceUrl=app.answer("/quick", HANGUP))
    hung_up = room.join(C)
    began = time.monotonic()
    assert room.end("empty").status == 204
    assert room.resource["status"] == "empty" and room.members == []
    assert (reason(app, hung_up), reason(app, quick)) == ("conferenceEmptied", "appHangup")
    assert time.monotonic() - began < 5.5, "nobody waits for another's app"
    assert reason(app, slow) == "appHangup"
    assert room.end("empty").status == 204
    room.wait_until_told("empty", "populated", "inProgress", "empty")
    server.wait_until_idle()
    assert len(room.told) == 4, "what is empty is not emptied"


def test_who_hangs_up(far, server, app):
    """leaveConference tells of it before callStatus, and its answer is no script; the others stay."""
    room = Room(server, app)
    call = room.join(A, leaveConferenceUrl=app.answer("/left", [{"Say": {"text": "Nobody hears it."}}]))
    other = room.join(B)
    far.end(far.dialog(A))
    assert reason(app, call) == "farEndHangup"
    assert [webhook.kind for webhook in app.of(call)][-2:] == ["leaveConference", "callStatus"]
    assert app.of(call, "leaveConference")[0].json["callStatus"] == "completed"
    assert app.of(call, "callStatus")[0].json["conferenceId"] is None
    assert room.members == [other]
    room.hang_up(other)


def test_a_parent_leaves_while_its_child_rings(far, belay, app):
    """The app ends the conference when the caller has gone; whoever answers later finds it over, and is hung up on."""
    far.more[B] = {"answers": 3.0}
    server = belay(trunk=far.trunk)
    rooms = {}

    def made(webhook):
        rooms["one"] = Room(server, app, webhook.json["conferenceId"])
        return [{"OutDial": {"destination": B, "callingNumber": NUMBER, "actionUrl": app.answer("/started", enter),
                             "callConnectUrl": app.answer("/child", enter)}}]

    def enter(webhook):
        return [rooms["one"].add(leaveConferenceUrl=app.answer("/left", left))]

    def left(webhook):
        rooms["one"].end()
        return []

    parent = place(server, app, [{"CreateConference": {"actionUrl": app.answer("/made", made)}}], to=A)
    child = app.wait_for(parent, "outDialStart").json["dialCallId"]
    app.wait_for(parent, "addToConferenceNotification")
    far.end(far.dialog(A))
    assert reason(app, parent) == "farEndHangup"
    assert app.wait_for(child, "outDialConnect", 20).json["dialCallStatus"] == "inProgress"
    assert reason(app, child) == "conferenceTerminated"
    assert app.of(child, "leaveConference") == []
    server.wait_until_idle()


def test_a_machine_in_a_conference(belay, app):
    """docs/contract/calls.md#a-machine-in-a-conference: a fax, which the simulated carrier has."""
    server = belay()
    room = Room(server, app)
    call = room.call("+15005550008", [room.add(leaveConferenceUrl=app.url("/left"))], ifMachine="redirect",
                     ifMachineUrl=app.answer("/machine", HANGUP))
    app.wait_for(call, "addToConferenceNotification")
    found = app.wait_for(call, "machineDetected", 20).json
    assert found["machineType"] == "fax modem" and found["conferenceId"] is None, found
    assert reason(app, call) == "appHangup"
    assert app.of(call, "leaveConference") == []
    room.wait_until_told("empty", "populated", "inProgress", "empty")


# Moves

def test_from_one_conference_to_another(far, server, app):
    """It leaves the one, whose leaveConferenceUrl is not asked, and is in the other."""
    former, latter = Room(server, app), Room(server, app)
    call = former.join(A, leaveConferenceUrl=app.url("/left"), **control(app, [latter.add()]))
    other = former.join(B)
    far.press_as(A, "*7")
    assert app.wait_for(call, "addToConferenceNotification", count=2).json["conferenceId"] == latter.id
    assert former.ask("GET", f"/Participants/{call}").status == 404
    assert (former.members, latter.members) == ([other], [call])
    assert former.told == ["empty", "populated", "inProgress"]
    latter.wait_until_told("empty", "populated", "inProgress")
    assert former.end().status == latter.end().status == 204
    assert reason(app, call) == reason(app, other) == "conferenceTerminated"
    assert app.of(call, "leaveConference") == []


def test_added_again_where_it_is(far, server, app):
    """Other terms from there on: no change of state, one notification more."""
    room = Room(server, app)
    call = room.join(A, **control(app, [room.add(talk=False, startConfOnEnter=False)]))
    far.press_as(A, "*7")
    app.wait_for(call, "addToConferenceNotification", count=2)
    participant = room.ask("GET", f"/Participants/{call}").json
    assert (participant["talk"], participant["listen"], participant["startConfOnEnter"], participant["revision"]) \
        == (False, True, False, 2), participant
    far.press_as(A, "*7")
    far.hears(A, seconds=1.0)
    room.hang_up(call)
    assert len(app.of(call, "callControl")) == 1, "the new terms have no call control"
    room.wait_until_told("empty", "populated", "inProgress", "empty")


# Call control

def test_call_control(far, server, app):
    """The latest keys count; the script runs, and the call talks on; then it can be asked for again."""
    room = Room(server, app)
    call = room.join(A, leaveConferenceUrl=app.url("/left"), **control(
        app, [{"SetTalk": {"talk": False}}, {"Say": {"text": "You are muted."}}, {"SetListen": {"listen": False}}]))
    far.press_as(A, "1*77")
    asked = app.wait_for(call, "callControl").json
    assert (asked["digits"], asked["conferenceId"], asked["callStatus"]) == ("*7", room.id, "inProgress"), asked

    def standing():
        shown = room.ask("GET", f"/Participants/{call}").json
        return shown["talk"], shown["listen"]

    eventually(lambda: standing() == (False, False), 15, lambda: f"muted and deaf; {standing()}")
    assert server.rest.call(call)["status"] == "inProgress", "the script's end is not the call's"
    app.answer("/control", [{"RemoveFromConference": {}}])
    far.press_as(A, "*7")
    assert app.wait_for(call, "leaveConference", 10).json["callStatus"] == "inProgress"
    assert reason(app, call) == "appNoPercl", "what leaveConferenceUrl gave was no script"
    assert len(app.of(call, "callControl")) == 2
    room.wait_until_told("empty", "populated", "inProgress", "empty")


def test_terminate_conference_from_a_script(far, server, app):
    room = Room(server, app)
    call = room.join(A, **control(app, [{"TerminateConference": {}}]))
    other = room.join(B)
    far.press_as(A, "*7")
    assert reason(app, call) == reason(app, other) == "conferenceTerminated"
    room.wait_until_told("empty", "populated", "inProgress", "empty", "terminated")


@pytest.mark.parametrize("script, ending", [
    ([], None), (Reply(204), None),
    (Reply(500, "no"), "webhookInvalidResponse"),
    ([{"Sya": {}}], "appInvalidPercl"),
    ([{"Enqueue": {"queueId": "QU" + "0" * 40, "waitUrl": "http://127.0.0.1:9/", "actionUrl": "http://127.0.0.1:9/"}}],
     "appInvalidPercl"),
    ([{"GetDigits": {"actionUrl": "http://127.0.0.1:9/"}}], "appInvalidPercl"),
], ids=["nothing", "204", "500", "no PerCL", "Enqueue", "GetDigits beside somebody"])
def test_a_script_that_does_not_run_there(far, server, app, script, ending):
    """It ends the call that asked for it, and no other; an empty one ends nothing."""
    room = Room(server, app)
    call = room.join(A, **control(app, script))
    other = room.join(B)
    far.press_as(A, "*7")
    app.wait_for(call, "callControl")
    if ending is None:
        eventually(lambda: any("callControl answered" in entry["message"] for entry in server.rest.logs(call)), 10, "an answer")
        far.press_as(A, "*7")
        app.wait_for(call, "callControl", count=2)
        assert sorted(room.members) == sorted([call, other])
        room.hang_up(call)
    else:
        assert reason(app, call) == ending
    assert room.members == [other] and server.rest.call(other)["status"] == "inProgress"
    room.hang_up(other)


def test_digits_of_somebody_alone(far, server, app):
    """GetDigits runs where nobody else is on the line; the conference is named in what it tells."""
    room = Room(server, app)
    digits = app.answer("/digits", [])
    call = room.join(A, **control(app, [{"GetDigits": {"actionUrl": digits, "maxDigits": 1}}]))
    far.press_as(A, "*7")
    eventually(lambda: any(entry["message"] == "PerCL GetDigits" for entry in server.rest.logs(call)), 10, "it collects")
    far.press_as(A, "5")
    told = app.wait_for(call, "getDigits").json
    assert (told["digits"], told["conferenceId"]) == ("5", room.id), told
    assert room.members == [call]
    room.hang_up(call)


def test_outside_of_a_conference(server, app):
    """RemoveFromConference and TerminateConference end the call and say why; the flags change nothing and say so."""
    for number, command in ((A, "RemoveFromConference"), (B, "TerminateConference")):
        call = place(server, app, [{command: {}}], to=number)
        assert reason(app, call) == "perclProcessingError"
        [failed] = [entry for entry in server.rest.logs(call) if entry["message"] == f"PerCL {command} failed"]
        assert "in no conference" in failed["metadata"]["explanation"], failed
    call = place(server, app, [{"SetTalk": {}}, {"SetListen": {}}, {"SetDTMFPassThrough": {}}], to=C)
    assert reason(app, call) == "appHangup"
    said = [entry["message"] for entry in server.rest.logs(call) if "changes nothing" in entry["message"]]
    assert len(said) == 3, said
