"""A REST client that hides nothing: what was answered, byte for byte, beside what it means."""

import base64
import http.client
import json
import threading
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    def __str__(self):
        return f"{self.status} {self.body[:500]!r}"


class Client:
    """Speaks as one account. Each thread keeps a connection of its own."""

    def __init__(self, base, account, key, timeout=10):
        self.base = urlsplit(base)
        self.account, self.key, self.timeout = account, key, timeout
        self._local = threading.local()

    @property
    def path(self):
        return f"/apiserver/Accounts/{self.account}"

    def raw(self, method, path, body=None, headers=None, authorized=True):
        """One request for exactly `path`; a connection that the server closed while idle is opened anew, once."""
        send = {"Content-Type": "application/json"} if body is not None else {}
        if authorized:
            token = base64.b64encode(f"{self.account}:{self.key}".encode()).decode()
            send["Authorization"] = f"Basic {token}"
        send.update(headers or {})
        reused = getattr(self._local, "connection", None) is not None
        try:
            return self._once(method, path, body, send)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self.close()
            if not reused or method != "GET":
                raise
            return self._once(method, path, body, send)

    def _once(self, method, path, body, headers):
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection(self.base.hostname, self.base.port, timeout=self.timeout)
            self._local.connection = connection
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            content = response.read()
        except BaseException:
            self.close()
            raise
        if response.will_close:
            self.close()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, content)

    def close(self):
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def get(self, path, **query):
        return self.raw("GET", self.path + path + ("?" + urlencode(query, doseq=True) if query else ""))

    def post(self, path, document=None):
        return self.raw("POST", self.path + path, None if document is None else json.dumps(document).encode())

    # Calls

    def place(self, **fields):
        """Makes a call and returns its id; anything but a 202 fails."""
        if "from_" in fields:
            fields["from"] = fields.pop("from_")
        answer = self.post("/Calls", fields)
        assert answer.status == 202, f"POST ~/Calls {fields}: {answer}"
        assert answer.json["status"] == "queued", answer.json
        return answer.json["callId"]

    def call(self, call_id):
        answer = self.get(f"/Calls/{call_id}")
        assert answer.status == 200, f"GET ~/Calls/{call_id}: {answer}"
        return answer.json

    def update(self, call_id, status):
        return self.post(f"/Calls/{call_id}", {"status": status})

    def logs(self, call_id):
        """Every entry of the call's log, oldest first."""
        entries, path = [], f"{self.path}/Calls/{call_id}/Logs"
        for _ in range(100):
            answer = self.raw("GET", path)
            assert answer.status == 200, f"GET {path}: {answer}"
            entries += answer.json["logs"]
            following = answer.json["nextPageUri"]
            if following is None:
                break
            path = "/apiserver" + following
        assert [e["timestamp"] for e in entries] == sorted((e["timestamp"] for e in entries), reverse=True), \
            "the log is not newest first"
        return entries[::-1]

    def all_calls(self, **query):
        calls, path = [], f"{self.path}/Calls" + ("?" + urlencode(query) if query else "")
        for _ in range(200):
            answer = self.raw("GET", path)
            assert answer.status == 200, f"GET {path}: {answer}"
            calls += answer.json["calls"]
            following = answer.json["nextPageUri"]
            if following is None:
                return calls
            path = "/apiserver" + following
        raise AssertionError("the list of calls does not come to an end")
