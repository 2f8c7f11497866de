"""The official Python quickstart and the SDK's how-to for outgoing calls, with nothing changed but base URL and keys.

`apps/` holds both in words of our own: the same routes, the same calls of the SDK in the same order, run with `flask
run` as their READMEs say.
"""

import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from harness import audio, ports
from harness.carrier import recording
from harness.process import Program
from harness.server import REPOSITORY
from harness.waiting import eventually
from test_first_quarter_of_an_hour import run

APPS = Path(__file__).resolve().parent / "apps"
README = (REPOSITORY / "README.md").read_text()


@pytest.fixture
def flask(folder, endings):
    """Runs one of the apps with the keys that its README wants in the environment; returns its address and output."""
    def start(name, server, **environment):
        port = ports.take()
        program = Program(
            [sys.executable, "-m", "flask", "run"], folder / f"{name}.log",
            env=os.environ | environment | {
                "FLASK_APP": str(APPS / f"{name}.py"), "FLASK_RUN_PORT": str(port),
                "ACCOUNT_ID": server.credentials["BELAY_ACCOUNT_ID"], "API_KEY": server.credentials["BELAY_API_KEY"]})
        endings.append(program.stop)
        program.wait_for(r"Running on http", 20)
        return f"http://127.0.0.1:{port}", program

    return start


def heard(server, *texts, folder):
    """Whether each text was heard at the far end, in this order, and nothing before."""
    samples = recording(server)[0]
    for text in texts:
        said = audio.render(text, folder)
        speech = audio.trimmed(samples)
        assert audio.faults(speech[:len(said) + 2000], said) == [], text
        samples = speech[len(said) + 2000:]
    return samples


def test_the_quickstart_s_app_is_called(belay, flask, folder):
    server = belay(arguments=["--log-level", "info"])
    url, program = flask("quickstart", server)
    with urllib.request.urlopen(url + "/incomingCall", timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/html"), "Flask's own type: a script is read all the same"
    application = run(server, "application", "create", "--voice-url", url + "/incomingCall").strip()
    run(server, "number", "assign", server.number, application)
    told = run(server, "dial")
    assert re.search(r"Webhook inboundCall answered : 200", told), told
    assert "PerCL Say (Welcome. The rope is in good hands." in told, told
    assert "the script ran out" in told and "completed (appHangup)" in told, told
    heard(server, "Welcome. The rope is in good hands.", folder=folder)
    program.wait_for(r'"POST /incomingCall HTTP/1\.1" 200')
    assert len(re.findall(r'"POST /incomingCall HTTP/1\.1" 200', program.text)) == 1, program.text


def test_the_how_to_s_app_calls(belay, flask, folder):
    server = belay(arguments=["--log-level", "info"])
    application = server.rest.post("/Applications", {"alias": "how-to"}).json["applicationId"]
    url, program = flask("outgoing", server, API_HOST=server.http + "/apiserver", NUMBER=server.number,
                         TO="+15005550010", APPLICATION_ID=application)
    changed = server.rest.post(f"/Applications/{application}", {
        "callConnectUrl": url + "/callConnect", "statusCallbackUrl": url + "/status"})
    assert changed.status == 200, changed
    with urllib.request.urlopen(urllib.request.Request(url + "/sendCall", method="POST"), timeout=10) as answer:
        assert answer.status == 200, program.text
    [call] = server.rest.all_calls()
    ended = server.wait_until_ended(call["callId"], 30)
    assert (ended["direction"], ended["status"], ended["callEndedReason"]) == \
        ("outboundAPI", "completed", "appHangup"), ended
    assert (ended["from"], ended["to"], ended["applicationId"]) == (server.number, "+15005550010", application)
    program.wait_for(r"told of callStatus appHangup", 10)
    eventually(lambda: '"POST /status HTTP/1.1" 200' in program.text, 5, "the status callback is answered")
    program.wait_for(r'"POST /callConnect HTTP/1\.1" 200')
    assert len(re.findall(r'"POST /callConnect HTTP/1\.1" 200', program.text)) == 1, program.text
    rest = heard(server, "Good day. This is the call that you asked for.", "Climb on.", folder=folder)
    assert not len(audio.trimmed(rest)), "and nothing after it"


def test_the_readme_s_use_of_the_sdk(belay, flask, folder):
    """README.md's own lines for the SDK: the address in them is this server's, and the app's is the quickstart's."""
    [source] = [block for block in re.findall(r"```python\n(.*?)```", README, re.S) if "make_a_call" in block]
    server = belay()
    url, _ = flask("quickstart", server)
    for theirs, ours in (("http://127.0.0.1:8080", server.http), ("http://127.0.0.1:3000/menu", url + "/incomingCall")):
        assert theirs in source
        source = source.replace(theirs, ours)
    path = folder / "call.py"
    path.write_text(source)
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=60,
                          env=os.environ | server.credentials)
    assert done.returncode == 0, done.stderr
    call, status = done.stdout.split()
    assert call.startswith("CA") and status.lower().endswith("queued"), done.stdout
    ended = server.wait_until_ended(call, 30)
    assert (ended["status"], ended["callEndedReason"]) == ("completed", "appHangup"), ended
