"""The official samples that bring two calls together, with nothing changed but base URL and keys: `apps/` has them in words of
our own, with the same routes, fields and habits (a REST call within an open webhook, an end from both sides, an outcome that is
answered 500, a status handler that never answers).

docs/decisions/0041.
"""

import urllib.request

import pytest

from harness.far_end import Person
from harness.server import NUMBER
from harness.waiting import eventually
from test_quickstart import flask

PARTY, AGENT, VISITOR = "+13125550111", "+13125550112", "+13125550113"


@pytest.fixture
def far(calling_far_end):
    return calling_far_end()


def conference(server):
    """The only one that there is."""
    [one] = server.rest.get("/Conferences").json["conferences"]
    return one


def in_it(server):
    return {participant["callId"] for participant in
            server.rest.get(f"/Conferences/{conference(server)['conferenceId']}/Participants").json["participants"]}


def by_direction(server, direction):
    found = [call for call in server.rest.all_calls() if call["direction"] == direction]
    return found[0]["callId"] if found else None


def another_party(server, flask):
    """The tutorial's app answers for the account's number; returns its output."""
    url, program = flask("another_party", server, API_HOST=server.http + "/apiserver", PARTY=PARTY)
    made = server.rest.post("/Applications", {"voiceUrl": url + "/incomingCall", "statusCallbackUrl": url + "/status"}).json
    [number] = server.rest.get("/IncomingPhoneNumbers").json["incomingPhoneNumbers"]
    answer = server.rest.post(f"/IncomingPhoneNumbers/{number['phoneNumberId']}", {"applicationId": made["applicationId"]})
    assert answer.status == 200, answer
    return program


def test_another_party_talks_and_the_caller_leaves(far, belay, flask):
    """The caller hears silence while the other telephone rings; both talk; the caller's leaving ends it for both."""
    far.decide = lambda number: Person(rings=0.2, answers=1.0)
    server = belay(trunk=far.trunk, env={"BELAY_WEBHOOK_SECONDS": "5"})
    program = another_party(server, flask)
    placed = far.call(server.sip, NUMBER, hangs_up=8.0)
    eventually(lambda: by_direction(server, "outboundDial"), 10, "the other party is dialled")
    caller, party = by_direction(server, "inbound"), by_direction(server, "outboundDial")
    eventually(lambda: in_it(server) == {caller, party}, 10, "both are in the conference")
    assert conference(server)["status"] == "inProgress"
    ended = server.wait_until_ended(party, 20)
    assert (ended["status"], ended["callEndedReason"]) == ("completed", "conferenceTerminated"), ended
    assert server.rest.call(caller)["callEndedReason"] == "farEndHangup"
    assert not placed.is_open and conference(server)["status"] == "terminated"
    program.wait_for(rf"the caller has left {conference(server)['conferenceId']}", 10)
    program.wait_for(rf"told of {party} conferenceTerminated", 10)
    assert not [entry for call in (caller, party) for entry in server.rest.logs(call) if entry["level"] == "error"
                and "not delivered" not in entry["message"]]


@pytest.mark.parametrize("person, outcome", [
    (Person(refuses="486 Busy Here"), "busy"), (Person(refuses="480 Temporarily Unavailable"), "noAnswer"),
], ids=["busy", "no answer"])
def test_another_party_cannot_be_had(far, belay, flask, person, outcome):
    """The app ends the conference beside its answer, and the caller is hung up, wherever its script is."""
    far.decide = lambda number: person
    server = belay(trunk=far.trunk, env={"BELAY_WEBHOOK_SECONDS": "5"})
    program = another_party(server, flask)
    far.call(server.sip, NUMBER)
    program.wait_for(f"the other party: {outcome}", 20)
    caller = by_direction(server, "inbound")
    ended = server.wait_until_ended(caller, 20)
    assert (ended["status"], ended["callEndedReason"]) == ("completed", "conferenceTerminated"), ended
    assert conference(server)["status"] == "terminated"


def click(server, flask):
    """The how-to's app, and a click; returns its output and the agent's call."""
    application = server.rest.post("/Applications", {"alias": "click to call"}).json["applicationId"]
    url, program = flask("click_to_call", server, API_HOST=server.http + "/apiserver", NUMBER=server.number, AGENT=AGENT,
                         VISITOR=VISITOR, APPLICATION_ID=application)
    changed = server.rest.post(f"/Applications/{application}", {
        "callConnectUrl": url + "/agentAnswered", "statusCallbackUrl": url + "/status"})
    assert changed.status == 200, changed
    with urllib.request.urlopen(urllib.request.Request(url + "/click", method="POST"), timeout=10) as answer:
        return program, answer.read().decode()


@pytest.mark.parametrize("first", [VISITOR, AGENT], ids=["the visitor hangs up", "the agent hangs up"])
def test_click_to_call(far, belay, flask, first):
    """Whoever leaves first, both handlers run; one of them ends the conference, the other finds it ended."""
    server = belay(trunk=far.trunk)
    program, agent = click(server, flask)
    eventually(lambda: by_direction(server, "outboundDial"), 10, "the visitor is dialled")
    visitor = by_direction(server, "outboundDial")
    eventually(lambda: in_it(server) == {agent, visitor}, 15, "both are in the conference")
    [dialog] = far.dialogs_of(first)
    far.end(dialog)
    reasons = {AGENT: server.wait_until_ended(agent)["callEndedReason"],
               VISITOR: server.wait_until_ended(visitor)["callEndedReason"]}
    assert reasons == {AGENT: "conferenceTerminated", VISITOR: "conferenceTerminated"} | {first: "farEndHangup"}
    program.wait_for("left while it is inProgress", 10)
    program.wait_for("left while it is terminated", 10)
    assert conference(server)["status"] == "terminated"
    server.wait_until_idle()


def test_click_to_call_without_a_visitor(far, belay, flask):
    """The handler waits for the end that it asks for, and answers 500: the agent is hung up, and the end can be asked for again."""
    far.decide = lambda number: Person(refuses="486 Busy Here") if number == VISITOR else Person()
    server = belay(trunk=far.trunk)
    program, agent = click(server, flask)
    ended = server.wait_until_ended(agent, 20)
    assert (ended["status"], ended["callEndedReason"]) == ("completed", "conferenceTerminated"), ended
    program.wait_for(r'POST /answered/\S+ HTTP/1\.1\S*" 500', 10)
    assert conference(server)["status"] == "terminated"
