"""A caller that writes its INVITE byte for byte as the test wants it, and otherwise keeps RFC 3261's rules."""

import re
import secrets
import socket

from . import ports
from .sip import SIPMessage


class Caller:
    """A network's switch at `host`, calling `server` (anything with `sip`). Answers nothing but what is asked of it."""

    def __init__(self, server, host="127.0.0.1", port=0):
        self.server = server
        self.host = host
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, port))
        self.socket.settimeout(5)
        self.port = self.socket.getsockname()[1]
        self.media = ports.media_socket(host)
        self.trunk = f"sip:{host}:{self.port}"
        self._invite()

    def _invite(self):
        self.call_id, self.tag, self.branch = (secrets.token_hex(8) for _ in range(3))
        self.answer, self.uri, self.frm, self.uri_called = None, None, None, None
        self.routes = []

    @property
    def sdp(self):
        return (f"v=0\r\no=- 1 1 IN IP4 {self.host}\r\ns=-\r\nc=IN IP4 {self.host}\r\nt=0 0\r\n"
                f"m=audio {self.media.getsockname()[1]} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n")

    def request(self, method, branch, cseq, headers=(), body="", to_tag=""):
        address = "%s:%d" % self.server.sip
        uri = self.uri or f"sip:+13125550100@{address}"
        lines = [f"{method} {uri} SIP/2.0",
                 f"Via: SIP/2.0/UDP {self.host}:{self.port};branch=z9hG4bK{branch};rport", "Max-Forwards: 70",
                 f"From: {self.frm or f'<sip:+13125550142@{self.host}>'};tag={self.tag}",
                 f"To: <{self.uri_called or uri}>{to_tag}", f"Call-ID: {self.call_id}", f"CSeq: {cseq} {method}",
                 f"Contact: <sip:caller@{self.host}:{self.port}>", *(f"Route: {route}" for route in self.routes), *headers]
        if body:
            lines.append("Content-Type: application/sdp")
        lines += [f"Content-Length: {len(body.encode())}", "", body]
        self.socket.sendto("\r\n".join(lines).encode(), self.server.sip)

    def ask(self, method="OPTIONS"):
        """A request outside of calls; its answer, or None where there is none within a moment."""
        self._invite()
        self.request(method, self.branch, 1)
        self.socket.settimeout(0.5)
        try:
            return SIPMessage.parse(self.socket.recv(65535))
        except TimeoutError:
            return None
        finally:
            self.socket.settimeout(5)

    def call(self, uri=None, frm=None, to=None, headers=()):
        """Sends an INVITE and returns its final answer, acknowledged (RFC 3261 §17.1.1.3, §13.2.2.4)."""
        self._invite()
        self.uri, self.frm, self.uri_called = uri, frm, to or uri
        self.request("INVITE", self.branch, 1, headers, self.sdp)
        while True:
            answer = SIPMessage.parse(self.socket.recv(65535))
            if answer.call_id != self.call_id or answer.is_request or answer.status < 200:
                continue
            self.answer = answer
            branch = self.branch if answer.status >= 300 else secrets.token_hex(8)
            if answer.status < 300:
                self.uri = re.search(r"<([^>]+)>", answer.get("contact")).group(1)
                # A caller's route set is Record-Route backwards (RFC 3261 §12.1.2).
                self.routes = answer.all("record-route")[::-1]
            self.request("ACK", branch, 1, to_tag=f";tag={answer.tag('to')}")
            return answer

    def hang_up(self):
        self.request("BYE", secrets.token_hex(8), 2, to_tag=f";tag={self.answer.tag('to')}")
        while True:
            answer = SIPMessage.parse(self.socket.recv(65535))
            if answer.call_id == self.call_id and not answer.is_request and answer.cseq[1] == "BYE":
                return answer.status

    def cancel(self, uri=None):
        """An INVITE that is given up once it rings; the INVITE's final answer (RFC 3261 §9)."""
        self._invite()
        self.uri = self.uri_called = uri
        self.request("INVITE", self.branch, 1, body=self.sdp)
        while True:
            answer = SIPMessage.parse(self.socket.recv(65535))
            if answer.cseq[1] != "INVITE":
                continue
            if answer.status == 180:
                self.request("CANCEL", self.branch, 1)
            elif answer.status >= 200:
                self.request("ACK", self.branch, 1, to_tag=f";tag={answer.tag('to')}")
                return answer

    def hung_up(self):
        """Waits for the other side's BYE and answers it."""
        while True:
            request, source = self._request()
            if request.method == "BYE" and request.call_id == self.call_id:
                self._answer(request, source, "200 OK")
                return request

    def refuses(self, uri, status="486 Busy Here"):
        """Waits for an INVITE to `uri` and refuses it; returns where it came from."""
        while True:
            request, source = self._request()
            if request.method == "INVITE" and request.uri == uri:
                self._answer(request, source, status)
                return source

    def _request(self):
        while True:
            data, source = self.socket.recvfrom(65535)
            message = SIPMessage.parse(data)
            if message.is_request:
                return message, source

    def _answer(self, request, source, status):
        to = request.get("to") if request.tag("to") else f"{request.get('to')};tag={self.tag}"
        lines = [f"SIP/2.0 {status}", *(f"Via: {via}" for via in request.all("via")), f"From: {request.get('from')}",
                 f"To: {to}", f"Call-ID: {request.call_id}", f"CSeq: {request.get('cseq')}", "Content-Length: 0", "", ""]
        self.socket.sendto("\r\n".join(lines).encode(), source)

    def close(self):
        self.socket.close()
        self.media.close()
