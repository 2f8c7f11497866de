"""Far ends that talk to each other: each says a tone of its own without end, and keeps what it hears."""

import struct
import time
from collections import defaultdict

import numpy

from . import audio, instruments
from .audio import RATE
from .far_end import FarEnd, Person, tone_frame
from .waiting import eventually

#: Hz, by which each is known. What µ-law makes of any of them together has the others at -55 dB at most.
TONES = (474, 585, 1067, 1352, 1807)
#: RTP packets, one each 20 ms: longer than any test.
ENDLESS = 20 * 60 * 50
#: What each says, in dB below full scale.
SAID = instruments.tuned(audio.mu_law_decode(
    numpy.concatenate([numpy.frombuffer(tone_frame(TONES[0], number), numpy.uint8) for number in range(50)])), TONES[0])
#: Beside what is said, what is not heard is that much fainter.
UNHEARD = -50.0


class Talkers(FarEnd):
    """`tones`: what whoever is called says, by number, in Hz. Any other number says nothing, in packets of silence.

    `more`: how a number differs besides, as fields of Person.
    """

    def __init__(self, tones=None, more=None, **options):
        self.tones = tones or {}
        self.more = more or {}
        self._ears = defaultdict(list)
        super().__init__(decide=self._person, **options)

    def _person(self, number):
        return Person(speaks=ENDLESS, tone=self.tones.get(number), **self.more.get(number, {}))

    def _keep(self, port, packet, now):
        if len(packet) > 12 and packet[1] & 0x7F == 0:
            self._ears[port].append((now, struct.unpack("!I", packet[4:8])[0], packet[12:]))

    def dialog(self, number):
        [dialog] = self.dialogs_of(number)
        return dialog

    def hears(self, number, seconds=1.0, after=0.5):
        """What that one hears for so long from `after` seconds from now on: samples in −1…1, in their places."""
        return self.heard_since(number, time.monotonic() + after, seconds)

    def heard_since(self, number, since, seconds):
        """What that one heard for so long from a moment of the monotonic clock on; waits for the rest of it."""
        port = self.dialog(number).invite.audio_port

        def packets():
            found = [packet for packet in list(self._ears[port]) if packet[0] >= since]
            return found if len(found) >= round(seconds * 50) else None

        found = eventually(packets, seconds + 10, lambda: f"{seconds} s of sound at {number}")
        first = found[0][1]
        samples = numpy.zeros(round(seconds * RATE))
        for _, timestamp, payload in found:
            place = (timestamp - first + (1 << 31)) % (1 << 32) - (1 << 31)
            part = audio.mu_law_decode(numpy.frombuffer(payload, numpy.uint8))
            if 0 <= place <= len(samples) - len(part):
                samples[place:place + len(part)] = part
        return samples

    def press_as(self, number, keys, every=0.2):
        self.press(self.dialog(number), keys, every)


def levels(samples, tones):
    """How loud each tone is beside what it was said at, in dB."""
    return {hertz: instruments.tuned(samples, hertz) - SAID for hertz in tones}


def faults(samples, heard, unheard):
    """Why these samples have not just those tones, each as loud as it was said, within 1 dB."""
    found = levels(samples, [*heard, *unheard])
    told = [f"{hertz} Hz is heard at {found[hertz]:+.1f} dB" for hertz in heard if abs(found[hertz]) > 1.0]
    return told + [f"{hertz} Hz is heard at {found[hertz]:+.1f} dB, and should not be" for hertz in unheard
                   if found[hertz] > UNHEARD]
