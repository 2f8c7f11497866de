"""A strict far end: a SIP UAS that remembers every promise and writes down each one that is broken.

It takes any number of calls at once, does with each what the test decides by the number called, retransmits by
RFC 3261's timers, and at the end can say which dialogs are open, which numbers were dialled twice, and what was wrong.
"""

import functools
import heapq
import itertools
import select
import socket
import struct
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field

import numpy

from . import ports
from .audio import mu_law_encode
from .sip import Malformed, SIPMessage
from .waiting import eventually


def tone_frame(hertz, number):
    """20 ms of a tone at −12 dBFS in µ-law, the `number`th frame of it. Of whole hertz, it begins anew with each second."""
    return _tone_frame(hertz, number % 50)


@functools.lru_cache(maxsize=1000)
def _tone_frame(hertz, number):
    times = (numpy.arange(160) + 160 * number) / 8000
    return bytes(mu_law_encode(0.25 * numpy.sin(2 * numpy.pi * hertz * times)).astype(numpy.uint8))


# Between two sounds; a voice's own pauses are shorter.
SILENCE_SECONDS = 0.3
# µ-law has smaller codes for larger magnitudes; this one is about 0.01 of full scale.
QUIETEST_SOUND = 0x63


@dataclass
class Person:
    """What becomes of a call. Times are seconds after the one before; None: never.

    rings: until 180 is sent. answers: from there to the 200. hangs_up: from the ACK to our BYE.
    refuses: the status sent instead of a 200. answers_when_cancelled: the 200 leaves just before the CANCEL is read.
    speaks: how many RTP packets it sends after the ACK, one each 20 ms; then it is silent for ever. tone: what it
    speaks, in Hz; None: silence.
    alerts: whether a 180 comes before the answer; without it a 200 is the first response that has a tag.
    once: an event that `answers` and `hangs_up` wait for before their time runs; None: they wait for nothing.
    answer, progress: what its 200 says, and a 183 before that, as the text of SDP or as (Content-Type or None, bytes);
    `PORT` in it is the port that it listens at. None: an answer of its own, and no 183.
    presses: keys that it presses as RFC 4733 events, 100 ms each, presses_every seconds from one to the next, the first
    one presses_after seconds after the ACK. presses_when_heard: each of them presses_after seconds after sound began, once
    for the ACK and then anew for each key, after a silence of SILENCE_SECONDS.
    """

    rings: float | None = 0.0
    answers: float | None = 0.0
    hangs_up: float | None = None
    refuses: str | None = None
    answers_when_cancelled: bool = False
    speaks: int = 0
    tone: int | None = None
    alerts: bool = True
    once: threading.Event | None = None
    presses: str = ""
    presses_after: float = 0.5
    presses_every: float = 0.2
    presses_when_heard: bool = False
    answer: str | tuple | None = None
    progress: str | tuple | None = None


@dataclass
class Dialog:
    """One INVITE that came, and all that became of it."""

    invite: SIPMessage
    source: tuple
    person: Person
    tag: str
    state: str = "proceeding"
    final: bytes | None = None
    final_status: int | None = None
    acknowledged: bool = False
    remote_cseq: int = 0
    rtp_sequence: int = 0
    bye_sent: bool = False
    bye_answered: bool = False
    bye_received: bool = False
    ended_by: str | None = None
    acks: int = 0
    answered_at: float = 0
    #: When the caller's CANCEL or BYE came first; 0: none has.
    told_at: float = 0
    sounded_at: float = 0
    presses_left: str = ""
    press_is_due: bool = False
    deadline: float = 0
    own_cseq: int = 0
    reoffer: bytes | None = None
    reoffer_answer: SIPMessage | None = None
    answered_requests: dict = field(default_factory=dict)

    @property
    def is_open(self):
        """Whether the caller still owes an end: ringing, or answered and not hung up by either side."""
        return self.state in ("proceeding", "answered")


