"""Feeds (docs/contract/feed.md#feeds): what they tell is what GET gives, nothing is missing and nothing comes twice, whatever
becomes of the connection, of the listener, of the server and of its disk."""

import base64
import json
import re
import signal
import socket
import time

import pytest

from harness.failing_disk import MODES, FailingDisk
from harness.feed import Listener
from harness.rest import Client
from harness.server import ACCOUNT, KEY, NUMBER
from harness.steps import place
from harness.waiting import eventually
from test_accounts import belay_says
from test_failing_disk import becomes

LONG = [{"Pause": {"length": 600_000}}]
#: Of the simulated carrier: answers and stays.
STAYS = "+15005550010"
PER_ACCOUNT = 32


def feed(server, call, **options):
    return Listener(server.rest, f"/Calls/{call}/Feed", **options)


def listeners(server):
    return server.gauge("belay_feed_listeners")


def is_told_whole(server, call, log):
    """Entry by entry what GET ~/Calls/{id}/Logs gives, oldest first."""
    assert log == server.rest.logs(call)


# What is told


def test_a_call_from_before_it_is_dialled_to_its_end(belay, app):
    server = belay(env={"BELAY_CALLS_AT_ONCE": "1", "BELAY_QUEUE_SECONDS": "0"})
    first = place(server, app, LONG, to=STAYS)
    eventually(lambda: "PerCL Pause" in str(server.rest.logs(first)), 10, "the first has its script")
    say = [{"Say": {"text": "Good morning."}}, {"Hangup": {}}]
    call = place(server, app, say, to=STAYS)
    listener = feed(server, call)
    listener.wait_for(lambda it: it.of("log"), what="entry before it is dialled")
    assert listener.statuses == ["queued"]
    server.rest.update(first, "completed")
    events = listener.wait_until_over()
    assert (events[0].name, events[-1].name) == ("call", "end")
    assert listener.statuses == ["queued", "ringing", "inProgress", "completed"]
    revisions = [event.json["revision"] for event in listener.of("call")]
    assert revisions == sorted(set(revisions)), revisions
    assert [event.id for event in listener.of("log")] == [str(entry["metadata"]["sequence"]) for entry in listener.log]
    assert all(event.id is None for event in events if event.name != "log")
    assert events[-1].json == server.rest.call(call)
    is_told_whole(server, call, listener.log)
    # What comes behind the last status is told before the end.
    messages = [entry["message"] for entry in listener.log]
    assert messages.index("Media figures") > messages.index("Call completed")
    assert any("callStatus answered" in message for message in messages), messages


def test_an_entry_comes_when_it_happens(belay, app):
    """And not with the next one, nor at the end."""
    server = belay()
    call = place(server, app, LONG, to=STAYS)
    listener = feed(server, call)
    listener.wait_for(lambda it: "inProgress" in it.statuses, what="answer")
    listener.wait_for(lambda it: any(entry["message"] == "PerCL Pause" for entry in it.log), what="first command")
    assert server.rest.call(call)["status"] == "inProgress" and not listener.is_over
    server.rest.update(call, "completed")
    assert listener.wait_until_over()[-1].name == "end"


def test_a_call_that_is_over(belay, app):
    server = belay()
    call = place(server, app, to=STAYS)
    server.wait_until_ended(call)
    listener = feed(server, call)
    names = [event.name for event in listener.wait_until_over()]
    assert names == ["call"] + ["log"] * (len(names) - 2) + ["end"]
    is_told_whole(server, call, listener.log)
    assert listener.headers["connection"] == "close" and listener.headers["cache-control"] == "no-store"


def test_what_is_private_is_masked(belay, app):
    server = belay()
    # So many that they stand in no identifier and no time by chance.
    first, second = "9753186420", "8642097531"
    call = place(server, app, [{"SendDigits": {"digits": second, "privacyMode": True}}, {"Hangup": {}}], to=STAYS,
                 sendDigits=first, privacyMode=True)
    listener = feed(server, call)
    text = "".join(event.data for event in listener.wait_until_over(40))
    assert first not in text and second not in text
    assert "XXXXX" in text


