"""What others wrote does nothing to an operator's terminal: reason phrases, names, labels, bodies that hold its control
characters are shown with these as escapes by every command that prints, and in the server's log.

Whatever is printed is looked at as a whole: no character in it may act, whoever it is from.
"""

import base64
import json
import re
import socket
import threading
import urllib.request

import pytest

from harness import ports
from harness.far_end import Person
from harness.server import ACCOUNT, NUMBER
from harness.waiting import eventually
from harness.webhook_app import Reply
from test_command_line import belay_says, start

#: Escape sequences of one and two bytes, a bell, a backspace, DEL, marks of direction, invisible tags.
EVIL = "x\x1b[2J\x1b]0;owned\x07\x08\x7f\x9b31m\x85\u202e\u2066\u200f\ufeff\U000e0041y"
ACTIVE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
SHOWN = r"\u001b[2J"


def is_plain(what, text):
    found = ACTIVE.search(text)
    assert not found, f"{what}: {found.group()!r} in {text[max(0, found.start() - 60):found.end() + 60]!r}"


@pytest.fixture
def said(belay, far_end, app):
    """A server that has been told such things by a far end, by apps, and by its own operator."""
    app.judge = False
    far = far_end(decide=lambda number: Person(refuses=f"486 {EVIL}") if number.endswith("86") else Person(hangs_up=0.2))
    server = belay(trunk=far.trunk, arguments=["--log-format", "text"])
    made = server.rest.post("/Applications", {
        "alias": "plain", "callConnectUrl": app.answer("/connect", [{"Pause": {"length": 60000}}])})
    assert made.status == 201, made
    busy = server.rest.place(from_=NUMBER, to="+13125550186", applicationId=made.json["applicationId"])
    assert server.wait_until_ended(busy)["status"] == "busy"
    odd = server.rest.place(from_=NUMBER, to="+13125550142", callConnectUrl=app.answer("/odd", Reply(500, EVIL)))
    server.wait_until_ended(odd)
    return server, busy, odd


def test_commands(said):
    server, busy, odd = said
    shown = set()
    for arguments, status in [
        (("show", busy), 0), (("show", odd), 0), (("logs", busy), 0), (("logs", odd), 0), (("logs", "--json", busy), 0),
        (("logs", "--pql", 'level = "warning" OR level = "info"'), 0), (("calls",), 0), (("calls", "--json"), 0),
        (("status",), 0), (("status", "--json"), 0), (("account", "list"), 0), (("account", "show"), 0),
        (("application", "list"), 0), (("number", "list"), 0), (("export", "calls", "--format", "csv"), 0),
        (("export", "calls", "--format", "jsonl"), 0), (("config", "show"), 0), (("hangup", busy), 0),
        (("call", "--to", "+13125550286", "--say", EVIL), 1), (("call", "--json", "--to", "+13125550386", "--say", "x"), 1),
        (("show", EVIL), 70), (("logs", "--pql", EVIL), 70), (("call", "--to", EVIL, "--say", "x"), 70),
        (("hangup", EVIL), 70), (("account", "update", ACCOUNT, "--label", EVIL), 70), (("status", "--server", "http://" + EVIL), 70), (("number", "add", EVIL), 70),
    ]:
        out, err = belay_says(server.data, *arguments, status=status)
        is_plain(arguments, out + err)
        if SHOWN in out + err:
            shown.add(arguments[0])
        if "--json" in arguments or "jsonl" in arguments:
            documents = [json.loads(line) for line in out.splitlines()]
            assert documents, arguments
    assert {"show", "logs", "call", "number"} <= shown, shown


def test_json_means_the_same(said):
    """An escape of JSON's is what was said."""
    server, busy, _ = said
    out, _ = belay_says(server.data, "logs", "--json", busy)
    assert any("\x9b31m" in json.dumps(json.loads(line), ensure_ascii=False) for line in out.splitlines())


def test_listen(said):
    server, _, _ = said
    port = ports.take()
    listening = start(server.data, "listen", "--port", str(port))
    threading.Thread(target=listening.stderr.read, daemon=True).start()

    def posts():
        body = json.dumps({"requestType": EVIL, EVIL: EVIL}, ensure_ascii=False).encode()
        try:
            return urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/a", body), timeout=5).status
        except OSError:
            return None

    eventually(lambda: posts() == 200, 20, "the app takes a webhook")
    line = listening.stdout.readline() + listening.stdout.readline()
    listening.terminate()
    listening.wait(10)
    assert SHOWN in line
    is_plain("listen", line)


def test_doctor_and_carrier(said, folder):
    server, _, _ = said
    out, err = belay_says(server.data, "doctor", "--webhook", "http://" + EVIL, status=1)
    is_plain("doctor", out + err)
    people = folder / "people.yaml"
    people.write_text(json.dumps({"people": [{"number": "+15005559001", "name": EVIL.rstrip("y\U000e0041"), "refuses": 486}]}))
    out, err = belay_says(server.data, "carrier", "list", "--file", people)
    assert SHOWN in out
    is_plain("carrier", out + err)


def test_log(said):
    """The server's own, for people and for programs."""
    server, _, _ = said
    request = (f"INVITE sip:{NUMBER}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2:5099;branch=z9hG4bKevil\r\n"
               f'From: "{EVIL}" <sip:{EVIL}@127.0.0.2>;tag=1\r\nTo: <sip:{NUMBER}@127.0.0.1>\r\nCall-ID: {EVIL}\r\n'
               f"CSeq: 1 INVITE\r\nUser-Agent: {EVIL}\r\nMax-Forwards: 70\r\nContact: <sip:{EVIL}@127.0.0.2>\r\n"
               "Content-Length: 0\r\n\r\n").encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.2", 0))
        stranger.settimeout(10)
        stranger.sendto(request, server.sip)
        stranger.sendto(request.replace(EVIL.encode() + b"@", b"someone@"), server.sip)
    token = base64.b64encode(f"{EVIL}:x".encode()).decode()
    server.rest.raw("GET", f"/apiserver/Accounts/{ACCOUNT}", headers={"Authorization": f"Basic {token}"}, authorized=False)
    eventually(lambda: "A wrong key was shown" in server.program.text, 10, "the log speaks of the wrong key")
    is_plain("log", server.program.text)
