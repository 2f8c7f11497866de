"""`belay show --follow`, `belay logs --follow` and `belay call`, which listen to feeds (docs/contract/feed.md#feeds), and what they do
where the server has none, or the connection is lost."""

import json
import re
import signal
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness.server import ACCOUNT, binary
from harness.steps import place
from harness.waiting import eventually
from test_accounts import belay_says
from test_command_line import CLEAN, folder_of

LONG = [{"Pause": {"length": 600_000}}]
SHORT = [{"Pause": {"length": 500}}, {"Hangup": {}}]
#: Of the simulated carrier: answers and stays.
STAYS = "+15005550010"


def follow(server, *arguments):
    """A command that listens to a feed, from when it does."""
    follower = subprocess.Popen([binary(), *arguments, "--data", server.data], env=CLEAN, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    eventually(lambda: server.gauge("belay_feed_listeners") == 1, 20, "it listens")
    return follower


def test_show_follows(belay, app):
    """What it tells as it happens is what `belay show` tells afterwards, with the call behind it."""
    server = belay()
    call = place(server, app, SHORT, to=STAYS)
    followed = belay_says(server, "show", call, "--follow").split("\n\n")
    shown = belay_says(server, "show", call).split("\n\n")
    assert [part.strip("\n") for part in followed[:2]] == [part.strip("\n") for part in (shown[1], shown[0])]
    # Of a call that is over it tells the same.
    again = belay_says(server, "show", call, "--follow").split("\n\n")
    assert again[:2] == followed[:2]


def test_logs_follow_a_call(belay, app):
    server = belay()
    call = place(server, app, SHORT, to=STAYS)
    told = [json.loads(line) for line in belay_says(server, "logs", call, "--follow", "--json").splitlines()]
    assert told == server.rest.logs(call)


def test_logs_follow_everything_until_ctrl_c(belay, app):
    server = belay()
    follower = follow(server, "logs", "--follow")
    call = place(server, app, to=STAYS)
    lines = []
    while not (lines and "Call completed" in lines[-1]):
        lines.append(follower.stdout.readline())
        assert lines[-1], f"it ended: {lines}"
    assert all(re.match(r"\d{4}-\d\d-\d\dT\S+Z (CA[0-9a-f]{40}| {42}) ", line) for line in lines), lines
    assert sum(call in line for line in lines) == len([line for line in lines if " CA" in line])
    follower.send_signal(signal.SIGINT)
    _, err = follower.communicate(timeout=20)
    assert follower.returncode == 130 and not err, (follower.returncode, err)


def test_ctrl_c_of_show_ends_the_command_and_not_the_call(belay, app):
    server = belay()
    call = place(server, app, LONG, to=STAYS)
    server.wait_for_status(call, "inProgress")
    follower = follow(server, "show", call, "--follow")
    follower.send_signal(signal.SIGINT)
    _, err = follower.communicate(timeout=20)
    assert follower.returncode == 130 and f"the call {call} goes on" in err and f"belay hangup {call}" in err, err
    assert server.rest.call(call)["status"] == "inProgress"
    server.rest.update(call, "completed")


def test_follow_chooses_nothing(belay):
    server = belay()
    for arguments in (("--pql", 'level = "error"'), ("--limit", "5")):
        assert "--follow tells everything" in belay_says(server, "logs", "--follow", *arguments, status=64)


@pytest.mark.timeout(120)
def test_a_follower_outlasts_a_crash(belay, app):
    """It connects again when the server has been started anew, and tells the end that the start made."""
    app.judge = False
    server = belay()
    server.arguments[server.arguments.index("127.0.0.1:0")] = ":".join(map(str, server.http_address))
    call = place(server, app, LONG, to=STAYS)
    server.wait_for_status(call, "inProgress")
    follower = follow(server, "logs", call, "--follow", "--json")
    server.kill()
    server.start()
    out, err = follower.communicate(timeout=60)
    assert follower.returncode == 0, (out, err)
    log = [json.loads(line) for line in out.splitlines()]
    assert [entry["metadata"]["sequence"] for entry in log] == list(range(1, len(log) + 1)), "nothing is missing or told twice"
    [end] = [entry for entry in log if entry["message"] == "Call completed"]
    assert end["metadata"]["callEndedReason"] == "internalError"
    assert log == server.rest.logs(call)[:len(log)]


# Other servers than this one


class Stand:
    """A server of another kind: one call that is over, with three entries. `feeds`: for each connection to its feed the
    entries that it tells, before it closes; None: it has no feed."""

    CALL = "CA" + "5" * 40

    def __init__(self, feeds):
        self.feeds, self.asked, self.last = feeds, [], []
        stand = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                stand.serve(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def call(self):
        return {"callId": self.CALL, "status": "completed", "callEndedReason": "appHangup", "connectDuration": 3, "revision": 5}

    @staticmethod
    def entry(sequence):
        return {"accountId": ACCOUNT, "callId": Stand.CALL, "level": "info", "message": f"entry {sequence}",
                "metadata": {"scope": "sip", "sequence": sequence}, "requestId": None, "timestamp": 10**15 + sequence}

    def serve(self, handler):
        path = handler.path.removeprefix(f"/apiserver/Accounts/{ACCOUNT}/Calls/{self.CALL}")
        self.asked.append(path)
        if path == "/Feed" and self.feeds is not None:
            self.last.append(handler.headers.get("Last-Event-ID"))
            if not self.feeds:
                handler.close_connection = True
                return
            sequences, is_over = self.feeds.pop(0)
            events = [f"event: call\ndata: {json.dumps(self.call | {'status': 'inProgress'})}\n\n"]
            events += [f"event: log\nid: {n}\ndata: {json.dumps(self.entry(n))}\n\n" for n in sequences]
            events += [f"event: end\ndata: {json.dumps(self.call)}\n\n"] * is_over
            handler.send_response(200)
            handler.send_header("Content-Type", "text/event-stream")
            handler.send_header("Connection", "close")
            handler.end_headers()
            handler.wfile.write("".join(events).encode())
            handler.close_connection = True
            return
        answers = {"": (200, self.call), "/Logs": (200, self.page("logs", [self.entry(n) for n in (3, 2, 1)])),
                   "/Recordings": (200, self.page("recordings", []))}
        status, body = answers.get(path, (404, {"code": 1, "message": f"Nothing is at {path}.", "details": {}}))
        content = json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    @staticmethod
    def page(name, items):
        return {name: items, "nextPageUri": None, "total": len(items)}

    def followed(self, folder, status=0):
        data = folder_of(folder / "data", self.url)
        ran = subprocess.run([binary(), "show", self.CALL, "--follow", "--data", data], env=CLEAN, capture_output=True,
                             text=True, timeout=60)
        assert ran.returncode == status, (ran.returncode, ran.stdout, ran.stderr)
        return re.findall(r"entry (\d)", ran.stdout), ran.stderr


@pytest.fixture
def stand(endings):
    def make(feeds):
        made = Stand(feeds)
        endings.append(made.server.server_close)
        endings.append(made.server.shutdown)
        return made

    return make


def test_a_server_without_feeds_is_asked(stand, folder):
    """One of an earlier version answers 404: the call is asked for, as ever."""
    old = stand(None)
    told, err = old.followed(folder)
    assert told == ["1", "2", "3"] and not err
    assert old.asked[0] == "/Feed" and {"", "/Logs"} <= set(old.asked)


def test_a_feed_that_breaks_off_is_resumed(stand, folder):
    broken = stand([((1, 2), False), ((), False), ((3,), True)])
    told, err = broken.followed(folder)
    assert told == ["1", "2", "3"] and not err
    assert broken.last == [None, "2", "2"]
    assert "/Logs" not in broken.asked, "nothing was asked for"


def test_a_feed_that_breaks_off_again_and_again_is_given_up(stand, folder):
    """In bounded time, and in words."""
    broken = stand([((), False), ((1,), False)])
    told, err = broken.followed(folder, status=70)
    assert told == ["1"] and re.search(r"^belay: .*127\.0\.0\.1", err), err
