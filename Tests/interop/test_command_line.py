"""The command line as somebody who has never seen it meets it: wrong folders, servers that are not there, calls that do not
come in, Ctrl-C; and each message in words that say what to do."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from harness import audio, ports
from harness.process import Program
from harness.server import ACCOUNT, KEY, NUMBER, binary
from harness.waiting import eventually
from harness.webhook_app import Reply

#: No message shows what a program says to its programmer.
INSIDES = re.compile(r"NIO|HTTPClientError|Swift|Optional\(|errno|bind\(|Error Domain|Code=\d|fatal", re.I)
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("BELAY_")}
NOBODY = "CA" + "0" * 40
NO_QUEUE, NO_CONFERENCE = "QU" + "0" * 40, "CF" + "0" * 40

#: One of each command that asks a server, with arguments that are right.
ASKING = [
    ("call", "--to", "+15005551042", "--say", "x"), ("dial", "--to", NUMBER), ("hangup", NOBODY), ("calls",), ("logs",),
    ("logs", NOBODY), ("logs", "--pql", 'level = "error"'), ("logs", "--follow"), ("show",), ("show", NOBODY, "--follow"),
    ("recording",), ("status",), ("application", "list"),
    ("application", "create"), ("application", "delete", "AP" + "0" * 40), ("number", "list"),
    ("number", "add", "+13125550101"), ("number", "assign", NUMBER, "none"), ("number", "remove", NUMBER),
    ("account", "list"), ("account", "show"), ("account", "create"), ("account", "suspend", ACCOUNT),
    ("key", "new"), ("key", "revoke"), ("export", "calls"),
    ("queue", "list"), ("queue", "create"), ("queue", "members", NO_QUEUE), ("queue", "next", NO_QUEUE), ("queue", "show", NO_QUEUE),
    ("conference", "list"), ("conferences",), ("conference", "create"), ("conference", "show", NO_CONFERENCE),
    ("conference", "members", NO_CONFERENCE), ("conference", "mute", NO_CONFERENCE, NOBODY),
    ("conference", "unmute", NO_CONFERENCE, NOBODY), ("conference", "remove", NO_CONFERENCE, NOBODY),
    ("conference", "end", NO_CONFERENCE), ("show", NO_CONFERENCE), ("show", NO_QUEUE), ("logs", NO_CONFERENCE),
    ("resume", NOBODY), ("stop-dialling",), ("start-dialling",), ("machines", "label", NOBODY, "human"),
]


def start(data, *arguments, **environment):
    return subprocess.Popen([binary(), *arguments], env=CLEAN | {"BELAY_DATA": str(data)} | environment, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def belay_says(data, *arguments, status=0, **environment):
    """What one command prints, stdout and stderr; its exit code is `status`."""
    process = start(data, *arguments, **environment)
    out, err = process.communicate(timeout=60)
    assert process.returncode == status, f"{arguments} ended with {process.returncode}:\n{out}\n{err}"
    assert not INSIDES.search(err), f"{arguments} speaks of its insides: {err}"
    return out, err


def folder_of(path, url, account=ACCOUNT):
    """A data folder as a server leaves it that was at `url`."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "address").write_text(f"BELAY_SERVER={url}\n")
    (path / "admin").write_text(f"BELAY_ADMIN_TOKEN={'0' * 40}\n")
    (path / "credentials").write_text(f"BELAY_ACCOUNT_ID={account}\nBELAY_API_KEY={KEY}\n"
                                      f"BELAY_SIGNING_SECRET=sigsec_{KEY}\nBELAY_NUMBER={NUMBER}\n")
    return path


# Where no server is

