"""A carrier's calls come in: from which addresses, in which forms, and who hears of those that do not."""

import contextlib
import socket
import subprocess
import threading

import pytest

from harness import ports
from harness.caller import Caller
from harness.server import NUMBER, binary
from harness.steps import answering_number
from harness.waiting import eventually

SCRIPT = [{"Say": {"text": "Hello."}}, {"Pause": {"length": 60000}}]


@pytest.fixture
def attach(belay, app, endings):
    """attach(*options): a server whose trunk is at 127.0.0.1 and whose own number an application answers for."""
    def make(*options):
        trunk = Caller(None)
        endings.append(trunk.close)
        server = belay(trunk=trunk.trunk, arguments=options, rtp_ports=20)
        trunk.server = server
        answering_number(server, app, SCRIPT)
        return server, trunk

    return make


def elsewhere(server, endings, host="127.0.0.2"):
    caller = Caller(server, host)
    endings.append(caller.close)
    return caller


class NameServer:
    """Knows A records (RFC 1035 §4.1): `addresses` by name; what it knows nothing of, it cannot answer (RCODE 2)."""

    def __init__(self):
        self.addresses = {}
        self.asked = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.place = "127.0.0.1:%d" % self.socket.getsockname()[1]
        threading.Thread(target=self._answer, daemon=True).start()

    def _answer(self):
        with contextlib.suppress(OSError):
            while True:
                query, source = self.socket.recvfrom(4096)
                self.asked += 1
                end = query.index(0, 12) + 5
                labels, at = [], 12
                while query[at]:
                    labels.append(query[at + 1:at + 1 + query[at]].decode())
                    at += 1 + query[at]
                known = self.addresses.get(".".join(labels).lower())
                records = known if known and query[at + 1:at + 3] == b"\0\1" else []
                flags = b"\x81\x80" if known else b"\x81\x82"
                answers = b"".join(
                    b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + socket.inet_aton(address) for address in records)
                self.socket.sendto(query[:2] + flags + b"\0\1" + len(records).to_bytes(2, "big") + bytes(4)
                                   + query[12:end] + answers, source)

    def close(self):
        self.socket.close()


def refused(server, reason):
    return server.metrics()[f'belay_inbound_refused_total{{reason="{reason}"}}']


def lines(server, word):
    return [line for line in server.program.text.splitlines() if word in line]


def told(server, word):
    """The lines with that word, once there is one."""
    return eventually(lambda: lines(server, word), 20, lambda: f"the log speaks of {word}:\n{server.program.text}")


# Addresses

@pytest.mark.parametrize("addresses", ["127.0.0.2", "127.0.0.0/30", "192.0.2.1, 127.0.0.2", "2001:db8::/32,127.0.0.2/32"])
def test_a_carrier_calls_from_each_of_its_addresses(attach, app, endings, addresses):
    server, trunk = attach("--trunk-addresses", addresses)
    for caller in (trunk, elsewhere(server, endings)):
        assert caller.call().status == 200
        assert caller.hang_up() == 200
        assert caller.ask("OPTIONS").status == 200
    assert elsewhere(server, endings, "127.0.0.9").call().status == 403


def test_an_address_may_be_a_name(belay, endings):
    """It is resolved at the start."""
    trunk = Caller(None, "127.0.0.2")
    endings.append(trunk.close)
    server = belay(trunk=trunk.trunk, arguments=["--trunk-addresses", "localhost"], rtp_ports=20)
    assert elsewhere(server, endings, "127.0.0.1").ask("OPTIONS").status == 200
    assert elsewhere(server, endings, "127.0.0.3").ask("OPTIONS") is None


