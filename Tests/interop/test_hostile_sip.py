"""Whatever comes in at the SIP port: answered by the RFC or dropped, and a normal call works meanwhile and after."""

import random
import socket

import pytest

from harness.outcome import check_outcome
from harness.sip import Malformed, SIPMessage
from harness.steps import place
from harness.waiting import eventually

VALID = """\
OPTIONS sip:belay@127.0.0.1 SIP/2.0\r
Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{branch};rport\r
From: <sip:probe@127.0.0.1>;tag={branch}\r
To: <sip:belay@127.0.0.1>\r
Call-ID: {branch}@probe\r
CSeq: 1 OPTIONS\r
Max-Forwards: 70\r
Contact: <sip:probe@127.0.0.1:{port}>\r
Content-Length: 0\r
\r
"""


class Probe:
    """A socket that asks and takes what comes back."""

    def __init__(self, server):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(3)
        self.port = self.socket.getsockname()[1]
        self.server = server

    def send(self, data):
        self.socket.sendto(data if isinstance(data, bytes) else data.encode(), self.server.sip)

    def ask(self, text):
        self.send(text)
        return SIPMessage.parse(self.socket.recv(65535))

    def request(self, method="OPTIONS", branch="probe1", **changes):
        text = VALID.format(port=self.port, branch=branch).replace("OPTIONS", method)
        for old, new in changes.get("replace", {}).items():
            assert old in text, old
            text = text.replace(old, new)
        return text

    def silence(self, seconds=0.3):
        """Whether nothing comes back within a while: bounded, and over at once when something comes."""
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(65535)
        except TimeoutError:
            return None
        finally:
            self.socket.settimeout(3)


@pytest.fixture
def lines(belay, far_end):
    far = far_end()
    server = belay(trunk=far.trunk, rtp_ports=800)
    return far, server, Probe(server)


def still_works(server, app):
    call = place(server, app, to="+13125550143")
    check_outcome(server, app, call, "completed", "appHangup")


@pytest.mark.parametrize("name, request_text, status", [
    ("OPTIONS", lambda p: p.request(), 200),
    ("an unknown method", lambda p: p.request("DANCE", "b501"), 501),
    ("a method it knows and does not want", lambda p: p.request("SUBSCRIBE", "b405"), 405),
    ("BYE for nobody", lambda p: p.request("BYE", "b481", replace={"To: <sip:belay@127.0.0.1>": "To: <sip:belay@127.0.0.1>;tag=none"}), 481),
    ("CANCEL for nothing", lambda p: p.request("CANCEL", "b481c"), 481),
    ("an extension it must know", lambda p: p.request("OPTIONS", "b420", replace={"Max-Forwards: 70": "Max-Forwards: 70\r\nRequire: moon"}), 420),
])
def test_refused_by_the_rfc(lines, app, name, request_text, status):
    _, server, probe = lines
    answer = probe.ask(request_text(probe))
    assert answer.status == status, (name, answer.start)
    assert answer.tag("to"), "every final answer has a To tag (RFC 3261 §8.2.6.2)"
    server.wait_until_idle()


def test_an_unwanted_invite_is_refused_and_over(lines, app):
    """No inbound calls in this version: a final answer of 4xx–6xx, again until its ACK, then nothing."""
    _, server, probe = lines
    answer = probe.ask(probe.request("INVITE", "inv1"))
    while answer.status < 200:
        answer = SIPMessage.parse(probe.socket.recv(65535))
    assert 400 <= answer.status < 700, answer.start
    ack = probe.request("ACK", "inv1", replace={"To: <sip:belay@127.0.0.1>": f"To: {answer.get('to')}"})
    probe.send(ack)
    server.wait_until_idle()


@pytest.mark.parametrize("data", [
    b"", b"\r\n\r\n", b"\x00" * 100, b"SIP/2.0", b"SIP/2.0 200 OK\r\n\r\n", b"INVITE\r\n\r\n",
    b"INVITE sip:a@b SIP/2.0\r\nVia: \r\n\r\n", b"\xff\xfe" * 500, b"A" * 60000, b"INVITE sip:" + b"a" * 50000 + b" SIP/2.0\r\n\r\n",
    b"OPTIONS sip:x SIP/2.0\r\n" + b"Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx\r\n" * 1200 + b"\r\n",
    b"OPTIONS sip:x SIP/2.0\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 1.2.3.4;branch=z9hG4bKnope\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>;tag=2\r\n"
    b"Call-ID: nothing\r\nCSeq: 4294967296 INVITE\r\nContent-Length: 0\r\n\r\n",
], ids=lambda data: f"{data[:20]!r} {len(data)}")
def test_garbage_changes_nothing(lines, app, data):
    _, server, probe = lines
    for _ in range(5):
        probe.send(data)
    assert probe.ask(probe.request(branch="after")).status == 200
    server.wait_until_idle()