@pytest.mark.timeout(300)
def test_no_server_there_is_told_at_once(folder):
    """Each command, with the folder of a server that has stopped: by name of the address, and of where that stands.

    It was 30 s; a second is what is wanted, and ten leave room for a busy machine.
    """
    data = folder_of(folder / "data", f"http://127.0.0.1:{ports.take()}")
    for arguments in ASKING:
        began = time.monotonic()
        _, err = belay_says(data, *arguments, status=70)
        assert time.monotonic() - began < 10, arguments
        assert re.search(r"no server answers at http://127\.0\.0\.1:\d+: the connection was refused", err), (arguments, err)
        assert "belay serve" in err and str(data) in err, (arguments, err)


@pytest.mark.parametrize("behaviour, words", [
    ("silent", "does not answer"), ("closes", "closed without an answer"), ("talks", "does not speak HTTP"),
    ("another", "is no Belay"),
])
def test_what_listens_there_is_no_server(folder, behaviour, words):
    """A program that takes the connection and says nothing, closes it, speaks otherwise, or is another web server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held = []

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    if behaviour == "talks":
                        connection.recv(65536)
                        connection.sendall(b"220 mail.example.com ESMTP\r\n")
                    elif behaviour == "another":
                        connection.recv(65536)
                        connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot here\n")
                    if behaviour == "silent":
                        held.append(connection)
                    else:
                        connection.close()

        threading.Thread(target=serve, daemon=True).start()
        data = folder_of(folder / "data", f"http://127.0.0.1:{listener.getsockname()[1]}")
        began = time.monotonic()
        commands = [start(data, *arguments) for arguments in (("calls",), ("status",), ("key", "new"))]
        for process in commands:
            _, err = process.communicate(timeout=60)
            assert process.returncode == 70 and words in err, err
            assert not INSIDES.search(err), err
        assert time.monotonic() - began < 25, "10 s of silence are waited for, and no more"


def test_a_host_that_does_not_exist(folder):
    data = folder_of(folder / "data", "http://127.0.0.1:1")
    _, err = belay_says(data, "calls", status=70, BELAY_SERVER="http://nowhere.invalid:8080")
    assert "nowhere.invalid" in err and "BELAY_SERVER" in err, err
    for value in ("127.0.0.1:8080", "ftp://127.0.0.1", "localhost"):
        _, err = belay_says(data, "calls", "--server", value, status=70)
        assert f'--server is "{value}"' in err and "http://127.0.0.1:8080" in err, err


@pytest.mark.parametrize("make, words", [
    (lambda path: None, "there is no folder"), (lambda path: path.write_text(""), "is no folder"),
    (lambda path: path.mkdir(), "is no server's data folder"),
    (lambda path: (path.mkdir(), (path / "credentials").write_text("BELAY_API_KEY=x"),
                   (path / "admin").write_text("x")), "is not whole"),
])
def test_folders_that_are_none(folder, make, words):
    path = folder / "data"
    make(path)
    for arguments in (("calls",), ("account", "list")):
        _, err = belay_says(path, *arguments, status=70)
        assert words in err and str(path) in err and "--data" in err, err
    # `status` needs no token, and then asks the address that a server has by itself.
    _, err = belay_says(path, "status", status=70, BELAY_SERVER=f"http://127.0.0.1:{ports.take()}")
    assert "no server answers" in err, err


def test_a_key_of_another_account(folder):
    data = folder_of(folder / "data", "http://127.0.0.1:1")
    other = "AC" + "f" * 40
    _, err = belay_says(data, "calls", "--account", other, status=70)
    assert other in err and ACCOUNT in err and "BELAY_API_KEY" in err, err


# Commands against a server that runs

@pytest.fixture
def server(belay):
    return belay()


@pytest.mark.parametrize("arguments, status, words", [
    (("show", "nonsense"), 70, "The account has no call"), (("show", NOBODY, "--follow"), 70, "The account has no call"),
    (("logs", NOBODY, "--follow"), 70, "The account has no call"), (("logs", "--follow", "--limit", "5"), 64, "--follow"),
    (("logs", NOBODY), 70, "The account has no call"),
    (("hangup", NOBODY), 70, "The account has no call"), (("recording", NOBODY), 70, "The account has no call"),
    (("call", "--to", "12", "--say", "x"), 70, "to is"),
    (("call", "--to", "+15005551042", "--say", "x", "--from", "+13125550199"), 70, "from is"),
    (("call", "--to", "+15005551042"), 64, "one of --url, --say and --script"),
    (("call", "--say", "x"), 64, "--to"), (("call", "--to", "+15005551042", "--say", "x", "--timeout", "0"), 64, "1 to 600"),
    (("call", "--to", "+15005551042", "--script", "/nowhere.json"), 70, "/nowhere.json cannot be read"),
    (("calls", "--limt", "5"), 64, "--limt"),
    (("dial", "--to", "+13125550177"), 70, "a number that the account owns"), (("dial", "--press", "x"), 70, "press is"),
    (("calls", "--limit", "0"), 64, "at least 1"), (("logs", "--limit=-1"), 64, "at least 1"),
    (("calls", "--status", "ended"), 70, "status is"), (("calls", "--active", "--status", "busy"), 64, "not both"),
    (("number", "assign", "+13125550177", "none"), 70, "belay number list"), (("number", "add", "12"), 70, "phoneNumber is"),
    (("application", "delete", "AP0"), 70, "no application"), (("account", "show", "AC0"), 70, "no account"),
    (("key", "revoke"), 70, "only one key"), (("status", "--wait=-1"), 64, "0 to 3600"),
    (("nonsense",), 64, "nonsense"),
])
def test_what_is_wrong_is_named(server, arguments, status, words):
    out, err = belay_says(server.data, *arguments, status=status)
    assert words in out + err, out + err


def test_a_wrong_key_says_where_it_stands(server):
    _, err = belay_says(server.data, "calls", status=70, BELAY_API_KEY="0" * 40)
    assert err.startswith("belay: 401:") and "BELAY_API_KEY" in err and ACCOUNT in err, err


def test_a_busy_number_reads_well(server):
    out, _ = belay_says(server.data, "call", "--to", "+15005550486", "--say", "x", status=1)
    assert out.splitlines()[-1] == "busy: the far end answered 486 Busy Here", out
    out, _ = belay_says(server.data, "call", "--to", "+15005550404", "--say", "x", status=3)
    assert out.splitlines()[-1] == "failed: the far end answered 404 Not Found", out


def test_the_last_line_of_a_call_tells_the_media(server):
    out, _ = belay_says(server.data, "call", "--to", "+15005551042", "--say", "One two three.")
    assert re.search(r"Media figures \(PCMU, \d+ packets sent, \d+ received", out), out
    assert re.search(r"^completed \(appHangup\), \d s on the line$", out, re.M), out


def test_limits_and_filters_do_what_they_say(server):
    for number in ("+15005551042", "+15005551043"):
        belay_says(server.data, "call", "--to", number, "--say", "x")
    whole, _ = belay_says(server.data, "logs")
    last, _ = belay_says(server.data, "logs", "--limit", "2")
    assert [line[10:] for line in last.splitlines()] == [line[10:] for line in whole.splitlines()[-2:]], (whole, last)
    for number in ("+15005551042", "15005551042", "+1 (500) 555-1042"):
        out, _ = belay_says(server.data, "calls", "--to", number, "--json")
        assert [json.loads(line)["to"] for line in out.splitlines()] == ["+15005551042"], (number, out)
    out, err = belay_says(server.data, "calls", "--to", "+15005551049")
    assert not out and "no calls of to +15005551049" in err, err


def test_dial_follows_the_call_that_it_made(server, app):
    """Three at once, each with keys of its own: each reports the call that those keys were pressed on."""
    ask = [{"GetDigits": {"actionUrl": app.answer("/digits", [{"Hangup": {}}]), "maxDigits": 1,
                          "prompts": [{"Say": {"text": "Press."}}]}}]
    voice = app.answer("/voice", ask)
    application, _ = belay_says(server.data, "application", "create", "--voice-url", voice)
    belay_says(server.data, "number", "assign", NUMBER, application.strip())
    dials = {key: start(server.data, "dial", "--press", key, "--json") for key in "123"}
    calls = {}
    for key, process in dials.items():
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        calls[key] = json.loads(out)["callId"]
    assert len(set(calls.values())) == 3
    pressed = {key: [webhook.json["digits"] for webhook in app.of(call, "getDigits")] for key, call in calls.items()}
    assert pressed == {key: [key] for key in "123"}


def test_dial_says_why(server, belay):
    """A number without an application: the call is made, and says so. A server that takes no calls: none is, and why."""
    out, _ = belay_says(server.data, "dial", status=3)
    assert out.splitlines()[-1] == "failed (configErrorNoApplication): the number has no application", out
    full = belay(env={"BELAY_MIN_FREE_MB": "1000000000"})
    _, err = belay_says(full.data, "dial", status=70)
    assert "No call came in: the server refused it with 503 Service Unavailable" in err, err


def test_ctrl_c_ends_the_command_and_not_the_call(server):
    """It says so, and how to end the call; `hangup` does; a second one finds it over."""
    process = start(server.data, "call", "--to", "+15005550001", "--say", "x")
    call = re.search(r"CA[0-9a-f]{40}", process.stdout.readline()).group()
    server.wait_for_status(call, "ringing")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert f"the call {call} goes on" in err and f"belay hangup {call}" in err, err
    assert server.rest.call(call)["status"] == "ringing"
    out, _ = belay_says(server.data, "hangup", call)
    assert out.strip() == "canceled (callCanceled)", out
    _, err = belay_says(server.data, "hangup", call)
    assert "over already" in err, err


def test_hangup_ends_a_call_that_is_answered(server, app):
    call = server.rest.place(from_=NUMBER, to="+15005550010",
                             callConnectUrl=app.answer("/connect", [{"Pause": {"length": 600000}}]))
    server.wait_for_status(call, "inProgress")
    out, _ = belay_says(server.data, "hangup", call, "--json")
    assert (json.loads(out)["status"], json.loads(out)["callEndedReason"]) == ("completed", "appHangup"), out


@pytest.mark.parametrize("script, to, words", [
    ([{"Play": {"file": "http://127.0.0.1:9/nothing.wav"}}, {"Say": {"text": "Hello."}}], "+15005550010", "PerCL Play failed"),
    ([{"Say": {"text": "A long text that nobody hears to its end, since " + "he hangs up, and " * 20}}], "+15005552001",
     "PerCL Say was not played to its end"),
])
def test_strict_counts_what_was_played(server, app, script, to, words):
    url = app.answer("/connect", script)
    belay_says(server.data, "call", "--to", to, "--url", url)
    _, err = belay_says(server.data, "call", "--to", to, "--url", url, "--strict", status=6)
    assert words in err, err


def test_strict_lets_through_what_went_well(server):
    _, err = belay_says(server.data, "call", "--to", "+15005550010", "--say", "All is well.", "--strict")
    assert err == "", err


def test_the_recording_of_a_call_is_found_by_its_id(belay, app, folder):
    """In `show`, by `recording --carrier`, and in the folder: what was heard and said, the second telephone's, the message."""
    people = folder / "people.yaml"
    people.write_text('people:\n  - {number: "+15005559001", script: [beep, take message, hang up]}\n')
    server = belay(env={"BELAY_PEOPLE": str(people)})
    script = [{"Pause": {"length": 800}}, {"Say": {"text": "Good morning."}}, {"Pause": {"length": 60000}}]
    url = app.answer("/connect", script)
    for number, suffixes in (("+15005551042", [""]), ("+15005550006", ["", "-2"]), ("+15005559001", ["", "-message"])):
        out, _ = belay_says(server.data, "call", "--to", number, "--json",
                            *(("--url", url) if "-message" in suffixes else ("--say", "Good morning.")))
        call = json.loads(out)["callId"]
        wanted = [str(server.data / "carrier" / "by-call" / f"{call}{suffix}.wav") for suffix in suffixes]
        eventually(lambda: all(os.path.exists(path) for path in wanted), 10, lambda: f"{wanted} are there")
        found, _ = belay_says(server.data, "recording", call, "--carrier")
        assert found.split() == wanted
        shown, _ = belay_says(server.data, "show", call)
        for path in wanted:
            assert path in shown
            assert len(audio.read(path)) == (1 if "-message" in path else 2), "channels"
        assert f"Call-ID: {os.path.basename(os.path.realpath(wanted[0]))[:-4]}" in shown, "whose messages those are"
    out, _ = belay_says(server.data, "call", "--to", "+15005550486", "--say", "x", "--json", status=1)
    _, err = belay_says(server.data, "recording", json.loads(out)["callId"], "--carrier", status=70)
    assert "nobody of the simulated carrier picked up" in err, err


