"""openapi.yaml and the server, by schemathesis: what the document allows is taken, what it forbids is refused, and every
answer has a documented status and the documented body, with nothing in it that the document does not name.

`BELAY_SCHEMA_EXAMPLES` is how many requests each operation gets (80, about half of them valid); they are the same in
each run, unless `BELAY_SCHEMA_SEED` names a number.
"""

import base64
import itertools
import json
import os
import re
from urllib.parse import urlsplit

import pytest
import requests
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as some
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from harness.far_end import FarEnd, Person
from harness.rest import Client
from harness.server import NUMBER, REPOSITORY, Belay
from harness.steps import place
from harness.waiting import eventually
from harness.webhook_app import HANGUP, Reply, WebhookApp

DOCUMENT = REPOSITORY / "openapi.yaml"
EXAMPLES = int(os.environ.get("BELAY_SCHEMA_EXAMPLES", "80"))
SEED = os.environ.get("BELAY_SCHEMA_SEED")
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
          response_schema_conformance]
METHODS = ("get", "put", "post", "delete", "patch")

#: A valid request that the server refuses, by no fault of its form: (operation, status): the fields that may be blamed.
#: Whom an account may call, whose things they are and what state they are in stands in no schema.
REFUSED_FOR_ITS_MEANING = {
    ("make-a-call", 400): {"from", "to", "applicationId", "parentCallId", "callConnectUrl", "ifMachineUrl",
                           "ifMachineBeepSeconds"},
    ("make-a-call", 409): {"parentCallId"}, ("update-a-live-call", 409): set(),
    # Nothing is changed of what has ended.
    ("update-a-conference", 409): set(),
    ("buy-a-phone-number", 400): {"applicationId"}, ("buy-a-phone-number", 409): set(),
    ("update-an-incoming-number", 400): {"applicationId"},
    ("dial-in", 409): set(), ("dial-in", 400): {"to"},
    ("filter-logs", 400): {"pql"}, ("list-available-numbers", 400): {"phoneNumber", "cursor", "page"},
    ("list-incoming-numbers", 400): {"phoneNumber", "cursor", "page"},
    ("list-ended-calls", 400): {"since", "until", "cursor"},
}
#: What nobody would come upon by chance.
QUERIES = ['level = "error"', 'timestamp > 0 AND NOT level != "info"', 'message CONTAINS "INVITE" OR metadata.scope = "sip"',
           "2024-10-09T08:00Z <= timestamp < 2034-10-09T09:00Z", '(level = "info")', 'metadata."a b".0 = true']
#: Nor which cursors were handed out, and how many days February has.
IN_ANY_LIST = {"cursor", "page", "startTime", "endTime", "dateCreated", "dateUpdated"}


#: Their answers have no end; test_feed.py hears them.
ENDLESS = {"follow-an-account"}


def operations():
    """Each operation of the document: (its name, method, path, whether it is below /apiserver)."""
    document = yaml.safe_load(DOCUMENT.read_text())
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield item[method]["operationId"], method, path, "servers" not in item


#: What takes things away comes last.
OPERATIONS = {name: (method, path, of_account) for name, method, path, of_account
              in sorted(operations(), key=lambda operation: operation[0] == "delete-a-recording")}


