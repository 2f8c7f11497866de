"""What real gear does to dialogs, over real sockets: names in Contact and Record-Route, challenges of several hops, a BYE
before its answer, keys by INFO, messages that cannot be read, names that are no UTF-8."""

import pytest

from harness.scripted_peer import ScriptedPeer, is_answer, parameters
from harness.steps import place
from harness.waiting import eventually

LONG = [{"Pause": {"length": 60000}}]
CREDENTIALS = ("--trunk-username", "u", "--trunk-password", "p")


@pytest.fixture
def peer(endings):
    """Makes peers, closed with the test."""
    def make():
        made = ScriptedPeer()
        endings.append(made.close)
        return made

    return make


@pytest.fixture(autouse=True)
def judged_by_hand(app):
    """Calls are ended when a test has seen what it came for."""
    app.unfinished_allowed = True


def messages(server, call):
    return [entry["message"] for entry in server.rest.logs(call)]


@pytest.mark.parametrize("contact, routes", [
    ("<sip:c@localhost:{other}>", []),
    ("<sip:c@127.0.0.1:{other};maddr=127.0.0.1>", []),
    ("<sip:c@192.0.2.77:5062;x=y>", ["<sip:localhost:{other};lr>"]),
    ("<sip:c@192.0.2.77:5062>", ["<sip:10.0.0.9;lr>, <sip:127.0.0.1:{other};lr>"]),
    ("<sip:c@192.0.2.77:5062>", ["<sip:localhost:{other}>"]),
])
def test_requests_follow_the_answer(belay, peer, app, contact, routes):
    """RFC 3261 §8.1.2, §12.2.1.1, §13.2.2.4: by the 200's Contact and Record-Route, which the 180 had none of."""
    trunk, other = peer(), peer()
    server = belay(trunk=trunk.trunk)
    call = place(server, app, LONG)
    invite = trunk.expect("INVITE")
    trunk.respond(invite, "180 Ringing")
    trunk.respond(invite, "200 OK", body=trunk.description, contact=contact.format(other=other.port),
                  headers=[f"Record-Route: {route.format(other=other.port)}" for route in routes])
    acknowledgement = other.expect("ACK")
    assert bool(acknowledgement.all("route")) == bool(routes)
    server.wait_for_status(call, "inProgress")
    server.rest.update(call, "completed")
    bye = other.expect("BYE")
    assert bye.all("route") == acknowledgement.all("route")
    other.respond(bye, "200 OK", contact=False)
    assert server.wait_until_ended(call)["status"] == "completed"


@pytest.mark.parametrize("contact", [
    "<sip:c@no-such-host.invalid:5070>", "<sip:c@127.0.0.1:1;transport=tcp>", "<tel:+13125550142>", None,
    "<sips:c@127.0.0.1:1>", "<sip:c@[::1]:1>", "<sip:c@name-without-port.invalid>",
])
def test_what_cannot_be_reached_is_left_to_the_trunk(belay, peer, app, contact):
    """Where the dialog began is who can tell where it leads."""
    trunk = peer()
    server = belay(trunk=trunk.trunk)
    call = place(server, app, LONG)
    trunk.respond(trunk.expect("INVITE"), "200 OK", body=trunk.description, contact=contact)
    trunk.expect("ACK")
    server.rest.update(call, "completed")
    trunk.respond(trunk.expect("BYE"), "200 OK", contact=False)
    assert server.wait_until_ended(call)["status"] == "completed"


@pytest.mark.parametrize("algorithm, quality", [
    ("MD5", "auth"), ("MD5-sess", "auth"), ("SHA-256", "auth"), ("SHA-256-sess", "auth"), ("SHA-512-256", "auth"),
    ("SHA-512-256-sess", "auth-int"), ("MD5", "auth-int"), ("MD5", None), ("SHA-512-256", None),
])
def test_challenges_of_proxy_and_gateway(belay, peer, app, algorithm, quality):
    """RFC 3261 §22.3: both are answered by the third INVITE, and by the BYE; the nonces count on (RFC 7616 §3.4)."""
    trunk = peer()
    server = belay(trunk=trunk.trunk, arguments=CREDENTIALS)
    call = place(server, app, LONG)

    def challenge(request, status, field, realm, nonce):
        offered = f', qop="{quality}"' if quality else ""
        trunk.respond(request, status, tag=realm, contact=False, headers=[
            f'{field}: Digest\trealm="{realm}", nonce="{nonce}"{offered}, algorithm={algorithm}'])
        if request.method == "INVITE":
            trunk.expect("ACK")

    challenge(trunk.expect("INVITE"), "407 Proxy Authentication Required", "Proxy-Authenticate", "proxy", "n1")
    second = trunk.expect("INVITE")
    assert is_answer(second, "proxy-authorization", "proxy", "n1", "u", "p")
    assert parameters(second.get("proxy-authorization")).get("qop") == quality
    challenge(second, "401 Unauthorized", "WWW-Authenticate", "gateway", "n2")
    third = trunk.expect("INVITE")
    assert is_answer(third, "proxy-authorization", "proxy", "n1", "u", "p")
    assert is_answer(third, "authorization", "gateway", "n2", "u", "p")
    trunk.respond(third, "200 OK", body=trunk.description)
    trunk.expect("ACK")
    server.wait_for_status(call, "inProgress")
    server.rest.update(call, "completed")
    bye = trunk.expect("BYE")
    assert is_answer(bye, "proxy-authorization", "proxy", "n1", "u", "p")
    assert is_answer(bye, "authorization", "gateway", "n2", "u", "p")
    challenge(bye, "407 Proxy Authentication Required", "Proxy-Authenticate", "proxy", "n3")
    again = trunk.expect("BYE")
    assert is_answer(again, "proxy-authorization", "proxy", "n3", "u", "p")
    assert is_answer(again, "authorization", "gateway", "n2", "u", "p")
    trunk.respond(again, "200 OK", contact=False)
    server.wait_until_ended(call)
    text = "\n".join(str(entry) for entry in server.rest.logs(call))
    assert "response=" not in text, "credentials are masked in the log"


