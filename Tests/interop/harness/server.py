"""The server under test, as a process of its own with data of its own."""

import contextlib
import os
import re
import signal
import stat
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

from . import ports
from .process import Program
from .rest import Client
from .waiting import eventually

REPOSITORY = Path(__file__).resolve().parents[3]

ACCOUNT = "AC" + "0123456789" * 4
KEY = "0123456789abcdef0123456789abcdef01234567"
SECRET = "sigsec_" + "fedcba9876" * 4
NUMBER = "+13125550100"

GAUGES = ("belay_calls_live", "belay_sip_transactions", "belay_sip_dialogs", "belay_rtp_ports_in_use",
          "belay_timers", "belay_outbox_depth", "belay_conference_participants", "belay_queue_members")
FINAL = ("completed", "canceled", "busy", "failed", "noAnswer")


def binary():
    """The server under test: the one that BELAY_BINARY names, else the last that was built for the tests or by `swift build`."""
    if named := os.environ.get("BELAY_BINARY"):
        return Path(named)
    built = [REPOSITORY / folder / "belay" for folder in (".build-tests/release", ".build/debug")]
    return max((path for path in built if path.is_file()), key=lambda path: path.stat().st_mtime, default=built[0])


class Belay:
    """Starts `belay serve` on loopback. With `trunk`, calls go there, and webhooks may go to loopback.

    T1 is 100 ms unless `env` says otherwise: what RFC 3261 lets take 32 s takes 6.4 s here. Every other of `rtp_ports`
    ports is for one call, and rests for 5 s after it. `files` is its limit of open files, SOFT:HARD.
    """

    def __init__(self, folder, trunk=None, env=None, arguments=(), preset=True, t1_ms=100, rtp_ports=400,
                 files=None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = self.folder / "data"
        self.t1 = t1_ms / 1000
        self._starts = 0
        #: What it ends with, where a test has it end badly.
        self.expected_status = 0
        rtp = ports.take(rtp_ports, even=True)
        self.rtp_ports = range(rtp, rtp + rtp_ports)
        # The same port after each start: peers of calls that a crash interrupted answer there.
        self.arguments = [binary(), "serve", "--data", self.data, "--http", "127.0.0.1:0",
                          "--sip", f"127.0.0.1:{ports.take()}",
                          "--rtp-ports", f"{rtp}-{rtp + rtp_ports - 1}"]
        if files:
            self.arguments = ["prlimit", f"--nofile={files}", *self.arguments]
        if trunk:
            self.arguments += ["--trunk", trunk, "--webhook-allow", "127.0.0.0/8"]
        self.arguments += list(arguments)
        # Nor is it this machine's whose certificates are trusted: to read hundreds takes a good part of a start.
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith("BELAY_") and name not in ("SSL_CERT_FILE", "SSL_CERT_DIR")}
        self.environment["BELAY_TIMER_T1_MS"] = str(t1_ms)
        if preset:
            self.environment |= {"BELAY_ACCOUNT_ID": ACCOUNT, "BELAY_API_KEY": KEY,
                                 "BELAY_SIGNING_SECRET": SECRET, "BELAY_NUMBER": NUMBER}
        if trunk:
            self.environment |= {"BELAY_CALLS_PER_SECOND": "0", "BELAY_CALLS_AT_ONCE": "0"}
        self.environment |= env or {}
        self.start()

    def start(self):
        self._starts += 1
        self.program = Program(self.arguments, self.folder / f"belay-{self._starts}.log", env=self.environment)
        try:
            self.http = self.program.wait_for(r"Belay is ready: (http://\S+)", 30).group(1)
        except AssertionError:
            self.program.stop(signal.SIGKILL)
            raise
        host, port = re.search(r"^SIP: udp:(.+):(\d+)$", self.program.text, re.M).groups()
        self.sip = (host, int(port))
        self.credentials = self._credentials()
        self.secret = self.credentials["BELAY_SIGNING_SECRET"]
        self.number = self.credentials["BELAY_NUMBER"]
        self.rest = Client(self.http, self.credentials["BELAY_ACCOUNT_ID"], self.credentials["BELAY_API_KEY"])

    def _credentials(self):
        path = self.data / "credentials"
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == 0o600, f"{path} has mode {mode:o}"
        lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
        return dict(line.split("=", 1) for line in lines)

    def kill(self):
        self.program.stop(signal.SIGKILL)

    def stop(self, seconds=20):
        """SIGTERM again and again: no call is worth waiting for any more."""
        deadline = time.monotonic() + seconds
        while self.program.is_alive() and time.monotonic() < deadline:
            self.program.send(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.program.process.wait(0.5)
        return self.program.stop(signal.SIGKILL)

    # What it tells of itself

    @property
    def as_operator(self):
        """The header that shows the operator's token."""
        line = (self.data / "admin").read_text().strip()
        return {"Authorization": "Bearer " + line.removeprefix("BELAY_ADMIN_TOKEN=")}

    def metrics(self):
        """Every sample by its full name, labels included."""
        answer = self.rest.raw("GET", "/metrics", headers=self.as_operator, authorized=False)
        assert answer.status == 200, f"GET /metrics: {answer}"
        samples = {}
        for line in answer.body.decode().splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                samples[name] = float(value)
        return samples

    def gauge(self, name):
        return self.metrics()[name]

    def calls_total(self, status):
        return self.metrics().get(f'belay_calls_total{{status="{status}"}}', 0)

    @property
    def resident_megabytes(self):
        """What the process holds of the machine's memory."""
        text = Path(f"/proc/{self.program.pid}/status").read_text()
        return int(re.search(r"^VmRSS:\s+(\d+) kB", text, re.M).group(1)) / 1024

    def wait_until_idle(self, seconds=None, refused=0):
        """Every gauge at zero within 64·T1 + 5 s (transactions outlive their calls by RFC 3261's timers).

        The transaction of each `refused` INVITE, and its timer, may be there still: timer D is 32 s whatever T1 is,
        since the other side's T1 is not known (RFC 3261 §17.1.1.2).
        """
        seconds = 64 * self.t1 + 5 if seconds is None else seconds
        left = {}

        def all_zero():
            samples = self.metrics()
            left.clear()
            allowed = {"belay_sip_transactions": refused, "belay_timers": refused}
            left.update({name: samples[name] for name in GAUGES if samples[name] > allowed.get(name, 0)})
            return not left

        eventually(all_zero, seconds, lambda: f"every gauge at zero; left over: {left}", pause=0.3)

    def wait_until_ended(self, call_id, seconds=20):
        def ended():
            call = self.rest.call(call_id)
            return call if call["status"] in FINAL else None

        return eventually(ended, seconds, lambda: f"call {call_id} ended; it is {self.rest.call(call_id)['status']}",
                          pause=0.2)

    def wait_for_status(self, call_id, status, seconds=10):
        def reached():
            call = self.rest.call(call_id)
            return call if call["status"] == status else None

        return eventually(reached, seconds, lambda: f"call {call_id} {status}; it is {self.rest.call(call_id)['status']}")

    @property
    def http_address(self):
        parts = urlsplit(self.http)
        return (parts.hostname, parts.port)