@pytest.mark.timeout(300)
def test_a_flood_of_mutations_during_calls(lines, app):
    """Ten thousand mutations of valid messages while a call is up: it ends as it should, and nothing is left. Every
    thousand have to be worked off, however long this machine takes for it."""
    far, server, probe = lines
    rng = random.Random(3261)
    call = place(server, app, [{"Pause": {"length": 60000}}])
    app.wait_for(call, "outDialApiConnect")
    invite = next(iter(far.dialogs.values())).invite
    # Everything of the call but its branch, which only the trunk can know.
    via = invite.get("via").replace(invite.branch, "z9hG4bKguess")
    answer = f"SIP/2.0 200 OK\r\nVia: {via}\r\nFrom: {invite.get('from')}\r\nTo: {invite.get('to')};tag=x\r\n" \
             f"Call-ID: {invite.call_id}\r\nCSeq: 1 INVITE\r\nContact: <sip:x@127.0.0.1:{probe.port}>\r\nContent-Length: 0\r\n\r\n"
    seeds = [probe.request(method, f"m{method}").encode() for method in
             ("OPTIONS", "INVITE", "BYE", "CANCEL", "ACK", "REGISTER", "INFO", "UPDATE")] + [answer.encode()]
    for number in range(10_000):
        message = bytearray(rng.choice(seeds).replace(b"z9hG4bKm", b"z9hG4bK%d" % (number % 300)))
        for _ in range(rng.randint(1, 4)):
            place_at = rng.randrange(len(message))
            match rng.randrange(5):
                case 0: message[place_at] = rng.randrange(256)
                case 1: del message[place_at:place_at + rng.randint(1, 40)]
                case 2: message[place_at:place_at] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 20)))
                case 3: message[place_at:place_at] = message[:rng.randint(1, 300)]
                case 4: message[place_at:place_at] = rng.choice([b"\r\n", b"\r\n\r\n", b";", b"<", b'"', b"%00", b"9" * 30])
            if not message:
                break
        probe.send(bytes(message[:60000]))
        if number % 1_000 == 999:
            assert eventually(lambda: probe_lives(probe), 60, f"OPTIONS is answered after {number + 1} of the flood")
    assert server.rest.call(call)["status"] == "inProgress"
    assert server.rest.update(call, "completed").status == 202
    check_outcome(server, app, call, "completed", "appHangup")
    still_works(server, app)
    server.wait_until_idle(64 * server.t1 + 15)


def probe_lives(probe):
    """Asks once with a branch of its own and looks through what is waiting in the socket."""
    probe.send(probe.request(branch=f"lives{random.randrange(1 << 30)}"))
    probe.socket.settimeout(0.5)
    try:
        while True:
            try:
                answer = SIPMessage.parse(probe.socket.recv(65535))
            except Malformed:
                continue
            if not answer.is_request and answer.status == 200 and (answer.branch or "").startswith("z9hG4bKlives"):
                return True
    except TimeoutError:
        return False
    finally:
        probe.socket.settimeout(3)


def test_strangers_cannot_end_a_call(lines, app):
    """BYE with the right Call-ID and wrong tags is for nobody: 481, and the call goes on (RFC 3261 §12.2.2)."""
    far, server, probe = lines
    call = place(server, app, [{"Pause": {"length": 60000}}])
    app.wait_for(call, "outDialApiConnect")
    call_id = next(iter(far.dialogs))
    text = probe.request("BYE", "steal", replace={
        "Call-ID: steal@probe": f"Call-ID: {call_id}", "To: <sip:belay@127.0.0.1>": "To: <sip:belay@127.0.0.1>;tag=guess"})
    assert probe.ask(text).status == 481
    assert server.rest.call(call)["status"] == "inProgress"
    assert server.rest.update(call, "completed").status == 202
    check_outcome(server, app, call, "completed", "appHangup")
