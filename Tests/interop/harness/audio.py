"""Whether what was heard is what was said: measured against a rendition of our own, not against the server's."""

import io
import subprocess
from pathlib import Path

import numpy
from scipy.io import wavfile
from scipy.signal import correlate, resample_poly

RATE = 8000
GAP_MILLISECONDS = 40


def read(path):
    """Samples in −1…1 at 8 kHz; a row for each channel."""
    rate, samples = wavfile.read(path)
    samples = numpy.atleast_2d(samples.T).astype(numpy.float64) / 32768.0
    if rate != RATE:
        samples = resample_poly(samples, RATE, rate, axis=1)
    return samples


def tone(seconds, hertz=500, peak=8000):
    """A WAV file of a tone, its bytes; `peak` is of 32768."""
    times = numpy.arange(round(RATE * seconds)) / RATE
    with io.BytesIO() as content:
        wavfile.write(content, RATE, (peak * numpy.sin(2 * numpy.pi * hertz * times)).astype(numpy.int16))
        return content.getvalue()


def render(text, folder, voice="en-us+f3", words_per_minute=160):
    """What espeak-ng makes of the text in Say's usual voice, at 8 kHz, without the silence around it."""
    path = Path(folder) / "rendition.wav"
    subprocess.run(["espeak-ng", "-v", voice, "-s", str(words_per_minute), "-w", str(path), "--stdin"], input=text.encode(), check=True, timeout=30)
    return trimmed(read(path)[0])


def trimmed(samples, threshold=0.003):
    """The part between the first and the last sample above the threshold."""
    loud = numpy.flatnonzero(numpy.abs(samples) > threshold)
    return samples[loud[0]:loud[-1] + 1] if len(loud) else samples[:0]


def level(samples):
    """RMS in dB below full scale."""
    power = float(numpy.mean(samples ** 2)) if len(samples) else 0.0
    return 10 * numpy.log10(power) if power > 0 else -200.0


def mu_law_encode(samples):
    """G.711 µ-law bytes of samples in −1…1 (ITU-T G.711, by its own table of segments)."""
    pcm = numpy.clip(numpy.round(samples * 32767), -32635, 32635).astype(int)
    sign = numpy.where(pcm < 0, 0x80, 0)
    magnitude = numpy.abs(pcm) + 132
    exponent = numpy.floor(numpy.log2(magnitude)).astype(int) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    return (~(sign | (exponent << 4) | mantissa)) & 0xFF


def mu_law_decode(codes):
    """Samples in −1…1 of G.711 µ-law bytes."""
    codes = ~numpy.asarray(codes).astype(int) & 0xFF
    magnitude = ((((codes & 0x0F) << 3) + 132) << ((codes & 0x70) >> 4)) - 132
    return numpy.where(codes & 0x80, -magnitude, magnitude) / 32768.0


def a_law_decode(codes):
    """Samples in −1…1 of G.711 A-law bytes."""
    codes = numpy.asarray(codes) ^ 0x55
    exponent = (codes & 0x70) >> 4
    mantissa = codes & 0x0F
    magnitude = numpy.where(exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << numpy.maximum(exponent - 1, 0))
    return numpy.where(codes & 0x80, magnitude, -magnitude) / 32768.0


def faults(heard, said, correlation=0.9, length_percent=3):
    """Why `heard` is not `said`, in words; an empty list when it is.

    Aligned by cross-correlation; then the correlation coefficient, the length of speech within some percent, the level
    −30…−12 dBFS, and no silence over 40 ms where the rendition has none.
    """
    speech = trimmed(heard)
    if len(speech) < RATE // 10:
        return [f"nothing was heard ({len(heard) / RATE:.2f} s at {level(heard):.1f} dBFS)"]
    found = []
    padded = numpy.concatenate([numpy.zeros(RATE), heard, numpy.zeros(len(said) + RATE)])
    start = int(numpy.argmax(numpy.abs(correlate(padded, said, mode="valid", method="fft"))))
    aligned = padded[start:start + len(said)]
    scale = numpy.linalg.norm(aligned) * numpy.linalg.norm(said)
    coefficient = float(numpy.dot(aligned, said) / scale) if scale > 0 else 0.0
    if coefficient < correlation:
        found.append(f"correlation {coefficient:.3f}, wanted {correlation}")
    difference = 100 * (len(speech) - len(said)) / len(said)
    if abs(difference) > length_percent:
        found.append(f"length {len(speech) / RATE:.3f} s, said {len(said) / RATE:.3f} s ({difference:+.1f} %)")
    rms = level(speech)
    if not -30 <= rms <= -12:
        found.append(f"level {rms:.1f} dBFS, wanted −30…−12")
    found += _gaps(aligned, said)
    return found


def _gaps(heard, said):
    """Stretches over 40 ms where something was said and nothing heard."""
    window = RATE // 200  # 5 ms
    frames = len(said) // window
    said_rms = numpy.sqrt(numpy.mean(said[:frames * window].reshape(frames, window) ** 2, axis=1))
    heard_rms = numpy.sqrt(numpy.mean(heard[:frames * window].reshape(frames, window) ** 2, axis=1))
    missing = (said_rms > 0.01) & (heard_rms < 0.0005)
    run = 0
    for index, absent in enumerate(numpy.append(missing, False)):
        if absent:
            run += 1
            continue
        if run * 5 > GAP_MILLISECONDS:
            yield f"a gap of {run * 5} ms at {(index - run) * 5} ms of the speech"
        run = 0
