"""The REST interface end to end: a few of each kind; the room's own tests have the rest."""

import json
import re
import socket
import urllib.parse
import urllib.request

import pytest

from harness.far_end import Person
from harness.server import ACCOUNT, KEY, NUMBER
from harness.steps import TO, place
from harness.waiting import eventually
from harness.webhook_app import HANGUP

GOOD = {"from": NUMBER, "to": TO, "callConnectUrl": "http://127.0.0.1:9/connect"}


@pytest.fixture
def server(belay, far_end):
    return belay(trunk=far_end().trunk)


def check_error(answer, status, code=None):
    assert answer.status == status, answer
    body = answer.json
    assert {"code", "message", "call", "url", "details"} <= body.keys(), body
    assert "status" not in body, "a top-level status changes what the official CLI prints"
    assert body["message"] and body["call"], body
    if code is not None:
        assert body["code"] == code, body
    return body


@pytest.mark.parametrize("change, code, field", [
    ({"from": None}, 80, "from"), ({"to": None}, 80, "to"), ({"callConnectUrl": None}, 80, "callConnectUrl"),
    ({"from": ""}, 9, "from"), ({"to": "5550100"}, 9, "to"), ({"to": "+1312555010x"}, 9, "to"), ({"to": 13125550142}, 9, "to"),
    ({"from": "+13125559999"}, 46, "from"), ({"callConnectUrl": "example.com/x"}, 9, "callConnectUrl"),
    ({"callConnectUrl": "ftp://example.com/x"}, 9, "callConnectUrl"),
    ({"timeout": 0}, 9, "timeout"), ({"timeout": 601}, 9, "timeout"), ({"timeout": "30"}, 9, "timeout"),
    ({"timeout": 1e400}, None, None), ({"timeout": 2.5}, 9, "timeout"),
    ({"sendDigits": ""}, 9, "sendDigits"), ({"sendDigits": "12w"}, 9, "sendDigits"), ({"sendDigits": "1{0}2"}, 9, "sendDigits"),
    ({"sendDigits": "1{7}2"}, 9, "sendDigits"), ({"sendDigits": "1{2"}, 9, "sendDigits"), ({"sendDigits": "١"}, 9, "sendDigits"),
    ({"ifMachine": "Hangup"}, 9, "ifMachine"), ({"ifMachine": "redirect"}, 80, "ifMachineUrl"),
    ({"ifMachine": "hangup", "ifMachineUrl": "http://example.com/x"}, 9, "ifMachineUrl"), ({"privacyMode": "yes"}, 9, "privacyMode"),
    ({"parentCallId": "CA" + "0" * 40}, None, "parentCallId"),
    ({"applicationId": "AP" + "0" * 40}, None, "applicationId"), ({"applicationId": "nonsense"}, None, "applicationId"),
], ids=lambda value: json.dumps(value)[:40] if isinstance(value, dict) else None)
def test_a_call_that_cannot_be_made(server, change, code, field):
    body = {**GOOD, **change}
    text = json.dumps({k: v for k, v in body.items() if v is not None})
    answer = server.rest.raw("POST", server.rest.path + "/Calls", text.encode())
    error = check_error(answer, answer.status, code)
    assert answer.status in (400, 404) if field == "applicationId" else answer.status == 400, answer
    if field:
        assert field in json.dumps(error["details"]), error
    assert server.rest.get("/Calls").json["total"] == 0


@pytest.mark.parametrize("body, status, code", [
    (b"{", 400, 3), (b"", 400, None), (b"[]", 400, None), (b"null", 400, None), (b"\xff\xfe{}", 400, None),
    (b'{"from":' * 3000, 400, None), (b"[" * 30000, 400, None), (b" " * 70_000 + b"{}", 413, 3),
], ids=lambda value: repr(value[:12]) if isinstance(value, bytes) else None)
def test_bodies_that_are_no_request(server, body, status, code):
    check_error(server.rest.raw("POST", server.rest.path + "/Calls", body), status, code)
    assert server.rest.raw("GET", "/health", authorized=False).status == 200


def test_who_asks(server):
    path = server.rest.path + "/Calls"
    check_error(server.rest.raw("GET", path, authorized=False), 401, 50)
    for header in ("Basic", "Basic !!!", "Basic " + "A" * 5000, "Bearer x", "Basic Og=="):
        check_error(server.rest.raw("GET", path, headers={"Authorization": header}, authorized=False), 401, 50)
    server.rest.key = KEY[:-1] + "8"
    check_error(server.rest.raw("GET", path), 401, 50)
    server.rest.key = KEY
    check_error(server.rest.raw("GET", "/apiserver/Accounts/AC" + "f" * 40 + "/Calls"), 403)
    assert server.rest.raw("GET", path).status == 200


