"""Wrong keys and tokens: slowed, counted, and told of once a minute, while whoever has a good one notices nothing; and
where the operator and the metrics are answered.

A slowed answer closes its connection: that tells it from others on a machine of any speed.
"""

import contextlib
import http.client
import re
import socket
import stat
import threading
import time

import pytest

from harness import ports
from harness.rest import Client
from harness.server import ACCOUNT, KEY, Belay
from harness.waiting import eventually
from test_accounts import belay_says
from test_http_floods import basic

#: Twenty at once, then one every three seconds; of one account ten times as many.
PACE = ["--wrong-keys-per-minute", "20"]
OTHER = "AC" + "9" * 40
PATH = f"/apiserver/Accounts/{ACCOUNT}"


def ask(server, source="127.0.0.1", account=ACCOUNT, key="0" * 40, headers=None):
    """One request on a connection of its own, from that address; the answer, and whether it was slowed."""
    connection = http.client.HTTPConnection(*server.http_address, timeout=30, source_address=(source, 0))
    connection.request("GET", PATH, headers={"Authorization": "Basic " + basic(account, key), **(headers or {})})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, response.getheader("Connection") == "close", body


def guess(server, count, source="127.0.0.1", account=OTHER, headers=None):
    """Wrong keys whose answers nobody waits for; returns when the server has looked at all of them."""
    counted = 'belay_http_unauthorized_total{reason="wrongKey"}'
    before = server.metrics()[counted]
    lines = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    request = f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {basic(account, '0' * 40)}\r\n{lines}\r\n"
    sockets = []
    for _ in range(count):
        one = socket.create_connection(server.http_address, timeout=30, source_address=(source, 0))
        one.sendall(request.encode())
        sockets.append(one)
    eventually(lambda: server.metrics()[counted] == before + count, 20, f"{count} wrong keys are counted")
    for one in sockets:
        one.close()


def slowed(server):
    return server.metrics()["belay_http_slowed_total"]


def wrong_keys_said(server, times=1):
    """Of whom the log speaks, once for each time; waits for so many."""
    lines = lambda: [line for line in server.program.text.splitlines() if "wrong key was shown" in line]
    eventually(lambda: len(lines()) >= times, 10, lambda: f"the log speaks of {times}: {lines()}")
    said = lines()
    assert not any("0" * 40 in line for line in said), "no key stands in a log"
    return [line.split(" from ")[1].split(" ")[0] for line in said]


@pytest.mark.parametrize("account", [ACCOUNT, OTHER])
def test_slowed(belay, account):
    server = belay(arguments=["--wrong-keys-per-minute", "300"])
    wrong, good = [], []
    over = threading.Event()

    def guess_on():
        for _ in range(7):
            wrong.append(ask(server, account=account))

    def work():
        client = Client(server.http, ACCOUNT, KEY)
        while not over.is_set():
            good.append(client.get("").status)
            good.append(ask(server, key=KEY)[:2])

    guessers = [threading.Thread(target=guess_on) for _ in range(8)]
    worker = threading.Thread(target=work)
    began = time.monotonic()
    for thread in [worker, *guessers]:
        thread.start()
    for thread in guessers:
        thread.join()
    took = time.monotonic() - began
    over.set()
    worker.join()
    assert {status for status, _, _ in wrong} == {401}, "a wrong key is a wrong key"
    assert took > (len(wrong) - 20 - 8) / 5 - 0.5, took
    assert set(good) == {200, (200, False)}, "a good key of the same account from the same address is never slowed"
    assert server.metrics()['belay_http_unauthorized_total{reason="wrongKey"}'] == len(wrong)
    assert slowed(server) == sum(was_slowed for _, was_slowed, _ in wrong) > 0
    assert wrong_keys_said(server) == ["127.0.0.1"]


def test_another_address(belay):
    server = belay(arguments=PACE)
    guess(server, 40, "127.0.0.2")
    before = slowed(server)
    assert before > 0
    assert not ask(server, "127.0.0.3", OTHER)[1]
    assert slowed(server) == before
    assert wrong_keys_said(server, 2) == ["127.0.0.2", "127.0.0.3"]


def test_one_account_from_many_addresses(belay):
    """Slowed too; its own key is not, wherever it is shown."""
    server = belay(arguments=PACE)
    for number in range(10):
        guess(server, 18, f"127.0.1.{number}", ACCOUNT)
    assert slowed(server) == 0
    for number in range(10, 16):
        guess(server, 18, f"127.0.1.{number}", ACCOUNT)
    assert slowed(server) > 0
    assert ask(server, "127.0.1.1", key=KEY)[:2] == (200, False)
    assert ask(server, "127.0.2.1", key=KEY)[:2] == (200, False)
    assert not ask(server, "127.0.2.1", OTHER)[1], "another account's are not"


