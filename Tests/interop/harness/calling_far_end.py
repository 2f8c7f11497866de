"""The strict far end that also calls in: an inbound call for each `call`, with RFC 3261's retransmissions, and an end."""

import itertools
import re
import time
from dataclasses import dataclass, field

from .far_end import FarEnd
from .sip import Malformed, SIPMessage


@dataclass
class PlacedCall:
    """A call that the far end made. `hangs_up`: seconds after the answer; None: never. `gives_up`: seconds of ringing."""

    call_id: str
    uri: str
    server: tuple
    hangs_up: float | None
    gives_up: float
    state: str = "calling"
    is_heard: bool = False
    to_tag: str | None = None
    answered_at: float = 0
    told_at: float = 0
    requests: dict = field(default_factory=dict)

    @property
    def is_open(self):
        return self.state != "ended"


class CallingFarEnd(FarEnd):
    """`watch`: called with what happened (`invited`, `answered`, `answered silently`, `answers us`), in its own thread."""

    def __init__(self, *arguments, **options):
        self.placed = {}
        self.watch = lambda event: None
        self._numbers = itertools.count(1)
        super().__init__(*arguments, **options)

    @property
    def lock(self):
        """Held by its own thread while it does something; whoever has it sees everything as it stands."""
        return self._lock

    def after(self, seconds, action):
        """`action` in its own thread, `seconds` from now; to be called with the lock."""
        self._after(seconds, action)

    # What the caller under test does is told of

    def _invite(self, message, source):
        is_new = message.call_id not in self.dialogs
        super()._invite(message, source)
        if is_new:
            self.watch("invited")

    def _finally(self, dialog, status, *described):
        super()._finally(dialog, status, *described)
        if dialog.final_status < 300:
            self.watch("answered" if dialog.person.alerts else "answered silently")

    # Its own calls

    def call(self, server, number, hangs_up=None, gives_up=3.0):
        """Calls `number` at `server` (host, port)."""
        with self._lock:
            call_id = f"in{next(self._numbers)}-{self.port}"
            call = PlacedCall(call_id, f"sip:{number}@{server[0]}:{server[1]}", server, hangs_up, gives_up)
            self.placed[call_id] = call
            sdp = (f"v=0\r\no=far 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                   f"m=audio {self.media_port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\n").encode()
            self._ask(call, "INVITE", 1, call.uri, sdp, lambda: call.is_heard)
            self._after(gives_up, lambda: self._give_up(call))
            return call

    def _ask(self, call, method, cseq, uri, body=b"", is_done=lambda: True, branch=None):
        """Sends a request, and again by RFC 3261's timer E (or A) until `is_done` or 64·T1 have passed."""
        to = f"<{call.uri}>" + (f";tag={call.to_tag}" if call.to_tag and method != "CANCEL" else "")
        lines = [f"{method} {uri} SIP/2.0",
                 f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{branch or method}{call.call_id}",
                 "Max-Forwards: 70", f"From: <sip:+13125550142@127.0.0.1:{self.port}>;tag=far{call.call_id}", f"To: {to}",
                 f"Call-ID: {call.call_id}", f"CSeq: {cseq} {method}", f"Contact: <{self.contact}>"]
        if body:
            lines.append("Content-Type: application/sdp")
        data = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body
        deadline = time.monotonic() + 64 * self.t1

        def again(interval):
            if time.monotonic() > deadline:
                call.state = "ended"  # nobody is there any more
                return
            self._send(data, call.server)
            self._after(interval, lambda: is_done() or again(min(2 * interval, 4.0)))

        again(self.t1)

    def _give_up(self, call):
        if call.state in ("calling", "ringing"):
            self._ask(call, "CANCEL", 1, call.uri, is_done=lambda: not call.is_open or "CANCEL" in call.requests,
                      branch="INVITE")

    def _hang_up_placed(self, call):
        if call.state == "answered":
            self._ask(call, "BYE", 2, call.requests["contact"], is_done=lambda: not call.is_open)

    def _receive(self, data, source):
        found = re.search(rb"\r\nCall-ID: *([^\r\n]+)", data, re.I)
        call = self.placed.get(found.group(1).decode(errors="replace")) if found else None
        if call is None:
            super()._receive(data, source)
            return
        self.datagrams += 1
        self._note(data)
        try:
            message = SIPMessage.parse(data)
            (self._asked if message.is_request else self._answered)(call, message, source)
        except Malformed as error:
            self._fault(f"malformed: {error}: {data[:200]!r}")

    def _asked(self, call, message, source):
        if message.method != "BYE":
            self._fault(f"unexpected in a call that came from here: {message.start}")
            return
        if self.caller_may_crash and not call.answered_at:
            # The kill fell between the record of the answer and its 200: the next process ends what never came to be.
            self._reply(message, source, "481 Call/Transaction Does Not Exist")
            return
        if message.tag("from") != call.to_tag or message.tag("to") != f"far{call.call_id}":
            self._fault(f"BYE with other tags: {message.get('from')!r}, {message.get('to')!r}")
        call.told_at = call.told_at or time.monotonic()
        call.state = "ended"
        self._reply(message, source, "200 OK")

    def _answered(self, call, message, source):
        method = message.cseq[1]
        if method == "CANCEL":
            call.requests["CANCEL"] = message.status
            if message.status == 481 and call.state != "answered":
                call.state = "ended"  # it never heard of the call, or has forgotten it
        elif method == "BYE":
            if message.status >= 200:
                call.state = "ended"
        elif message.status < 200:
            call.is_heard = True
            if message.status > 100 and call.state == "calling":
                call.state = "ringing"
        else:
            self._final(call, message)

    def _final(self, call, message):
        call.is_heard = True
        call.to_tag = message.tag("to")
        if message.status >= 300:
            self._ask(call, "ACK", 1, call.uri, branch="INVITE")
            call.state = "ended"
            return
        contact = re.search(r"<([^>]+)>", message.get("contact") or "")
        if contact is None:
            self._fault(f"no Contact in {message.start}")
            return
        call.requests["contact"] = contact.group(1)
        self._ask(call, "ACK", 1, contact.group(1))
        if call.state in ("calling", "ringing"):
            call.state = "answered"
            call.answered_at = time.monotonic()
            self.watch("answers us")
            if call.hangs_up is not None:
                self._after(call.hangs_up, lambda: self._hang_up_placed(call))