@pytest.mark.parametrize("offers, answered", [
    (['SHA-512-256, qop="auth-int,auth"', 'SHA-256, qop="auth"', 'MD5, qop="auth"'], ("SHA-512-256", "auth")),
    (['SHA3-512, qop="auth"', 'MD5, qop="auth"', 'SHA-256, qop="auth"'], ("MD5", "auth")),
    (['SHA-256, qop="auth-int"', 'MD5, qop="auth"'], ("SHA-256", "auth-int")),
])
def test_the_topmost_challenge_is_answered(belay, peer, app, offers, answered):
    """RFC 8760 §2.4: of those that are known here."""
    trunk = peer()
    server = belay(trunk=trunk.trunk, arguments=CREDENTIALS)
    call = place(server, app, LONG)
    first = trunk.expect("INVITE")
    trunk.respond(first, "401 Unauthorized", contact=False, headers=[
        f'WWW-Authenticate: Digest realm="r", nonce="n{number}", algorithm={offer}'
        for number, offer in enumerate(offers)])
    trunk.expect("ACK")
    second = trunk.expect("INVITE")
    given = parameters(second.get("authorization"))
    assert (given["algorithm"], given["qop"]) == answered
    assert is_answer(second, "authorization", "r", given["nonce"], "u", "p")
    trunk.respond(second, "200 OK", body=trunk.description)
    trunk.expect("ACK")
    server.rest.update(call, "completed")
    trunk.respond(trunk.expect("BYE"), "200 OK", contact=False)
    assert server.wait_until_ended(call)["status"] == "completed"


def test_bye_overtakes_its_answer(belay, peer, app):
    """RFC 3261 §15: forbidden to the callee, and on the network the order is nobody's."""
    trunk = peer()
    server = belay(trunk=trunk.trunk)
    call = place(server, app, LONG)
    invite = trunk.expect("INVITE")
    trunk.respond(invite, "180 Ringing")
    trunk.request("BYE", invite)
    trunk.respond(invite, "200 OK", body=trunk.description)
    ended = server.wait_until_ended(call)
    assert (ended["status"], ended["callEndedReason"]) == ("completed", "farEndHangup")
    trunk.expect("ACK")


@pytest.mark.parametrize("refusal", [None, "487 Request Terminated"])
def test_bye_whose_answer_never_comes(belay, peer, app, refusal):
    """RFC 3261 §13.3.1.4: a callee whose 200s were lost hangs up what is an early dialog here."""
    trunk = peer()
    server = belay(trunk=trunk.trunk)
    call = place(server, app, LONG, timeout=60)
    invite = trunk.expect("INVITE")
    trunk.respond(invite, "180 Ringing")
    trunk.request("BYE", invite)
    trunk.expect("200", of="BYE")
    if refusal:
        trunk.respond(invite, refusal, contact=False)
    else:
        cancel = trunk.expect("CANCEL")
        trunk.respond(cancel, "200 OK", contact=False)
        trunk.respond(invite, "487 Request Terminated", contact=False)
    assert server.wait_until_ended(call)["status"] == "failed"
    trunk.expect("ACK")
    server.wait_until_idle(refused=1)


@pytest.mark.parametrize("change, explanation", [
    (lambda data: data.replace(b"\r\nContent-Length: ", b"\r\nContent-Length: 9"), "shorter than Content-Length"),
    (lambda data: data.replace(b"\r\nCSeq: ", b"\r\nCSeq: x"), "CSeq is malformed"),
    (lambda data: data.replace(b"\r\nTo: <", b"\r\nTo: \"<"), "To is malformed"),
    (lambda data: data.replace(b"\r\nContact: ", b"\r\nContact "), "no header field"),
])
def test_an_answer_that_cannot_be_taken_is_in_the_log(belay, peer, app, change, explanation):
    """RFC 3261 §18.3: such a response is dropped; who looks for the reason finds it."""
    trunk = peer()
    server = belay(trunk=trunk.trunk)
    call = place(server, app, LONG)
    invite = trunk.expect("INVITE")
    trunk.respond(invite, "200 OK", body=trunk.description, change=change)

    def told():
        return [entry for entry in server.rest.logs(call)
                if entry["level"] == "warning" and explanation in str(entry["metadata"])]

    eventually(told, 5, lambda: messages(server, call))
    trunk.respond(invite, "200 OK", body=trunk.description)
    trunk.expect("ACK")
    server.wait_for_status(call, "inProgress")


