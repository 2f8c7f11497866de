"""Kamailio as the trunk: a real proxy between Belay and the far end, which stays in the route of every dialog."""

from pathlib import Path

from . import ports
from .process import Program
from .waiting import eventually, udp_port_is_bound

CONFIGURATIONS = Path(__file__).resolve().parents[1] / "kamailio"


class Kamailio:
    """`trunk` is what Belay is told; `start` when Belay's own port is known."""

    def __init__(self, folder, configuration="record_route"):
        self.folder = Path(folder)
        self.configuration = configuration
        self.port = ports.take()
        self.trunk = f"sip:127.0.0.1:{self.port}"
        self.sip = ("127.0.0.1", self.port)
        self.program = None

    def start(self, belay_port, far_port):
        text = (CONFIGURATIONS / f"{self.configuration}.cfg").read_text()
        for name, value in {"PORT": self.port, "BELAY": belay_port, "FAR": far_port}.items():
            text = text.replace("{{" + name + "}}", str(value))
        file = self.folder / "kamailio.cfg"
        file.write_text(text)
        self.program = Program(
            ["kamailio", "-f", file, "-DD", "-E", "-m", "32", "-M", "4", "-Y", self.folder, "-w", self.folder],
            self.folder / "kamailio.log")
        eventually(lambda: udp_port_is_bound(self.port) or not self.program.is_alive(), 20, "Kamailio listens")
        assert self.program.is_alive(), f"Kamailio ended at once:\n{self.program.text[-3000:]}"
        return self

    @property
    def complaints(self):
        """Requests within a dialog that came without the route that Kamailio had asked for."""
        return [line for line in self.program.text.splitlines() if "no Route" in line]

    def stop(self):
        if self.program is not None:
            self.program.stop()
