"""A wall clock that a test sets, for a server: `stepped_clock.c`, built here and preloaded."""

import mmap
import os
import shutil
import struct
import subprocess
import time
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")


class SteppedClock:
    """`environment` goes to the program; from then on `step` sets its clock, as often as wanted."""

    def __init__(self, folder):
        library, shared = folder / "stepped_clock.so", folder / "stepped_clock"
        compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))))
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, SOURCE, "-ldl", "-pthread"],
                       check=True)
        shared.write_bytes(bytes(8))
        with open(shared, "r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 8)
        self.environment = {"LD_PRELOAD": str(library), "STEPPED_CLOCK": str(shared)}
        # Whoever measures how much of the code runs preloads something, too.
        if before := os.environ.get("LD_PRELOAD"):
            self.environment["LD_PRELOAD"] += f":{before}"

    def step(self, seconds):
        """Sets it so much ahead, or back where that is negative."""
        self._memory[:8] = struct.pack("=q", self._ahead + round(seconds * 1e9))

    @property
    def _ahead(self):
        return struct.unpack("=q", self._memory[:8])[0]

    def now(self):
        """What it shows, in seconds since the epoch."""
        return time.time() + self._ahead / 1e9
