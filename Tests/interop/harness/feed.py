"""A listener to a feed (docs/contract/feed.md#feeds): keeps every event as it comes, byte for byte, and how the stream ended."""

import base64
import contextlib
import http.client
import json
import socket
import threading
import time
from dataclasses import dataclass


@dataclass
class Event:
    """id: None where the event has none of its own."""

    name: str
    id: str | None
    data: str

    @property
    def json(self):
        return json.loads(self.data)


class Listener:
    """Reads the feed at `path` (below the account's) on a thread of its own.

    `status` and `headers` are those of the answer, `body` what a refusal says. `last` goes into the header
    Last-Event-ID. `comments` counts the signs of life.
    """

    def __init__(self, client, path, last=None, seconds=60):
        self.events, self.comments, self.is_over, self.fault = [], 0, False, None
        self._changed = threading.Condition()
        self._connection = http.client.HTTPConnection(client.base.hostname, client.base.port, timeout=seconds)
        token = base64.b64encode(f"{client.account}:{client.key}".encode()).decode()
        headers = {"Authorization": f"Basic {token}"} | ({} if last is None else {"Last-Event-ID": last})
        self._connection.request("GET", client.path + path, headers=headers)
        # Kept: what is to be closed by the server is not the connection's any more.
        self._socket = self._connection.sock
        self._response = self._connection.getresponse()
        self.status = self._response.status
        self.headers = {name.lower(): value for name, value in self._response.getheaders()}
        self.body = b""
        self._thread = threading.Thread(target=self._read, daemon=True)
        if self.status == 200:
            assert self.headers["content-type"] == "text/event-stream", self.headers
            self._thread.start()
        else:
            self.body = self._response.read()
            self._connection.close()

    def _read(self):
        fields = {}
        try:
            # Lines end in LF alone here; a browser would take CR and CRLF as well.
            while (line := self._response.readline().decode()).endswith("\n"):
                line = line[:-1]
                with self._changed:
                    if line.startswith(":"):
                        self.comments += 1
                    elif line:
                        name, _, value = line.partition(": ")
                        if name not in ("event", "id", "data") or name in fields or "\r" in line:
                            self.fault = f"{line!r} behind {fields}"
                        fields[name] = value
                    elif fields:
                        self.events.append(Event(fields.get("event"), fields.get("id"), fields.get("data")))
                        fields = {}
                    self._changed.notify_all()
        except (OSError, http.client.HTTPException, ValueError):
            pass  # cut off, by one side or the other
        finally:
            with self._changed:
                self.is_over = True
                self._changed.notify_all()

    def close(self):
        """Goes, as a program does that is ended."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._response.close()
        self._connection.close()

    def wait_for(self, fact, seconds=20, what="an event"):
        """What fact(self) gives, once it is true."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while not (found := fact(self)):
                left = deadline - time.monotonic()
                shown = [(event.name, event.id, event.data[:80]) for event in self.events[-10:]]
                assert left > 0 and not self.is_over, f"no {what} (over: {self.is_over}); the last events: {shown}"
                self._changed.wait(left)
            assert not self.fault, self.fault
            return found

    def wait_until_over(self, seconds=20):
        deadline = time.monotonic() + seconds
        with self._changed:
            while not self.is_over:
                assert self._changed.wait(deadline - time.monotonic()), f"it goes on: {self.events[-3:]}"
        assert not self.fault, self.fault
        return self.events

    def of(self, name):
        with self._changed:
            return [event for event in self.events if event.name == name]

    @property
    def log(self):
        """What it has told of the log."""
        return [event.json for event in self.of("log")]

    @property
    def statuses(self):
        return [event.json["status"] for event in self.of("call")]
