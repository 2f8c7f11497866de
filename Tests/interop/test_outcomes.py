"""Every way in which a call can end, by all that can be seen of it: the SIP on the wire, each webhook in order with all
its fields, the call's resource, its log.

Each ending is a call of its own and all of them run at once, on three servers: what they share is waited for once.
"""

import json
import re
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from harness import webhook_model
from harness.far_end import FarEnd, Person
from harness.outcome import check_log_entry, check_times
from harness.server import ACCOUNT, NUMBER, Belay, binary
from harness.waiting import eventually
from harness.webhook_app import HANGUP, Reply, WebhookApp

LONG = [{"Pause": {"length": 60000}}]
HTML = {"Content-Type": "text/html"}

INVITED = ["INVITE", "> 100 INVITE"]
RANG = [*INVITED, "> 180 INVITE"]
ANSWERED = [*RANG, "> 200 INVITE", "ACK"]
WE_HANG_UP = [*ANSWERED, "BYE", "> 200 BYE"]
THEY_HANG_UP = [*ANSWERED, "> BYE", "200 BYE"]
CANCELED = [*RANG, "CANCEL", "> 200 CANCEL", "> 487 INVITE", "ACK"]


@dataclass
class Ending:
    """One call: whom it reaches, what its application answers, what is done to it meanwhile; and how it must end.

    wire: the far end's view, in order; what it sent itself has a `>`. told: the callStatus of its outDialApiConnect, None
    where it gets none. statuses: what the resource went through. explained: how its log says why it ended.
    """

    status: str
    reason: str
    wire: list
    explained: str
    person: Person | None = field(default_factory=Person)
    answer: list | Reply = field(default_factory=lambda: LONG)
    told: str | None = "inProgress"
    statuses: tuple = ("ringing", "inProgress", "completed")
    timeout: int | None = None
    server: str = "trunk"
    acts: Callable | None = None
    url: str | None = None
    #: What the log holds of the answer that ended it.
    shown: str = ""
    #: Entries of this level and message are in its log.
    blamed: tuple = ()

    @property
    def is_answered(self):
        return "inProgress" in self.statuses


def refused(status, outcome, explained):
    return Ending(outcome, outcome, [*INVITED, f"> {status[:3]} INVITE", "ACK"], explained,
                  Person(refuses=status, answers=0), told=outcome, statuses=("ringing", outcome))


def webhook_failure(reason, explained, answer, **more):
    return Ending("completed", reason, WE_HANG_UP, explained, answer=answer, **more)


def over_rest(status, word):
    """Waits until the call has come so far, then asks for its end."""
    def act(stories, call):
        stories.reached(call, status)
        answer = call.belay.rest.update(call.id, word)
        assert (answer.status, answer.body) == (202, b""), answer
    return act


def stop_dialling(*arguments):
    def act(stories, call):
        stories.say(call.belay, "stop-dialling", *arguments)
    return act