def test_status_tells_of_the_running_server(server, app, belay):
    call = server.rest.place(from_=NUMBER, to="+15005550010",
                             callConnectUrl=app.answer("/connect", [{"Pause": {"length": 600000}}]))
    server.wait_for_status(call, "inProgress")
    status = json.loads(belay_says(server.data, "status", "--json")[0])
    assert (status["http"], status["sip"]) == (server.http, ":".join(map(str, server.sip)))
    assert (status["ready"], status["callsLive"], status["callsQueued"]) == (True, 1, 0)
    assert status["processId"] == server.program.pid and status["dataFolder"] == str(server.data)
    text, _ = belay_says(server.data, "status")
    for part in (server.http, "1 live, 0 queued", f"process {server.program.pid}", "simulated", str(server.data), "MiB free"):
        assert part in text, text
    belay_says(server.data, "hangup", call)
    # Without the token: what anybody may know.
    out, err = belay_says(server.folder / "nowhere", "status", BELAY_SERVER=server.http)
    assert "yes" in out and "BELAY_ADMIN_TOKEN" in err, (out, err)
    full = belay(env={"BELAY_MIN_FREE_MB": "1000000000"})
    text, _ = belay_says(full.data, "status", status=1)
    assert "no: the disk has less than" in text, text


def test_status_waits_until_the_server_is_ready(folder, endings):
    """The folder does not exist when the waiting begins."""
    data = folder / "data"
    waiting = start(data, "status", "--wait", "60", "--json")
    program = Program([binary(), "serve", "--data", data, "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0"],
                      folder / "belay.log", env=CLEAN)
    endings.append(program.stop)
    out, err = waiting.communicate(timeout=70)
    assert waiting.returncode == 0, err
    assert json.loads(out)["ready"] is True
    assert f"Belay is ready: {json.loads(out)['http']}" in program.text