class Ground:
    """The servers under test, with something of each kind for paths to name."""

    def __init__(self, folder):
        self.app = WebhookApp()
        # Nobody is called long: what matters here is said over HTTP.
        self.far = FarEnd(decide=lambda number: Person(refuses=None if number.endswith("7") else "486 Busy Here"))
        self.server = Belay(
            folder / "server", trunk=self.far.trunk,
            # Everything at one address, and wrong keys without end, for whoever makes up requests.
            arguments=["--admin-http", "shared", "--wrong-keys-per-minute", "0"])
        self.operator = Client(self.server.http, None, None)
        self.token = re.search(r"BELAY_ADMIN_TOKEN=(\S+)", (self.server.data / "admin").read_text()).group(1)
        self.numbers = (f"+1312555{count:04}" for count in itertools.count(1000))
        self.call = place(self.server, self.app, [{"StartRecordCall": {}}, {"Pause": {"length": 600}}], to="+13125550137")
        self.app.wait_for(self.call, "callStatus", 20)
        self.live = place(self.server, self.app, [{"Pause": {"length": 600_000}}], to="+13125550147")
        self.app.wait_for(self.live, "outDialApiConnect")
        self.application = self.rest("POST", "/Applications", {"alias": "kept", "callConnectUrl": self.app.url("/connect"),
                                                               "statusCallbackUrl": self.app.url("/status")})["applicationId"]
        self.number = self.rest("GET", "/IncomingPhoneNumbers")["incomingPhoneNumbers"][0]["phoneNumberId"]
        self.recording = eventually(lambda: self.rest("GET", "/Recordings")["recordings"], 10, "a recording")[0]["recordingId"]
        self.other = self.admin("POST", "/admin/accounts", {"label": "schema", "type": "full"})["accountId"]
        self.queue = self.rest("POST", "/Queues", {"alias": "kept"})["queueId"]
        self.conference = self.rest("POST", "/Conferences", {"alias": "kept", "playBeep": "never"})["conferenceId"]
        self.app.answer("/wait", [{"Pause": {"length": 600_000}}])
        self.waiting = self.talking = None
        self.app.answer("/connect", HANGUP)
        self.app.answer("/long", [{"Pause": {"length": 2000}}])

    def rest(self, method, path, body=None):
        self.server.rest.close()  # a connection that was idle for long may be closed by now
        answer = self.server.rest.raw(method, self.server.rest.path + path, None if body is None else json.dumps(body).encode())
        assert answer.status < 300, answer
        return answer.json if answer.body else None

    def admin(self, method, path, body=None):
        self.operator.close()
        answer = self.operator.raw(method, path, None if body is None else json.dumps(body).encode(),
                                   {"Authorization": f"Bearer {self.token}"}, authorized=False)
        assert answer.status < 300, answer
        return answer.json

    def identifiers(self, operation):
        """What the operation's path may name, with something that may be lost where the operation takes it away."""
        things = {"callId": self.live if operation == "list-call-logs" else self.call, "applicationId": self.application,
                  "phoneNumberId": self.number, "recordingId": self.recording, "accountId": self.server.rest.account}
        if not OPERATIONS[operation][2]:
            things["accountId"] = self.other
        if "{queueId}" in OPERATIONS[operation][1]:
            things |= {"queueId": self.queue, "callId": self.who_waits()}
        if "{conferenceId}" in OPERATIONS[operation][1]:
            things["conferenceId"] = self.conference
        if "{conferenceId}/Participants/{callId}" in OPERATIONS[operation][1]:
            things["callId"] = self.who_talks()
        if operation == "update-a-conference":
            things["conferenceId"] = self.rest("POST", "/Conferences", {"alias": "lost"})["conferenceId"]
        if operation == "update-a-live-call":
            things["callId"] = self.rest("POST", "/Calls", {
                "from": NUMBER, "to": "+13125550197", "callConnectUrl": self.app.url("/long")})["callId"]
        if operation == "delete-an-application":
            things["applicationId"] = self.rest("POST", "/Applications", {"alias": "lost"})["applicationId"]
        if operation == "delete-an-incoming-number":
            things["phoneNumberId"] = self.rest(
                "POST", "/IncomingPhoneNumbers", {"phoneNumber": next(self.numbers)})["phoneNumberId"]
        return things

    def who_waits(self):
        """A call that is in the queue; another one where the last has been taken out."""
        members = self.rest("GET", f"/Queues/{self.queue}/Members")["queueMembers"]
        if not members:
            self.waiting = place(self.server, self.app, [{"Enqueue": {
                "queueId": self.queue, "waitUrl": self.app.url("/wait"), "actionUrl": self.app.url("/connect")}}], to="+13125550157")
            self.app.wait_for(self.waiting, "queueWait", 20)
        return self.waiting

    def who_talks(self):
        """A call that is in the conference; another one where the last has been taken out."""
        participants = self.rest("GET", f"/Conferences/{self.conference}/Participants")["participants"]
        if not participants:
            self.talking = place(self.server, self.app, [{"AddToConference": {
                "conferenceId": self.conference, "notificationUrl": self.app.url("/in")}}], to="+13125550167")
            self.app.wait_for(self.talking, "addToConferenceNotification", 20)
        return self.talking

    def close(self):
        self.server.stop()
        self.far.close()
        self.app.close()


@pytest.fixture(scope="module")
def ground(pytestconfig):
    one = Ground(pytestconfig.belay_folder / "test_openapi")
    yield one
    one.close()


@pytest.fixture(scope="module")
def document():
    configuration = schemathesis.Config()
    configuration.projects.default.generation.update(with_security_parameters=False)
    content = yaml.safe_load(DOCUMENT.read_text())
    # schemathesis makes no text of this pattern and a length at once.
    del content["components"]["schemas"]["CallRequest"]["properties"]["sendDigits"]["maxLength"]
    return schemathesis.openapi.from_dict(content, config=configuration)