class FarEnd:
    """`caller_may_crash`: what a caller that lost its memory may do is no fault. `dead_line`: an answered call from
    which no RTP came for so many seconds is hung up, as carriers do; None: never. `takes_events`: its answer agrees
    to RFC 4733 events. `patience`: so many seconds a final answer is sent again that nobody acknowledges; None: 64 times T1
    (RFC 3261 §13.3.1.4).
    """

    def __init__(self, decide=lambda number: Person(), t1=0.1, caller_may_crash=False, dead_line=None,
                 takes_events=True, patience=None):
        self.decide = decide
        self.caller_may_crash = caller_may_crash
        self.dead_line = dead_line
        self.takes_events = takes_events
        self._heard = {}
        self._listeners = {}
        self._events = defaultdict(dict)
        self.t1 = t1
        self.patience = 64 * t1 if patience is None else patience
        self.faults = []
        self.dialogs = {}
        self.call_ids_by_number = defaultdict(set)
        self.branches_by_call_id = defaultdict(set)
        self.invite_datagrams = defaultdict(list)
        self.datagrams = 0
        self._wire = defaultdict(dict)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self._socket.bind(("127.0.0.1", 0))
        self._media = ports.media_socket()
        self.port = self._socket.getsockname()[1]
        self.media_port = self._media.getsockname()[1]
        self.trunk = f"sip:127.0.0.1:{self.port}"
        self._timers = []
        self._order = itertools.count()
        self._stopping = False
        self._lock = threading.RLock()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    # Its own loop

    def _run(self):
        while not self._stopping:
            pause = min(0.05, max(0.0, self._timers[0][0] - time.monotonic())) if self._timers else 0.05
            readable, _, _ = select.select([self._socket, self._media], [], [], pause)
            # What has come is read before a timer fires: a far end that had to wait for the machine's processor
            # must not hold its own lateness against the caller.
            now = time.monotonic()
            if self._media in readable:
                self._listen()
            if self._socket in readable and self._read_signalling():
                continue
            with self._lock:
                while self._timers and self._timers[0][0] <= now:
                    _, _, action = heapq.heappop(self._timers)
                    action()

    def _read_signalling(self):
        """Takes up to 64 datagrams; true when there may be more."""
        for _ in range(64):
            try:
                data, source = self._socket.recvfrom(65535, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return False
            with self._lock:
                self._receive(data, source)
        return True

    def _listen(self):
        """Takes what is waiting of RTP; remembers when each port of the caller was heard last."""
        now = time.monotonic()
        for _ in range(512):
            try:
                packet, source = self._media.recvfrom(2048, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            self._heard[source[1]] = now
            self._keep(source[1], packet, now)
            if source[1] in self._listeners and packet[1] & 0x7F == 0:
                with self._lock:
                    self._sound(self._listeners[source[1]], packet[12:], now)
            if len(packet) == 16 and packet[1] & 0x7F == 101:
                timestamp = struct.unpack("!I", packet[4:8])[0]
                self._events[source[1]].setdefault(timestamp, packet[12])

    def _keep(self, port, packet, now):
        """For those who listen to what they are told: RTP that came from that port of the caller."""

    def _sound(self, dialog, payload, now):
        """A person who presses when a prompt begins: at its first sound, unless a key is about to be pressed anyway."""
        if all((byte & 0x7F) > QUIETEST_SOUND for byte in payload):
            return
        began = now - dialog.sounded_at > SILENCE_SECONDS
        dialog.sounded_at = now
        if began and dialog.presses_left and not dialog.press_is_due:
            key, dialog.presses_left = dialog.presses_left[0], dialog.presses_left[1:]
            dialog.press_is_due = True
            self._after(dialog.person.presses_after, lambda: self._press_now(dialog, key))

    def press(self, dialog, keys, every=0.2):
        """Presses the keys now, one after the other."""
        with self._lock:
            began = time.monotonic() - dialog.answered_at
            for index, key in enumerate(keys):
                seconds = began + every * index
                self._after(every * index, lambda s=seconds, k=key: self._press(dialog, s, k, 0))

    def _press_now(self, dialog, key):
        dialog.press_is_due = False
        self._press(dialog, time.monotonic() - dialog.answered_at, key, 0)

    def digits_heard(self, dialog):
        """What the caller pressed: (digit, seconds in its own RTP clock) for each event, in order."""
        events = self._events[dialog.invite.audio_port]
        return [("0123456789*#ABCD"[code], timestamp / 8000) for timestamp, code in sorted(events.items())]

    def _supervise(self, dialog):
        if dialog.state != "answered":
            return
        last = max(self._heard.get(dialog.invite.audio_port, 0), dialog.answered_at)
        if time.monotonic() - last > self.dead_line:
            dialog.ended_by = "dead line"
            self._hang_up(dialog)
        else:
            self._after(0.2, lambda: self._supervise(dialog))

    def _after(self, seconds, action):
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._order), action))

    def _fault(self, words):
        self.faults.append(words)

    def _send(self, data, destination):
        self._note(data, "> ")
        self._socket.sendto(data, destination)

    def _note(self, data, direction=""):
        """Puts a datagram into its Call-ID's flow; what comes again, byte for byte, is a retransmission."""
        start, _, rest = data.partition(b"\r\n")
        call_id = rest.lower().partition(b"\r\ncall-id:")[2].partition(b"\r\n")[0].strip().decode(errors="replace")
        method = rest.partition(b"\r\nCSeq:")[2].partition(b"\r\n")[0].decode(errors="replace").split()[-1:]
        words = start.decode(errors="replace").split()
        name = f"{words[1]} {''.join(method)}" if words[:1] == ["SIP/2.0"] else "".join(words[:1])
        with self._lock:
            self._wire[call_id].setdefault((direction, data), direction + name)

    # What came

    def _receive(self, data, source):
        self.datagrams += 1
        self._note(data)
        try:
            message = SIPMessage.parse(data)
            if not message.is_request:
                self._answer_came(message)
                return
            handler = {"INVITE": self._invite, "ACK": self._ack, "CANCEL": self._cancel, "BYE": self._bye,
                       "OPTIONS": self._options}
            if message.method not in handler:
                self._fault(f"unexpected {message.start}")
                return
            if message.method != "ACK" and message.get("max-forwards") is None:
                self._fault(f"no Max-Forwards in {message.start}")
            if not (message.branch or "").startswith("z9hG4bK"):
                self._fault(f"branch {message.branch!r} in {message.start}")
            handler[message.method](message, source)
        except Malformed as error:
            self._fault(f"malformed: {error}: {data[:200]!r}")

    def _options(self, message, source):
        """Whoever asks whether we are there (RFC 3261 §11.2): outside of calls alone."""
        if message.tag("to") is not None:
            self._fault(f"OPTIONS within a call that was not expected: {message.start}")
        self._reply(message, source, "200 OK")

    def _invite(self, message, source):
        self.invite_datagrams[message.call_id].append(time.monotonic())
        self.call_ids_by_number[message.to_user].add(message.call_id)
        self.branches_by_call_id[message.call_id].add(message.branch)
        dialog = self.dialogs.get(message.call_id)
        if dialog is not None:
            if dialog.invite.branch != message.branch:
                self._fault(f"a second INVITE for Call-ID {message.call_id} ({message.to_user})")
            elif dialog.final is not None and dialog.final_status >= 300:
                self._send(dialog.final, source)
            return
        if len(self.call_ids_by_number[message.to_user]) > 1:
            self._fault(f"{message.to_user} was dialled twice: {self.call_ids_by_number[message.to_user]}")
        if message.audio_port is None:
            self._fault(f"no audio in the offer to {message.to_user}")
        if message.get("contact") is None:
            self._fault(f"no Contact in {message.start}")
        person = self.decide(message.to_user)
        if person is None:
            return  # never says a word
        dialog = Dialog(message, source, person, tag=f"far{next(self._order)}", remote_cseq=message.cseq[0])
        self.dialogs[message.call_id] = dialog
        self._respond(dialog, message, "100 Trying", tag=False)
        if person.rings is not None:
            self._after(person.rings, lambda: self._ring(dialog))

    def _ring(self, dialog):
        if dialog.state != "proceeding":
            return
        if dialog.person.progress is not None:
            self._send(self._response(dialog, dialog.invite, "183 Session Progress",
                                      *self._described(dialog.person.progress)), dialog.source)
        elif dialog.person.alerts and (dialog.person.refuses is None or dialog.person.answers):
            self._respond(dialog, dialog.invite, "180 Ringing")
        if dialog.person.answers is not None:
            self._once(dialog.person, dialog.person.answers, lambda: self._decide_now(dialog))

    def _once(self, person, seconds, action):
        """After so many seconds, which run from the event that the person waits for."""
        if person.once is None or person.once.is_set():
            self._after(seconds, action)
        else:
            self._after(0.05, lambda: self._once(person, seconds, action))

    def _decide_now(self, dialog):
        if dialog.state != "proceeding":
            return
        if dialog.person.refuses:
            self._finally(dialog, dialog.person.refuses)
        elif dialog.person.answer is not None:
            self._finally(dialog, "200 OK", *self._described(dialog.person.answer))
        else:
            formats, events = ("0 101", "a=rtpmap:101 telephone-event/8000\r\n") if self.takes_events else ("0", "")
            body = (f"v=0\r\no=far 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                    f"m=audio {self.media_port} RTP/AVP {formats}\r\na=rtpmap:0 PCMU/8000\r\n"
                    f"{events}a=ptime:20\r\n").encode()
            self._finally(dialog, "200 OK", body)

    def _described(self, what):
        """Body and Content-Type."""
        kind, body = ("application/sdp", what.encode()) if isinstance(what, str) else what
        return body.replace(b"PORT", str(self.media_port).encode()), kind

    def _finally(self, dialog, status, body=b"", kind="application/sdp"):
        dialog.final_status = int(status[:3])
        dialog.state = "answered" if dialog.final_status < 300 else "refused"
        dialog.final = self._response(dialog, dialog.invite, status, body, kind)
        dialog.deadline = time.monotonic() + self.patience
        self._send_final(dialog, self.t1)

    def _send_final(self, dialog, interval):
        if dialog.acknowledged:
            return
        if time.monotonic() > dialog.deadline:
            self._fault(f"no ACK for the {dialog.final_status} to {dialog.invite.to_user}")
            if dialog.state == "answered":
                self._hang_up(dialog)  # RFC 3261 §13.3.1.4
            return
        self._send(dialog.final, dialog.source)
        self._after(interval, lambda: self._send_final(dialog, min(interval * 2, 4.0)))

    def _ack(self, message, source):
        dialog = self.dialogs.get(message.call_id)
        if dialog is None or dialog.final is None:
            self._fault(f"ACK for nothing: {message.start} {message.call_id}")
            return
        dialog.acks += 1
        if message.tag("to") != dialog.tag or message.tag("from") != dialog.invite.tag("from"):
            self._fault(f"ACK with other tags: {message.get('to')!r}, {message.get('from')!r}")
        if message.cseq[0] != dialog.invite.cseq[0]:
            self._fault(f"ACK with CSeq {message.get('cseq')!r} for INVITE {dialog.invite.get('cseq')!r}")
        if dialog.final_status >= 300:
            if message.branch != dialog.invite.branch:
                self._fault("ACK for a refusal has a branch of its own (RFC 3261 §17.1.1.3)")
            if message.uri != dialog.invite.uri:
                self._fault("ACK for a refusal has another Request-URI (RFC 3261 §17.1.1.3)")
        else:
            if message.branch == dialog.invite.branch:
                self._fault("ACK for a 200 has the INVITE's branch (RFC 3261 §13.2.2.4)")
            if message.uri != self.contact:
                self._fault(f"ACK for a 200 goes to {message.uri}, not to the Contact {self.contact}")
        first = not dialog.acknowledged
        dialog.acknowledged = True
        if first and dialog.state == "answered":
            dialog.answered_at = time.monotonic()
            self._speak(dialog, 0)
            if dialog.person.presses_when_heard:
                dialog.presses_left = dialog.person.presses
                self._listeners[dialog.invite.audio_port] = dialog
            for index, key in enumerate("" if dialog.person.presses_when_heard else dialog.person.presses):
                seconds = dialog.person.presses_after + dialog.person.presses_every * index
                self._after(seconds, lambda s=seconds, k=key: self._press(dialog, s, k, 0))
            if self.dead_line is not None:
                self._supervise(dialog)
        if first and dialog.state == "answered" and dialog.person.hangs_up is not None:
            self._once(dialog.person, dialog.person.hangs_up, lambda: self._hang_up(dialog))

    def _speak(self, dialog, number):
        if number >= dialog.person.speaks or dialog.state != "answered":
            return
        payload = b"\xff" * 160 if dialog.person.tone is None else tone_frame(dialog.person.tone, number)
        self._send_rtp(dialog, 0x80 if number == 0 else 0, 160 * number, payload)
        # By the clock and not by the last packet, so that speech is as long as it should be however late one leaves.
        due = dialog.answered_at + 0.02 * (number + 1)
        self._after(max(0.0, due - time.monotonic()), lambda: self._speak(dialog, number + 1))

    def _press(self, dialog, seconds, key, step):
        """One packet of a key's event: five while it is held, then three that end it (RFC 4733 §2.5.1)."""
        if dialog.state != "answered":
            return
        is_end = step >= 5
        duration = 160 * min(step + 1, 5)
        event = struct.pack("!BBH", "0123456789*#".index(key), (0x80 if is_end else 0) | 10, duration)
        self._send_rtp(dialog, 101 | (0x80 if step == 0 else 0), int(8000 * seconds), event)
        if step < 7:
            self._after(0.0 if is_end else 0.02, lambda: self._press(dialog, seconds, key, step + 1))

    def _send_rtp(self, dialog, kind, timestamp, payload):
        """Speech and keys share one space of sequence numbers (RFC 4733 §2.6.1)."""
        header = struct.pack("!BBHII", 0x80, kind, dialog.rtp_sequence & 0xFFFF, timestamp, 7)
        dialog.rtp_sequence += 1
        self._media.sendto(header + payload, ("127.0.0.1", dialog.invite.audio_port))

    def _cancel(self, message, source):
        dialog = self.dialogs.get(message.call_id)
        if dialog is None or dialog.invite.branch != message.branch:
            self._reply(message, source, "481 Call/Transaction Does Not Exist")
            return
        if message.uri != dialog.invite.uri or message.cseq[0] != dialog.invite.cseq[0] or message.tag("to"):
            self._fault(f"CANCEL does not repeat its INVITE (RFC 3261 §9.1): {message.start} {message.get('cseq')}")
        dialog.told_at = dialog.told_at or time.monotonic()
        if dialog.person.answers_when_cancelled and dialog.state == "proceeding":
            self._decide_now(dialog)
        self._respond(dialog, message, "200 OK")
        if dialog.state == "proceeding":
            dialog.ended_by = "cancel"
            self._finally(dialog, "487 Request Terminated")
            dialog.state = "canceled"

    def _bye(self, message, source):
        dialog = self.dialogs.get(message.call_id)
        if dialog is None or message.tag("to") != dialog.tag or message.tag("from") != dialog.invite.tag("from"):
            self._fault(f"BYE for nobody: {message.call_id} {message.get('to')!r}")
            self._reply(message, source, "481 Call/Transaction Does Not Exist")
            return
        dialog.told_at = dialog.told_at or time.monotonic()
        if message.branch in dialog.answered_requests:
            self._send(dialog.answered_requests[message.branch], source)
            return
        if dialog.bye_received:
            # A caller that was killed cannot know whether its BYE arrived: another one is no fault then.
            if not self.caller_may_crash:
                self._fault(f"a second BYE for {message.call_id}")
            self._reply(message, source, "481 Call/Transaction Does Not Exist")
            return
        if dialog.final_status is None or dialog.final_status >= 300:
            if not self.caller_may_crash:
                self._fault(f"BYE for a call that was not answered: {message.call_id}")
            if dialog.final_status is not None:
                self._reply(message, source, "481 Call/Transaction Does Not Exist")
                return
            # RFC 3261 §15: the caller may end an early dialog with BYE; the INVITE then ends with 487 (§15.1.2).
            response = self._response(dialog, message, "200 OK")
            dialog.answered_requests[message.branch] = response
            self._send(response, source)
            dialog.ended_by = "BYE in the early dialog"
            self._finally(dialog, "487 Request Terminated")
            dialog.state = "canceled"
            return
        if message.cseq[0] <= dialog.remote_cseq:
            self._fault(f"BYE with CSeq {message.cseq[0]} after {dialog.remote_cseq}")
        if message.uri != self.contact:
            self._fault(f"BYE goes to {message.uri}, not to the Contact {self.contact}")
        dialog.bye_received = True
        # After a crash the BYE may come first; the 200 is sent again until its ACK comes all the same.
        if not dialog.acknowledged and not self.caller_may_crash:
            self._fault(f"BYE before the ACK of {message.call_id}")
        dialog.ended_by = dialog.ended_by or "caller"
        dialog.state = "ended"
        response = self._response(dialog, message, "200 OK")
        dialog.answered_requests[message.branch] = response
        self._send(response, source)

    # What it says

    @property
    def contact(self):
        return f"sip:far@127.0.0.1:{self.port}"

    def _response(self, dialog, request, status, body=b"", kind="application/sdp", tag=True):
        to = request.get("to")
        if tag and request.tag("to") is None:
            to += f";tag={dialog.tag}"
        lines = [f"SIP/2.0 {status}", *(f"Via: {via}" for via in request.all("via")), f"From: {request.get('from')}",
                 f"To: {to}", f"Call-ID: {request.call_id}", f"CSeq: {request.get('cseq')}"]
        if request.method == "INVITE":
            # RFC 3261 §12.1.1: who asked to stay in the route is told back.
            lines += [f"Record-Route: {route}" for route in request.all("record-route")]
            lines.append(f"Contact: <{self.contact}>")
        if body and kind is not None:
            lines.append(f"Content-Type: {kind}")
        lines += [f"Content-Length: {len(body)}", "", ""]
        return "\r\n".join(lines).encode() + body

    def offer_again(self, dialog, what, method="INVITE"):
        """Sends a re-INVITE or UPDATE in the dialog and returns its final answer, acknowledged (RFC 3261 §14.1)."""
        body, kind = self._described(what)
        with self._lock:
            dialog.own_cseq += 1
            dialog.reoffer_answer = None
            dialog.reoffer = self._request(dialog, method, dialog.own_cseq, body, kind)
            self._send(dialog.reoffer, dialog.source)
        eventually(lambda: dialog.reoffer_answer, 10, f"the {method} is answered")
        return dialog.reoffer_answer

    def heard(self, dialog):
        """When the caller's media came last; 0 where none has come."""
        return self._heard.get(dialog.invite.audio_port, 0)

    def _request(self, dialog, method, cseq, body=b"", kind="application/sdp", branch=None):
        invite = dialog.invite
        target = invite.get("contact").partition("<")[2].partition(">")[0] or invite.get("contact")
        lines = [f"{method} {target} SIP/2.0",
                 f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{branch or f'{method}{cseq}{dialog.tag}'}",
                 f"From: {invite.get('to')};tag={dialog.tag}", f"To: {invite.get('from')}",
                 f"Call-ID: {invite.call_id}", f"CSeq: {cseq} {method}", "Max-Forwards: 70",
                 f"Contact: <{self.contact}>", *(f"Route: {route}" for route in invite.all("record-route"))]
        if body and kind is not None:
            lines.append(f"Content-Type: {kind}")
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body

    def _reoffer_answered(self, dialog, message):
        if message.status < 200:
            return
        if message.cseq[1] == "INVITE":
            # That of a 2xx is a request of its own, that of a refusal belongs to the INVITE (RFC 3261 §13.2.2.4, §17.1.1.3).
            branch = f"INVITE{message.cseq[0]}{dialog.tag}" if message.status >= 300 else f"ack{message.cseq[0]}{dialog.tag}"
            self._send(self._request(dialog, "ACK", message.cseq[0], branch=branch), dialog.source)
        dialog.reoffer_answer = dialog.reoffer_answer or message

    def _respond(self, dialog, request, status, tag=True):
        self._send(self._response(dialog, request, status, tag=tag), dialog.source)

    def _reply(self, request, source, status):
        stranger = Dialog(request, source, Person(), tag="stranger")
        self._send(self._response(stranger, request, status), source)

    def _hang_up(self, dialog):
        if dialog.state != "answered" or dialog.bye_sent:
            return
        dialog.bye_sent = True
        invite = dialog.invite
        target = invite.get("contact").partition("<")[2].partition(">")[0] or invite.get("contact")
        lines = [f"BYE {target} SIP/2.0", f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bKbye{dialog.tag}",
                 f"From: {invite.get('to')};tag={dialog.tag}", f"To: {invite.get('from')}",
                 f"Call-ID: {invite.call_id}", f"CSeq: {dialog.own_cseq + 1} BYE", "Max-Forwards: 70",
                 # A callee's route set is Record-Route as it came (RFC 3261 §12.1.1).
                 *(f"Route: {route}" for route in invite.all("record-route")), "Content-Length: 0", "", ""]
        data = "\r\n".join(lines).encode()
        deadline = time.monotonic() + 64 * self.t1

        def again(interval):
            if dialog.bye_answered:
                return
            if time.monotonic() > deadline:
                dialog.state = "ended"  # RFC 3261 §15.1.1: no answer ends the session too
                dialog.ended_by = dialog.ended_by or "far end, unanswered"
                return
            self._send(data, dialog.source)
            self._after(interval, lambda: again(min(interval * 2, 4.0)))

        again(self.t1)

    def end(self, dialog):
        """Ends what its caller has left open, as a carrier does in the end."""
        with self._lock:
            if dialog.state == "answered":
                self._hang_up(dialog)
            elif dialog.state == "proceeding":
                self._finally(dialog, "480 Temporarily Unavailable")

    def _answer_came(self, message):
        dialog = self.dialogs.get(message.call_id)
        if dialog is not None and dialog.reoffer and message.cseq[1] in ("INVITE", "UPDATE"):
            self._reoffer_answered(dialog, message)
            return
        if dialog is None or message.cseq[1] != "BYE" or not dialog.bye_sent:
            self._fault(f"a response to nothing: {message.start} {message.get('cseq')}")
            return
        if message.status >= 200:
            dialog.bye_answered = True
            dialog.state = "ended"
            dialog.ended_by = dialog.ended_by or "far end"

    # What it can tell

    def open_dialogs(self):
        with self._lock:
            return [d for d in self.dialogs.values() if d.is_open or (d.final is not None and not d.acknowledged)]

    def wait_until_quiet(self, seconds, but=()):
        """`but`: numbers whose calls may go on."""
        eventually(lambda: not [d for d in self.open_dialogs() if d.invite.to_user not in but], seconds,
                   lambda: "no dialog open at the far end; open: "
                   + str([(d.invite.to_user, d.state, d.acknowledged) for d in self.open_dialogs()]))

    def flow(self, number):
        """What was on the wire for this number, in order: `INVITE`, `> 180 INVITE`, …; what it sent itself has a >."""
        with self._lock:
            [call_id] = self.call_ids_by_number[number]
            return self.flow_of(call_id)

    def flow_of(self, call_id):
        return list(self._wire[call_id.lower()].values())

    def dialogs_of(self, number):
        with self._lock:
            return [d for d in self.dialogs.values() if d.invite.to_user == number]

    def close(self):
        self._stopping = True
        self._thread.join(5)
        self._socket.close()
        self._media.close()