ENDINGS = {
    # Answered
    "the script hangs up": Ending("completed", "appHangup", WE_HANG_UP, "Hangup: enough", answer=[
        {"Pause": {"length": 100}}, {"Hangup": {"reason": "enough"}}]),
    "the script runs out": Ending("completed", "appHangup", WE_HANG_UP, "the script ran out", answer=[
        {"Pause": {"length": 100}}]),
    "the far end hangs up": Ending("completed", "farEndHangup", THEY_HANG_UP, "the far end hung up", Person(hangs_up=0.5)),
    "completed over REST": Ending("completed", "appHangup", WE_HANG_UP, "hung up over REST",
                                  acts=over_rest("inProgress", "completed")),
    "canceled over REST when it is answered": Ending(
        "completed", "appHangup", WE_HANG_UP, "hung up over REST", acts=over_rest("inProgress", "canceled")),

    # Busy, not answered, failed
    "busy": refused("486 Busy Here", "busy", "the far end answered 486"),
    "busy everywhere": refused("600 Busy Everywhere", "busy", "the far end answered 600"),
    "declined": refused("603 Decline", "busy", "the far end answered 603"),
    "nobody picks up": Ending(
        "noAnswer", "noAnswer", CANCELED, "nobody answered within", Person(answers=None), told="noAnswer",
        statuses=("ringing", "noAnswer"), timeout=1),
    "unavailable": refused("480 Temporarily Unavailable", "noAnswer", "the far end answered 480"),
    "the far end's own timeout": refused("408 Request Timeout", "noAnswer", "the far end answered 408"),
    "not found": refused("404 Not Found", "failed", "the far end answered 404"),
    "the trunk is in trouble": refused("503 Service Unavailable", "failed", "the far end answered 503"),
    "silence": Ending("failed", "failed", ["INVITE"], "no response to the INVITE at all", None, told="failed",
                      statuses=("ringing", "failed"), timeout=600),

    # Canceled
    "canceled while queued": Ending(
        "canceled", "callCanceled", [], "canceled over REST", told="canceled", statuses=("canceled",), server="one line",
        acts=over_rest("queued", "canceled")),
    "canceled while ringing": Ending(
        "canceled", "callCanceled", CANCELED, "canceled over REST", Person(answers=None), told="canceled",
        statuses=("ringing", "canceled"), acts=over_rest("ringing", "canceled")),
    "completed while ringing": Ending(
        "canceled", "callCanceled", CANCELED, "canceled over REST", Person(answers=None), told="canceled",
        statuses=("ringing", "canceled"), acts=over_rest("ringing", "completed")),
    "canceled as it is answered": Ending(
        "canceled", "callCanceled", [*RANG, "CANCEL", "> 200 INVITE", "> 200 CANCEL", "ACK", "BYE", "> 200 BYE"],
        "canceled over REST", Person(answers=None, answers_when_cancelled=True), told="canceled",
        statuses=("ringing", "canceled"), acts=over_rest("ringing", "canceled")),

    # The webhook that fetches the script: docs/contract/webhooks.md#answers-with-a-script
    "nobody listens there": webhook_failure(
        "webhookFailed", "could not be reached|refused|connect", LONG, url="http://127.0.0.1:9/connect",
        blamed=(r"Webhook outDialApiConnect failed",)),
    "no such host": webhook_failure(
        "webhookFailed", "(?i)name|resolve", LONG, url="http://no-such-host.invalid/connect",
        blamed=(r"Webhook outDialApiConnect failed",)),
    "no TLS there": webhook_failure(
        "webhookFailed", "(?i)tls|ssl|certificate|connect", LONG, url="https app",
        blamed=(r"Webhook outDialApiConnect failed",)),
    "no answer in time": webhook_failure(
        "webhookFailed", "(?i)time|within", Reply(200, HANGUP, delay=4), blamed=(r"Webhook outDialApiConnect failed",)),
    "closed without an answer": webhook_failure(
        "webhookFailed", "(?i)clos|ended|connection", Reply(close_without_answer=True),
        blamed=(r"Webhook outDialApiConnect failed",)),
    "302": webhook_failure("webhookInvalidResponse", "302", Reply(302, "", {"Location": "/elsewhere"}), shown="302"),
    "404": webhook_failure("webhookInvalidResponse", "404", Reply(404, "no such page"), shown="no such page"),
    "500": webhook_failure("webhookInvalidResponse", "500", Reply(500, "it broke"), shown="it broke"),
    "more than a mebibyte": webhook_failure(
        "webhookInvalidResponse", "(?i)large|1048576|1 MiB", Reply(200, b" " * (1 << 20) + b"[]")),
    "HTML": webhook_failure("webhookInvalidResponse", "not JSON", Reply(200, "<html>hello</html>", HTML), shown="<html>hello"),
    "204": webhook_failure("appNoPercl", "204 without a script", Reply(204)),
    "an empty body": webhook_failure("appNoPercl", "no PerCL", Reply(200, b"")),
    "an empty script": webhook_failure("appNoPercl", "no PerCL", Reply(200, "[]")),
    "a mistake in the script": webhook_failure(
        "appInvalidPercl", r"Say.*text", Reply(200, '[{"Pause":{"length":1}},{"Say":{"language":"en-US"}}]')),
    "an object": webhook_failure("appInvalidPercl", "array", Reply(200, '{"success":true}'), shown="success"),
    "a command that is not there yet": webhook_failure(
        "perclProcessingError", "TranscribeUtterance is not in this version",
        [{"TranscribeUtterance": {"actionUrl": "http://127.0.0.1:9/"}}],
        blamed=(r"PerCL TranscribeUtterance is not in this version",)),

    # What the server ends by itself
    "a dead line": Ending(
        "completed", "failed", WE_HANG_UP, "the far end's media fell silent.*hung up here", Person(speaks=25),
        server="limits"),
    "a line on which nothing ever comes": Ending(
        "completed", "failed", WE_HANG_UP, "the far end's media never came.*hung up here", Person(), server="limits"),
    "the longest call": Ending(
        "completed", "maxDuration", WE_HANG_UP, "the longest call", Person(speaks=400), server="limits"),

    # The brake: for who waits, and for all. That the operator hung up has no word of its own among the reasons.
    "dialling is stopped while it waits": Ending(
        "canceled", "callCanceled", [], "stop", told="canceled", statuses=("canceled",), server="one line",
        acts=stop_dialling()),
    "hung up with all dialling": Ending(
        "completed", "internalError", WE_HANG_UP, "stop", server="brake"),
    "canceled with all dialling": Ending(
        "canceled", "callCanceled", CANCELED, "stop", Person(answers=None), told="canceled",
        statuses=("ringing", "canceled"), server="brake", acts=stop_dialling("--hang-up")),
}