def test_a_key_in_use_is_not_outdated_by_mistake(server):
    """Two may be good at once: the third would end the older one, which somebody may use."""
    first, _ = belay_says(server.data, "key", "new")
    assert server.rest.get("").status == 200, "the older key is used"
    _, err = belay_says(server.data, "key", "new", status=70)
    assert "two keys" in err and re.search(r"last used \d{4}-\d\d-\d\dT", err), err
    assert "belay key revoke" in err and "--force" in err, err
    assert server.rest.get("").status == 200, "and is good still"
    _, err = belay_says(server.data, "key", "new", "--force")
    assert "two keys" in err
    assert server.rest.get("").status == 401
    belay_says(server.data, "calls")
    belay_says(server.data, "key", "new", "--signing")
    _, err = belay_says(server.data, "key", "new", "--signing", status=70)
    assert "two signing secrets" in err and "belay key revoke --signing" in err, err


def test_doctor_and_config_speak_of_the_running_server(server):
    out, _ = belay_says(server.data, "doctor")
    host, port = server.sip
    for part in (f"a server runs here (process {server.program.pid}", f"REST at {server.http[7:]} is this server's",
                 f"SIP at udp:{host}:{port} is this server's", f"data folder {server.data}: account {ACCOUNT}"):
        assert part in out, out
    assert "will be made" not in out and not re.search(r":8080\b", out), out
    out, _ = belay_says(server.data, "config", "show")
    first, *lines = out.splitlines()
    assert f"process {server.program.pid}" in first and server.http in first, first
    assert f'sip: "{host}:{port}"  # --sip' in lines, out
    assert 'timer-t1-ms: "100"  # BELAY_TIMER_T1_MS' in lines, out
    out, _ = belay_says(server.data, "config", "show", "--node", "7")
    assert '#   a start from here would take "7", as in --node' in out, out


