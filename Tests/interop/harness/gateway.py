"""A far end whose media goes where a test says: one call, described and described anew, and RTP ports that send and
count. It keeps to RFC 3261 and RFC 3264; what it does with RTP is the test's affair."""

import queue
import re
import socket
import struct
import threading
import time

from . import ports
from .sip import SIPMessage
from .waiting import eventually

KEYS = "0123456789*#ABCD"
SILENCE = b"\xff" * 160


class RTPPort:
    """Sends a packet each 20 ms while it is told to, and keeps what comes: (payload type, payload)."""

    def __init__(self):
        self.socket = ports.media_socket()
        self.port = self.socket.getsockname()[1]
        self.heard = []
        self.target = None
        self.ssrc, self.sequence, self.timestamp = 0x1000 + self.port, 7000, 160_000
        self.payload_type = 0
        self._speaking = threading.Event()
        self._closing = False
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._listen, self._speak)]
        for thread in self._threads:
            thread.start()

    def _listen(self):
        self.socket.settimeout(0.1)
        while not self._closing:
            try:
                packet = self.socket.recv(2048)
            except TimeoutError:
                continue
            if len(packet) >= 12 and not 192 <= packet[1] <= 223:
                self.heard.append((packet[1] & 127, packet[12:]))

    def _speak(self):
        due = time.monotonic()
        while not self._closing:
            if not self._speaking.wait(0.1):
                due = time.monotonic()
                continue
            with self._lock:
                if self._speaking.is_set():
                    self.send(SILENCE)
                    self.timestamp += 160
            due = max(due + 0.02, time.monotonic() - 0.1)
            time.sleep(max(0.0, due - time.monotonic()))

    def send(self, payload, payload_type=None, marked=False, timestamp=None, ssrc=None):
        kind = (self.payload_type if payload_type is None else payload_type) | (0x80 if marked else 0)
        when = (self.timestamp if timestamp is None else timestamp) & 0xFFFFFFFF
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.socket.sendto(struct.pack("!BBHII", 0x80, kind, self.sequence, when, ssrc or self.ssrc) + payload,
                           self.target)

    def speak(self, target):
        self.target = target
        self._speaking.set()

    def stop(self):
        with self._lock:
            self._speaking.clear()

    def press(self, key, payload_type=101, timestamp=None, step=0, marks=True, ends=3, ssrc=None):
        """A key for 100 ms: its packets by the clock, then its ends; speech pauses meanwhile (RFC 4733 §2.5.1)."""
        was_speaking = self._speaking.is_set()
        self.stop()
        start = self.timestamp if timestamp is None else timestamp
        for number in range(5):
            event = struct.pack("!BBH", KEYS.index(key), 10, 160 * (number + 1))
            self.send(event, payload_type, marks and number == 0, start + step * number, ssrc)
            time.sleep(0.02)
        for number in range(5, 5 + ends):
            event = struct.pack("!BBH", KEYS.index(key), 0x8A, 160 * 6)
            self.send(event, payload_type, False, start + step * number, ssrc)
        self.timestamp += 160 * 8
        if was_speaking:
            self._speaking.set()

    def hears(self, packets, seconds=10):
        """Waits until so many more audio packets have come."""
        start = len(self.heard)
        eventually(lambda: len(self.heard) >= start + packets, seconds,
                   lambda: f"{packets} packets at port {self.port}; {len(self.heard) - start} came")

    def close(self):
        self._closing = True
        self._speaking.clear()
        for thread in self._threads:
            thread.join(2)
        self.socket.close()


class Gateway:
    """Takes one call of the server's; answers its BYE by itself, when `answers_bye`."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.trunk = f"sip:127.0.0.1:{self.port}"
        self.invite = None
        self.byes = 0
        self._came = queue.Queue()
        self._ports = []
        self._cseq = 0
        self._version = 0
        self._closing = False
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def _receive(self):
        self.socket.settimeout(0.1)
        while not self._closing:
            try:
                data, self.source = self.socket.recvfrom(65535)
            except TimeoutError:
                continue
            message = SIPMessage.parse(data)
            if message.is_request and message.method == "BYE":
                self.byes += 1
                self._respond(message, "200 OK")
            elif not (message.is_request and message.method == "INVITE" and self.invite):
                self._came.put(message)

    def _wait(self, matches, what, seconds=10):
        deadline = time.monotonic() + seconds
        while True:
            try:
                message = self._came.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {what} came") from None
            if matches(message):
                return message

    def rtp(self):
        port = RTPPort()
        self._ports.append(port)
        return port

    def describe(self, port, direction="sendrecv", events=101, address="127.0.0.1"):
        """Without a port the stream is removed (RFC 3264 §8.2)."""
        self._version += 1
        return (f"v=0\r\no=gateway 1 {self._version} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n"
                f"m=audio {port.port if port else 0} RTP/AVP 0 {events}\r\na=rtpmap:0 PCMU/8000\r\n"
                f"a=rtpmap:{events} telephone-event/8000\r\na=fmtp:{events} 0-15\r\na={direction}\r\n").encode()

    # One call

    def ring(self, description=None):
        """Takes the INVITE; with a description the ringing has media (183)."""
        self.invite = self._wait(lambda m: m.is_request and m.method == "INVITE", "INVITE")
        self._respond(self.invite, "183 Session Progress" if description else "180 Ringing", description or b"")

    def answer(self, description):
        if self.invite is None:
            self.ring()
        self._respond(self.invite, "200 OK", description)
        self._wait(lambda m: m.is_request and m.method == "ACK", "ACK")

    @property
    def theirs(self):
        """Where the server listens."""
        return "127.0.0.1", self.invite.audio_port

    def describe_anew(self, description, method="INVITE"):
        """A re-INVITE or UPDATE; returns the answer to it."""
        self._cseq += 1
        self._request(method, self._cseq, description)
        answer = self._wait(lambda m: not m.is_request and m.cseq == (self._cseq, method) and m.status >= 200,
                            f"answer to {method}")
        assert answer.status == 200, answer.start
        if method == "INVITE":
            self._request("ACK", self._cseq)
        return answer

    def _request(self, method, number, body=b""):
        target = re.search(r"<([^>]+)>", self.invite.get("contact")).group(1)
        lines = [f"{method} {target} SIP/2.0",
                 f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{method}{number}", "Max-Forwards: 70",
                 f"From: {self.invite.get('to')};tag=gateway", f"To: {self.invite.get('from')}",
                 f"Call-ID: {self.invite.call_id}", f"CSeq: {number} {method}",
                 f"Contact: <sip:gateway@127.0.0.1:{self.port}>"]
        self._send(lines, body, self.source)

    def _respond(self, request, status, body=b""):
        to = request.get("to") + ("" if request.tag("to") else ";tag=gateway")
        lines = [f"SIP/2.0 {status}", *(f"Via: {via}" for via in request.all("via")), f"From: {request.get('from')}",
                 f"To: {to}", f"Call-ID: {request.call_id}", f"CSeq: {request.get('cseq')}",
                 f"Contact: <sip:gateway@127.0.0.1:{self.port}>"]
        self._send(lines, body, self.source)

    def _send(self, lines, body, destination):
        if body:
            lines.append("Content-Type: application/sdp")
        lines += [f"Content-Length: {len(body)}", "", ""]
        self.socket.sendto("\r\n".join(lines).encode() + body, destination)

    def close(self):
        self._closing = True
        for port in self._ports:
            port.close()
        self._thread.join(2)
        self.socket.close()