def test_names_are_looked_up_anew(belay, endings):
    """Who has moved is let in and its former address is not; a name server that fails changes nothing, and is said once."""
    zone = NameServer()
    endings.append(zone.close)
    zone.addresses = {"carrier.example": ["127.0.0.2"], "other.example": ["127.0.0.4", "127.0.0.5"]}
    trunk = Caller(None)
    endings.append(trunk.close)
    server = belay(trunk=trunk.trunk, rtp_ports=20, env={"BELAY_NAME_SERVERS": zone.place}, arguments=[
        "--trunk-addresses", "carrier.example", "--trunk-addresses", "other.example", "--trunk-lookup-seconds", "0.2"])
    trunk.server = server
    former, latter, other = (elsewhere(server, endings, f"127.0.0.{number}") for number in (2, 3, 4))
    assert former.ask().status == 200 and latter.ask() is None and other.ask().status == 200

    zone.addresses["carrier.example"] = ["127.0.0.3"]
    eventually(lambda: latter.ask() is not None, 20, lambda: server.program.text)
    assert former.ask() is None
    [line] = told(server, "carrier.example has other addresses")
    assert "come from 127.0.0.3" in line and "no longer from 127.0.0.2" in line, line

    zone.addresses["other.example"].reverse()
    del zone.addresses["carrier.example"]
    told(server, "carrier.example cannot be looked up")
    asked = zone.asked
    eventually(lambda: zone.asked >= asked + 60, 60, "it is asked on and on")
    for caller in (trunk, latter, other):
        assert caller.ask().status == 200, caller.host
    [line] = told(server, "cannot be looked up")
    assert "127.0.0.3" in line, line
    zone.addresses["carrier.example"] = ["127.0.0.3", "127.0.0.2"]
    eventually(lambda: former.ask() is not None, 20, lambda: server.program.text)
    assert latter.ask().status == 200
    assert not lines(server, "other.example"), "another order is no other addresses"


def test_calls_follow_the_trunks_name(belay, endings):
    """They go where it is now, and stay where they went while it has that address, whatever stands before it."""
    zone = NameServer()
    endings.append(zone.close)
    port = ports.take()
    hosts = {number: Caller(None, f"127.0.0.{number}", port) for number in (2, 3, 4)}
    for host in hosts.values():
        endings.append(host.close)
    zone.addresses = {"trunk.example": ["127.0.0.2"]}
    server = belay(trunk=f"sip:trunk.example:{port}", env={"BELAY_NAME_SERVERS": zone.place},
                   arguments=["--trunk-lookup-seconds", "0.2"])

    def goes_to(number, called):
        call = server.rest.place(from_=NUMBER, to=called, callConnectUrl="http://127.0.0.1:9/")
        assert hosts[number].refuses(f"sip:{called}@trunk.example:{port}") == server.sip
        assert server.wait_until_ended(call)["status"] == "busy"

    goes_to(2, "+13125550161")
    zone.addresses["trunk.example"] = ["127.0.0.3", "127.0.0.2"]
    told(server, "trunk.example has other addresses")
    goes_to(2, "+13125550162")
    assert not lines(server, "calls go to")
    zone.addresses["trunk.example"] = ["127.0.0.3", "127.0.0.4"]
    [line] = told(server, "calls go to")
    assert f"calls go to 127.0.0.3:{port} from now on, where trunk.example is; before, to 127.0.0.2:{port}" in line, line
    goes_to(3, "+13125550163")
    del zone.addresses["trunk.example"]
    told(server, "trunk.example cannot be looked up")
    goes_to(3, "+13125550164")


def test_who_is_refused_is_told_of(attach, app, endings):
    """Once a minute of each source in the server's log, each time in a counter, and in the account's log."""
    server, _ = attach()
    stranger = elsewhere(server, endings)
    for _ in range(3):
        assert stranger.call().status == 403
    assert stranger.ask("OPTIONS") is None, "a stranger's OPTIONS is left unanswered"
    another = elsewhere(server, endings, "127.0.0.3")
    assert another.ask("OPTIONS") is None
    eventually(lambda: refused(server, "addressNotAllowed") == 5, 5, "five refusals are counted")

    [line] = told(server, "127.0.0.2")
    assert "INVITE" in line and NUMBER in line and "403" in line and "--trunk-addresses" in line, line
    [line] = told(server, "127.0.0.3")
    assert "OPTIONS" in line, line

    def entries():
        logs = server.rest.get("/Logs").json["logs"]
        return [entry for entry in logs if entry["message"].startswith("Call refused")]

    [entry] = eventually(entries, 5, "the account's log tells of it")
    assert entry["level"] == "warning" and entry["callId"] is None, entry
    assert entry["metadata"]["to"] == NUMBER and entry["metadata"]["source"].startswith("127.0.0.2:"), entry
    assert entry["metadata"]["reason"] == "addressNotAllowed" and entry["metadata"]["status"] == 403, entry


def test_an_unknown_number_is_404_and_told_of(attach, app):
    """RFC 3261 §21.4.5."""
    server, trunk = attach()
    for number in ("+13125550199", "100", "belay"):
        assert trunk.call(f"sip:{number}@127.0.0.1").status == 404
    assert refused(server, "unknownNumber") == 3
    [line] = told(server, "INVITE for")
    assert "+13125550199" in line, line


