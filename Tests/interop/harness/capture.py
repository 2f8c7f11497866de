"""What was on the wire, as tshark saw it: the referee that neither side wrote."""

import secrets
import signal
import socket
import subprocess
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy

from .audio import mu_law_decode
from .process import Program
from .waiting import eventually

# µ-law has smaller codes for larger magnitudes; this one is about 0.01 of full scale.
QUIETEST_SOUND = 0x63


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
    """Captures UDP on loopback from the moment it is made until `finish`; other traffic too, where `filter` says so.

    Both ends are proven by a datagram of known content that is waited for in the file: what happened between them is
    in it.
    """

    def __init__(self, folder, filter="udp"):
        self.path = Path(folder) / f"capture-{secrets.token_hex(3)}.pcap"
        self._sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sink.bind(("127.0.0.1", 0))
        self.program = Program(
            # tshark's own half that captures: without the other, that knows thousands of protocols, it starts at once.
            # -p: loopback has no promiscuous mode to gain, and to ask for one waits for a lock of the whole system's network.
            ["dumpcap", "-p", "-i", "lo", "-P", "-w", self.path, "-q", "-f", filter, "-B", "32"],
            self.path.with_suffix(".log"))
        try:
            self._mark()
        except BaseException:
            self.program.stop()
            raise

    def _mark(self):
        mark = secrets.token_hex(16).encode()

        def seen():
            assert self.program.is_alive(), f"dumpcap ended:\n{self.program.text}"
            self._sink.sendto(mark, self._sink.getsockname())
            return self.path.exists() and mark in self.path.read_bytes()

        # What is captured begins behind it, however long the system takes.
        eventually(seen, 60, "dumpcap captures")

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

    def http_answers(self, port):
        """(status, seconds from the request to its answer) of each HTTP request to the TCP port."""
        text = self._read("-d", f"tcp.port=={port},http", "-Y", f"http.response && tcp.srcport=={port}", "-T", "fields",
                          "-e", "http.response.code", "-e", "http.time")
        return [(int(status), float(seconds)) for status, seconds in (line.split("\t") for line in text.splitlines())]

    def messages(self, port):
        """Every SIP message from or to the port, in the order of the wire."""
        text = self._read("-d", f"udp.port=={port},sip", "-Y", f"sip && udp.port=={port}", "-T", "fields",
                          *(word for name in ("frame.time_epoch", "udp.srcport", "sip.Method", "sip.Status-Code",
                                              "sip.CSeq.method", "sip.Call-ID", "sip.to.tag", "sdp.media")
                            for word in ("-e", name)))
        found = []
        for line in text.splitlines():
            when, source, method, status, cseq, call_id, tag, media = line.split("\t")
            found.append(SIPLine(float(when), int(source), method or status, cseq, call_id, tag or None, bool(media)))
        return found


    def _datagrams(self, ports):
        """(time, source port, destination port, payload type, datagram) of each RTP packet from or to `ports`.

        Between two that are not among `ports`, but one above and one below them, too: loopback is everybody's.
        """
        low, high = ports[0], ports[-1]
        text = self._read("-d", f"udp.port=={low}-{high},rtp",
                          "-Y", f"rtp && udp.port >= {low} && udp.port <= {high}", "-T", "fields",
                          "-e", "frame.time_epoch", "-e", "udp.srcport", "-e", "udp.dstport", "-e", "rtp.p_type",
                          "-e", "udp.payload")
        for line in text.splitlines():
            when, source, destination, payload, data = line.split("\t")
            if not payload:
                continue  # somebody else's, with the looks of RTP
            yield float(when), int(source), int(destination), int(payload), bytes.fromhex(data)

    def _rtp(self, ports):
        """(time, source port, destination port, payload type, payload) of each RTP packet from or to `ports`."""
        for when, source, destination, payload, data in self._datagrams(ports):
            yield when, source, destination, payload, data[12:]

    def departures(self, ports):
        """By the port of `ports` that they left: (time, RTP packet) in the order of the wire, all from one reading."""
        found = defaultdict(list)
        for when, source, _, _, data in self._datagrams(ports):
            if source in ports:
                found[source].append((when, data))
        return found

    def audio(self, port):
        """What came to `port`, and what left from there, as PCMU of one stream each: (samples, time of the first,
        seconds by which the packet that was the most late was later than the one that was the least).

        A sample's place follows from its packet's timestamp, and the place of the whole from the packets that were the
        least late: what a busy machine does to the others moves nothing.
        """
        streams = {True: [], False: []}
        for when, source, destination, payload, data in self._datagrams([port]):
            if payload == 0 and port in (source, destination):
                timestamp = int.from_bytes(data[4:8], "big")
                streams[destination == port].append((when, timestamp, numpy.frombuffer(data[12:], numpy.uint8)))
        return tuple(self._in_its_place(streams[is_ours]) for is_ours in (True, False))

    @staticmethod
    def _in_its_place(packets):
        first = packets[0][1]
        places = [(timestamp - first + (1 << 31)) % (1 << 32) - (1 << 31) for _, timestamp, _ in packets]
        earliest = min(places)
        samples = numpy.zeros(max(places) - earliest + 160)
        for (_, _, codes), place in zip(packets, places):
            samples[place - earliest:place - earliest + len(codes)] = mu_law_decode(codes)
        times = [when - (place - earliest) / 8000 for (when, _, _), place in zip(packets, places)]
        began = numpy.percentile(times, 5)
        return samples, float(began), float(max(times) - min(times))

    def sounds(self, ports):
        """By the port of `ports` that they left: when each packet that holds sound did (PCMU)."""
        found = defaultdict(list)
        for when, source, _, payload, data in self._rtp(ports):
            if source in ports and payload == 0 and any((byte & 0x7F) <= QUIETEST_SOUND for byte in data):
                found[source].append(when)
        return found

    def rtp_times(self, ports):
        """When each RTP packet to one of `ports` was sent."""
        return [when for when, _, destination, _, _ in self._rtp(ports) if destination in ports]

    def rtp_peers(self, ports):
        """The ports that sent RTP to `ports`, and those that RTP from there went to."""
        packets = list(self._rtp(ports))
        return ({source for _, source, destination, _, _ in packets if destination in ports},
                {destination for _, source, destination, _, _ in packets if source in ports})

    def presses(self, ports, payload_type=101):
        """By the port of `ports` that they came to: (time, digit) of each RFC 4733 event, at its first packet."""
        found = defaultdict(list)
        last = {}
        for when, _, destination, payload, data in self._rtp(ports):
            if destination not in ports or payload != payload_type:
                continue
            event, duration = data[0], int.from_bytes(data[2:4], "big")
            if destination not in last or last[destination][0] != event or duration < last[destination][1]:
                found[destination].append((when, "0123456789*#ABCD"[event]))
            last[destination] = (event, duration)
        return found

    def digits(self, ports, payload_type=101):
        """(time, digit) of each RFC 4733 event that was sent to one of `ports`."""
        return sorted(sum(self.presses(ports, payload_type).values(), []))

    def key_gaps(self, ports, payload_type=101):
        """Seconds between the beginnings of the RFC 4733 events that were sent to `ports`, by their timestamps (§2.3.1: each
        says when it began), which nothing that is late changes."""
        stamps = {}
        for _, _, destination, payload, data in self._datagrams(ports):
            if destination in ports and payload == payload_type:
                stamps.setdefault(int.from_bytes(data[4:8], "big"))
        return [(later - earlier) % (1 << 32) / 8000 for earlier, later in zip(stamps, list(stamps)[1:])]

    def media_port(self, sip_port):
        """The audio port in the SDP that was sent from the SIP port."""
        text = self._read("-d", f"udp.port=={sip_port},sip", "-Y", f"sdp && udp.srcport=={sip_port}", "-T", "fields",
                          "-e", "sdp.media.port")
        return int(text.splitlines()[0])


@dataclass
class SIPLine:
    """What a SIP message says of itself. `name` is the method or the status."""

    time: float
    source: int
    name: str
    cseq: str
    call_id: str
    to_tag: str | None
    has_sdp: bool

    def __str__(self):
        return f"{self.name} {self.cseq}" if self.name.isdigit() else self.name
