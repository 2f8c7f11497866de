"""What one account can take from another (docs/sharing.md): account B floods what both share, and A's calls go on as if
nobody else were there.

The conditions are made, not waited for: B's app and B's name server are held by the test for as long as it takes.
"""

import os
import random
import socket
import subprocess
import threading

import pytest

from harness.carrier import PREFIX
from harness.rest import Client
from harness.server import NUMBER, binary
from harness.waiting import eventually
from harness.webhook_app import HANGUP, Reply

pytestmark = pytest.mark.alone

SILENT, QUICK = PREFIX + "0010", PREFIX + "1000"
STAY = {"Pause": {"length": 600000}}


def second_account(server):
    """Another customer of the same server, with a number; may call whom it likes, as often as it likes."""
    ran = subprocess.run(
        [binary(), "account", "create", "--type", "full", "--data", server.data], capture_output=True, text=True,
        timeout=30, env={k: v for k, v in os.environ.items() if not k.startswith("BELAY_")})
    assert ran.returncode == 0, ran.stderr
    made = dict(line.split("=", 1) for line in ran.stdout.split())
    other = Client(server.http, made["BELAY_ACCOUNT_ID"], made["BELAY_API_KEY"])
    other.number = "+13125550177"
    answer = other.post("/IncomingPhoneNumbers", {"phoneNumber": other.number})
    assert answer.status == 200, answer
    return other


def place(client, number, to, url):
    return client.place(from_=number, to=to, callConnectUrl=url)


def ended(client, call, seconds):
    def over():
        found = client.call(call)
        return found if found["status"] in ("completed", "failed", "busy", "noAnswer", "canceled") else None

    return eventually(over, seconds, lambda: f"call {call} ends; it is {client.call(call)}")


def end_all(client, calls):
    for call in calls:
        client.update(call, "completed")
    for call in calls:
        ended(client, call, 30)


def test_anothers_flood_of_speech(belay, app):
    """B's calls say 4,090 digits each. A's are heard at once, while B's go on and when they have ended."""
    server = belay()
    app.judge = False  # two accounts' secrets
    b = second_account(server)
    texts = random.Random(7)

    def long_text(_):
        return [{"Say": {"text": "".join(texts.choices("0123456789", k=4090))}}, STAY]

    flood = app.answer("/flood", long_text)
    calls = [place(b, b.number, SILENT, flood) for _ in range(30)]
    for call in calls:
        app.wait_for(call, "outDialApiConnect", 60)

    def heard(text):
        call = place(server.rest, NUMBER, SILENT, app.answer("/a", [{"Say": {"text": text}}, {"Hangup": {}}]))
        ending = ended(server.rest, call, 30)
        assert (ending["status"], ending["callEndedReason"]) == ("completed", "appHangup"), ending
        messages = [entry["message"] for entry in server.rest.logs(call)]
        assert "PerCL Say completed" in messages, messages

    heard("Good morning. This was never said before.")
    end_all(b, calls)
    heard("And this is said after they have gone.")
    server.wait_until_idle(60)


def test_anothers_slow_app(belay, app):
    """B's app answers nothing for now; A's, at the same host, is asked as if it were alone. B's calls wait their turn in
    silence, say so in their logs, are asked for in the end, and none is dropped."""
    server = belay(arguments=["--webhook-connections", "4", "--webhook-wait-seconds", "2", "--webhook-seconds", "60"])
    app.judge = False
    b = second_account(server)
    go = threading.Event()
    arrived = []

    def slow(webhook):
        arrived.append(webhook.call)
        go.wait(50)
        return Reply(200, HANGUP)

    calls = [place(b, b.number, QUICK, app.answer("/slow", slow)) for _ in range(12)]
    try:
        eventually(lambda: len(arrived) >= 4, 30, "B's app is asked")

        def waits(call):
            return [e for e in b.logs(call) if e["message"] == "Webhook outDialApiConnect waits for its turn"]

        waiting = eventually(
            lambda: (found := [call for call in calls if waits(call)]) and len(found) == 8 and found, 30,
            lambda: f"those without a place say so; asked for: {len(arrived)}")
        entry = waits(waiting[0])[0]
        assert f"127.0.0.1:{app.port}" in str(entry), entry

        # No more at once than A would have places for if it were alone.
        mine = [place(server.rest, NUMBER, QUICK, app.answer("/quick", HANGUP)) for _ in range(4)]
        for call in mine:
            ending = ended(server.rest, call, 20)
            assert ending["callEndedReason"] == "appHangup", ending
            assert not [e for e in server.rest.logs(call) if "waits for its turn" in e["message"]]
        assert not go.is_set()
        eventually(lambda: len(arrived) == 12, 30, lambda: f"all of B's calls are asked for in the end: {len(arrived)}")
        assert {b.call(call)["status"] for call in calls} == {"inProgress"}
    finally:
        go.set()
    reasons = [ended(b, call, 30)["callEndedReason"] for call in calls]
    assert reasons == ["appHangup"] * 12, reasons
    server.wait_until_idle()


class NameServer:
    """Over UDP on loopback (RFC 1035 §4): says 127.0.0.1 for the names it knows, and nothing at all for others."""

    def __init__(self, known):
        self.known, self.asked = known, set()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                question, source = self.socket.recvfrom(2048)
            except OSError:
                return
            labels, place = [], 12
            while question[place]:
                labels.append(question[place + 1:place + 1 + question[place]].decode())
                place += 1 + question[place]
            name, end = ".".join(labels).lower(), place + 5
            self.asked.add(name)
            if name not in self.known:
                continue
            is_a = question[place + 1:place + 3] == b"\x00\x01"
            head = question[:2] + b"\x81\x80\x00\x01" + (b"\x00\x01" if is_a else b"\x00\x00") + bytes(4)
            record = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x7f\x00\x00\x01" if is_a else b""
            self.socket.sendto(head + question[12:end] + record, source)

    def close(self):
        self.socket.close()


def test_anothers_broken_zone(belay, app, endings):
    """B names hosts whose servers do not answer, more than an account may have looked up at once; A's app, below the
    same suffix, is found as if nobody else asked."""
    names = NameServer({"hooks.co.test"})
    endings.append(names.close)
    server = belay(arguments=["--name-servers", names.address])
    app.judge = False
    b = second_account(server)
    calls = [place(b, b.number, QUICK, f"http://n{number}.co.test:{app.port}/x") for number in range(100)]
    eventually(lambda: len([name for name in names.asked if name.startswith("n")]) >= 60, 30,
               lambda: f"B's names are asked for: {len(names.asked)}")
    app.answer("/a", HANGUP)
    call = place(server.rest, NUMBER, QUICK, f"http://hooks.co.test:{app.port}/a")
    ending = ended(server.rest, call, 20)
    assert ending["callEndedReason"] == "appHangup", (ending, server.rest.logs(call)[-3:])
    for call in calls:
        assert ended(b, call, 60)["callEndedReason"] == "webhookFailed"