# Forms

@pytest.mark.parametrize("uri", [
    "sip:+13125550100;npdi;rn=+13125559999@127.0.0.1", "sip:+1-312-555-0100;tgrp=a;trunk-context=b.example@127.0.0.1",
    "sip:+13125550100;cpc=ordinary;isub=12@127.0.0.1;user=phone", "tel:+1(312)555.0100;verstat=No-TN-Validation",
    "sip:%2B1%20312%205550100@127.0.0.1", "sip:3125550100;phone-context=+1@127.0.0.1", "sip:0013125550100@127.0.0.1",
])
def test_the_number_is_the_number(attach, app, uri):
    """RFC 3966 §5, RFC 4694, RFC 4904: what is beside it says how it came, not whom it means."""
    server, trunk = attach()
    assert trunk.call(uri).status == 200
    [call] = server.rest.all_calls()
    assert (call["from"], call["to"]) == ("+13125550142", NUMBER)
    trunk.hang_up()


@pytest.mark.parametrize("options, called, frm, expected", [
    (["--trunk-country", "1"], "3125550100", "<sip:3125550142@127.0.0.1>", "+13125550142"),
    (["--trunk-country", "1"], "13125550100", "<sip:01144203456789@127.0.0.1>", "+44203456789"),
    (["--trunk-country", "49", "--trunk-national-prefix", "0", "--trunk-international-prefix", "00"],
     "0013125550100", "<sip:03012345678@127.0.0.1>", "+493012345678"),
])
def test_a_trunk_writes_national_numbers(attach, app, options, called, frm, expected):
    server, trunk = attach(*options)
    assert trunk.call(f"sip:{called}@127.0.0.1", frm).status == 200
    [call] = server.rest.all_calls()
    assert (call["from"], call["to"]) == (expected, NUMBER)
    assert app.wait_for(call["callId"], "inboundCall").json["from"] == expected
    trunk.hang_up()


@pytest.mark.parametrize("frm", [
    '"Anonymous" <sip:anonymous@anonymous.invalid>', "<sip:Restricted@127.0.0.1>", "<sip:unavailable@unknown.invalid>",
    "<sip:@127.0.0.1>", "<sip:127.0.0.1>", "<>", '"Anonymous" < >', "Anonymous", '""',
])
def test_a_caller_who_is_not_named_comes_in(attach, app, frm):
    """RFC 3323 §4.1.1.3."""
    server, trunk = attach()
    answer = trunk.call(frm=frm)
    assert answer.status == 200
    assert answer.get("from").startswith(frm), "From comes back as it was (RFC 3261 §8.2.6.2)"
    [call] = server.rest.all_calls()
    assert call["from"] == "anonymous"
    assert app.wait_for(call["callId"], "inboundCall").json["from"] == "anonymous"
    assert trunk.hang_up() == 200


def test_the_network_vouches_for_the_caller(attach, app):
    """RFC 3325 §9.1."""
    server, trunk = attach("--trunk-caller", "asserted")
    assert trunk.call(headers=["P-Asserted-Identity: <tel:+1-312-555-0177>"]).status == 200
    [call] = server.rest.all_calls()
    assert call["from"] == "+13125550177"
    trunk.hang_up()


# What cannot be

@pytest.mark.parametrize("option, value, words", [
    ("--trunk", "sip:127.0.0.1:5060;transport=tcp", "TCP"), ("--trunk", "sip:127.0.0.1;transport=TLS", "TLS"),
    ("--trunk", "sips:127.0.0.1", "TLS"), ("--trunk", "sip:127.0.0.1;transport=ws", "WS"),
    ("--trunk", "sip:127.0.0.1;maddr=10.0.0.1", "maddr"), ("--trunk", "sip:me:secret@127.0.0.1", "trunk-username"),
    ("--trunk-lookup-seconds", "100000", "from 0 to 86400"),
    ("--trunk-addresses", "203.0.113.0/33", "CIDR"), ("--trunk-addresses", "no such", "CIDR"),
    ("--trunk-country", "0", "calling code"), ("--trunk-caller", "pai", "asserted"),
])
def test_a_setting_that_cannot_be_ends_the_start(folder, option, value, words):
    """Nothing is passed over: a trunk that was meant for TCP never runs over UDP."""
    arguments = [binary(), "serve", "--data", folder / "data", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0", option, value]
    if option != "--trunk":
        arguments += ["--trunk", "sip:127.0.0.1:9"]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert option.strip("-") in done.stderr and words in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
