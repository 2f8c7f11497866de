"""Instruments for recordings: where in a channel bursts of a tone lie, how long and loud they are, what is missing.

A recording is judged against a score, the bursts that each side is known to have sounded, and the moments at which they
were on the wire. Two sides that sound different tones cannot be taken for one another.
"""

from dataclasses import dataclass

import numpy

from .audio import GAP_MILLISECONDS, RATE, level

ALIGNED_SECONDS = 0.020
LENGTH_PERCENT = 3
LEVEL_DECIBELS = 1.0
SILENCE_DECIBELS = -60.0
# A tone that comes back sooner than this is one burst with a gap.
SAME_BURST_SECONDS = 0.2
# What a window of the tuner smears over the edges of a burst.
EDGE_SECONDS = 0.025


@dataclass(frozen=True)
class Burst:
    """A tone for a while: seconds from the score's or the file's beginning, RMS in dB below full scale."""

    start: float
    seconds: float
    hertz: int
    decibels: float = -20.0

    @property
    def end(self):
        return self.start + self.seconds


def compose(bursts, seconds):
    """The score as samples; each burst begins and ends within one sample."""
    samples = numpy.zeros(round(seconds * RATE))
    for burst in bursts:
        first, last = round(burst.start * RATE), round(burst.end * RATE)
        times = numpy.arange(last - first) / RATE
        amplitude = 2 ** 0.5 * 10 ** (burst.decibels / 20)
        samples[first:last] += amplitude * numpy.sin(2 * numpy.pi * burst.hertz * times)
    return samples


def envelope(samples, hertz):
    """RMS of the tone at each sample, as a receiver tuned to it hears it (a Hann window of 20 ms)."""
    window = numpy.hanning(RATE // 50 + 1)
    phase = numpy.exp(-2j * numpy.pi * hertz * numpy.arange(len(samples)) / RATE)
    return 2 ** 0.5 * numpy.abs(numpy.convolve(samples * phase, window / window.sum(), mode="same"))


def tuned(samples, hertz):
    """RMS of the tone in dB below full scale, as Goertzel's filter has it: the median over Hann windows of 200 ms, which tell
    tones apart from 20 Hz on, and let a packet come late."""
    window = RATE // 5
    frames = samples[:len(samples) // window * window].reshape(-1, window)
    shape = numpy.hanning(window + 1)[:-1]
    filter = numpy.exp(-2j * numpy.pi * hertz * numpy.arange(window) / RATE) * shape / shape.sum()
    return float(20 * numpy.log10(max(numpy.median(2 ** 0.5 * numpy.abs(frames @ filter)), 1e-10)))


def find(samples, hertz, threshold=-46.0):
    """The bursts of a tone, from where it has half its strength to where it has no more."""
    strength = envelope(samples, hertz)
    if not (strength > 10 ** (threshold / 20)).any():
        return []
    half = 0.5 * numpy.median(strength[strength > 10 ** (threshold / 20)])
    changes = numpy.flatnonzero(numpy.diff(numpy.concatenate(([False], strength > half, [False])).astype(int)))
    stretches = [[changes[n], changes[n + 1]] for n in range(0, len(changes), 2)]
    joined = stretches[:1]
    for first, last in stretches[1:]:
        if (first - joined[-1][1]) / RATE < SAME_BURST_SECONDS:
            joined[-1][1] = last
        else:
            joined.append([first, last])
    edge = round(EDGE_SECONDS * RATE)
    return [Burst(first / RATE, (last - first) / RATE, hertz, level(samples[first + edge:last - edge]))
            for first, last in joined if last - first > 3 * edge]


def channel_faults(samples, score, foreign):
    """Why a channel does not hold the score's bursts (in the score's own time, shifted as a whole), and nothing else.

    `foreign` is the tone of the other side.
    """
    hertz = score[0].hertz
    found = find(samples, hertz)
    told = [f"{burst.start:.3f}+{burst.seconds:.3f} s" for burst in found]
    if len(found) != len(score):
        yield f"{len(score)} bursts of {hertz} Hz were sounded, {len(found)} are there: {told}"
    strays = find(samples, foreign)
    if strays:
        yield f"the other side's {foreign} Hz is there too: {[f'{s.start:.3f} s' for s in strays]}"
    if len(found) != len(score):
        return
    shift = lag(found, score)
    for burst, wanted in zip(found, score):
        where = f"the burst at {wanted.start:.3f} s"
        if abs(burst.start - wanted.start - shift) > ALIGNED_SECONDS:
            yield f"{where} lies {1000 * (burst.start - wanted.start - shift):+.0f} ms beside the others"
        if abs(burst.seconds / wanted.seconds - 1) * 100 > LENGTH_PERCENT:
            yield f"{where} lasts {burst.seconds:.3f} s, sounded for {wanted.seconds:.3f} s"
        if abs(burst.decibels - wanted.decibels) > LEVEL_DECIBELS:
            yield f"{where} has {burst.decibels:.1f} dBFS, sounded at {wanted.decibels:.1f}"
        for start, milliseconds in gaps(samples, burst):
            yield f"{where} has a gap of {milliseconds} ms after {start:.3f} s"
    quiet = samples.copy()
    for burst in found:
        first, last = round((burst.start - EDGE_SECONDS) * RATE), round((burst.end + EDGE_SECONDS) * RATE)
        quiet[max(0, first):last] = 0
    frames = quiet[:len(quiet) // 160 * 160].reshape(-1, 160)
    loudest = max(level(frame) for frame in frames)
    if loudest > SILENCE_DECIBELS:
        yield f"{loudest:.1f} dBFS where silence was"


def lag(found, score):
    """By how much the file's time is before the score's, in seconds."""
    return float(numpy.median([burst.start - wanted.start for burst, wanted in zip(found, score)]))


def gaps(samples, burst):
    """(seconds after the burst's start, milliseconds) of each silence over 40 ms within it."""
    window = RATE // 200
    part = samples[round(burst.start * RATE):round(burst.end * RATE)]
    frames = part[:len(part) // window * window].reshape(-1, window)
    quiet = numpy.sqrt(numpy.mean(frames ** 2, axis=1)) < 0.1 * 10 ** (burst.decibels / 20)
    run = 0
    for index, is_quiet in enumerate(numpy.append(quiet, False)):
        if is_quiet:
            run += 1
            continue
        if run * 5 > GAP_MILLISECONDS:
            yield (index - run) * 0.005, run * 5
        run = 0


def faults(channels, heard, said, seconds):
    """Why a file of two channels is not the recording of what was heard (left) and said (right); empty when it is.

    Both scores are in the time of one clock. `seconds` is how long was recorded.
    """
    if len(channels) != 2:
        return [f"{len(channels)} channels"]
    length = len(channels[0]) / RATE
    found = []
    if abs(length / seconds - 1) * 100 > LENGTH_PERCENT:
        found.append(f"{length:.3f} s long, recorded for {seconds:.3f} s")
    for name, samples, score, other in (("left", channels[0], heard, said), ("right", channels[1], said, heard)):
        found += [f"{name}: {fault}" for fault in channel_faults(samples, score, other[0].hertz)]
    offset = alignment(channels, heard, said)
    if offset is not None and abs(offset) > ALIGNED_SECONDS:
        found.append(f"what was heard lies {1000 * offset:+.0f} ms beside what was said")
    return found


def alignment(channels, heard, said):
    """By how many seconds the left channel is late against the right one; None where bursts are missing."""
    left, right = find(channels[0], heard[0].hertz), find(channels[1], said[0].hertz)
    if len(left) != len(heard) or len(right) != len(said):
        return None
    return lag(left, heard) - lag(right, said)
