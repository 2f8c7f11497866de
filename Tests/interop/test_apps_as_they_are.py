"""Apps as they are: handlers that never answer, apps that answer 500 for good, passwords in URLs, files behind redirects.

What holds: docs/decisions/0016 (notifications), docs/decisions/0017 (certificates), docs/writing-an-app.md.
"""

import base64
import json
import socket
import struct
import threading

import pytest

from harness.outcome import check_outcome
from harness.server import ACCOUNT, KEY, NUMBER
from harness.steps import TO, place
from harness.waiting import eventually
from harness.webhook_app import HANGUP, Reply

SECRET = "S3cret-of-mine"


def wav(samples, data_length=None):
    """8 kHz, one channel, 16 bits; with `data_length` in place of the length that it has."""
    data = struct.pack(f"<{len(samples)}h", *samples)
    length = len(data) if data_length is None else data_length
    body = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16) + b"data" + struct.pack("<I", length) + data
    return b"RIFF" + struct.pack("<I", len(body) if data_length is None else data_length) + body


SQUARE = [12000 if index // 10 % 2 else -12000 for index in range(4000)]


def test_a_status_handler_that_never_answers(belay, far_end, app):
    """Tried three times in all, then told of: in the call's log, and counted. Nothing is left over."""
    server = belay(trunk=far_end().trunk, env={"BELAY_WEBHOOK_SECONDS": "0.5"})
    app.unfinished_allowed = True
    app.answer("/status", Reply(200, "late", delay=3))
    call = place(server, app)
    server.wait_until_ended(call)
    server.wait_until_idle()
    assert len(app.of(call, "callStatus")) == 3
    entries = [entry for entry in server.rest.logs(call) if "not delivered" in entry["message"]]
    assert [entry["message"] for entry in entries] == ["Webhook callStatus not delivered : unanswered"], entries
    assert entries[0]["level"] == "error" and entries[0]["metadata"]["attempts"] == 3
    assert 'belay_notifications_total{end="unanswered"} 1' in server.rest.raw("GET", "/metrics", headers=server.as_operator).body.decode()


def test_no_live_call_waits_for_a_dead_status_handler(belay, far_end, app):
    """All places for notifications of a host are held by posts that nobody answers; scripts of that host come at once."""
    server = belay(trunk=far_end().trunk, env={
        "BELAY_NOTIFICATION_CONNECTIONS": "2", "BELAY_WEBHOOK_CONNECTIONS": "2", "BELAY_WEBHOOK_SECONDS": "60"})
    app.unfinished_allowed = True
    stalled, released = [], threading.Event()

    def stall(webhook):
        stalled.append(webhook)
        released.wait(60)
        return Reply(200, "late")

    app.answer("/status", stall)
    try:
        for number in range(4):
            server.wait_until_ended(place(server, app, to=f"+1312555020{number}"))
        eventually(lambda: len(stalled) == 2, 20, "two notifications hold all places")
        ended = server.wait_until_ended(place(server, app, to="+13125550209"))
        assert ended["callEndedReason"] == "appHangup", ended
        assert len(stalled) == 2, "no place became free meanwhile"
    finally:
        released.set()
    server.wait_until_idle()


@pytest.mark.parametrize("status, end", [(302, "redirected"), (307, "redirected"), (404, None), (501, None)])
def test_what_counts_as_delivery(belay, far_end, app, status, end):
    """A redirect is no delivery and is told of; an answer that the app means is one. Neither is tried again."""
    server = belay(trunk=far_end().trunk)
    app.answer("/status", Reply(status, "", {"Location": "https://elsewhere.example/x"}))
    call = place(server, app)
    server.wait_until_ended(call)
    server.wait_until_idle()
    assert len(app.of(call, "callStatus")) == 1
    told = [e for e in server.rest.logs(call) if "not delivered" in e["message"]]
    assert [e["message"] for e in told] == ([f"Webhook callStatus not delivered : {end}"] if end else [])
    if end:
        assert "https://elsewhere.example/x" in json.dumps(server.rest.logs(call))


def test_user_and_password_of_a_url(belay, far_end, app):
    """RFC 7617: sent as Basic, for webhooks and audio, percent-decoded; and nowhere to be read."""
    server = belay(trunk=far_end().trunk)
    base = app.url("").replace("http://", f"http://me:{SECRET}%40x@")
    app.answer("/sound.wav", Reply(200, wav(SQUARE), {"Content-Type": "audio/wav"}))
    app.answer("/next", HANGUP)
    app.answer("/connect", [{"Play": {"file": base + "/sound.wav"}}, {"Redirect": {"actionUrl": base + "/next"}}])
    app.answer("/status", Reply(200, "[]"))
    made = server.rest.post("/Applications", {"callConnectUrl": base + "/connect", "statusCallbackUrl": base + "/status"})
    assert made.status == 201, made
    call = server.rest.place(from_=NUMBER, to=TO, applicationId=made.json["applicationId"])
    check_outcome(server, app, call, "completed", "appHangup")
    wanted = "Basic " + base64.b64encode(f"me:{SECRET}@x".encode()).decode()
    assert {w.headers.get("authorization") for w in [*app.of(call), *app.fetches]} == {wanted}
    assert app.fetches
    readable = json.dumps(server.rest.logs(call)) + str(made) + server.program.text
    readable += str(server.rest.get(f"/Applications/{made.json['applicationId']}"))
    assert SECRET not in readable and "XXXXX@127.0.0.1" in readable


@pytest.mark.parametrize("url, reason", [
    ("http://h.example:0/", "port 0"), ("http://h.example:99999/", "port 99999"),
    ("http://" + "a" * 300 + ".example/", "308 characters"), ("http://" + "a" * 64 + ".example/", "64 characters"), ("http://" + "abcdefghi." * 30 + "com/", "303"),
    ("http:///x", "no host"), ("http://a b/", "blank"), ("http://h/%zz", "hexadecimal"), ("http://[fe80::1%25lo]/", "zone"),
    ("http://h/#x", "#"), ("http://a..b/", "empty"), ("http://300.1.1.1/", "IPv4"), ("http://[1:2]/", "IPv6")])
def test_urls_that_can_never_work(belay, far_end, app, url, reason):
    """Refused where they are given: 400 over REST, appInvalidPercl in a script; nobody is called in vain."""
    server = belay(trunk=far_end().trunk)
    for field, path in [("callConnectUrl", "/Calls"), ("voiceUrl", "/Applications"), ("statusCallbackUrl", "/Applications")]:
        body = {"from": NUMBER, "to": TO} if path == "/Calls" else {}
        answer = server.rest.post(path, body | {field: url})
        assert answer.status == 400 and field in answer.json["message"] and reason in answer.json["message"], answer
    call = place(server, app, [{"Redirect": {"actionUrl": url}}])
    check_outcome(server, app, call, "completed", "appInvalidPercl", logged=["actionUrl", reason])
    call = place(server, app, [{"Play": {"file": url}}], to="+13125550143")
    check_outcome(server, app, call, "completed", "appInvalidPercl", logged=["file", reason])


@pytest.mark.parametrize("body", [
    b"\xef\xbb\xbf" + json.dumps(HANGUP).encode(), b'[{"Hangup":{"reason":"cut \\ud83d"}}]',
], ids=["byte order mark", "half a surrogate pair"])
def test_json_as_programs_write_it(belay, far_end, app, body):
    """RFC 8259 §8.1 and §8.2."""
    server = belay(trunk=far_end().trunk)
    check_outcome(server, app, place(server, app, Reply(200, body)), "completed", "appHangup")


def test_expect_continue_is_answered_at_once(belay, far_end):
    """RFC 9110 §10.1.1: the client waits with its body until it is told to go on."""
    server = belay(trunk=far_end().trunk)
    body = json.dumps({"alias": "asked first"}).encode()
    token = base64.b64encode(f"{ACCOUNT}:{KEY}".encode()).decode()
    host, port = server.http.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall((
            f"POST /apiserver/Accounts/{ACCOUNT}/Applications HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic {token}\r\n"
            f"Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n").encode())
        reader = connection.makefile("rb")
        assert reader.readline() == b"HTTP/1.1 100 Continue\r\n"
        while reader.readline().strip():
            pass
        connection.sendall(body)
        assert reader.readline().startswith(b"HTTP/1.1 201 ")


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF, 0x7FFFF000])
@pytest.mark.parametrize("redirects", [0, 2])
def test_files_as_stores_and_encoders_give_them(belay, far_end, app, length, redirects):
    """A WAV that was streamed is played to its end, and redirects on the way to it are followed."""
    server = belay(trunk=far_end().trunk)
    for hop in range(redirects):
        app.answer(f"/hop{hop}.wav", Reply([302, 307][hop], "", {"Location": f"hop{hop + 1}.wav"}))
    app.answer(f"/hop{redirects}.wav", Reply(200, wav(SQUARE, length), {"Content-Type": "audio/wav"}))
    call = place(server, app, [{"Play": {"file": app.url("/hop0.wav")}}, {"Hangup": {}}])
    check_outcome(server, app, call, "completed", "appHangup")
    ends = [e for e in server.rest.logs(call) if e["message"] == "PerCL Play completed"]
    assert len(ends) == 1 and ends[0]["level"] == "info", server.rest.logs(call)


@pytest.mark.parametrize("samples", [[], [0] * 800], ids=["no sound", "silence"])
def test_nothing_to_be_heard_is_warned_of(belay, far_end, app, samples):
    server = belay(trunk=far_end().trunk)
    app.answer("/a.wav", Reply(200, wav(samples), {"Content-Type": "audio/wav"}))
    call = place(server, app, [{"Play": {"file": app.url("/a.wav")}}, {"Hangup": {}}])
    server.wait_until_ended(call)
    ends = [e for e in server.rest.logs(call) if e["message"].startswith("PerCL Play ")]
    assert any(e["level"] in ("warning", "error") and "heard" in json.dumps(e) for e in ends), ends


def test_audio_redirects_pass_the_address_guard(belay, far_end, app):
    """A store that leads to the cloud's metadata service leads nowhere."""
    server = belay(trunk=far_end().trunk)
    app.answer("/a.wav", Reply(302, "", {"Location": "http://169.254.169.254/latest/meta-data"}))
    call = place(server, app, [{"Play": {"file": app.url("/a.wav")}}, {"Hangup": {}}])
    server.wait_until_ended(call)
    assert "may not be reached" in json.dumps(server.rest.logs(call))