def test_an_account_with_all_its_calls(belay, app):
    server = belay()
    listener = Listener(server.rest, "/Feed")
    listener.wait_for(lambda it: it.comments, what="first line")
    refused = server.rest.post("/Calls", {"from": NUMBER})
    assert refused.status == 400
    calls = [place(server, app, to=to) for to in ("+15005551042", "+15005551043")]
    for call in calls:
        feed(server, call).wait_until_over()
    for call in calls:
        listener.wait_for(lambda it, call=call: len([e for e in it.log if e["callId"] == call]) == len(server.rest.logs(call)),
                          what="every entry")
        is_told_whole(server, call, [entry for entry in listener.log if entry["callId"] == call])
        changes = [event.json for event in listener.of("call") if event.json["callId"] == call]
        assert changes[0]["status"] == "queued" and changes[-1]["status"] == "completed"
    [alone] = [entry for entry in listener.log if entry["requestId"] == refused.headers["request-id"]]
    assert alone["callId"] is None and alone["level"] == "warning"
    ids = [event.id for event in listener.of("log")]
    assert len(set(ids)) == len(ids) and not listener.is_over
    listener.close()
    # Whoever comes again has what came since.
    middle = listener.of("log")[len(ids) // 2]
    again = Listener(server.rest, "/Feed", last=middle.id)
    wanted = {(entry["callId"], entry["metadata"]["sequence"]) for entry in listener.log[len(ids) // 2 + 1:]}
    again.wait_for(lambda it: {(e["callId"], e["metadata"]["sequence"]) for e in it.log} >= wanted, what="what was missed")
    assert not again.of("gap")
    again.close()


# Connections that are lost


def test_resumed_again_and_again(belay, app):
    """A listener that goes after a few events each time, and names the last one that it had."""
    server = belay()
    script = [{"Pause": {"length": 100}}] * 30 + [{"Hangup": {}}]
    call = place(server, app, script, to=STAYS)
    last, log, rounds, is_over = None, [], 0, False
    while not is_over:
        listener = feed(server, call, last=last)
        listener.wait_for(lambda it: len(it.of("log")) >= 4 or it.of("end"), what="some entries")
        is_over = bool(listener.of("end"))
        if not is_over:
            listener.close()
        listener.wait_until_over()
        told = listener.of("log")
        # It may have come to the end in the meantime.
        is_over = is_over or bool(listener.of("end"))
        assert listener.events[0].name == "call"
        log += [event.json for event in told]
        last = told[-1].id if told else last
        rounds += 1
        assert rounds < 200
    assert rounds > 3, "it was cut off several times"
    is_told_whole(server, call, log)


def test_resumed_by_the_parameter(belay, app):
    server = belay()
    call = place(server, app, to=STAYS)
    server.wait_until_ended(call)
    whole = feed(server, call)
    whole.wait_until_over()
    for after in (0, 3, len(whole.log), 10**15):
        rest = Listener(server.rest, f"/Calls/{call}/Feed?after={after}")
        assert rest.wait_until_over()[-1].name == "end"
        assert rest.log == [entry for entry in whole.log if entry["metadata"]["sequence"] > after]
    for path, last in ((f"/Calls/{call}/Feed", "x"), (f"/Calls/{call}/Feed?after=x", None), ("/Feed", "1.2"),
                       ("/Feed?after=CA", None)):
        refused = Listener(server.rest, path, last=last)
        assert refused.status == 400 and json.loads(refused.body)["code"] == 9, refused.body


def test_who_goes_gives_the_place_back(belay, app):
    server = belay()
    call = place(server, app, LONG, to=STAYS)
    held = [feed(server, call) for _ in range(5)]
    for listener in held:
        listener.wait_for(lambda it: it.events)
    assert listeners(server) == 5
    for listener in held:
        listener.close()
    eventually(lambda: listeners(server) == 0, 5, lambda: f"nobody listens; {listeners(server)} do")
    server.rest.update(call, "completed")


def request(path, *fields):
    """The head of a request for a feed, for what a proper client would not send."""
    token = base64.b64encode(f"{ACCOUNT}:{KEY}".encode()).decode()
    lines = [f"GET /apiserver/Accounts/{ACCOUNT}{path} HTTP/1.1", "Host: localhost", f"Authorization: Basic {token}"]
    return "".join(line + "\r\n" for line in [*lines, *fields, ""]).encode()


@pytest.mark.parametrize("status", ["completed", "inProgress"])
@pytest.mark.parametrize("sent", [
    "a whole request", "half of a body", "a chunk of a body", "a second request", "an end to sending"])
def test_who_goes_in_the_middle_of_anything(belay, app, status, sent):
    """Whoever has sent what, and goes at once or ends his side alone: the place comes back, and the server serves on."""
    server = belay()
    call = place(server, app, LONG, to=STAYS)
    eventually(lambda: server.rest.call(call)["status"] == "inProgress", 10, "the call is answered")
    if status == "completed":
        server.rest.update(call, "completed")
        server.wait_until_ended(call)
    path = f"/Calls/{call}/Feed"
    said = {
        "half of a body": request(path, "Content-Length: 10") + b"12345",
        "a chunk of a body": request(path, "Transfer-Encoding: chunked") + b"5\r\n12345\r\n",
        "a second request": request(path) * 2,
    }.get(sent, request(path))
    for round in range(200):
        with socket.create_connection(server.http_address) as connection:
            connection.sendall(said)
            if sent == "an end to sending":
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
            elif round % 2:
                connection.recv(100)
    eventually(lambda: listeners(server) == 0, 5, lambda: f"nobody listens; {listeners(server)} do")
    assert server.rest.call(call)["status"] == status


# Listeners that do not keep up, and many of them


class Deaf:
    """Asks for the account's feed, and reads nothing until told to."""

    def __init__(self, server):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(30)
        self.socket.connect(server.http_address)
        self.socket.sendall(request("/Feed"))

    def read(self):
        """What there is of events, by name, id and data, and whether the answer came to its end."""
        content = b""
        while chunk := self.socket.recv(65536):
            content += chunk
        self.socket.close()
        _, _, rest = content.partition(b"\r\n\r\n")
        body, ended = b"", False
        while rest and not ended:
            size, _, rest = rest.partition(b"\r\n")
            length = int(size, 16)
            body, rest, ended = body + rest[:length], rest[length + 2:], length == 0
        found = re.findall(r"event: (\w+)\n(?:id: (\S+)\n)?data: (.*)\n\n", body.decode())
        return found, ended


def refuse_many(server, first, count):
    """Requests that are refused, each with a number of its own that the account's log has."""
    for number in range(first, first + count):
        answer = server.rest.post("/Calls", {"from": f"number {number} {'x' * 300}"})
        assert answer.status == 400, answer


def numbers(log):
    found = (re.search(r"number (\d+) x", json.dumps(entry["metadata"])) for entry in log)
    return [int(match.group(1)) for match in found if match]


@pytest.mark.timeout(240)
def test_who_does_not_keep_up_is_told_so_and_goes_on_from_the_disk(belay):
    server = belay(arguments=["--http-send-seconds", "200"])
    deaf = Deaf(server)
    eventually(lambda: listeners(server) == 1, 5, "it is listened to")
    sent = 0
    while server.gauge("belay_feed_lagging_total") == 0:
        refuse_many(server, sent, 50)
        sent += 50
        assert sent < 20_000, "what waits for one that does not read is bounded"
    # Nothing waits for it.
    began = time.monotonic()
    assert server.rest.get("").status == 200 and time.monotonic() - began < 5
    events, ended = deaf.read()
    assert ended and events[-1][0] == "lagging", events[-1]
    log = [(name, identifier, json.loads(data)) for name, identifier, data in events if name == "log"]
    had = numbers([entry for _, _, entry in log])
    assert had == list(range(len(had))) and 300 < len(had) < sent, "without a gap up to where it ends"
    again = Listener(server.rest, "/Feed", last=log[-1][1])
    again.wait_for(lambda it: numbers(it.log)[-1:] == [sent - 1], what="the newest")
    assert numbers(again.log) == list(range(len(had), sent)) and not again.of("gap")
    again.close()
    eventually(lambda: listeners(server) == 0, 5, "nobody listens")


@pytest.mark.timeout(180)
def test_who_reads_nothing_at_all_is_closed(belay):
    server = belay(arguments=["--http-send-seconds", "1"])
    deaf = Deaf(server)
    eventually(lambda: listeners(server) == 1, 5, "it is listened to")
    sent = 0
    while listeners(server) > 0:
        refuse_many(server, sent, 50)
        sent += 50
        assert sent < 20_000
    assert server.metrics()['belay_http_closed_total{reason="send"}'] >= 1
    deaf.socket.close()


def test_one_listener_too_many(belay, app):
    server = belay()
    made = dict(line.split("=", 1) for line in belay_says(server, "account", "create", "--type", "full").split())
    other = Client(server.http, made["BELAY_ACCOUNT_ID"], made["BELAY_API_KEY"])
    call = place(server, app, LONG, to=STAYS)
    held = [Listener(server.rest, path) for path in ["/Feed", f"/Calls/{call}/Feed"] * (PER_ACCOUNT // 2)]
    assert {listener.status for listener in held} == {200}
    for path in ("/Feed", f"/Calls/{call}/Feed"):
        refused = Listener(server.rest, path)
        body = json.loads(refused.body)
        assert (refused.status, body["code"], body["details"]) == (429, 24, {"rule": "feedsAtOnce"}), refused.body
        assert int(refused.headers["retry-after"]) >= 1 and str(PER_ACCOUNT) in body["message"]
    # It takes nothing else from the account, and nothing from another.
    assert server.rest.call(call)["status"] in ("ringing", "inProgress", "queued")
    theirs = Listener(other, "/Feed")
    assert theirs.status == 200
    # A command that finds no feed asks instead.
    assert belay_says(server, "call", "--to", "+15005551042", "--say", "Good morning.").splitlines()[-1].startswith("completed")
    held.pop().close()
    eventually(lambda: listeners(server) == PER_ACCOUNT, 5, "its place is free")
    again = Listener(server.rest, "/Feed")
    assert again.status == 200
    for listener in [*held, again, theirs]:
        listener.close()
    server.rest.update(call, "completed")


# Others' calls, and keys that are good no more


def test_another_account(belay, app):
    server = belay()
    made = dict(line.split("=", 1) for line in belay_says(server, "account", "create", "--type", "full").split())
    other = Client(server.http, made["BELAY_ACCOUNT_ID"], made["BELAY_API_KEY"])
    theirs = Listener(other, "/Feed")
    call = place(server, app, to=STAYS)
    for client, path, status in (
            (other, f"/Calls/{call}/Feed", 404), (server.rest, f"/Calls/CA{'0' * 40}/Feed", 404),
            (server.rest, "/Calls/nonsense/Feed", 404)):
        assert Listener(client, path).status == status, path
    for path in (f"/apiserver/Accounts/{ACCOUNT}/Feed", f"/apiserver/Accounts/{ACCOUNT}/Calls/{call}/Feed"):
        assert other.raw("GET", path).status == 403
        assert server.rest.raw("GET", path, authorized=False).status == 401
    assert feed(server, call).wait_until_over()[-1].name == "end"
    assert other.post("/Calls", {"from": "nonsense"}).status == 400
    # Its own refusal comes behind everything of the other account's.
    theirs.wait_for(lambda it: it.of("log"))
    assert {entry["accountId"] for entry in theirs.log} == {other.account} and not theirs.of("call")
    theirs.close()


@pytest.mark.timeout(120)
def test_an_account_that_is_suspended_loses_its_feed(belay, app):
    """At the next sign of life; others' go on."""
    server = belay()
    call = place(server, app, LONG, to=STAYS)
    made = dict(line.split("=", 1) for line in belay_says(server, "account", "create", "--type", "full").split())
    other = Client(server.http, made["BELAY_ACCOUNT_ID"], made["BELAY_API_KEY"])
    theirs, ours = Listener(other, "/Feed"), feed(server, call)
    belay_says(server, "account", "suspend", other.account)
    theirs.wait_until_over(40)
    ours.wait_for(lambda it: it.comments, what="sign of life")
    assert not ours.is_over
    ours.close()
    server.rest.update(call, "completed")


# The server's stop, its crash, and its disk


@pytest.mark.timeout(120)
def test_the_server_stops(belay, app):
    """Calls are ended, and what they came to is told; then all streams close, and none holds the server up."""
    server = belay(env={"BELAY_DRAIN_SECONDS": "1"})
    call = place(server, app, LONG, to=STAYS)
    listener, account = feed(server, call), Listener(server.rest, "/Feed")
    listener.wait_for(lambda it: "inProgress" in it.statuses)
    server.program.send(signal.SIGTERM)
    assert server.program.wait(30) == 0
    listener.wait_until_over()
    last = listener.of("call")[-1].json
    assert (last["status"], last["callEndedReason"]) == ("completed", "internalError")
    account.wait_until_over()
    assert account.statuses[-1] == "completed"
    server.start()
    assert listener.log == server.rest.logs(call)[:len(listener.log)]


@pytest.mark.timeout(240)
def test_who_reads_nothing_does_not_hold_up_a_stop(belay):
    server = belay(arguments=["--http-send-seconds", "200"])
    deaf = Deaf(server)
    eventually(lambda: listeners(server) == 1, 5, "it is listened to")
    sent = 0
    while server.gauge("belay_feed_lagging_total") == 0:
        refuse_many(server, sent, 50)
        sent += 50
        assert sent < 20_000
    server.program.send(signal.SIGTERM)
    assert server.program.wait(30) == 0
    deaf.socket.close()


@pytest.mark.timeout(120)
def test_nothing_is_told_that_is_not_on_disk(belay, far_end, folder, app):
    app.unfinished_allowed = True
    disk = FailingDisk(folder, folder / "server1" / "data")
    far = far_end(caller_may_crash=True)
    server = belay(trunk=far.trunk, env=disk.env)
    try:
        call = place(server, app, LONG)
        server.wait_for_status(call, "inProgress")
        listener = feed(server, call)
        listener.wait_for(lambda it: any(entry["message"] == "PerCL Pause" for entry in it.log))
        disk.fail(MODES["EIO"])
        becomes(server, 503)
        assert server.rest.update(call, "completed").status == 202
        eventually(lambda: not far.open_dialogs(), 10, "it is over at the far end")
        assert server.rest.call(call)["status"] == "inProgress", "as the disk has it"
        assert listener.statuses[-1] == "inProgress" and not listener.of("end"), listener.statuses
        assert not [entry for entry in listener.log if entry["message"] == "Hang-up requested"]
    finally:
        disk.heal()
    becomes(server, 200)
    end = listener.wait_until_over(40)[-1]
    assert (end.name, end.json["status"], end.json["callEndedReason"]) == ("end", "completed", "appHangup")
    is_told_whole(server, call, listener.log)
