"""What was on the wire, as tshark saw it: the referee that neither side wrote."""

import secrets
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .process import Program
from .waiting import eventually


@dataclass
class Stream:
    """One line of tshark's table of RTP streams. Times in milliseconds."""

    source: tuple
    destination: tuple
    ssrc: str
    payload: str
    packets: int
    lost: int
    mean_delta: float
    max_delta: float
    problems: bool


@dataclass
class Packet:
    """An RTP packet of a stream."""

    time: float
    sequence: int
    timestamp: int
    marker: bool
    payload_type: int
    length: int


class Capture:
    """Captures UDP on loopback from the moment it is made until `finish`.

    Both ends are proven by a datagram of known content that is waited for in the file: what happened between them is
    in it.
    """

    def __init__(self, folder, filter="udp"):
        self.path = Path(folder) / f"capture-{secrets.token_hex(3)}.pcap"
        self._sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sink.bind(("127.0.0.1", 0))
        self.program = Program(
            ["tshark", "-i", "lo", "-F", "pcap", "-w", self.path, "-q", "-f", filter, "-B", "32"],
            self.path.with_suffix(".log"))
        self._mark()

    def _mark(self):
        mark = secrets.token_hex(16).encode()

        def seen():
            assert self.program.is_alive(), f"tshark ended:\n{self.program.text}"
            self._sink.sendto(mark, self._sink.getsockname())
            return self.path.exists() and mark in self.path.read_bytes()

        eventually(seen, 15, "tshark captures")

    def finish(self):
        self._mark()
        self.program.stop(signal.SIGINT)
        self._sink.close()
        return self

    def _read(self, *arguments):
        done = subprocess.run(["tshark", "-r", str(self.path), *map(str, arguments)], capture_output=True, text=True,
                              timeout=60)
        assert done.returncode == 0, f"tshark {arguments}: {done.stderr}"
        return done.stdout

    def streams(self, ports):
        """The RTP streams whose packets left from one of `ports`."""
        filter = " or ".join(f"udp.port == {port}" for port in ports)
        text = self._read("-q", "-o", "rtp.heuristic_rtp:TRUE", "-z", f"rtp,streams", "-Y", filter)
        found = []
        for line in text.splitlines():
            words = line.split()
            if len(words) < 16 or not words[0][0].isdigit():
                continue
            # start end src sport dst dport ssrc payload… packets lost (pct) minΔ meanΔ maxΔ minJ meanJ maxJ [X]
            tail = words[7:]
            percent = next(i for i, word in enumerate(tail) if word.startswith("("))
            numbers = tail[percent + 1:]
            stream = Stream((words[2], int(words[3])), (words[4], int(words[5])), words[6],
                            " ".join(tail[:percent - 2]), int(tail[percent - 2]), int(tail[percent - 1]),
                            float(numbers[1]), float(numbers[2]), numbers[-1] == "X")
            if stream.source[1] in ports:
                found.append(stream)
        return found

    def packets(self, source_port, destination_port):
        """The RTP packets from one port to another, in the order of the wire."""
        text = self._read("-d", f"udp.port=={destination_port},rtp",
                          "-Y", f"rtp && udp.srcport=={source_port} && udp.dstport=={destination_port}", "-T", "fields",
                          "-e", "frame.time_epoch", "-e", "rtp.seq", "-e", "rtp.timestamp", "-e", "rtp.marker",
                          "-e", "rtp.p_type", "-e", "udp.length")
        found = []
        for line in text.splitlines():
            when, sequence, timestamp, marker, payload, length = line.split("\t")
            found.append(Packet(float(when), int(sequence), int(timestamp), marker in ("1", "True"), int(payload),
                                int(length) - 8 - 12))
        return found

    def sip(self, port):
        """(time, request method or status code, CSeq method) of each SIP message from or to the port."""
        text = self._read("-d", f"udp.port=={port},sip", "-Y", f"sip && udp.port=={port}", "-T", "fields",
                          "-e", "frame.time_epoch", "-e", "sip.Method", "-e", "sip.Status-Code", "-e",
                          "sip.CSeq.method", "-e", "udp.dstport", "-e", "sip.Call-ID")
        found = []
        for line in text.splitlines():
            when, method, status, cseq, destination, call_id = line.split("\t")
            found.append((float(when), method or status, cseq, int(destination), call_id))
        return found