@pytest.mark.parametrize("method, path, status, code", [
    ("GET", "/Nothing", 404, 1), ("GET", "/Calls/CA" + "0" * 40, 404, None), ("GET", "/Calls/nonsense", 404, None),
    ("DELETE", "/Calls", 405, 2), ("PUT", "/Applications", 405, 2), ("GET", "/Applications/AP" + "0" * 40, 404, None),
    ("GET", "/Calls/CA" + "0" * 40 + "/Logs", 404, None), ("GET", "/Calls?status=gone", 400, None),
    ("GET", "/Calls?cursor=nonsense", 400, None), ("GET", "/Calls?active=perhaps", 400, None),
    ("POST", "/Calls/CA" + "0" * 40, None, None),
])
def test_paths_and_methods(server, method, path, status, code):
    body = b'{"status":"completed"}' if method == "POST" else None
    answer = server.rest.raw(method, server.rest.path + path, body)
    check_error(answer, status or 404, code)


@pytest.mark.parametrize("body", [{}, {"status": "ringing"}, {"status": 3}, {"status": ""}])
def test_updates_that_say_nothing(server, app, body):
    call = place(server, app, [{"Pause": {"length": 60000}}])
    app.wait_for(call, "outDialApiConnect")
    check_error(server.rest.post(f"/Calls/{call}", body), 400)
    assert server.rest.call(call)["status"] == "inProgress"
    assert server.rest.update(call, "completed").status == 202
    app.wait_for(call, "callStatus")


def test_a_new_call(server, app):
    """The Call resource as it is born: every field, uris relative, ids of their form."""
    answer = server.rest.post("/Calls", {"from": NUMBER, "to": TO, "callConnectUrl": app.answer("/connect", HANGUP)})
    assert answer.status == 202, answer
    assert answer.headers["content-type"].startswith("application/json")
    call = answer.json
    assert call["uri"] == f"/Accounts/{ACCOUNT}/Calls/{call['callId']}"
    assert call["subresourceUris"]["logs"] == call["uri"] + "/Logs"
    assert (call["status"], call["direction"], call["revision"]) == ("queued", "outboundAPI", 1)
    for name in ("parentCallId", "applicationId", "startTime", "connectTime", "endTime", "duration", "connectDuration", "answeredBy"):
        assert call[name] is None, (name, call)
    assert {"phoneNumberId", "startTimeISO", "connectTimeISO", "endTimeISO", "dateCreatedISO", "dateUpdatedISO",
            "audioStreamDuration", "callerName", "webRTC", "callEndedReason"} <= call.keys()
    ended = server.wait_until_ended(call["callId"])
    assert ended["revision"] > 1
    # No application, so nobody is told of the end (docs/contract/calls.md#status-callback-url).
    server.wait_until_idle()
    assert [w.kind for w in app.webhooks] == ["outDialApiConnect"]


def test_lists_are_filtered(belay, far_end, app):
    far = far_end(decide=lambda number: Person(refuses="486 Busy Here") if number.endswith("1") else Person())
    server = belay(trunk=far.trunk)
    one, two = place(server, app, to="+13125550101"), place(server, app, to="+13125550102")
    for call in (one, two):
        app.wait_for(call, "callStatus")
        server.wait_until_ended(call)

    def ids(**query):
        return [c["callId"] for c in server.rest.get("/Calls", **query).json["calls"]]

    assert ids() == [two, one]
    assert ids(to="+13125550101") == [one]
    assert ids(status="busy") == [one]
    assert ids(**{"from": NUMBER}) == [two, one]
    assert ids(**{"from": "+13125559999"}) == []
    assert ids(active="true") == []
    page = server.rest.get("/Calls").json
    assert (page["total"], page["start"], page["end"], page["page"], page["numPages"], page["pageSize"], page["nextPageUri"]) == \
        (2, 0, 1, 0, 1, 100, None)


def test_digits_of_a_call_are_not_secret_without_privacy(server, app):
    """And are where it was asked for, in the log too."""
    for private in (False, True):
        call = place(server, app, to="+1312555014" + str(int(private)), sendDigits="1234#", privacyMode=private)
        app.wait_for(call, "callStatus", 15)
        assert ("1234#" not in json.dumps(server.rest.logs(call))) == private


def test_a_slow_client_does_not_hold_others_up(server):
    """Half a request on each of 200 connections; the rest of the world is served."""
    half = []
    try:
        for _ in range(200):
            connection = socket.create_connection(server.http_address, 3)
            connection.sendall(b"POST /apiserver/Accounts/x/Calls HTTP/1.1\r\nContent-Length: 10\r\n")
            half.append(connection)
        assert server.rest.get("/Calls").status == 200
    finally:
        for connection in half:
            connection.close()
    assert server.rest.get("/Calls").status == 200