@pytest.mark.parametrize("headers, change, explanation", [
    (["Record-Route: <"], bytes, "Record-Route"),
    (["Record-Route: <sip:127.0.0.1;lr"], bytes, "Record-Route"),
    ([], lambda data: data.replace(b"\r\nTo: <", b"\r\nTo: \"<"), "To"),
    (["Max-Forwards: 300"], bytes, "Max-Forwards"),
])
def test_who_answers_unreadably_is_hung_up(belay, peer, app, headers, change, explanation):
    """RFC 3261 §13.2.2.4: each 2xx is acknowledged, and what cannot become a call ends with BYE."""
    trunk = peer()
    server = belay(trunk=trunk.trunk)
    call = place(server, app, LONG)
    invite = trunk.expect("INVITE")
    for _ in range(2):
        trunk.respond(invite, "200 OK", body=trunk.description, headers=headers, change=change)
    trunk.expect("ACK")
    bye = trunk.expect("BYE")
    assert not bye.all("route")
    trunk.respond(invite, "200 OK", body=trunk.description, headers=headers, change=change)
    trunk.expect("ACK")
    trunk.respond(bye, "200 OK", contact=False)
    assert server.wait_until_ended(call)["status"] == "failed"
    eventually(lambda: f"{explanation} of its 200 cannot be read" in str(server.rest.logs(call)), 5,
               lambda: messages(server, call))


def test_keys_by_info(belay, peer, app):
    """RFC 6086 §9.2: no events were agreed, so the gateway reports keys in the signalling."""
    trunk = peer()
    server = belay(trunk=trunk.trunk)
    collect = [{"GetDigits": {"actionUrl": app.answer("/digits", [{"Hangup": {}}]), "maxDigits": 3}}]
    call = place(server, app, collect)
    invite = trunk.expect("INVITE")
    trunk.respond(invite, "200 OK", body=trunk.description)
    trunk.expect("ACK")
    eventually(lambda: "PerCL GetDigits" in messages(server, call), 5, lambda: messages(server, call))
    trunk.request("INFO", invite, body="Signal= 4\r\nDuration= 160\r\n", content_type="application/dtmf-relay")
    trunk.expect("200", of="INFO")
    trunk.request("INFO", invite, body="signal=11\n", content_type="Application/DTMF-Relay")
    trunk.expect("200", of="INFO")
    trunk.request("INFO", invite, body="nonsense", content_type="text/plain")
    assert trunk.expect("415", of="INFO").get("accept") == "application/dtmf-relay, application/dtmf"
    digits = app.wait_for(call, "getDigits", seconds=10).json
    assert (digits["digits"], digits["reason"]) == ("4", "finishKey")


def test_digits_go_out_by_info(belay, peer, app):
    """`trunk-digits`: one INFO a digit, in order, each after the answer to the one before."""
    trunk = peer()
    server = belay(trunk=trunk.trunk, arguments=("--trunk-digits", "info"))
    call = place(server, app, [{"SendDigits": {"digits": "7#"}}, {"Hangup": {}}], sendDigits="1{1}2")
    trunk.respond(trunk.expect("INVITE"), "200 OK", body=trunk.description)
    trunk.expect("ACK")
    heard = []
    for _ in range(4):
        info = trunk.expect("INFO")
        assert info.get("content-type") == "application/dtmf-relay"
        heard.append(info.body.decode().splitlines()[0])
        trunk.respond(info, "200 OK", contact=False)
    assert heard == ["Signal=1", "Signal=2", "Signal=7", "Signal=#"]
    trunk.respond(trunk.expect("BYE"), "200 OK", contact=False)
    assert server.wait_until_ended(call)["status"] == "completed"


@pytest.mark.parametrize("name", [b"M\xfcller GmbH", b"\xff\xfe", "Mu\u0308ller".encode(), "\uf7fc".encode()])
def test_names_come_back_byte_for_byte(belay, peer, app, name):
    """RFC 3261 §8.2.6.2, whatever encoding an old PBX writes."""
    trunk = peer()
    server = belay(trunk=trunk.trunk)
    origin = b'From: "' + name + b'" <sip:100@127.0.0.1>;tag=1\r\n'
    via = b"Via: SIP/2.0/udp 127.0.0.1:%d ;branch=z9hG4bKa; rport ;x=y" % trunk.port
    trunk.socket.sendto(
        b"OPTIONS sip:belay@127.0.0.1 SIP/2.0\r\n" + via + b"\r\n" + origin
        + b"To: <sip:belay@127.0.0.1>\r\nCall-ID: a@b\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n", server.sip)
    trunk.socket.settimeout(5)
    answer = trunk.socket.recv(65535)
    assert answer.startswith(b"SIP/2.0 200 ")
    assert b"\r\n" + origin in answer
    assert via.replace(b"rport", b"rport=%d" % trunk.port) + b";received=127.0.0.1\r\n" in answer
