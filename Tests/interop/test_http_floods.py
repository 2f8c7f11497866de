"""Strangers at the REST API who take connections and give nothing, and an account that does: the calls of another
account go on beside, and the process never lacks a descriptor.

The server's limit of open files is set low, so that few connections are a flood.
"""

import base64
import json
import os
import re
import select
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from harness.holding import held
from harness.rest import Client
from harness.server import ACCOUNT, KEY, NUMBER
from harness.steps import application
from harness.waiting import eventually
from harness.webhook_app import HANGUP
from test_accounts import belay_says

pytestmark = pytest.mark.alone

FILES = 400
FLOOD = 300
#: New connections of the flood a second, once it stands: who comes between them is not crowded out by the test itself.
PACE = 100
CALLS = 8
HEAD = "POST /apiserver/Accounts/{account}/Calls HTTP/1.1\r\nHost: localhost\r\n"
AUTHORIZATION = "Authorization: Basic {token}\r\n"


def open_files(server):
    return len(os.listdir(f"/proc/{server.program.pid}/fd"))


def basic(account, key):
    return base64.b64encode(f"{account}:{key}".encode()).decode()


class Flood:
    """Keeps FLOOD connections open, whatever the server closes: each says `first`, then `drop` again and again, and
    reads nothing."""

    def __init__(self, server, first=b"", drop=b""):
        self.server, self.first, self.drop = server, first, drop
        self.sockets, self.closed, self.over = [], 0, threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _open(self):
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.settimeout(2)
        try:
            one.connect(self.server.http_address)
            one.setblocking(False)
            self.sockets.append(one)
            self._send(one, self.first)
        except OSError:
            one.close()

    def _send(self, one, text):
        try:
            if text:
                one.send(text)
            return True
        except BlockingIOError:
            return True
        except OSError:
            return False

    def _is_open(self, one):
        """What the server sent is left unread."""
        ended = select.poll()
        ended.register(one, select.POLLRDHUP)
        return not ended.poll(0) and self._send(one, self.drop)

    def _run(self):
        for _ in range(FLOOD):
            self._open()
        while not self.over.wait(0.1):
            kept = []
            for one in self.sockets:
                if self._is_open(one):
                    kept.append(one)
                else:
                    self.closed += 1
                    one.close()
            self.sockets = kept
            for _ in range(min(PACE // 10, FLOOD - len(kept))):
                self._open()

    def end(self):
        self.over.set()
        self.thread.join()
        for one in self.sockets:
            one.close()


KINDS = {
    "idle": lambda account, key: (b"", b""),
    "slow head": lambda account, key: (b"GET /health HTTP/1.1\r\nX-", b"x"),
    "slow body": lambda account, key: (HEAD.format(account=account).encode() + b"Content-Length: 60000\r\n\r\n", b"x"),
    "slow chunks": lambda account, key: (
        HEAD.format(account=account).encode() + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "slow body with a key": lambda account, key: (
        (HEAD + AUTHORIZATION).format(account=account, token=basic(account, key)).encode()
        + b"Content-Length: 60000\r\n\r\n", b" "),
    "unread answers": lambda account, key: (
        b"GET /errors/50 HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3, b""),
}


@pytest.mark.parametrize("kind", KINDS)
def test_calls_go_on(belay, app, endings, kind):
    server = belay(files=f"{FILES}:{FILES}")
    connect = application(server, app, HANGUP)
    made = dict(line.split("=", 1) for line in belay_says(server, "account", "create", "--type", "full").split())
    flood = Flood(server, *KINDS[kind](made["BELAY_ACCOUNT_ID"], made["BELAY_API_KEY"]))
    endings.append(flood.end)
    eventually(lambda: flood.closed > 20, 30, "the flood takes more than there is")
    most = 0
    for _ in range(CALLS):
        call = server.rest.place(from_=NUMBER, to="+13125550142", applicationId=connect)
        assert server.wait_until_ended(call)["status"] == "completed"
        app.wait_for(call, "callStatus")
        most = max(most, open_files(server))
        # A stranger who asks properly is answered too.
        eventually(lambda: health(server) == 200, 10, "a new connection is served")
    assert most < FILES - 20, f"{most} of {FILES} files were open"
    assert server.metrics()["belay_http_connections"] <= 64


def health(server):
    try:
        return Client(server.http, ACCOUNT, KEY, timeout=5).raw("GET", "/health", authorized=False).status
    except OSError:
        return None


LIMITS = ["--http-head-seconds", "1", "--http-body-seconds", "1", "--http-idle-seconds", "1", "--http-send-seconds", "1"]

SLOW = {
    "head": [b"", b"", b""],
    "head begun": [b"GET /health HTTP/1.1\r\n", b"X: ", b"y"],
    "body": [HEAD.format(account=ACCOUNT).encode() + b"Content-Length: 60000\r\n\r\n", b"x", b"x"],
    "body with a key": [
        (HEAD + AUTHORIZATION).format(account=ACCOUNT, token=basic(ACCOUNT, KEY)).encode()
        + b"Content-Length: 60000\r\n\r\n", b" ", b" "],
    "body after 100": [
        (HEAD + AUTHORIZATION).format(account=ACCOUNT, token=basic(ACCOUNT, KEY)).encode()
        + b"Expect: 100-continue\r\nContent-Length: 60000\r\n\r\n", b"", b""],
    "idle": [b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", b"", b""],
    "head after an answer": [b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /", b"h", b"e"],
    "half closed": [b"GET /health HTTP/1.1\r\nHost: localhost\r\n", None, None],
    "no HTTP": [b"\x16\x03\x01\x02\x00\r\n\r\n", b"", b""],
}


def test_slow_ones_are_closed(belay):
    """Whatever it is that does not come, and though something comes all the time."""
    server = belay(arguments=LIMITS)
    slow = {}
    for kind, (first, *_) in SLOW.items():
        slow[kind] = socket.create_connection(server.http_address, timeout=10)
        slow[kind].sendall(first)
        slow[kind].setblocking(False)
    began = time.monotonic()
    ended = {}

    def all_closed():
        for kind, one in slow.items():
            if kind in ended:
                continue
            drop = SLOW[kind][1]
            try:
                if drop is None:
                    one.shutdown(socket.SHUT_WR)
                elif drop:
                    one.send(drop)
                if one.recv(65536) == b"":
                    ended[kind] = time.monotonic() - began
            except BlockingIOError:
                pass
            except OSError:
                ended[kind] = time.monotonic() - began
        return len(ended) == len(slow)

    eventually(all_closed, 20, lambda: f"all are closed; closed: {ended}")
    for one in slow.values():
        one.close()
    closed = {kind: value for kind, value in server.metrics().items() if kind.startswith("belay_http_closed_total")}
    assert closed['belay_http_closed_total{reason="head"}'] >= 2, closed
    assert closed['belay_http_closed_total{reason="body"}'] >= 3, closed
    assert closed['belay_http_closed_total{reason="idle"}'] >= 1, closed


def test_unread_answers_are_closed(belay):
    server = belay(arguments=LIMITS)
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.connect(server.http_address)
    one.setblocking(False)
    request = b"GET /errors/50 HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100

    def is_closed():
        try:
            one.send(request)
        except BlockingIOError:
            return False
        except OSError:
            return True

    eventually(is_closed, 20, "who reads nothing is closed")
    one.close()
    assert server.metrics()['belay_http_closed_total{reason="send"}'] >= 1


def test_refused_at_once(belay, app):
    """Where every connection is being answered a further one gets 503 at once, and the others their 202."""
    most = 4
    server = belay(arguments=["--http-connections", str(most), "--http-connections-per-address", str(most),
                              "--overload-ms", "0"])
    connect = application(server, app, HANGUP)
    server.rest.close()
    body = json.dumps({"from": NUMBER, "to": "+13125550142", "applicationId": connect}).encode()
    request = (HEAD + AUTHORIZATION).format(account=ACCOUNT, token=basic(ACCOUNT, KEY)).encode() \
        + f"Content-Length: {len(body)}\r\n\r\n".encode() + body
    with held(server.program.pid, "call-loop"):
        asking = [socket.create_connection(server.http_address, timeout=30) for _ in range(most)]
        for one in asking:
            one.sendall(request)
        eventually(lambda: unread(server) == [0] * most, 20, "every request was read")
        answer = Client(server.http, ACCOUNT, KEY, timeout=5).raw("GET", "/health", authorized=False)
        assert answer.status == 503, answer
        assert int(answer.headers["retry-after"]) >= 1 and answer.json["code"] == 55, (answer.headers, answer)
    for one in asking:
        head, answer = one.recv(65536).split(b"\r\n\r\n", 1)
        assert head.startswith(b"HTTP/1.1 202 "), head
        server.wait_until_ended(json.loads(answer)["callId"])
        one.close()


def unread(server):
    """Bytes that wait in the server's connections (proc(5))."""
    port = f":{server.http_address[1]:04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [int(fields[4].split(":")[1], 16) for fields in lines if fields[1].endswith(port) and fields[3] == "01"]


def limits(server):
    text = Path(f"/proc/{server.program.pid}/limits").read_text()
    return tuple(int(number) for number in re.search(r"^Max open files +(\d+) +(\d+)", text, re.M).groups())


def test_the_limit_is_raised(belay):
    server = belay(files="256:4096")
    assert limits(server) == (4096, 4096)
    assert "4096 files may be open" in belay_says(server, "doctor")


def test_calls_wait_for_descriptors(belay, app):
    """More calls than there are descriptors for wait for their turn; none is accepted and then fails."""
    server = belay(files=f"{FILES}:{FILES}")
    assert f"{FILES} files may be open: room for " in server.program.text, "the start says so"
    said = belay_says(server, "doctor")
    most = int(re.search(rf"{FILES} files may be open: room for (\d+) calls at once", said).group(1))
    connect = application(server, app, [{"Pause": {"length": 86400}}])
    calls = [server.rest.place(from_=NUMBER, to="+13125550142", applicationId=connect) for _ in range(most + 5)]
    eventually(lambda: len(server.rest.all_calls(status="inProgress")) == most, 20, f"{most} calls are under way")
    assert {call["status"] for call in server.rest.all_calls(active="true")} == {"inProgress", "queued"}
    for call in calls:
        server.rest.update(call, "completed" if server.rest.call(call)["status"] == "inProgress" else "canceled")
    assert {server.wait_until_ended(call)["status"] for call in calls} <= {"completed", "canceled"}


def cpu_seconds(server):
    fields = Path(f"/proc/{server.program.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_without_a_descriptor_the_listener_waits(belay, app):
    """It neither ends nor runs hot while none is left, and takes connections again when there are some."""
    server = belay()
    soft, hard = limits(server)
    server.metrics()
    subprocess.run(["prlimit", f"--pid={server.program.pid}", f"--nofile={open_files(server)}:{hard}"], check=True)
    one = socket.create_connection(server.http_address, timeout=20)
    one.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    eventually(lambda: "cannot take a connection" in server.program.text, 20, "the log says so")
    before, began = cpu_seconds(server), time.monotonic()
    eventually(lambda: time.monotonic() - began > 1, 5, "a second to measure")
    assert cpu_seconds(server) - before < 0.5
    assert len(re.findall("cannot take a connection", server.program.text)) == 1
    subprocess.run(["prlimit", f"--pid={server.program.pid}", f"--nofile={soft}:{hard}"], check=True)
    assert one.recv(4096).startswith(b"HTTP/1.1 200 ")
    one.close()