def test_pipelined_and_broken_http(server):
    with socket.create_connection(server.http_address, 3) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n" * 3 + b"NONSENSE\r\n\r\n")
        connection.settimeout(3)
        received = b""
        while part := connection.recv(65536):
            received += part
    assert received.count(b"HTTP/1.1 200") == 3
    assert eventually(lambda: server.rest.raw("GET", "/health", authorized=False).status == 200, 3, "it lives")


NOT_IN_THIS_VERSION = {
    "make-a-webrtc-jwt": ("POST", "~/Calls/WebRTC/Token"),
    "list-messages": ("GET", "~/Messages"), "send-message": ("POST", "~/Messages"), "get-message": ("GET", "~/Messages/SM"),
}


@pytest.mark.parametrize("name", NOT_IN_THIS_VERSION)
def test_an_operation_that_is_not_in_this_version(server, name):
    method, path = NOT_IN_THIS_VERSION[name]
    path = re.sub(r"/(SM)(?=/|$)", r"/\g<1>" + "0" * 40, path)
    path = path.replace("~", server.rest.path)
    error = check_error(server.rest.raw(method, path, b"{}" if method == "POST" else None), 404, 1)
    assert "is not in this version" in error["message"], error
    assert error["details"] == {"notInThisVersion": True, "operation": name}, error


def test_an_error_leads_to_a_page_that_exists(server):
    """Without a public URL the link goes where the request itself was sent."""
    host, port = server.http_address
    for method, path, body in (("GET", "/nowhere", None), ("POST", server.rest.path + "/Calls", b"a=b"),
                               ("GET", server.rest.path + "/Messages", None), ("PUT", server.rest.path + "/Calls", b"{}")):
        url = server.rest.raw(method, path, body).json["url"]
        with urllib.request.urlopen(url, timeout=5) as page:
            assert url.startswith(f"http://{host}:{port}/errors/"), url
            assert len(page.read()) > 40


@pytest.mark.parametrize("body, kind", [
    (b"from=%2B13125550100&to=%2B13125550199", "application/x-www-form-urlencoded"), (b"{'from': 'x'}", "application/json"),
    (b"--X\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n--X--\r\n", "multipart/form-data"),
])
def test_a_body_that_is_no_json_says_what_is_wanted(server, body, kind):
    answer = server.rest.raw("POST", server.rest.path + "/Calls", body, {"Content-Type": kind})
    error = check_error(answer, 400, 3)
    assert "A JSON object is wanted" in error["message"] and f'Content-Type "{kind}"' in error["message"], error
    assert "false is expected" not in error["message"], error


def test_what_is_passed_over_is_told(server):
    """A field that does not exist: in a header, and in the call's log; a filter that does not exist: in a header."""
    body = json.dumps({**GOOD, "machineDetection": "Enable"}).encode()
    answer = server.rest.raw("POST", server.rest.path + "/Calls", body)
    remark = '"machineDetection" is no field of this request and is passed over: did you mean ifMachine?'
    assert answer.status == 202 and answer.headers["belay-warning"] == remark, answer
    logs = eventually(lambda: server.rest.get(f"/Calls/{answer.json['callId']}/Logs").json["logs"], 5, "a log")
    assert [entry["level"] for entry in logs if entry["message"] == remark] == ["warning"], logs
    answer = server.rest.get("/Calls?frm=%2B13125550100")
    assert answer.status == 200 and "did you mean from?" in answer.headers["belay-warning"], answer


def test_a_day_and_what_answers_show_filter_a_list(server):
    call = server.rest.raw("POST", server.rest.path + "/Calls", json.dumps(GOOD).encode()).json["callId"]
    shown = eventually(lambda: (lambda it: it if it["startTime"] else None)(server.rest.get(f"/Calls/{call}").json), 10, "dialled")
    for text in (shown["startTime"], shown["startTimeISO"], shown["startTimeISO"][:10], shown["startTimeISO"][:-1],
                 shown["startTimeISO"][:19] + "+00:00"):
        for name in ("startTime", "endTime"):
            answer = server.rest.get(f"/Calls?{urllib.parse.urlencode({name: text})}")
            assert answer.status == 200, answer
            if name == "startTime":
                assert call in [each["callId"] for each in answer.json["calls"]], (text, answer)
    assert server.rest.get("/Calls?page=0&pageSize=100").status == 200
    for query in ("page=1", "pageSize=20", "startTime=today"):
        check_error(server.rest.get("/Calls?" + query), 400, 9)