def loopback(ground, value):
    """The value with every URL in it leading to the webhook app: webhooks go to loopback only."""
    if isinstance(value, dict):
        return {name: loopback(ground, member) for name, member in value.items()}
    if isinstance(value, str) and value.lower().startswith(("http://", "https://")):
        try:
            parts = urlsplit(value)
        except ValueError:
            return value
        return ground.app.url("/connect") + (f"?{parts.query}" if parts.query.isalnum() else "")
    return value


def in_good_faith(ground, operation, case, draw):
    """Lets a valid request name what is there, so that not every one of them is refused for its meaning."""
    things = ground.identifiers(operation)
    foreign = draw.draw(some.integers(0, 15))
    for place, name in enumerate(case.path_parameters):
        if name in things and foreign != 5 + place:
            case.path_parameters[name] = things[name]
    if draw.draw(some.integers(0, 3)) > 0:
        case.query.pop("cursor", None)
    if not isinstance(case.body, dict):
        return
    body = loopback(ground, case.body)
    if operation == "make-a-call":
        if draw.draw(some.integers(0, 4)):
            body |= {"from": NUMBER, "to": next(ground.numbers)}
        if body.get("applicationId") and draw.draw(some.integers(0, 4)):
            body["applicationId"] = ground.application
        if body.get("parentCallId") and draw.draw(some.integers(0, 4)):
            body["parentCallId"] = ground.live
        if not (body.get("applicationId") or body.get("parentCallId")):
            body["callConnectUrl"] = body.get("callConnectUrl") or ground.app.url("/connect")
    if operation == "filter-logs" and draw.draw(some.booleans()):
        body["pql"] = draw.draw(some.sampled_from(QUERIES))
    if operation in ("buy-a-phone-number", "update-an-incoming-number") and body.get("applicationId"):
        if draw.draw(some.booleans()):
            body["applicationId"] = ground.application
    if operation == "change-an-account" and body.get("status") == "closed":
        body["status"] = "suspended"
    if isinstance(body.get("callsAtOnceByPrefix"), dict):
        # OpenAPI 3.0 cannot say what members' names look like.
        body["callsAtOnceByPrefix"] = {f"+{1 + n}": limit for n, limit in enumerate(body["callsAtOnceByPrefix"].values())}
    if isinstance(body.get("homeCountries"), list):
        # Nor which countries there are.
        body["homeCountries"] = ["DE", "+1", "881"][:len(body["homeCountries"])]
    case.body = body


def invalid(ground, operation):
    """Requests that the document forbids: most of them to what is there, wrong only in what is asked of it."""
    things = ground.identifiers(operation.definition.raw["operationId"])
    inside = {name: things[name] for name in things if f"{{{name}}}" in operation.path}
    if not (operation.query or operation.body or operation.headers):
        inside.pop(next(reversed(re.findall(r"{(\w+)}", operation.path))), None)
    anywhere = operation.as_strategy(GenerationMode.NEGATIVE)
    if not inside:
        return anywhere
    there = operation.as_strategy(GenerationMode.NEGATIVE, path_parameters=inside)
    return some.one_of(there, there, there, there, anywhere)


def is_refused_for_its_meaning(operation, answer):
    details = answer.json()["details"]
    blamed = {fault["field"] for fault in details.get("fields", [])}
    if blamed and blamed <= IN_ANY_LIST and answer.status_code == 400:
        return True
    allowed = REFUSED_FOR_ITS_MEANING.get((operation, answer.status_code))
    return details.get("rule") is not None or (allowed is not None and blamed <= allowed)


