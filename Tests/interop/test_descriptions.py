"""Descriptions and bodies as gear in use writes them: an answered call is not thrown away for a trifle, and what cannot
be taken is refused before the answer, or leaves the call as it was. Media on real sockets is the judge."""

import contextlib
import re
import secrets
import socket
import threading
import time

import pytest

from harness import ports
from harness.far_end import Person
from harness.outcome import check_outcome
from harness.sip import SIPMessage
from harness.steps import application, place
from harness.waiting import eventually

WAIT = [{"Pause": {"length": 60000}}]
# A leading Pause would come before the answer.
ANSWER = [{"Say": {"text": "Hello"}}, *WAIT]
SDP = ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio PORT RTP/AVP 0 101\r\n"
       "a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n")
ISUP = "Content-Type: application/isup;version=itu-t92+\r\nContent-Disposition: signal;handling=%s\r\n\r\n\x01\x11\r\nH\0"


def mixed(*parts, boundary="b1", end=True):
    text = "preamble\r\n" + "".join(f"--{boundary}\r\n{part}\r\n" for part in parts)
    return (text + (f"--{boundary}--\r\nepilogue" if end else "")).encode()


PART = "Content-Type: application/sdp\r\n\r\n" + SDP

# RFC 8866 §5 and its ABNF, and what devices make of it; RFC 2046 §5.1, RFC 5621 §4 for bodies of several parts.
FORMS = {
    "as it should be": SDP,
    "LF alone": SDP.replace("\r\n", "\n"),
    "CR alone": SDP.replace("\r\n", "\r"),
    "blanks at the ends of lines": SDP.replace("\r\n", " \r\n"),
    "tabs": SDP.replace(" ", "\t"),
    "a blank in o='s user name": SDP.replace("o=-", "o=Sonus UAC"),
    "no o=": SDP.replace("o=- 1 1 IN IP4 127.0.0.1\r\n", ""),
    "no s= and t=": SDP.replace("s=-\r\n", "").replace("t=0 0\r\n", ""),
    "no v=": SDP.replace("v=0\r\n", ""),
    "numbers beyond 64 bits": SDP.replace("1 1", "18446744073709551616123 99999999999999999999999"),
    "trailing NUL": SDP + "\0",
    "BOM": "\ufeff" + SDP,
    "junk lines": SDP.replace("t=0 0", "garbage\r\nt=0 0\r\nx=1\r\n="),
    "IN ip4": SDP.replace("IN IP4", "IN ip4"),
    "rtp/avp": SDP.replace("RTP/AVP", "rtp/avp"),
    "RTP/AVPF": SDP.replace("RTP/AVP", "RTP/AVPF"),
    "dynamic number": SDP.replace("AVP 0", "AVP 96").replace("rtpmap:0", "rtpmap:96"),
    "PCMU/8000/1": SDP.replace("PCMU/8000", "PCMU/8000/1"),
    "video 0 as well": SDP + "m=video 0 RTP/AVP 31\r\n",
    "c= of the stream": SDP.replace("c=IN IP4 127.0.0.1\r\n", "") + "c=IN IP4 127.0.0.1\r\n",
    "c= with a TTL": SDP.replace("127.0.0.1\r\nt", "127.0.0.1/127\r\nt"),
    "c= of both families": SDP.replace("c=IN IP4", "c=IN IP6 ::1\r\nc=IN IP4"),
    "c= names a host": SDP.replace("c=IN IP4 127.0.0.1", "c=IN IP4 localhost"),
    "IPv4 written as IPv6": SDP.replace("c=IN IP4 127.0.0.1", "c=IN IP6 ::ffff:127.0.0.1"),
    "another case of the Content-Type": ("Application/SDP", SDP.encode()),
    "a parameter of the Content-Type": ("application/sdp ;charset=utf-8", SDP.encode()),
    "no Content-Type": (None, SDP.encode()),
    "SDP and ISUP": ("multipart/mixed;boundary=b1", mixed(PART, ISUP % "optional")),
    "ISUP and SDP": ('multipart/mixed; boundary="b1"', mixed(ISUP % "optional", PART)),
    "no last boundary": ("multipart/mixed;boundary=b1", mixed(ISUP % "optional", PART, end=False)),
    "LF between parts": ("multipart/mixed;boundary=b1", mixed(PART, "Content-Type: text/plain\r\n\r\nx").replace(b"\r\n", b"\n")),
    "nested": ("multipart/mixed;boundary=b1", mixed(
        ISUP % "optional",
        "Content-Type: multipart/alternative;boundary=b2\r\n\r\n" + mixed(PART, boundary="b2").decode())),
}


