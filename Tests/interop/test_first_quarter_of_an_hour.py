"""What a newcomer does, by the letter of README.md: its Flask app, tried with `belay call` and `belay dial`."""

import json
import os
import re
import subprocess
import sys

import pytest

from harness import ports
from harness.process import Program
from harness.server import REPOSITORY, binary

README = (REPOSITORY / "README.md").read_text()


@pytest.fixture
def menu(folder, endings):
    """The README's own app, on a port of its own."""
    [source] = [block for block in re.findall(r"```python\n(.*?)```", README, re.S) if "GetDigits" in block]
    port = ports.take()
    path = folder / "app.py"
    path.write_text(source.replace("port=3000", f"port={port}"))
    program = Program([sys.executable, path], folder / "app.log")
    endings.append(program.stop)
    program.wait_for(r"Running on http", 20)
    return f"http://127.0.0.1:{port}"


def run(server, *arguments, status=0):
    """One command of the command line, as the README has it: everything it needs stands in the data folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BELAY_")}
    done = subprocess.run([binary(), *arguments], env=environment | {"BELAY_DATA": str(server.data)},
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == status, f"{arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_a_call_without_code(belay):
    server = belay()
    told = run(server, "call", "--to", "+15005551142", "--say", "Good morning. This is Belay.")
    assert "completed (appHangup)" in told, told
    assert re.search(r"PerCL Say \(Good morning", told), told
    shown = run(server, "show")
    for part in ("callEndedReason  appHangup", "INVITE sip:+15005551142@", "m=audio", "requestBody", "packetsSent"):
        assert part in shown, f"{part} is not in:\n{shown}"
    assert "+15005551142" in run(server, "calls")


def test_logs_are_searched(belay):
    server = belay()
    for number in ("+15005551142", "+15005551143"):
        run(server, "call", "--to", number, "--say", "Good morning.")
    query = 'metadata.scope = "sip" AND message STARTS_WITH "SIP sent : INVITE"'
    found = [json.loads(line)["message"] for line in run(server, "logs", "--pql", query, "--json").splitlines()]
    assert [re.search(r"sip:(\S+?)@", message)[1] for message in found] == ["+15005551142", "+15005551143"], found
    [told] = run(server, "logs", "--pql", query, "--limit", "1").splitlines()
    assert re.match(r"\d{4}-\d\d-\d\dT\S+Z CA[0-9a-f]{40} .*INVITE sip:\+15005551143@", told), told
    assert run(server, "logs", "--pql", "level = 'info'", status=70) == ""
    run(server, "logs", "CA" + "0" * 40, "--pql", query, status=64)


def test_the_menu_called(belay, menu):
    server = belay()
    told = run(server, "call", "--to", "+15005555402", "--url", menu + "/menu")
    assert "You have reached support." in told, told
    assert "completed (appHangup)" in told, told


def test_the_menu_dialled(belay, menu):
    server = belay()
    application = run(server, "application", "create", "--voice-url", menu + "/menu").strip()
    run(server, "number", "assign", server.number, application)
    call = json.loads(run(server, "dial", "--to", server.number, "--press", "1", "--json"))
    assert (call["direction"], call["status"], call["callEndedReason"]) == ("inbound", "completed", "appHangup"), call
    log = run(server, "logs", call["callId"])
    assert "You have reached sales." in log, log
    assert "Digit received (" in log, log


def test_exit_codes_and_words_on_stderr(belay):
    server = belay()
    run(server, "call", "--to", "+15005550486", "--say", "x", status=1)
    run(server, "call", "--to", "+15005550404", "--say", "x", status=3)
    run(server, "call", "--to", "+15005551000", "--url", "http://127.0.0.1:9/", status=5)
    done = subprocess.run([binary(), "calls", "--data", server.folder / "nowhere"], capture_output=True, text=True,
                          env={k: v for k, v in os.environ.items() if not k.startswith("BELAY_")})
    assert done.returncode == 70 and not done.stdout, done
    assert "--data" in done.stderr, done.stderr