def test_doctor_and_config_say_when_no_server_runs(folder):
    data = folder_of(folder / "data", f"http://127.0.0.1:{ports.take()}")
    free = ("--http", f"127.0.0.1:{ports.take()}", "--sip", f"127.0.0.1:{ports.take()}")
    # It has no database, either.
    out, _ = belay_says(data, "doctor", *free, status=1)
    assert f"data folder {data}: account {ACCOUNT}; no server runs with it" in out, out
    assert "--new-database" in out, out
    out, _ = belay_says(data, "config", "show")
    assert out.startswith(f"# No server runs with {data}, where one has run"), out
    out, _ = belay_says(folder / "other", "config", "show")
    assert out.startswith(f"# No server runs with {folder / 'other'}, which does not exist yet"), out


def test_a_port_in_use_is_told_in_words(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sip:
        sip.bind(("127.0.0.1", 0))
        http, udp = taken.getsockname()[1], sip.getsockname()[1]
        for arguments, words in (
                (("--http", f"127.0.0.1:{http}", "--sip", "127.0.0.1:0"), f"REST API cannot listen on 127.0.0.1:{http}"),
                (("--sip", f"127.0.0.1:{udp}", "--http", "127.0.0.1:0"), f"SIP cannot listen on 127.0.0.1:{udp}")):
            _, err = belay_says(folder / "data", "serve", *arguments, status=1)
            assert words in err and "in use" in err and arguments[0] in err, err
        _, err = belay_says(folder / "data", "listen", "--port", str(http), status=70)
        assert f"127.0.0.1:{http}" in err and "in use" in err and "--port" in err, err
        out, _ = belay_says(folder / "data", "doctor", "--http", f"127.0.0.1:{http}", "--sip", "127.0.0.1:0", status=1)
        assert f"REST at 127.0.0.1:{http} is in use" in out, out
    _, err = belay_says(folder / "data", "serve", "--http", "127.0.0.1:0", "--sip", "192.0.2.77:5060", status=1)
    assert "192.0.2.77:5060" in err and "no such address" in err, err


def test_two_servers_are_not_given_one_folder(server):
    _, err = belay_says(server.data, "serve", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0", status=1)
    assert f"in use by another process (process {server.program.pid})" in err, err


@pytest.mark.parametrize("arguments, status, words", [
    (("serve", "--data", "/proc/belay"), 1, "the data folder /proc/belay cannot be made ("),
    (("serve", "--config", "/nowhere.yaml"), 1, "the configuration file /nowhere.yaml cannot be read"),
    (("serve", "--rtp-ports", "5-1"), 1, "--rtp-ports is"),
    (("carrier", "--file", "/nowhere.yaml"), 1, "/nowhere.yaml cannot be"),
    (("machines", "evaluate", "/nowhere"), 64, "there is no folder /nowhere"),
    (("listen", "--script", "/nowhere.json"), 64, "/nowhere.json cannot be read"), (("listen", "--port", "70000"), 64, "65535"),
    (("export", "calls", "--format", "xml"), 64, "csv"), (("config", "show", "--http", "1"), 1, "HOST:PORT"),
])
def test_what_needs_no_server_names_what_is_wrong(folder, arguments, status, words):
    _, err = belay_says(folder / "data", *arguments, status=status)
    assert words in err, err
