"""SIPp as the far end: one scenario, its own log of every message as evidence of what was on the wire."""

import re
from dataclasses import dataclass
from pathlib import Path

from . import ports
from .process import Program
from .waiting import eventually, udp_port_is_bound

SCENARIOS = Path(__file__).resolve().parents[1] / "sipp"


@dataclass
class Message:
    """One SIP message as SIPp logged it."""

    sent: bool
    text: str

    @property
    def first_line(self):
        return self.text.split("\n", 1)[0].strip()

    @property
    def name(self):
        """The method, or the status code as text."""
        words = self.first_line.split()
        return words[1] if words[0] == "SIP/2.0" else words[0]

    def header(self, name):
        match = re.search(rf"^{re.escape(name)}\s*:\s*(.*?)\s*$", self.text, re.M | re.I)
        return match.group(1) if match else None

    @property
    def sdp(self):
        return self.text.partition("\n\n")[2] or self.text.partition("\r\n\r\n")[2]

    @property
    def tag(self):
        match = re.search(r"tag=([^;>\s]+)", self.header("To") or "")
        return match.group(1) if match else None

    def __str__(self):
        return ("→ " if self.sent else "← ") + self.first_line


class SIPp:
    """Runs `scenario` for `calls` calls on a port of its own. `trunk` is what Belay is told.

    `outcome` takes the place of the status line that refuse.xml sends (SIPp wants it literally there). Without
    `retransmissions` a message that comes twice is one more message of the scenario, not one to answer again.
    """

    def __init__(self, folder, scenario, calls=1, echo=False, outcome=None, retransmissions=True, seconds=60):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.port = ports.take()
        self.media_port = ports.take(4, even=True)
        self.trunk = f"sip:127.0.0.1:{self.port}"
        self._messages = folder / f"sipp-{self.port}-messages.log"
        self._errors = folder / f"sipp-{self.port}-errors.log"
        file = SCENARIOS / f"{scenario}.xml"
        if outcome:
            text = file.read_text()
            assert text.count("486 Busy Here") == 1, file
            file = folder / file.name
            file.write_text(text.replace("486 Busy Here", outcome))
        argv = ["sipp", "-sf", file, "-i", "127.0.0.1", "-p", self.port,
                "-mi", "127.0.0.1", "-mp", self.media_port, "-m", calls, "-nostdin", "-trace_msg", "-message_file",
                self._messages, "-trace_err", "-error_file", self._errors, "-timeout", f"{seconds}s", "-timeout_error",
                "-fd", 100]
        if echo:
            argv.append("-rtp_echo")
        if not retransmissions:
            argv.append("-nr")
        self.program = Program(argv, folder / f"sipp-{self.port}.log", cwd=folder)
        eventually(lambda: udp_port_is_bound(self.port) or not self.program.is_alive(), 10, "SIPp listens")
        assert self.program.is_alive(), f"SIPp ended at once:\n{self.program.text[-2000:]}"

    def finish(self, seconds=30):
        """Waits for its calls to end; fails with what it complains of when one did not go by the scenario."""
        status = self.program.wait(seconds)
        if status != 0:
            errors = self._errors.read_text(errors="replace")[-3000:] if self._errors.exists() else ""
            flow = "\n".join(map(str, self.messages))
            raise AssertionError(f"SIPp ended with {status}\n{errors}\nmessages:\n{flow}")
        return self.messages

    @property
    def messages(self):
        if not self._messages.exists():
            return []
        text = self._messages.read_text(errors="replace").replace("\r\n", "\n")
        found = []
        for block in re.split(r"^-{40,} [^\n]*\n", text, flags=re.M)[1:]:
            head, _, message = block.partition("\n\n")
            match = re.match(r"UDP message (sent|received)", head.strip())
            if match and message.strip():
                found.append(Message(match.group(1) == "sent", message))
        return found

    def received(self, name):
        return [m for m in self.messages if not m.sent and m.name == name]

    def sent(self, name):
        return [m for m in self.messages if m.sent and m.name == name]

    def stop(self):
        self.program.stop()
