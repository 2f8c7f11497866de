"""A customer's webhook app: records every request with its bytes, answers as the test says."""

import functools
import hashlib
import hmac
import json
import select
import socket
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HANGUP = [{"Hangup": {}}]
#: What a conference tells, in an order of its own, whatever call made it.
OF_CONFERENCES = {"conferenceStatus", "conferenceRecordingStatus"}


@dataclass
class Webhook:
    """One request as it arrived. `finished` is when the app began to answer, None while it has not."""

    path: str
    headers: dict
    body: bytes
    started: float
    method: str = "POST"
    finished: float | None = None
    abandoned: bool = False
    answer: "Reply | None" = None
    #: By the wall clock: how old its signature was.
    arrived: float = field(default_factory=time.time)

    @functools.cached_property
    def json(self):
        return json.loads(self.body)

    @property
    def kind(self):
        return self.json.get("requestType")

    @property
    def call(self):
        return self.json.get("callId")

    @property
    def owner(self):
        """Whose story it is of: the call's, or the conference's."""
        return self.json.get("conferenceId") if self.kind in OF_CONFERENCES else self.call

    @property
    def event(self):
        return self.headers.get("belay-event-id")

    @property
    def sequence(self):
        return int(self.headers.get("belay-event-sequence", "-1"))


@dataclass
class Reply:
    """What the app answers: after `delay` seconds `status` and `body`; or nothing, with the connection closed.

    A `raw` reply is written to the socket as it stands, status line and all.
    """

    status: int = 200
    body: bytes | str | list | dict = b""
    headers: dict = field(default_factory=lambda: {"Content-Type": "application/json"})
    delay: float = 0
    close_without_answer: bool = False
    raw: bytes | None = None

    @property
    def content(self):
        if isinstance(self.body, (list, dict)):
            return json.dumps(self.body).encode()
        return self.body.encode() if isinstance(self.body, str) else self.body


def is_signed(body, header, secret, now=None):
    """Whether `header` is what FreeClimb-Signature promises for `body`, not older than 300 s."""
    parts = [part.partition("=") for part in (header or "").split(",")]
    times = [value for name, _, value in parts if name == "t"]
    if len(times) != 1 or not times[0].isdigit():
        return False
    expected = hmac.new(secret.encode(), times[0].encode() + b"." + body, hashlib.sha256).hexdigest()
    fresh = abs((now or time.time()) - int(times[0])) <= 300
    return fresh and any(hmac.compare_digest(value, expected) for name, _, value in parts if name == "v1")


class WebhookApp:
    """Listens on loopback. `answers` maps a path to a Reply, a script (list), or a function of the Webhook."""

    def __init__(self):
        self.webhooks = []
        self.fetches = []
        self.answers = {}
        #: The wall clock that signatures are judged by.
        self.clock = time.time
        self._of_call = defaultdict(list)
        self._changed = threading.Condition()
        app = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                app._serve(self, "POST")

            def do_GET(self):
                app._serve(self, "GET")

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 512

            def handle_error(self, request, client_address):
                pass  # a client that went away is the test's own doing

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def answer(self, path, reply):
        """Answers requests for `path` with a Reply, a script, or what a function of the Webhook returns."""
        self.answers[path] = reply
        return self.url(path)

    def answer_beside(self, path, reply):
        """As `answer`, at a path of its own where `path` is answered with something else already."""
        number, own = 1, path
        while own in self.answers and self.answers[own] != reply:
            number, own = number + 1, f"{path}/{number + 1}"
        return self.answer(own, reply)

    def _serve(self, handler, method):
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length)
        if len(body) < length:
            handler.close_connection = True  # the server was killed in the middle of it: no request
            return
        headers = {name.lower(): value for name, value in handler.headers.items()}
        webhook = Webhook(handler.path, headers, body, time.monotonic(), method, arrived=self.clock())
        with self._changed:
            if method == "POST":
                self.webhooks.append(webhook)
                self._of_call[self._owner_of(webhook)].append(webhook)
            else:
                self.fetches.append(webhook)
            self._changed.notify_all()
        reply = self.answers.get(handler.path.partition("?")[0], Reply(200, b"[]"))
        if callable(reply):
            reply = reply(webhook)
        if isinstance(reply, list):
            reply = Reply(200, reply)
        webhook.answer = reply
        if reply.delay:
            self._wait_or_notice_hang_up(handler.connection, reply.delay, webhook)
        webhook.finished = time.monotonic()
        with self._changed:
            self._changed.notify_all()
        if reply.close_without_answer or webhook.abandoned:
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        if reply.raw is not None:
            handler.close_connection = True
            handler.wfile.write(reply.raw)
            return
        content = reply.content
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        if reply.status != 204:
            handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        if reply.status != 204:
            handler.wfile.write(content)

    @staticmethod
    def _wait_or_notice_hang_up(connection, seconds, webhook):
        readable, _, _ = select.select([connection], [], [], seconds)
        if readable:
            try:
                webhook.abandoned = connection.recv(1, socket.MSG_PEEK) == b""
            except OSError:
                webhook.abandoned = True

    @staticmethod
    def _owner_of(webhook):
        """None for what is no webhook at all: the judge will say so."""
        try:
            return webhook.owner
        except (ValueError, AttributeError):
            return None

    def of(self, call_id, kind=None):
        """The call's webhooks so far, or the conference's, in the order they came."""
        with self._changed:
            return [w for w in self._of_call[call_id] if kind in (None, w.kind)]

    def wait_for(self, call_id, kind, seconds=10, count=1):
        """The call's first webhook of this kind (the `count`th), or the conference's, now or within `seconds`."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                found = [w for w in self._of_call[call_id] if w.kind == kind]
                if len(found) >= count:
                    return found[count - 1]
                left = deadline - time.monotonic()
                if left <= 0:
                    kinds = [w.kind for w in self._of_call[call_id]]
                    raise AssertionError(f"no {kind} (number {count}) for {call_id} within {seconds:g} s; came: {kinds}")
                self._changed.wait(left)

    def close(self):
        self._server.shutdown()
        self._server.server_close()