def test_behind_a_proxy(belay):
    """Who stands behind a trusted proxy is who counts, by what that proxy wrote and not by what it was told."""
    server = belay(arguments=[*PACE, "--trusted-proxies", "127.0.0.1,192.0.2.0/24"])
    guess(server, 40, headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.1, 192.0.2.7"})
    before = slowed(server)
    assert before > 0
    for hops in ("203.0.113.1, 203.0.113.2", "nonsense"):
        assert not ask(server, account=OTHER, headers={"X-Forwarded-For": hops})[1]
    guess(server, 1, headers={"X-Forwarded-For": "203.0.113.9, 203.0.113.1"})
    assert slowed(server) == before + 1
    assert wrong_keys_said(server, 3) == ["203.0.113.1", "203.0.113.2", "127.0.0.1"]


def test_a_stranger_is_no_proxy(belay):
    server = belay(arguments=PACE)
    for number in range(40):
        guess(server, 1, headers={"X-Forwarded-For": f"203.0.113.{number}"})
    assert slowed(server) > 0
    assert wrong_keys_said(server) == ["127.0.0.1"]


# Where the operator is answered

class SocketConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self.path))


def by_socket(server, path, headers):
    # A path that is too long for the socket's address is reached from its folder.
    with contextlib.chdir(server.data):
        connection = SocketConnection("admin.sock")
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read()


def status(url, path, headers=None):
    return Client(url, ACCOUNT, KEY).raw("GET", path, headers=headers, authorized=False).status


@pytest.mark.parametrize("deep", [False, True], ids=["short path", "long path"])
def test_operators_socket(folder, endings, deep):
    server = Belay(folder / ("x" * 120 if deep else "server"))
    endings.append(server.stop)
    path = server.data / "admin.sock"
    assert stat.S_ISSOCK(path.stat().st_mode) and stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    for admin in ("/admin/accounts", "/admin/status", "/admin/dialling"):
        assert status(server.http, admin, server.as_operator) == 404
        assert by_socket(server, admin, server.as_operator)[0] == 200
        assert by_socket(server, admin, {"Authorization": "Bearer " + "0" * 40})[0] == 401
    assert 'wrongToken"} 3' in by_socket(server, "/metrics", server.as_operator)[1].decode()
    server.program.wait_for("A wrong operator's token was shown from this machine")
    assert ACCOUNT in belay_says(server, "account", "list")
    assert "ready" in belay_says(server, "status")
    assert ", and is ready" in belay_says(server, "doctor")
    server.stop()
    assert not path.exists()


def test_operator_after_a_kill(belay):
    """The socket that is left over is no hindrance."""
    server = belay()
    server.kill()
    assert (server.data / "admin.sock").exists()
    server.start()
    assert ACCOUNT in belay_says(server, "account", "list")


def test_operator_with_the_rest(belay):
    """As it was before."""
    server = belay(arguments=["--admin-http", "shared"])
    assert status(server.http, "/admin/accounts", server.as_operator) == 200
    assert not (server.data / "admin.sock").exists()
    assert ACCOUNT in belay_says(server, "account", "list")


def test_operator_at_an_address(belay):
    server = belay(arguments=["--admin-http", "127.0.0.1:0"])
    [url] = re.findall(r"^BELAY_ADMIN_SERVER=(http://127.0.0.1:\d+)$", (server.data / "address").read_text(), re.M)
    assert url != server.http
    assert status(url, "/admin/accounts", server.as_operator) == 200
    assert status(url, "/admin/accounts") == 401
    assert status(server.http, "/admin/accounts", server.as_operator) == 404
    assert ACCOUNT in belay_says(server, "account", "list")


def test_metrics_are_the_operators(belay):
    server = belay()
    assert status(server.http, "/metrics") == 401
    assert status(server.http, "/metrics", {"Authorization": "Basic " + basic(ACCOUNT, KEY)}) == 401
    assert status(server.http, "/metrics", server.as_operator) == 200


def test_metrics_for_everybody(belay):
    assert status(belay(arguments=["--metrics-http", "open"]).http, "/metrics") == 200


def test_metrics_at_an_address(belay):
    port = ports.take()
    server = belay(arguments=["--metrics-http", f"127.0.0.1:{port}"])
    assert status(server.http, "/metrics", server.as_operator) == 404
    eventually(lambda: status(f"http://127.0.0.1:{port}", "/metrics") == 200, 10, "metrics at their own address")
    assert status(f"http://127.0.0.1:{port}", "/admin/accounts", server.as_operator) == 404
