"""privacyMode: what it hides (docs/contract/privacy.md#what-privacymode-hides) cannot be read later, wherever one looks.

Each private field holds a canary of its own, and everything that the server keeps or tells is searched for it once the
webhooks are delivered. The same call without privacyMode is the proof that the search finds what is there.
"""

import contextlib
import json
import random
import sqlite3
from pathlib import Path

import numpy
import pytest
from scipy.io import wavfile

from harness.audio import mu_law_decode
from harness.far_end import Person, tone_frame
from harness.instruments import Burst, compose
from harness.server import NUMBER
from harness.steps import TO, application, place
from harness.waiting import eventually
from harness.webhook_app import HANGUP, Reply

MASK = "XXXXX"
CHILD = "+13125550177"
# The server purges what it removed after a second without work.
PURGED_WITHIN_SECONDS = 20
PRIVATE_LIFETIME_SECONDS = 120
CHANCE = random.SystemRandom()


def digits(count=16):
    """A string of digits that nothing else holds by accident."""
    return "".join(CHANCE.choice("0123456789") for _ in range(count))


def word():
    return "canary" + "".join(CHANCE.choice("bdfgklmnprstv") + CHANCE.choice("aeiou") for _ in range(7))


def make_canaries():
    """By the name of a private field: the text that stands in it."""
    return {name: digits() for name in (
        "Make a Call sendDigits", "SendDigits digits", "OutDial sendDigits", "GetDigits digits")} \
        | {name: word() for name in (
            "Say text", "Play file", "Play file that is missing", "Say text in GetDigits", "Play file in GetDigits",
            "Say text of a bad command", "text of a script that is no JSON")}


def found_in(canaries, haystacks):
    """By the canary's name: the places that hold it."""
    found = {}
    for place, content in haystacks:
        for name, canary in canaries.items():
            if canary.encode() in content:
                found.setdefault(name, []).append(place)
    return found


def haystacks(server):
    """Everything that can be read later: (what it is, its bytes)."""
    for path in sorted(server.data.rglob("*")):
        name = str(path.relative_to(server.data))
        yield f"name of DATA/{name}", name.encode()
        if path.is_file():
            yield f"DATA/{name}", path.read_bytes()
    for path in sorted(server.folder.glob("*.log")):
        yield f"what the server printed ({path.name})", path.read_bytes()
    yield "/metrics", server.rest.raw("GET", "/metrics", headers=server.as_operator).body
    for call in server.rest.all_calls():
        yield f"call {call['to']}", json.dumps(call).encode()
        yield f"log of the call to {call['to']}", json.dumps(server.rest.logs(call["callId"])).encode()
    path = f"{server.rest.path}/Logs"
    while path:
        answer = server.rest.raw("GET", path)
        assert answer.status == 200, answer
        yield "account's log", answer.body
        path = answer.json["nextPageUri"] and "/apiserver" + answer.json["nextPageUri"]
    for kind in ("Recordings", "Applications"):
        yield kind, server.rest.raw("GET", f"{server.rest.path}/{kind}").body
    yield from told_of_processes(server)


