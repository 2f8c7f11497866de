"""A call in a conference, and its child, whose script adds it there: when each first hears the other, by the clock of the wire."""

from dataclasses import dataclass

import numpy

from . import audio, instruments
from .talkers import SAID, levels
from .waiting import eventually

#: In dB beside what was said. 20 ms are too short to tell more than whether somebody is heard.
HEARD = -6.0


@dataclass
class Meeting:
    """Moments: the child's first 200, and the first packets in which the parent hears the child and the child the parent."""

    answered: float
    parent_hears: float
    child_hears: float

    @property
    def milliseconds(self):
        """From the 200 until each hears the other."""
        return 1000 * (max(self.parent_hears, self.child_hears) - self.answered)

    def __str__(self):
        heard = (1000 * (moment - self.answered) for moment in (self.parent_hears, self.child_hears))
        return "from the child's 200: the parent hears it after {:.1f} ms, it hears the parent after {:.1f} ms".format(*heard)


def bring_together(room, far, parent, child):
    """Calls one number, which is added, and another one as the child of that call, which is added by its own script; returns both
    calls once each hears the other."""
    first = room.join(parent)
    second = room.call(child, [room.add()], parentCallId=first)
    room.app.wait_for(second, "addToConferenceNotification")
    for number, other in ((parent, child), (child, parent)):
        hertz = far.tones[other]
        eventually(lambda who=number, tone=hertz: levels(far.hears(who, 0.2, after=0), [tone])[tone] > HEARD, 10,
                   f"{number} hears {other}")
    return first, second


class Meetings:
    """All that a finished capture holds of them."""

    def __init__(self, wire, server, far):
        self._far = far
        self._left = wire.departures(server.rtp_ports)
        self._answered = {}
        for line in wire.messages(far.port):
            if (line.source, line.name, line.cseq) == (far.port, "200", "INVITE"):
                self._answered.setdefault(line.call_id, line.time)

    def of(self, parent, child):
        """By their numbers."""
        answered = self._answered[self._far.dialog(child).invite.call_id]
        return Meeting(answered, self._first_heard(parent, child, answered), self._first_heard(child, parent, answered))

    def _first_heard(self, number, other, since):
        port, hertz = self._far.dialog(number).invite.audio_port, self._far.tones[other]
        for when, packet in self._left[port]:
            if when >= since and packet[1] & 0x7F == 0 and _holds(packet[12:], hertz):
                return when
        raise AssertionError(f"{number} never hears {other}")


def _holds(payload, hertz):
    samples = audio.mu_law_decode(numpy.frombuffer(payload, numpy.uint8))
    strength = instruments.envelope(samples, hertz)[len(samples) // 2]
    return strength > 10 ** ((SAID + HEARD) / 20)