@pytest.fixture
def knows_no_name(endings):
    """The environment of a server whose name server knows no name at all (RFC 1035 §4.1.1, RCODE 3)."""
    names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    names.bind(("127.0.0.1", 0))

    def answer():
        with contextlib.suppress(OSError):
            while True:
                query, source = names.recvfrom(4096)
                # The question alone, without what EDNS adds to it.
                end = query.index(0, 12) + 5
                names.sendto(query[:2] + b"\x81\x83" + b"\0\1" + bytes(6) + query[12:end], source)

    threading.Thread(target=answer, daemon=True).start()
    endings.append(names.close)
    return {"BELAY_NAME_SERVERS": "127.0.0.1:%d" % names.getsockname()[1]}


def by_number(forms, digits="+1312555%04d"):
    return {digits % index: form for index, form in enumerate(forms.values(), 1000)}


def names(forms):
    return dict(zip(by_number(forms), forms))


def test_answers(belay, far_end, app):
    """Each form in a 200: media comes, and the call goes on."""
    forms = by_number(FORMS)
    far = far_end(decide=lambda number: Person(answer=forms[number]))
    server = belay(trunk=far.trunk)
    application_id = application(server, app, WAIT)
    calls = {number: server.rest.place(from_=server.number, to=number, applicationId=application_id) for number in forms}

    def silent():
        heard = {d.invite.to_user for d in far.dialogs.values() if far.heard(d) > d.answered_at > 0}
        return [name for number, name in names(FORMS).items() if number not in heard]

    eventually(lambda: not silent(), 15, lambda: f"media comes to all; not to {silent()}")
    for call in calls.values():
        assert server.rest.call(call)["status"] == "inProgress"
    for call in calls.values():
        assert server.rest.update(call, "completed").status == 202
    far.wait_until_quiet(15)


def test_answer_in_the_183(belay, far_end, app):
    """RFC 3261 §13.2.1: the 183 holds the answer, and the 200 nothing."""
    far = far_end(decide=lambda number: Person(progress=SDP, answers=0.2, answer=""))
    server = belay(trunk=far.trunk)
    call = place(server, app, WAIT)
    eventually(lambda: [d for d in far.dialogs.values() if far.heard(d) > d.answered_at > 0], 10, "media comes")
    assert server.rest.update(call, "completed").status == 202
    check_outcome(server, app, call, "completed", "appHangup")


@pytest.mark.parametrize("answer, words", [
    ("", "no SDP"), (SDP.replace("AVP 0", "AVP 18"), "no common codec"), (SDP.replace("PORT", "0"), "port 0"),
    (SDP.replace("RTP/AVP", "RTP/SAVP"), "RTP/SAVP"), (SDP.replace("c=IN IP4 127.0.0.1", "c=IN IP6 ::1"), "other version of IP"),
    (SDP.replace("c=IN IP4 127.0.0.1", "c=IN IP4 224.2.1.1"), "no address of one host"),
    (("text/plain", b"hello"), "no SDP"),
])
def test_answer_that_cannot_be_taken(belay, far_end, app, answer, words):
    """RFC 3261 §13.2.2.4: acknowledged, and ended with BYE; the reason says that it was not the far end."""
    far = far_end(decide=lambda number: Person(answer=answer))
    server = belay(trunk=far.trunk)
    call = place(server, app, WAIT)
    check_outcome(server, app, call, "failed", "failed", logged=[f"we hung up.*{words}"])
    [dialog] = far.dialogs.values()
    assert dialog.acknowledged and dialog.bye_received


def test_answer_names_a_host_that_is_none(belay, far_end, app, knows_no_name):
    """RFC 8866 §5.7: a name is looked up; where it has no address, the call is hung up by us and says so."""
    far = far_end(decide=lambda number: Person(answer=SDP.replace("c=IN IP4 127.0.0.1", "c=IN IP4 nobody.example")))
    server = belay(trunk=far.trunk, env=knows_no_name)
    call = place(server, app, WAIT)
    check_outcome(server, app, call, "completed", "failed", logged=["we hung up: c= names nobody.example"])


