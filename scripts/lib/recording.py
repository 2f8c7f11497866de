"""Says where a recording of the built-in far end lies, how long it is, and how loud what it heard.

    python3 recording.py FILE.wav

The file has two channels: left what the far end heard, right what it said. Ends with 1 when it heard nothing.
"""

import array
import math
import sys
import wave

FRAME_SECONDS = 0.02
SILENCE_DBFS = -60

path = sys.argv[1]
with wave.open(path, "rb") as recording:
    channels, width, rate, frames = recording.getparams()[:4]
    if (channels, width) != (2, 2):
        sys.exit(f"error: {path} has {channels} channels of {8 * width} bits; two of 16 were expected")
    samples = array.array("h", recording.readframes(frames))
if sys.byteorder == "big":
    samples.byteswap()
heard = samples[0::2]
step = int(rate * FRAME_SECONDS)
powers = [sum(s * s for s in heard[i:i + step]) / step for i in range(0, len(heard) - step + 1, step)]
loud = [power for power in powers if power > (32768 * 10 ** (SILENCE_DBFS / 20)) ** 2]
if not loud:
    sys.exit(f"error: the far end heard nothing in {len(heard) / rate:.1f} s: {path}")
level = 10 * math.log10(sum(loud) / len(loud) / 32768 ** 2)
print(f"what the far end heard: {path}")
print(f"  {len(heard) / rate:.1f} s, of it {len(loud) * FRAME_SECONDS:.1f} s of speech at {level:.1f} dBFS "
      "(left channel; the right one is what it said)")
