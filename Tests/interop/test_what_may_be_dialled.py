"""What may be dialled: no caller id, and no spelling of a number, gets round the operator's rules. The trunk here sees
every INVITE, and answers each 486."""

import secrets

import pytest

from harness.caller import Caller
from harness.server import NUMBER
from harness.sip import SIPMessage
from harness.steps import answering_number
from harness.waiting import eventually
from test_accounts import belay_says

ABROAD = "+252612345678"


class Trunk(Caller):
    def invited(self):
        """Waits for the next INVITE, refuses it, and returns its Request-URI."""
        while True:
            request = SIPMessage.parse(self.socket.recv(65535))
            if not request.is_request or request.method != "INVITE":
                continue
            lines = ["SIP/2.0 486 Busy Here", *(f"Via: {via}" for via in request.all("via")),
                     f"From: {request.get('from')}", f"To: {request.get('to')};tag={secrets.token_hex(4)}",
                     f"Call-ID: {request.call_id}", f"CSeq: {request.get('cseq')}", "Content-Length: 0", "", ""]
            self.socket.sendto("\r\n".join(lines).encode(), self.server.sip)
            return request.uri


@pytest.fixture
def attach(belay, app, endings):
    def make(*options):
        trunk = Trunk(None)
        endings.append(trunk.close)
        server = belay(trunk=trunk.trunk, arguments=options, rtp_ports=20)
        trunk.server = server
        return server, trunk

    return make


def ask(server, app, to, from_=NUMBER):
    return server.rest.post("/Calls", {"from": from_, "to": to, "callConnectUrl": app.url("/connect")})


def refused(answer, rule):
    assert answer.status in (400, 403), answer
    assert answer.json["details"].get("rule") == rule, answer


def is_next(server, trunk, app, to="+13125550142"):
    """Nothing was dialled before a call that may be."""
    made = ask(server, app, to)
    assert made.status == 202, made
    assert trunk.invited().startswith(f"sip:{to}@"), "something else was dialled"
    assert server.wait_until_ended(made.json["callId"])["status"] == "busy"


def test_no_caller_makes_a_country_home(attach, app):
    """Not a number that a call showed, not that call's OutDial, not a registered number; home-countries does."""
    server, trunk = attach()
    answering_number(server, app, [{"OutDial": {
        "destination": ABROAD, "callingNumber": ABROAD, "actionUrl": app.url("/a"), "callConnectUrl": app.url("/b")}}])
    assert trunk.call(uri="sip:%s@%s:%d" % (NUMBER, *server.sip), frm=f"<sip:{ABROAD}@127.0.0.1>").status == 200
    trunk.hung_up()
    [call] = server.rest.all_calls()
    eventually(lambda: any(entry["metadata"].get("rule") == "allowsInternational"
                           for entry in server.rest.logs(call["callId"])), 5, "OutDial is refused")
    answer = ask(server, app, ABROAD, from_=ABROAD)
    refused(answer, "allowsInternational")
    assert (answer.status, answer.json["code"]) == (403, 47) and "CA, US" in answer.json["message"], answer
    foreign = "+442079460123"
    assert server.rest.post("/IncomingPhoneNumbers", {"phoneNumber": foreign}).status == 200
    refused(ask(server, app, foreign, from_=foreign), "allowsInternational")
    is_next(server, trunk, app)


def test_the_operator_says_where_home_is(attach, app):
    """home-countries of the server, --home-country of an account, over a restart too; satellites only by name."""
    server, trunk = attach("--home-countries", "DE")
    server.program.wait_for(r"Calls go to DE \(home-countries\)")
    refused(ask(server, app, "+13125550142"), "allowsInternational")
    is_next(server, trunk, app, "+493012345678")
    account = server.rest.account
    belay_says(server, "account", "update", account, "--home-country", "us", "--home-country", "+44")
    [shown] = [line for line in belay_says(server, "account", "show").splitlines() if line.startswith("homeCountries")]
    assert all(country in shown for country in ("CA", "GB", "US")), shown
    server.stop()
    server.start()
    refused(ask(server, app, "+493012345678"), "allowsInternational")
    is_next(server, trunk, app)
    belay_says(server, "account", "update", account, "--home-country", "none", "--international", "yes")
    refused(ask(server, app, "+88216123456"), "noCountry")
    refused(ask(server, app, "+19005550123"), "premium")
    is_next(server, trunk, app)


def test_no_spelling_of_a_number_gets_through(attach, app):
    """RFC 3966 §5.1.1, RFC 3261 §19.1.6: what would be dialled is what is judged."""
    server, trunk = attach("--sip-uri-hosts", "pbx.example")
    for user, rule in [
        (".911", "emergency"), ("*911", "emergency"), ("+112", "emergency"), ("9-911", "emergency"),
        ("911,,1", "emergency"), ("-19005551234", "sipUriNumber"), ("!00442079460123", "sipUriNumber"),
        ("(+1)900-555.1234", "premium"), ("$1&900=555'1234", "sipUriNumber"), ("~+1_900555_1234", "sipUriNumber"),
        ("tel19005551234", "sipUriNumber"), ("+44-20-7946-0123", "allowsInternational"),
        ("%2B19005551234", None), ("911;ext=1", None), ("911:secret", None), ("\uff19\uff11\uff11", None),
    ]:
        refused(ask(server, app, f"sip:{user}@pbx.example"), rule)
    for number in ["+1-900-555-1234", "+1 9005551234", "19005551234", "911", "+911", "+1900555\uff11234"]:
        refused(ask(server, app, number), None)
    is_next(server, trunk, app)
    made = ask(server, app, "sip:(+1)312-555.0142@pbx.example")
    assert made.status == 202 and trunk.invited() == "sip:+13125550142@pbx.example"
    server.wait_until_ended(made.json["callId"])