def test_later_offers(belay, far_end, app, knows_no_name):
    """RFC 3261 §14.2, RFC 3311 §5.2: what cannot be taken is 488 and leaves the call as it was; what can, moves it.
    RFC 3264 §8: streams keep their places, and o='s version rises by one with each change."""
    far = far_end(decide=lambda number: Person())
    server = belay(trunk=far.trunk, env=knows_no_name)
    call = place(server, app, WAIT)
    app.wait_for(call, "outDialApiConnect")
    [dialog] = far.dialogs.values()

    def version(message):
        return int(re.search(rb"^o=\S+ \d+ (\d+) ", message.body, re.M).group(1))

    def media_goes_on():
        now = time.monotonic()
        eventually(lambda: far.heard(dialog) > now, 5, "media goes on")

    first = version(dialog.invite)
    for method in ("INVITE", "UPDATE"):
        for offer, code in [
            (SDP.replace("c=IN IP4 127.0.0.1", "c=IN IP6 ::1"), 300), (SDP.replace("AVP 0", "AVP 18"), 305),
            (SDP.replace("c=IN IP4 127.0.0.1", "c=IN IP4 nobody.example"), 301), ("v=1\r\n", 399),
            (SDP.replace("RTP/AVP", "RTP/SAVP"), 302), (SDP.replace("PORT", "0") + "m=image 9 udptl t38\r\n", 304),
        ]:
            answer = far.offer_again(dialog, offer, method)
            assert answer.status == 488, (method, offer, answer.start)
            assert re.fullmatch(rf'{code} \S+ "[^"]+"', answer.get("warning")), answer.headers
            media_goes_on()
        insisting = far.offer_again(
            dialog, ("multipart/mixed;boundary=b1", mixed(PART, ISUP % "required")), method)
        assert insisting.status == 415 and "multipart/mixed" in insisting.get("accept"), insisting.start
    assert server.rest.call(call)["status"] == "inProgress"

    g729 = "m=audio 9 RTP/AVP 18\r\na=rtpmap:18 G729/8000\r\n"
    head, stream = SDP.split("m=audio")
    several = head + g729 + "m=video 9 RTP/AVP 96\r\n" + "m=audio" + stream
    answer = far.offer_again(dialog, several)
    ports = re.findall(rb"^m=(\w+) (\d+) ", answer.body, re.M)
    assert [(kind, port == b"0") for kind, port in ports] == [(b"audio", True), (b"video", True), (b"audio", False)], ports
    assert version(answer) == first + 1
    again = far.offer_again(dialog, several)
    assert again.body == answer.body
    late = far.offer_again(dialog, (None, b""))
    assert [kind for kind, _ in re.findall(rb"^m=(\w+) (\d+) ", late.body, re.M)] == [b"audio", b"video", b"audio"]
    assert version(late) == first + 2
    held = far.offer_again(dialog, several.replace("sendrecv", "sendonly"), "UPDATE")
    assert b"a=recvonly" in held.body
    named = far.offer_again(dialog, SDP.replace("c=IN IP4 127.0.0.1", "c=IN IP4 localhost"))
    assert named.status == 200
    media_goes_on()
    assert server.rest.update(call, "completed").status == 202
    check_outcome(server, app, call, "completed", "appHangup")


# Calls that come in

class Offerer:
    """Calls a number here, once for each offer, and hangs up at once where it is answered."""

    def __init__(self, server):
        self.server = server
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(10)
        self.media = ports.media_socket()
        self.media.settimeout(10)

    def offer(self, what):
        """The final answer; where it is 200, media has come."""
        kind, body = ("application/sdp", what.encode()) if isinstance(what, str) else what
        body = body.replace(b"PORT", str(self.media.getsockname()[1]).encode())
        call_id, branch, port = secrets.token_hex(8), secrets.token_hex(8), self.socket.getsockname()[1]
        uri = "sip:%s@%s:%d" % (self.server.number, *self.server.sip)

        def send(method, cseq, branch, body=b"", to_tag="", uri=uri):
            lines = [f"{method} {uri} SIP/2.0", f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{branch}",
                     "Max-Forwards: 70", "From: <sip:+13125550142@127.0.0.1>;tag=a", f"To: <{uri}>{to_tag}",
                     f"Call-ID: {call_id}", f"CSeq: {cseq} {method}", f"Contact: <sip:caller@127.0.0.1:{port}>"]
            if body and kind is not None:
                lines.append(f"Content-Type: {kind}")
            lines += [f"Content-Length: {len(body)}", "", ""]
            self.socket.sendto("\r\n".join(lines).encode() + body, self.server.sip)

        def answer(method):
            while True:
                message = SIPMessage.parse(self.socket.recv(65535))
                if message.call_id == call_id and message.cseq[1] == method and message.status >= 200:
                    return message

        send("INVITE", 1, branch, body)
        final = answer("INVITE")
        tag = f";tag={final.tag('to')}"
        if final.status >= 300:
            send("ACK", 1, branch, to_tag=tag)
            return final
        self._forget_media()
        send("ACK", 1, secrets.token_hex(8), to_tag=tag)
        self.media.recv(2048)
        send("BYE", 2, secrets.token_hex(8), to_tag=tag)
        assert answer("BYE").status == 200
        return final

    def _forget_media(self):
        self.media.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.media.recv(2048)
        self.media.settimeout(10)

    def close(self):
        self.socket.close()
        self.media.close()


