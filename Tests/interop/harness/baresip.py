"""baresip as the far end: a real user agent, with its ears recorded to a file and its events read over TCP."""

import json
import re
import signal
import socket
import subprocess
import threading
from pathlib import Path

from . import ports
from .process import Program, punctually
from .steps import TO
from .waiting import eventually

MODULES = next((path for path in Path("/usr/lib").rglob("baresip/modules") if path.is_dir()), Path("/usr/lib/baresip/modules"))


class Baresip:
    """Has `number`, listens on loopback. Answers by itself when `auto_answer`, or by `command`.

    `codecs` in baresip's words. `says`: a WAV file, of which it says nothing twice; None: silence. What it hears stands in `heard`
    once the call is over.
    """

    def __init__(self, folder, number=TO, auto_answer=True, codecs="PCMU/8000/1,PCMA/8000/1", says=None):
        self.folder = Path(folder) / "baresip"
        self.recordings = self.folder / "recordings"
        self.recordings.mkdir(parents=True)
        self.port = ports.take(2)  # the next one is its port for TLS
        self.control_port = ports.take()
        self.trunk = f"sip:127.0.0.1:{self.port}"
        rtp = ports.take(100, even=True)
        self.rtp_ports = range(rtp, rtp + 100)
        source = says or self._silence()
        (self.folder / "config").write_text(f"""\
poll_method epoll
sip_listen 127.0.0.1:{self.port}
net_interface 127.0.0.1
call_local_timeout 120
call_max_calls 4
audio_source aufile,{source}
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
audio_txmode thread
audio_buffer 20-160
rtp_ports {rtp}-{rtp + 99}
rtp_stats no
module_path {MODULES}
module g711.so
module aufile.so
module sndfile.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{self.control_port}
snd_path {self.recordings}
""")
        answer = "auto" if auto_answer else "manual"
        (self.folder / "accounts").write_text(
            f"<sip:{number}@127.0.0.1:{self.port};transport=udp>;regint=0;answermode={answer};audio_codecs={codecs}\n")
        (self.folder / "contacts").write_text("")
        self.events = []
        self._changed = threading.Condition()
        # stdin stays open and silent: baresip ends when it is closed.
        self.program = Program([*punctually(), "baresip", "-f", self.folder], self.folder / "baresip.log",
                               stdin=subprocess.PIPE)
        self.program.wait_for(r"baresip is ready", 15)
        self._control = socket.create_connection(("127.0.0.1", self.control_port), 5)
        self._control.settimeout(None)
        threading.Thread(target=self._read_events, daemon=True).start()

    def _silence(self):
        """Ten minutes of nothing: at the end of its source baresip would hang up."""
        path = self.folder / "silence.wav"
        subprocess.run(["sox", "-n", "-r", "8000", "-c", "1", "-b", "16", str(path), "trim", "0", "600"], check=True)
        return path

    def _read_events(self):
        """Netstrings, each a JSON object: {"event":true,"type":…} or the response to a command."""
        buffer = b""
        while True:
            try:
                part = self._control.recv(65536)
            except OSError:
                return
            if not part:
                return
            buffer += part
            while True:
                match = re.match(rb"(\d+):", buffer)
                if not match or len(buffer) < match.end() + int(match.group(1)) + 1:
                    break
                end = match.end() + int(match.group(1))
                document = json.loads(buffer[match.end():end])
                buffer = buffer[end + 1:]
                with self._changed:
                    self.events.append(document)
                    self._changed.notify_all()

    def command(self, name, parameters=""):
        text = json.dumps({"command": name, "params": parameters}).encode()
        self._control.sendall(b"%d:%s," % (len(text), text))

    def dial(self, server, number):
        """Calls a number of `server` (anything with `sip`)."""
        self.command("dial", "sip:%s@%s:%d" % (number, *server.sip))

    def wait_for_event(self, kind, seconds=10):
        return eventually(lambda: next((e for e in list(self.events) if e.get("type") == kind), None), seconds,
                          lambda: f"baresip reports {kind}; events: {[e.get('type') for e in self.events]}\n"
                          + self.program.text[-2000:])

    @property
    def digits(self):
        """The digits that it heard, in order, as its events tell them."""
        return "".join(e.get("param", "") for e in list(self.events) if e.get("type") == "CALL_DTMF_START")

    def heard(self, seconds=10):
        """The recording of what came from the other side; waits until the file is complete."""
        def closed():
            """The header tells the file's length once it has been closed."""
            for path in sorted(self.recordings.glob("*-dec.wav"))[:1]:
                content = path.read_bytes()
                if len(content) > 44 and int.from_bytes(content[4:8], "little") == len(content) - 8:
                    return path
            return None

        return eventually(closed, seconds, "baresip has a recording")

    def stop(self):
        self._control.close()
        self.program.stop(signal.SIGTERM)