#: Everybody has a number, so that the far end knows who is called; 0142 has the one line of the server that has but one.
NUMBERS = {name: f"+1312555{1000 + place}" for place, name in enumerate(ENDINGS)}
THE_ONE_LINE = "+13125550142"


@dataclass
class Call:
    """A call that was made, and what was answered to the request."""

    ending: Ending
    belay: Belay
    to: str
    id: str
    request_id: str
    application: str


class Stories:
    """Makes every call, waits for their ends, and keeps the witnesses."""

    def __init__(self, folder):
        people = {NUMBERS[name]: ending.person for name, ending in ENDINGS.items()}
        self.far = FarEnd(decide=lambda number: people.get(number, Person()))
        self.app = WebhookApp()
        self.servers = {}
        self.calls = {}
        environments = {
            "trunk": {}, "limits": {"BELAY_DEAD_LINE_SECONDS": "2", "BELAY_MAX_CALL_SECONDS": "5"},
            "one line": {"BELAY_CALLS_AT_ONCE": "1"}, "brake": {}}
        for name, environment in environments.items():
            self.servers[name] = Belay(folder / name.replace(" ", "-"), trunk=self.far.trunk, t1_ms=50, env={
                "BELAY_WEBHOOK_SECONDS": "1.5", "BELAY_WEBHOOK_CONNECT_SECONDS": "1", **environment})

    def run(self):
        # First who takes the one line; then everybody.
        waiting = self.make(Ending("completed", "appHangup", [], ""), THE_ONE_LINE, self.servers["one line"], "/one-line")
        self.reached(waiting, "inProgress")
        for place, (name, ending) in enumerate(ENDINGS.items()):
            self.calls[name] = self.make(ending, NUMBERS[name], self.servers[ending.server], f"/{place}")
        self.reached(self.calls["hung up with all dialling"], "inProgress")
        self.reached(self.calls["canceled with all dialling"], "ringing")
        for call in self.calls.values():
            if call.ending.acts:
                call.ending.acts(self, call)
        for call in self.calls.values():
            call.belay.wait_until_ended(call.id, 20)
            self.app.wait_for(call.id, "callStatus", 10)
        # The last webhook's answer is in the log a moment after the webhook app has sent it.
        for server in self.servers.values():
            eventually(lambda: server.gauge("belay_outbox_depth") == 0, 10, "everything is delivered")
        for name in "trunk", "limits", "brake":
            eventually(lambda: self.servers[name].gauge("belay_calls_live") == 0, 10, "every call is over")
        self.far.wait_until_quiet(10, but=[THE_ONE_LINE])

    def make(self, ending, to, server, path):
        url = ending.url or self.app.answer(path, ending.answer)
        if url == "https app":
            url = self.app.url(path).replace("http://", "https://")
        application = server.rest.post("/Applications", {
            "callConnectUrl": url, "statusCallbackUrl": self.app.url("/status")}).json["applicationId"]
        body = {"from": NUMBER, "to": to, "applicationId": application}
        answer = server.rest.post("/Calls", body | ({"timeout": ending.timeout} if ending.timeout else {}))
        assert (answer.status, answer.json["status"]) == (202, "queued"), answer
        return Call(ending, server, to, answer.json["callId"], answer.headers["request-id"], application)

    def reached(self, call, status):
        call.belay.wait_for_status(call.id, status)
        if status == "ringing":
            eventually(lambda: "> 180 INVITE" in self.far.flow(call.to), 10, "it rings")
        if status == "inProgress":
            self.app.wait_for(call.id, "outDialApiConnect")

    @staticmethod
    def say(server, *arguments):
        done = subprocess.run([binary(), *arguments, "--data", server.data], capture_output=True, text=True, timeout=30,
                              env={})
        assert done.returncode == 0, done

    def close(self):
        for server in self.servers.values():
            server.stop()
        self.app.close()
        self.far.close()