def told_of_processes(server):
    """What `ps` shows of the server and of the programs that it runs just now."""
    children = []
    for path in Path(f"/proc/{server.program.pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            children += path.read_text().split()
    for process in [server.program.pid, *children]:
        for what in ("cmdline", "environ"):
            with contextlib.suppress(OSError):
                yield f"{what} of process {process}", Path(f"/proc/{process}/{what}").read_bytes()


def answer_scripts(app, canaries, mode):
    """Every command that has privacyMode and is in this version, each with its canary. The command's own attributes
    come first, so that they are in the beginning of an answer that the log shows."""
    app.answer("/after-digits", [
        {"SendDigits": {"digits": canaries["SendDigits digits"], "pauseMs": 100} | mode},
        {"OutDial": {"sendDigits": canaries["OutDial sendDigits"], "destination": CHILD, "callingNumber": NUMBER,
                     "actionUrl": app.url("/dialled"), "callConnectUrl": app.answer("/child", HANGUP),
                     "statusCallbackUrl": app.url("/status")} | mode}])
    app.answer("/dialled", HANGUP)
    # First in a script, it repeats what the request before told (docs/contract/webhooks.md#redirect).
    app.answer("/digits", [{"Redirect": {"actionUrl": app.url("/after-digits")}}])
    app.answer("/ask", [{"GetDigits": {"prompts": [
        {"Say": {"text": canaries["Say text in GetDigits"]} | mode},
        {"Play": {"file": app.url("/tone.wav?token=" + canaries["Play file in GetDigits"])} | mode}],
        "actionUrl": app.url("/digits"), "maxDigits": 16, "initialTimeoutMs": 20000} | mode}])
    app.answer("/connect", [
        {"Say": {"text": canaries["Say text"]} | mode},
        {"Play": {"file": app.url("/tone.wav?token=" + canaries["Play file"])} | mode},
        {"Play": {"file": app.url("/missing.wav?token=" + canaries["Play file that is missing"])} | mode},
        {"Redirect": {"actionUrl": app.url("/ask")}}])
    app.answer("/bad", [{"Say": {"text": canaries["Say text of a bad command"], "loop": "x"} | mode}])
    broken = json.dumps([{"Say": {"text": canaries["text of a script that is no JSON"]} | mode}])[:-1]
    app.answer("/broken", Reply(200, broken))


@pytest.mark.timeout(150)
@pytest.mark.parametrize("private", [True, False], ids=["private", "twin"])
def test_what_can_be_read_later(belay, far_end, app, folder, private):
    canaries = make_canaries()
    mode = {"privacyMode": True} if private else {}
    typed = canaries["GetDigits digits"]
    # The keys come while GetDigits waits: sendDigits take 7.5 s, Say and Play some seconds, its prompts as many.
    far = far_end(decide=lambda number: Person(
        speaks=3000, presses=typed if number == TO else "", presses_after=17, presses_every=0.2))
    server = belay(trunk=far.trunk, arguments=["--log-level", "trace"])
    wavfile.write(folder / "tone.wav", 8000, (compose([Burst(0, 0.3, 700, -15)], 0.3) * 32767).astype(numpy.int16))
    app.answer("/tone.wav", Reply(200, (folder / "tone.wav").read_bytes(), {"Cache-Control": "max-age=600"}))
    app.answer("/missing.wav", Reply(404, "no such file"))
    connect = application(server, app, HANGUP)
    answer_scripts(app, canaries, mode)
    call = server.rest.place(from_=NUMBER, to=TO, applicationId=connect,
                             sendDigits=canaries["Make a Call sendDigits"], **mode)
    told = app.wait_for(call, "getDigits", 60).json
    assert (told["digits"], told["privacyMode"]) == (typed, private), "the application itself is told"
    assert app.wait_for(call, "redirect", count=2).json["digits"] == typed
    child = app.wait_for(call, "outDialStart", 20).json["dialCallId"]
    for path in ("/bad", "/broken"):
        refused = server.rest.place(from_=NUMBER, to=f"+1312555019{len(path)}", callConnectUrl=app.url(path),
                                    applicationId=connect)
        reason = app.wait_for(refused, "callStatus", 20).json["callEndedReason"]
        assert reason in ("appInvalidPercl", "webhookInvalidResponse"), reason
    for one in (call, child):
        app.wait_for(one, "callStatus", 40)
    server.wait_until_idle()

    # A key by itself can be anything; the log's own entries say of each one what it was.
    keys = "".join(entry["metadata"]["digit"] for entry in server.rest.logs(call)
                   if entry["message"] == "Digit received")
    assert keys == (MASK * len(typed) if private else typed)
    dialled = [entry["metadata"]["sendDigits"] for one in (call, child) for entry in server.rest.logs(one)
               if entry["message"] == "Digits sent"]
    assert dialled == ([MASK] * 2 if private else [canaries["Make a Call sendDigits"], canaries["OutDial sendDigits"]])

    def searched():
        return found_in(canaries, haystacks(server))

    if private:
        eventually(lambda: not searched(), PURGED_WITHIN_SECONDS, lambda: f"no canary is left: {searched()}")
        server.stop()
        left = found_in(canaries, ((str(path), path.read_bytes()) for path in server.data.rglob("*") if path.is_file()))
        assert not left, left
        return
    found = searched()
    assert found.keys() == canaries.keys(), f"the search found {found}"
    for name, places in found.items():
        assert "DATA/belay.sqlite" in places or "DATA/belay.sqlite-wal" in places, (name, places)
        assert "account's log" in places, (name, places)
        assert any(place.startswith("log of the call") for place in places), (name, places)
    for name in ("Say text", "Say text in GetDigits"):
        assert any(place.startswith("DATA/cache/speech") for place in found[name]), (name, found[name])


@pytest.mark.parametrize("private", [True, False], ids=["private", "twin"])
def test_what_is_refused(belay, far_end, app, private):
    """A wrong value is told of in the answer and in the account's log; a private one is not repeated in either."""
    server = belay(trunk=far_end().trunk, arguments=["--log-level", "trace"])
    canaries = {name: digits() for name in ("letters", "a pause", "a number", "another field", "no JSON")}
    whole = {"from": NUMBER, "to": TO, "callConnectUrl": app.url("/connect"), "privacyMode": private}
    bodies = {
        "letters": whole | {"sendDigits": canaries["letters"] + "x"},
        "a pause": whole | {"sendDigits": "{" + canaries["a pause"] + "}1"},
        "a number": whole | {"sendDigits": int("1" + canaries["a number"])},
        "another field": whole | {"sendDigits": canaries["another field"], "timeout": 0},
        "no JSON": whole | {"sendDigits": canaries["no JSON"]},
    }
    if private:
        # Whoever asks for privacy in a way that is not understood has asked for it.
        canaries["as text"] = digits()
        bodies["as text"] = whole | {"privacyMode": "yes", "sendDigits": canaries["as text"] + "x"}
    told = []
    for name, body in bodies.items():
        text = json.dumps(body)[:-1 if name == "no JSON" else None]
        key = {"Idempotency-Key": name.replace(" ", "-")}
        answer = server.rest.raw("POST", f"{server.rest.path}/Calls", text.encode(), key)
        assert answer.status == 400, answer
        told.append((f"answer to {name}", answer.body))
    found = found_in(canaries, told + list(haystacks(server)))
    if private:
        assert not found, found
        assert MASK in told[0][1].decode()
        eventually(lambda: not found_in(canaries, haystacks(server)), PURGED_WITHIN_SECONDS, "nothing is left")
    else:
        assert {"letters", "a pause", "a number"} <= found.keys(), found
        for name in ("letters", "a pause", "a number"):
            assert f"answer to {name}" in found[name] and "account's log" in found[name], found[name]


@pytest.mark.parametrize("private", [True, False], ids=["private", "twin"])
def test_what_a_program_is_told(belay, far_end, app, private):
    """What is spoken goes to the voice's input: no argument and no environment of any process shows it (`ps`)."""
    server = belay(trunk=far_end().trunk)
    canary = word()
    text = (canary + " and a text that takes its time. ") * 80
    seen = []

    def speaking_now():
        told = list(told_of_processes(server))
        seen.extend(told)
        return any(b"espeak" in content and b"--stdin" in content for _, content in told)

    call = place(server, app, [{"Say": {"text": text[:4000], "privacyMode": private}}])
    eventually(speaking_now, 20, "the voice speaks")
    eventually(lambda: not speaking_now(), 20, "the voice is done")
    assert server.rest.update(call, "completed").status == 202
    app.wait_for(call, "callStatus")
    assert not found_in({"Say text": canary}, seen)
    kept = found_in({"Say text": canary}, haystacks(server))
    assert ("Say text" in kept) == (not private), kept


# RecordUtterance: what is private is the recording itself

def files_with_the_tone(server):
    """The files of the data folder that hold a stretch of what the far end sounds: 100 ms of 440 Hz."""
    frames = [mu_law_decode(numpy.frombuffer(tone_frame(440, number), numpy.uint8)) for number in range(5)]
    tone = (numpy.concatenate(frames) * 32768).round().astype("<i2").tobytes()
    return sorted(path.name for path in server.data.rglob("*") if path.is_file() and tone in path.read_bytes())


def test_private_recordings(belay, far_end, app):
    """Its file can be fetched for two minutes and not be played; deleted or too old, nothing on the disk holds it."""
    far = far_end(decide=lambda number: Person(tone=440, speaks=1000), caller_may_crash=True)
    server = belay(trunk=far.trunk)
    app.unfinished_allowed = True

    def record(private, following):
        return [{"RecordUtterance": {"actionUrl": app.url(following), "playBeep": False, "maxLengthSec": 1,
                                     "silenceTimeoutMs": 3000, "privacyMode": private}}]

    def play(webhook):
        first = app.of(webhook.call, "record")[0].json
        return Reply(200, [{"Play": {"file": told["recordingUrl"]}} for told in (first, webhook.json)] + HANGUP)

    app.answer("/second", record(True, "/third"))
    app.answer("/third", record(False, "/done"))
    app.answer("/done", play)
    call = place(server, app, record(True, "/second"))
    app.wait_for(call, "callStatus", 30)
    told = [webhook.json for webhook in app.of(call, "record")]
    assert [webhook["privacyMode"] for webhook in told] == [True, True, False], told
    deleted, aged, open_one = [webhook["recordingId"] for webhook in told]
    plays = [entry["message"] for entry in server.rest.logs(call) if entry["message"].startswith("PerCL Play ")]
    assert plays == ["PerCL Play failed", "PerCL Play completed"], plays

    def download(recording):
        return server.rest.raw("GET", f"{server.rest.path}/Recordings/{recording}/Download")

    for recording, kind in ((deleted, "private"), (aged, "private"), (open_one, "protected")):
        assert server.rest.get(f"/Recordings/{recording}").json["type"] == kind
        assert download(recording).status == 200
    held = files_with_the_tone(server)
    assert len(held) == 3 and all(any(one in name for name in held) for one in (deleted, aged, open_one)), held

    assert server.rest.raw("DELETE", f"{server.rest.path}/Recordings/{deleted}").status == 204
    assert download(deleted).status == 404
    held = files_with_the_tone(server)
    assert len(held) == 2 and not list(server.data.rglob(f"*{deleted}*")), held

    # Both others grow older by their private life, while nobody looks.
    server.kill()
    with contextlib.closing(sqlite3.connect(server.data / "belay.sqlite")) as database, database:
        database.execute("UPDATE recordings SET created = created - :age, updated = updated - :age",
                         {"age": (PRIVATE_LIFETIME_SECONDS + 1) * 1_000_000})
    server.start()
    assert download(aged).status == 404
    eventually(lambda: len(files_with_the_tone(server)) == 1, 20, lambda: f"one is left: {files_with_the_tone(server)}")
    assert not list(server.data.rglob(f"*{aged}*"))
    assert download(open_one).status == 200


@pytest.mark.parametrize("script", [
    '[{"Play": {"file": "ftp://CANARY/x.wav", "privacyMode": true}}]',
    '[{"GetDigits": {"actionUrl": "http://127.0.0.1/x", "prompts": [{"Play": {"file": "CANARY", "privacyMode": true}}]}}]',
    '[{"Say": {"text": "CANARY", "privacyMode": "true"}}]',
    '[{"SendDigits": {"digits": "CANARY", "privacyMode": 1}}]',
    r'[{"Say": {"text": "CANARY", "privacy\u004dode": true}}, {"Hangup": {}}]',
], ids=["no URL", "no URL in a prompt", "privacyMode as text", "privacyMode as a number", "escaped name"])
def test_what_a_script_that_is_refused_hides(belay, far_end, app, script):
    """Whoever asks for privacy in a command that cannot run, or in words of their own, has asked for it."""
    server = belay(trunk=far_end().trunk)
    canaries = {"it": word()}
    call = place(server, app, Reply(200, script.replace("CANARY", canaries["it"])))
    app.wait_for(call, "callStatus", 20)
    server.wait_until_idle()
    eventually(lambda: not found_in(canaries, haystacks(server)), 5,
               lambda: f"nothing is left: {found_in(canaries, haystacks(server))}")
