"""Just enough of SIP to be strict about it: parse a message, refuse one that is not well formed."""

import re
from dataclasses import dataclass

COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length",
           "c": "content-type", "k": "supported"}


class Malformed(Exception):
    pass


@dataclass
class SIPMessage:
    start: str
    headers: list
    body: bytes

    @classmethod
    def parse(cls, data):
        head, separator, body = data.partition(b"\r\n\r\n")
        if not separator:
            raise Malformed("no empty line after the header fields")
        try:
            lines = head.decode("utf-8").split("\r\n")
        except UnicodeDecodeError as error:
            raise Malformed(f"not UTF-8: {error}") from None
        headers = []
        for line in lines[1:]:
            if line[:1] in (" ", "\t") and headers:
                headers[-1] = (headers[-1][0], headers[-1][1] + " " + line.strip())
                continue
            name, colon, value = line.partition(":")
            if not colon or not re.fullmatch(r"[A-Za-z0-9\-.!%*_+`'~]+", name.strip()):
                raise Malformed(f"header line {line!r}")
            name = name.strip().lower()
            headers.append((COMPACT.get(name, name), value.strip()))
        message = cls(lines[0], headers, body)
        for required in ("via", "from", "to", "call-id", "cseq"):
            if len(message.all(required)) < 1 or (required != "via" and len(message.all(required)) > 1):
                raise Malformed(f"{len(message.all(required))} {required} in {lines[0]!r}")
        length = message.get("content-length")
        if length is None or not length.isdigit() or int(length) != len(body):
            raise Malformed(f"Content-Length {length!r} for a body of {len(body)} bytes in {lines[0]!r}")
        if message.is_request and message.cseq[1] != message.method:
            raise Malformed(f"CSeq {message.get('cseq')!r} in {lines[0]!r}")
        return message

    def all(self, name):
        return [value for key, value in self.headers if key == name]

    def get(self, name):
        return next((value for key, value in self.headers if key == name), None)

    @property
    def is_request(self):
        return not self.start.startswith("SIP/2.0 ")

    @property
    def method(self):
        return self.start.split(" ")[0]

    @property
    def uri(self):
        return self.start.split(" ")[1]

    @property
    def status(self):
        return int(self.start.split(" ")[1])

    @property
    def cseq(self):
        number, _, method = self.get("cseq").partition(" ")
        if not number.isdigit():
            raise Malformed(f"CSeq {self.get('cseq')!r}")
        return int(number), method.strip()

    @property
    def call_id(self):
        return self.get("call-id")

    @property
    def branch(self):
        match = re.search(r";\s*branch=([^;,\s]+)", self.get("via"))
        return match.group(1) if match else None

    def tag(self, header):
        match = re.search(r";\s*tag=([^;\s]+)", self.get(header).rpartition(">")[2] or self.get(header))
        return match.group(1) if match else None

    @property
    def to_user(self):
        match = re.search(r"sips?:([^@;>\s]+)@", self.get("to"))
        return match.group(1) if match else None

    @property
    def audio_port(self):
        match = re.search(rb"^m=audio (\d+) ", self.body, re.M)
        return int(match.group(1)) if match else None