@pytest.fixture(scope="module")
def stories(pytestconfig):
    stories = Stories(pytestconfig.belay_folder / "test_outcomes")
    try:
        stories.run()
        yield stories
    finally:
        stories.close()


@pytest.fixture(params=ENDINGS)
def call(request, stories):
    return stories.calls[request.param]


def connect_body(call, status, parent=None):
    """All eleven fields of outDialApiConnect."""
    return {"accountId": ACCOUNT, "callId": call.id, "callStatus": status, "conferenceId": None, "dialCallStatus": status,
            "direction": "outboundAPI", "from": NUMBER, "parentCallId": parent, "queueId": None,
            "requestType": "outDialApiConnect", "to": call.to}


def test_the_sip_on_the_wire(stories, call):
    if not call.ending.wire:
        assert call.to not in stories.far.call_ids_by_number, "it was never dialled"
        return
    assert stories.far.flow(call.to) == call.ending.wire


def test_every_webhook_with_its_fields(stories, call):
    """In order, one at a time, each with exactly its fields; under the Request-Id of the request that made the call."""
    ending = call.ending
    connects, statuses = stories.app.of(call.id, "outDialApiConnect"), stories.app.of(call.id, "callStatus")
    reaches_nobody = ending.url is not None
    tries = 2 if isinstance(ending.answer, Reply) and ending.answer.close_without_answer else 1
    assert [w.kind for w in stories.app.of(call.id)] == \
        ["outDialApiConnect"] * (0 if reaches_nobody or ending.told is None else tries) + ["callStatus"]
    for webhook in connects:
        assert webhook.json == connect_body(call, ending.told), webhook.json
    [webhook] = statuses
    resource = call.belay.rest.call(call.id)
    assert webhook.json == {
        "accountId": ACCOUNT, "callDuration": resource["duration"] or 0, "callEndedReason": ending.reason,
        "callId": call.id, "callStatus": ending.status, "conferenceId": None, "direction": "outboundAPI", "from": NUMBER,
        "parentCallId": None, "queueId": None, "recordingDurationSec": None, "recordingId": None, "recordingUrl": None,
        "requestType": "callStatus", "to": call.to}, webhook.json
    assert {w.headers["request-id"] for w in connects[:1]} <= {call.request_id}
    assert len({w.event for w in connects}) <= 1 and all(w.sequence < webhook.sequence for w in connects)


def test_the_resource(call):
    ending, resource = call.ending, call.belay.rest.call(call.id)
    assert (resource["status"], resource["callEndedReason"]) == (ending.status, ending.reason), resource
    check_times(resource, ending.is_answered)
    assert (resource["startTime"] is None) == (not ending.wire), resource
    assert (resource["from"], resource["to"], resource["direction"]) == (NUMBER, call.to, "outboundAPI"), resource
    assert (resource["applicationId"], resource["parentCallId"]) == (call.application, None), resource
    assert resource["phoneNumberId"].startswith("PN") and resource["answeredBy"] is None, resource
    assert resource["revision"] >= 1 + len(ending.statuses), resource
    listed = call.belay.rest.all_calls(status=ending.status, to=call.to)
    assert listed == [resource]
    assert call.belay.rest.all_calls(active="true", to=call.to) == []
    assert call.belay.rest.update(call.id, "completed").status == 404


