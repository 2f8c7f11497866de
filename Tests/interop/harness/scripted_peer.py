"""A SIP peer that says just what a test tells it to, also what no decent peer would."""

import hashlib
import re
import secrets
import socket

from . import ports
from .sip import SIPMessage

SDP = ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n"
       "a=rtpmap:0 PCMU/8000\r\n")


class ScriptedPeer:
    """One UDP socket on loopback; its SDP agrees to no telephone-event."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.trunk = f"sip:127.0.0.1:{self.port}"
        self.media = ports.media_socket()
        self.cseq = 0

    def close(self):
        self.socket.close()
        self.media.close()

    @property
    def description(self):
        return SDP.format(port=self.media.getsockname()[1])

    def expect(self, method, seconds=20, of=None):
        """The next message of that method, or of that status; others are passed over (retransmissions, 100, …)."""
        self.socket.settimeout(seconds)
        seen = []
        while True:
            try:
                data, source = self.socket.recvfrom(65535)
            except TimeoutError:
                raise AssertionError(f"no {method} within {seconds} s; there came {seen}") from None
            message = SIPMessage.parse(data)
            name = message.method if message.is_request else str(message.status)
            if name == str(method) and (of is None or message.cseq[1] == of):
                message.raw, message.source = data, source
                return message
            seen.append(message.start)

    def arrived(self):
        """Methods and statuses of all that has come and that nobody has expected."""
        names = []
        self.socket.setblocking(False)
        while True:
            try:
                message = SIPMessage.parse(self.socket.recv(65535))
            except BlockingIOError:
                return names
            names.append(message.method if message.is_request else str(message.status))

    def respond(self, request, status, tag="far", headers=(), body="", contact=True, change=lambda data: data):
        to = request.get("to")
        lines = [f"SIP/2.0 {status}"] + [f"Via: {via}" for via in request.all("via")]
        lines += [f"From: {request.get('from')}", f"To: {to}" + ("" if "tag=" in to or not tag else f";tag={tag}")]
        lines += [f"Call-ID: {request.call_id}", f"CSeq: {request.get('cseq')}"]
        if contact:
            lines.append("Contact: " + (f"<sip:far@127.0.0.1:{self.port}>" if contact is True else contact))
        lines += list(headers)
        if body:
            lines.append("Content-Type: application/sdp")
        lines.append(f"Content-Length: {len(body)}")
        self.socket.sendto(change(("\r\n".join(lines) + "\r\n\r\n" + body).encode()), request.source)

    def request(self, method, invite, tag="far", body="", content_type=None):
        """A request inside the dialog that `invite` and the tag made."""
        self.cseq += 1
        target = re.search(r"<([^>]+)>", invite.get("contact")).group(1)
        lines = [f"{method} {target} SIP/2.0",
                 f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{secrets.token_hex(8)}", "Max-Forwards: 70",
                 f"From: {invite.get('to')};tag={tag}", f"To: {invite.get('from')}", f"Call-ID: {invite.call_id}",
                 f"CSeq: {self.cseq} {method}"]
        if content_type:
            lines.append(f"Content-Type: {content_type}")
        lines.append(f"Content-Length: {len(body)}")
        self.socket.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode(), invite.source)


def parameters(value):
    """`a="b", c=d` as a dictionary."""
    pairs = re.findall(r'(\w+)=(?:"((?:\\.|[^"])*)"|([^,\s]+))', value)
    return {name.lower(): quoted or plain for name, quoted, plain in pairs}


def is_answer(message, header, realm, nonce, username, password):
    """Whether the message answers that challenge by RFC 7616 §3.4.1, its body with it where it says auth-int, or by
    RFC 2069 where it has no qop."""
    for value in message.all(header):
        given = parameters(value)
        if given.get("realm") != realm or given.get("nonce") != nonce:
            continue
        algorithm = given.get("algorithm", "MD5").upper()
        name = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}[algorithm.removesuffix("-SESS")]

        def hashed(text, name=name):
            return hashlib.new(name, text if isinstance(text, bytes) else text.encode()).hexdigest()

        first = hashed(f"{username}:{realm}:{password}")
        if algorithm.endswith("-SESS"):
            first = hashed(f"{first}:{nonce}:{given['cnonce']}")
        quality = given.get("qop")
        second = hashed(f"{message.method}:{given['uri']}"
                        + (f":{hashed(message.body)}" if quality == "auth-int" else ""))
        middle = f"{nonce}:{given['nc']}:{given['cnonce']}:{quality}" if quality else nonce
        return given["response"] == hashed(f"{first}:{middle}:{second}")
    return False
