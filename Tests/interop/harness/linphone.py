"""linphone as the far end: a real telephone that puts calls on hold. Driven through linphone-daemon's commands."""

import re
import signal
import subprocess
from pathlib import Path

from . import ports
from .process import Program
from .waiting import eventually, udp_port_is_bound


class Linphone:
    """Listens on loopback and answers by itself. `hold`, `resume`, `hang_up` do what its buttons do."""

    def __init__(self, folder):
        self.folder = Path(folder) / "linphone"
        # Without its folders it does not even listen.
        for place in (".local/share/linphone", ".config/linphone"):
            (self.folder / place).mkdir(parents=True)
        self.port = ports.take()
        self.rtp_port = ports.take(2, even=True)
        self.trunk = f"sip:127.0.0.1:{self.port}"
        settings = self.folder / "linphonerc"
        settings.write_text(f"""\
[sip]
sip_port={self.port}
sip_tcp_port=0
sip_tls_port=0
bind_address=127.0.0.1
use_ipv6=0
media_encryption=none

[rtp]
audio_rtp_port={self.rtp_port}

[video]
capture=0
display=0
""")
        # stdin stays open: the daemon ends, badly, when it is closed.
        self.program = Program(
            ["linphone-daemon", "--config", settings, "--auto-answer", "--disable-stats-events",
             "--log", self.folder / "linphone.log"],
            self.folder / "daemon.log", env={"HOME": str(self.folder), "PATH": "/usr/bin:/bin"}, stdin=subprocess.PIPE)
        eventually(lambda: udp_port_is_bound(self.port) or not self.program.is_alive(), 20, "linphone listens")
        assert self.program.is_alive(), f"linphone ended at once:\n{self.program.text[-2000:]}"

    def command(self, text):
        """Its answer: everything up to the next prompt, which must be Ok."""
        before = self.program.text.count("Status: ")
        self.program.process.stdin.write(f"{text}\n".encode())
        self.program.process.stdin.flush()
        eventually(lambda: self.program.text.count("Status: ") > before, 10, lambda: f"linphone answers {text}")
        status = re.findall(r"Status: (\w+)", self.program.text)[before]
        assert status == "Ok", f"{text}: {self.program.text[-500:]}"

    def hold(self):
        """Ends when linphone has its answer: until then it is `Pausing`, and refuses to resume."""
        before = self.program.text.count("LinphoneCallPaused\n")
        self.command("call-pause 1")
        eventually(lambda: self.program.text.count("LinphoneCallPaused\n") > before, 10,
                   lambda: f"linphone's call is paused:\n{self.program.text[-1000:]}")

    def resume(self):
        self.command("call-resume 1")

    def hang_up(self):
        self.command("terminate 1")

    def stop(self):
        self.program.stop(signal.SIGTERM)
