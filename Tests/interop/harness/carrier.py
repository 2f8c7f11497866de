"""One call into the simulated carrier, with a witness on the wire and the far end's recording at the end."""

import re
from dataclasses import dataclass

import numpy

from . import audio
from .server import NUMBER
from .steps import application
from .waiting import eventually

PREFIX = "+1500555"
RING = (0.9, 1.1)  # seconds that a ring takes


def carrier_port(server):
    return int(re.search(r"^Carrier: simulated, at udp:127\.0\.0\.1:(\d+)", server.program.text, re.M).group(1))


@dataclass
class CarrierCall:
    """One call to a number of the carrier; `wire` is there after `finish`."""

    server: object
    app: object
    capture: object
    id: str

    def finish(self):
        """Ends the capture when both sides are done with the call; returns its messages, oldest first."""
        def over():
            left = {name: self.server.gauge(name) for name in ("belay_calls_live", "belay_sip_dialogs")}
            counts = [len(re.findall(pattern, self.server.program.text))
                      for pattern in (r"carrier: \S+ (?:rings|calls)", r"carrier: \S+ is off the line")]
            return not any(left.values()) and counts[0] == counts[1]

        eventually(over, 20, "both sides are done with the call")
        self.capture.finish()
        self.wire = self.capture.messages(carrier_port(self.server))
        return self.wire

    @property
    def whole_flow(self):
        """The messages' names; a 200 says to what."""
        return [f"200 {m.cseq}" if m.name == "200" else m.name for m in self.wire]

    @property
    def flow(self):
        """`whole_flow` without repetitions: on a busy machine an answer may take longer than the 100 ms that T1 is here,
        and RFC 3261's timers then send again."""
        seen, flow = set(), []
        for message, name in zip(self.wire, self.whole_flow):
            key = message.source, name, message.cseq, message.to_tag
            if key not in seen:
                flow.append(name)
            seen.add(key)
        return flow

    def message(self, name, cseq=None, number=1):
        found = [m for m in self.wire if m.name == name and cseq in (None, m.cseq)]
        assert len(found) >= number, f"{name} {cseq} (number {number}) is not among {self.flow}"
        return found[number - 1]

    @property
    def kinds(self):
        return [w.kind for w in self.app.of(self.id)]


def dial(belay, app, capture, number, script, server=None, **more):
    """Dials a number of the carrier's range; the server is a new one unless one is given."""
    server = server or belay(arguments=["--log-level", "info"])
    wire = capture()
    call = server.rest.place(
        from_=NUMBER, to=PREFIX + number if not number.startswith("+") else number,
        applicationId=application(server, app, script), **more)
    return CarrierCall(server, app, wire, call)


def recording(server, suffix="", seconds=10):
    """The channels of the one finished recording in DATA/carrier: heard, said. A `-message` has one channel."""
    what = "the message is in" if suffix == "-message" else "ms recorded in"

    def found():
        paths = re.findall(rf"{what} (\S+\.wav)", server.program.text)
        return [p for p in paths if p.endswith(suffix + ".wav") and (suffix or not p.endswith("-2.wav"))]

    return audio.read(eventually(found, seconds, f"the far end leaves a recording (*{suffix}.wav)")[0])


def recordings(server):
    return sorted(path.name for path in (server.data / "carrier").glob("*.wav"))


def onset(samples, threshold=0.01):
    """Seconds until something sounds."""
    loud = numpy.flatnonzero(numpy.abs(samples) > threshold)
    assert len(loud), "nothing sounds"
    return loud[0] / audio.RATE


def duration(samples):
    return len(samples) / audio.RATE


def pitch(samples):
    """The strongest frequency in Hz, and its share of the power."""
    spectrum = numpy.abs(numpy.fft.rfft(samples * numpy.hanning(len(samples)))) ** 2
    peak = int(numpy.argmax(spectrum))
    near = spectrum[max(0, peak - 3):peak + 4].sum()
    return peak * audio.RATE / len(samples), near / spectrum.sum()