def test_the_log(stories, call):
    """It has each message of the wire, each webhook with its answer and its time, each status, and why the call ended."""
    ending, entries = call.ending, call.belay.rest.logs(call.id)
    for entry in entries:
        check_log_entry(entry, call.id, ACCOUNT)
        assert re.fullmatch(r"RQ[0-9a-f]{40}", entry["requestId"] or ""), entry
    assert [entry["metadata"]["sequence"] for entry in entries] == list(range(1, len(entries) + 1))
    assert entries[0]["message"] == "Call accepted" and entries[0]["requestId"] == call.request_id, entries[0]
    told = {scope: [entry for entry in entries if entry["metadata"]["scope"] == scope]
            for scope in ("sip", "status", "webhook", "percl")}

    # What comes again is noted each time; and each side has its own view of what crosses on the way.
    sip = list({entry["metadata"]["text"]: in_short(entry) for entry in told["sip"]}.values())
    assert sorted(sip) == sorted(ending.wire)
    for direction in True, False:
        assert [name for name in sip if name.startswith(">") == direction] == \
            [name for name in ending.wire if name.startswith(">") == direction], sip

    assert tuple(entry["metadata"]["status"] for entry in told["status"] if "status" in entry["metadata"]) == \
        ending.statuses, told["status"]
    last = [entry for entry in told["status"] if entry["metadata"].get("status") == ending.status][-1]
    assert last["metadata"]["callEndedReason"] == ending.reason, last
    assert re.search(ending.explained, last["metadata"]["explanation"]), last

    sent = [entry for entry in told["webhook"] if " : POST " in entry["message"]]
    answered = [entry for entry in told["webhook"] if re.search(r" (answered|failed)\b", entry["message"])]
    kinds = ([] if ending.told is None else ["outDialApiConnect"]) + ["callStatus"]
    assert [entry["metadata"]["requestBody"]["requestType"] for entry in sent
            if entry["metadata"].get("attempt", 1) == 1][::len(sent) // len(kinds) or 1] == kinds, sent
    for entry in answered:
        assert type(entry["metadata"]["milliseconds"]) is int, entry
    assert len(answered) >= len(kinds), told["webhook"]
    text = "\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
    assert ending.shown in text
    for words in ending.blamed:
        found = [entry for entry in entries if re.search(words, entry["message"])]
        assert found and all(entry["level"] in ("warning", "error") for entry in found), (words, text)


def in_short(entry):
    """`SIP sent : INVITE sip:…` as INVITE, `SIP received : SIP/2.0 180 Ringing` as > 180 INVITE."""
    metadata = entry["metadata"]
    words = metadata["text"].split("\r\n")[0].split()
    method = re.search(r"^CSeq: \d+ (\w+)", metadata["text"], re.M).group(1)
    name = f"{words[1]} {method}" if words[0] == "SIP/2.0" else words[0]
    return ("> " if metadata["direction"] == "received" else "") + name


def test_the_far_end_saw_no_rule_broken(stories):
    assert stories.far.faults == []


def test_the_webhooks_broke_no_rule(stories):
    """Signed, one at a time for each call, in order, nothing after callStatus, taken by the SDK's own model."""
    assert webhook_model.faults(stories.app.webhooks, stories.servers["trunk"].secret, unfinished_allowed=True) == []


def test_there_is_an_ending_for_each_reason_that_a_dialled_call_can_have():
    """But for machineDetected, which test_machines has, and those of conferences, which test_conferences has."""
    assert {ending.reason for ending in ENDINGS.values()} == {
        "busy", "failed", "noAnswer", "callCanceled", "farEndHangup", "appHangup", "appNoPercl", "appInvalidPercl",
        "webhookFailed", "webhookInvalidResponse", "perclProcessingError", "maxDuration", "internalError"}
    assert {ending.status for ending in ENDINGS.values()} == {"completed", "busy", "noAnswer", "failed", "canceled"}


# Parents, and the values that only other webhooks have


def test_a_child_tells_of_its_parent(belay, far_end, app):
    """parentCallId in each webhook, the resource and the filter; the parent lends its URLs.

    docs/contract/calls.md#connect-url, docs/contract/calls.md#status-callback-url.
    """
    far = far_end()
    server = belay(trunk=far.trunk)
    application = server.rest.post("/Applications", {
        "callConnectUrl": app.answer("/connect", LONG), "statusCallbackUrl": app.url("/status")}).json["applicationId"]
    parent = server.rest.place(from_=NUMBER, to="+13125550101", applicationId=application)
    app.wait_for(parent, "outDialApiConnect")
    child = server.rest.place(from_=NUMBER, to="+13125550102", parentCallId=parent)
    connect = app.wait_for(child, "outDialApiConnect").json
    assert connect == {
        "accountId": ACCOUNT, "callId": child, "callStatus": "inProgress", "conferenceId": None,
        "dialCallStatus": "inProgress", "direction": "outboundAPI", "from": NUMBER, "parentCallId": parent, "queueId": None,
        "requestType": "outDialApiConnect", "to": "+13125550102"}
    assert server.rest.call(child)["parentCallId"] == parent
    assert [call["callId"] for call in server.rest.all_calls(parentCallId=parent)] == [child]
    assert server.rest.update(parent, "completed").status == 202
    app.wait_for(parent, "callStatus")
    assert server.rest.call(child)["status"] == "inProgress", "each lives by itself"
    assert server.rest.update(child, "completed").status == 202
    assert app.wait_for(child, "callStatus").json["parentCallId"] == parent
    server.wait_until_idle()


def test_who_cannot_be_a_parent(belay, far_end, app):
    """A 409 that says what state the call is in; a 400 where there is no such call."""
    far = far_end(decide=lambda number: Person(answers=None if number.endswith("2") else 0))
    server = belay(trunk=far.trunk, env={"BELAY_CALLS_AT_ONCE": "1"})
    url = app.answer("/connect", LONG)
    ringing = server.rest.place(from_=NUMBER, to="+13125550102", callConnectUrl=url)
    server.wait_for_status(ringing, "ringing")
    queued = server.rest.place(from_=NUMBER, to="+13125550103", callConnectUrl=url)

    def refusal(parent):
        return server.rest.post("/Calls", {"from": NUMBER, "to": "+13125550104", "parentCallId": parent})

    for parent, state in (ringing, "ringing"), (queued, "queued"):
        answer = refusal(parent)
        assert (answer.status, answer.json["code"]) == (409, 108) and state in answer.json["message"], answer
    assert server.rest.update(queued, "canceled").status == 202
    server.wait_until_ended(queued)
    answer = refusal(queued)
    assert (answer.status, answer.json["code"]) == (409, 108) and "canceled" in answer.json["message"], answer
    assert server.rest.update(ringing, "canceled").status == 202
    server.wait_until_ended(ringing)
    answer = refusal("CA" + "0" * 40)
    assert (answer.status, answer.json["details"]["fields"][0]["field"]) == (400, "parentCallId"), answer


def test_the_seven_values_of_call_status(stories, belay, app):
    """Each comes in a webhook from an event of its own; `ringing` from a call that comes in, which may be a parent then."""
    server = belay()
    application = server.rest.post("/Applications", {
        "voiceUrl": app.answer("/voice", Reply(200, HANGUP, delay=1.0)), "callConnectUrl": app.answer("/connect", HANGUP),
        "statusCallbackUrl": app.url("/status")}).json["applicationId"]
    [number] = server.rest.get("/IncomingPhoneNumbers").json["incomingPhoneNumbers"]
    assert server.rest.post(f"/IncomingPhoneNumbers/{number['phoneNumberId']}", {"applicationId": application}).status == 200
    assert server.rest.post("/Carrier/Calls", {"to": NUMBER}).status == 202
    inbound = eventually(lambda: [w for w in app.webhooks if w.kind == "inboundCall"], 10, "inboundCall comes")[0].json
    assert inbound == {
        "accountId": ACCOUNT, "callId": inbound["callId"], "callStatus": "ringing", "conferenceId": None,
        "direction": "inbound", "from": "+15005551000", "parentCallId": None, "queueId": None,
        "requestType": "inboundCall", "to": NUMBER}
    child = server.rest.place(from_=NUMBER, to="+15005550486", parentCallId=inbound["callId"], applicationId=application)
    assert app.wait_for(child, "outDialApiConnect").json["parentCallId"] == inbound["callId"]
    for call in child, inbound["callId"]:
        app.wait_for(call, "callStatus", 20)
    values = {webhook.json["callStatus"] for webhook in stories.app.webhooks} | {inbound["callStatus"]}
    assert values == {"ringing", "inProgress", "completed", "busy", "failed", "noAnswer", "canceled"}