@pytest.fixture
def offerer(belay, app, endings, knows_no_name):
    far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    far.bind(("127.0.0.1", 0))
    endings.append(far.close)
    server = belay(trunk="sip:127.0.0.1:%d" % far.getsockname()[1], env=knows_no_name)
    app.unfinished_allowed = True
    answer = server.rest.post("/Applications", {"alias": "in", "voiceUrl": app.answer("/voice", ANSWER)})
    number = server.rest.get("/IncomingPhoneNumbers").json["incomingPhoneNumbers"][0]["phoneNumberId"]
    assert server.rest.post(f"/IncomingPhoneNumbers/{number}", {"applicationId": answer.json["applicationId"]}).status == 200
    made = Offerer(server)
    endings.append(made.close)
    return made


def test_offers(offerer):
    """Each form in an INVITE: answered, and media comes."""
    for name, form in FORMS.items():
        answer = offerer.offer(form)
        assert answer.status == 200, (name, answer.start, answer.get("warning"))


def test_offers_that_cannot_be_taken(offerer):
    """RFC 3261 §13.3.1.3: 488 before any 200, with a Warning (§20.43); 415 with Accept for a body that insists (§8.2.3)."""
    for offer, code in [
        (SDP.replace("c=IN IP4 127.0.0.1", "c=IN IP6 ::1"), 300), (SDP.replace("AVP 0", "AVP 18"), 305),
        (SDP.replace("c=IN IP4 127.0.0.1", "c=IN IP4 nobody.example"), 301), ("v=1\r\n", 399),
        (SDP.replace("RTP/AVP", "RTP/SAVP"), 302), (SDP.replace("m=audio", "m=video"), 304),
        (SDP.replace("c=IN IP4 127.0.0.1", "c=IN IP4 224.2.1.1"), 330), (SDP.replace("PORT", "0"), 304),
    ]:
        answer = offerer.offer(offer)
        assert answer.status == 488, (offer, answer.start)
        assert re.fullmatch(rf'{code} \S+ "[^"]+"', answer.get("warning")), answer.headers
    answer = offerer.offer(("multipart/mixed;boundary=b1", mixed(PART, ISUP % "required")))
    assert answer.status == 415 and "multipart/mixed" in answer.get("accept")


def test_streams(offerer):
    """RFC 3264 §6: of several streams the one that can be taken, wherever it stands; the others with port 0."""
    head, stream = SDP.split("m=audio")
    g711, g729 = "m=audio" + stream, "m=audio 9 RTP/AVP 18\r\na=rtpmap:18 G729/8000\r\n"
    secure, video, fax = "m=audio 9 RTP/SAVP 0\r\n", "m=video 9 RTP/AVP 96\r\n", "m=image 9 udptl t38\r\n"
    feedback = g711.replace("RTP/AVP", "RTP/AVPF")
    for streams, place_taken in [([g729, g711], 1), ([secure, g711], 1), ([feedback, g711], 1), ([g711, secure], 0),
                                 ([video, fax, g711], 2), ([secure, feedback, g729], 1)]:
        answer = offerer.offer(head + "".join(streams))
        assert answer.status == 200, streams
        lines = re.findall(r"^m=(\w+) (\d+) (\S+)", answer.body.decode(), re.M)
        assert [(kind, how) for kind, _, how in lines] == [
            tuple(re.match(r"m=(\w+) \S+ (\S+)", text).groups()) for text in streams]
        assert [port != "0" for _, port, _ in lines] == [index == place_taken for index in range(len(streams))]