def check_clarity(answer):
    """A refusal for what was asked names each field, what was given, and what is allowed, for people and for programs."""
    body = answer.json()
    fields = body["details"].get("fields", [])
    if answer.status_code == 400 and body["code"] != 3:
        assert fields, f"no field is named: {answer.text}"
    for fault in fields:
        # Where a query goes wrong is told by its column; there is but one field.
        assert body["code"] == 5 or fault["field"] in body["message"], answer.text
        assert fault["allowed"] in body["message"], answer.text
        assert len(json.dumps(fault["value"], ensure_ascii=False)) <= 1500, answer.text
    assert body["message"].endswith((".", "?")) and len(body["message"]) < 20_000, answer.text


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", [name for name in OPERATIONS if name not in ENDLESS])
def test_answers_are_as_documented(ground, document, name):
    """Valid and invalid requests: no 5xx, no undocumented status, header, type or member; the invalid ones are refused,
    the valid ones are not, unless for their meaning."""
    _, _, of_account = OPERATIONS[name]
    operation = document.find_operation_by_id(name)
    is_open = operation.definition.raw.get("security") == []
    headers = {} if is_open else {"Authorization": f"Bearer {ground.token}"}
    session = requests.Session()
    session.trust_env = False
    if of_account:
        session.auth = (ground.server.rest.account, ground.server.rest.key)
    base = ground.server.http + ("/apiserver" if of_account else "")
    may_be_wrong = bool(operation.path_parameters or operation.query or operation.body or operation.headers)
    sent = {GenerationMode.POSITIVE: 0, GenerationMode.NEGATIVE: 0}
    statuses = {}

    def ask(case, draw):
        mode = case.meta.generation.mode
        if mode.is_positive:
            in_good_faith(ground, name, case, draw)
            # What nobody declares is passed over.
            for unknown in draw.draw(some.lists(some.text("abcxyz", min_size=1, max_size=8), max_size=2)):
                case.headers[f"X-{unknown}"] = unknown
        answer = case.call(base_url=base, session=session, headers={} if of_account else headers)
        sent[mode] += 1
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
        # A body may be too large before it is wrong: that is a refusal too, which the library's list has not.
        is_judged = mode.is_negative and answer.status_code != 413
        case.validate_response(answer, checks=[*CHECKS, negative_data_rejection] if is_judged else CHECKS)
        if answer.status_code >= 400:
            check_clarity(answer)
        if mode.is_positive and answer.status_code not in (401, 403, 404):
            assert answer.status_code < 400 or is_refused_for_its_meaning(name, answer), \
                f"a valid request is refused: {case.as_curl_command()}\n{answer.status_code} {answer.text}"

    for mode in GenerationMode.POSITIVE, GenerationMode.NEGATIVE:
        if mode.is_negative and not may_be_wrong:
            continue
        cases = invalid(ground, operation) if mode.is_negative else operation.as_strategy(mode)
        test = given(cases, some.data())(ask)
        test = seeded(int(SEED))(test) if SEED else test
        settings(max_examples=EXAMPLES // 2, database=None, derandomize=not SEED, deadline=None,
                 phases=[Phase.generate], suppress_health_check=list(HealthCheck))(test)()
    while sum(sent.values()) < EXAMPLES:
        answer = session.request(OPERATIONS[name][0], base + OPERATIONS[name][1], headers=headers)
        sent[GenerationMode.POSITIVE] += 1
        assert answer.status_code == 200, answer.text
    if name == "stop-or-start-dialling":
        ground.admin("POST", "/admin/dialling", {"stopped": False})
    assert sum(sent.values()) >= EXAMPLES * 9 // 10, sent
    assert not may_be_wrong or min(sent.values()) >= EXAMPLES // 5, sent
    print(f"{name}: {sent[GenerationMode.POSITIVE]} valid, {sent[GenerationMode.NEGATIVE]} invalid: {statuses}")


@pytest.mark.parametrize("name", [name for name, (_, path, _) in OPERATIONS.items() if path.startswith(("/A", "/admin"))])
def test_strangers_are_refused(ground, document, name):
    """Without credentials and with wrong ones: 401 with the documented body, before anything else is looked at."""
    method, path, of_account = OPERATIONS[name]
    operation = document.find_operation_by_id(name)
    url = ground.server.http + ("/apiserver" if of_account else "") + path.format(**ground.identifiers(name))
    wrong = ["Basic", "Basic OjpA", "Bearer x", "Digest username=x", f"Bearer {ground.token[:-1]}"]
    wrong.append("Basic " + base64.b64encode(f"{ground.server.rest.account}:{ground.token}".encode()).decode())
    for authorization in [None, *wrong]:
        answer = requests.request(method, url, headers={} if authorization is None else {"Authorization": authorization},
                                  data=b"{", timeout=10)
        assert answer.status_code == 401 and "WWW-Authenticate" in answer.headers, (authorization, answer.text)
        operation.validate_response(answer)


@pytest.mark.parametrize("path", sorted({path for _, path, _ in OPERATIONS.values()}))
def test_other_methods_are_refused(ground, path):
    """Of each path the server has the methods of the document and no other; the answer names them (RFC 9110 §15.5.6)."""
    documented = {method.upper(): of_account for method, one, of_account in OPERATIONS.values() if one == path}
    base = ground.server.http + ("/apiserver" if any(documented.values()) else "")
    names = {"accountId": ground.server.rest.account, "callId": ground.call, "applicationId": ground.application,
             "phoneNumberId": ground.number, "recordingId": ground.recording, "queueId": ground.queue,
             "conferenceId": ground.conference, "code": 9}
    allowed = set(documented) | ({"HEAD"} if "GET" in documented else set())
    for method in {"GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"} - allowed:
        answer = requests.request(method, base + path.format(**names), timeout=10)
        assert answer.status_code == 405, (method, answer.text)
        assert {word.strip() for word in answer.headers["Allow"].split(",")} == allowed, (method, answer.headers)
