"""Other programs hold ports: a free one is found while there is one, and whoever holds them is named."""

import os
import re
import socket
import subprocess

import pytest

from harness import ports
from harness.caller import Caller
from harness.outcome import check_outcome
from harness.server import binary
from harness.steps import answering_number, place
from harness.waiting import eventually

PAIRS = 20


@pytest.fixture
def hold(endings):
    """Binds UDP ports, as any other program might."""
    def take(some):
        held = []
        for port in some:
            one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            one.bind(("127.0.0.1", port))
            held.append(one)
        endings.append(lambda: [one.close() for one in held])
        return held

    return take


def this_program(text):
    return f"(pid {os.getpid()})" in text


@pytest.mark.parametrize("which", ["RTP's", "RTCP's"])
def test_a_call_finds_the_one_free_pair(belay, far_end, app, hold, which):
    """RFC 3550 §11: RTP has an even port and RTCP the next one; a pair of which either is another's is no use."""
    far = far_end()
    server = belay(trunk=far.trunk, rtp_ports=2 * PAIRS)
    free = server.rtp_ports[14]
    hold(port + (which == "RTCP's") for port in server.rtp_ports[::2] if port != free)
    call = place(server, app)
    check_outcome(server, app, call, "completed", "appHangup")
    [dialog] = far.dialogs.values()
    assert dialog.invite.audio_port == free


def test_a_call_that_comes_in_finds_it_too(belay, app, hold, endings):
    trunk = Caller(None)
    endings.append(trunk.close)
    server = belay(trunk=trunk.trunk, rtp_ports=2 * PAIRS)
    trunk.server = server
    answering_number(server, app, [{"Say": {"text": "Hello"}}, {"Pause": {"length": 60000}}])
    free = server.rtp_ports[26]
    held = hold(port for port in server.rtp_ports[::2] if port != free)
    answer = trunk.call()
    assert answer.status == 200
    assert answer.audio_port == free
    assert trunk.hang_up() == 200

    # The last one is taken as well: 503, so that the carrier may try elsewhere (RFC 3261 §21.5.4).
    eventually(lambda: server.gauge("belay_rtp_ports_in_use") == 0, 10, "the port is given back")
    held += hold([free])
    assert trunk.call().status == 503


def test_no_port_at_all_fails_the_call_and_names_the_holder(belay, far_end, app, hold):
    far = far_end()
    server = belay(trunk=far.trunk, rtp_ports=2 * PAIRS)
    hold(server.rtp_ports[::2])
    call = place(server, app)
    check_outcome(server, app, call, "failed", "internalError", logged=[rf"\(pid {os.getpid()}\)", "none of"])
    assert not far.dialogs


def test_two_servers_share_a_range(belay, far_end, app):
    """Two CI jobs, or two servers with the same defaults: neither knows of the other."""
    far = far_end()
    one = belay(trunk=far.trunk, rtp_ports=2 * PAIRS)
    ends = f"{one.rtp_ports[0]}-{one.rtp_ports[-1]}"
    two = belay(trunk=far.trunk, rtp_ports=2, arguments=["--rtp-ports", ends])
    script = [{"Pause": {"length": 60000}}]
    calls = []
    for number in range(PAIRS - 2):
        server = (one, two)[number % 2]
        calls.append((server, place(server, app, script, to=f"+1312555{number:04d}")))
    for server, call in calls:
        server.wait_for_status(call, "inProgress")
    assert len({dialog.invite.audio_port for dialog in far.dialogs.values()}) == len(calls)
    for server, call in calls:
        assert server.rest.update(call, "completed").status == 202


def test_doctor_names_who_holds_ports(hold, folder):
    first = ports.take(2 * PAIRS, even=True)
    hold([first, first + 2, first + 5])
    done = subprocess.run(
        [binary(), "doctor", "--data", folder, "--http", "127.0.0.1:0", "--sip", f"127.0.0.1:{first}",
         "--rtp-ports", f"{first}-{first + 2 * PAIRS - 1}"], capture_output=True, text=True, timeout=60)
    [sip] = [line for line in done.stdout.splitlines() if "SIP at" in line]
    assert "in use" in sip and this_program(sip), done.stdout
    [rtp] = [line for line in done.stdout.splitlines() if "RTP at" in line]
    assert f"{PAIRS - 3} calls at once" in rtp and "holds 3" in rtp and this_program(rtp), done.stdout


@pytest.mark.parametrize("option, kind", [("--sip", socket.SOCK_DGRAM), ("--http", socket.SOCK_STREAM)])
def test_the_start_says_which_port_and_whose(folder, option, kind):
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            holder.listen()
        address = "127.0.0.1:%d" % holder.getsockname()[1]
        arguments = {"--sip": "127.0.0.1:0", "--http": "127.0.0.1:0"} | {option: address}
        done = subprocess.run(
            [binary(), "serve", "--data", folder / "data"] + [word for pair in arguments.items() for word in pair],
            capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    said = done.stderr.splitlines()[-1]
    assert address in said and option in said and this_program(said), done.stderr
    assert not re.search(r"errno|IOError|bind\(", said), said
