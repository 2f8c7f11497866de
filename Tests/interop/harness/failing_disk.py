"""A disk that fails on command, under a real server: `failing_disk.c` before the C library."""

import os
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")

#: How it may fail: what write(2), fsync(2), ftruncate(2) and open(2) say of files below the folder.
WELL = 0
MODES = {"EIO": 1, "ENOSPC": 2, "EROFS": 3, "short writes": 4, "no fsync": 5}
HANGS = 6


class FailingDisk:
    """For a server whose data folder is `data`: its `env` goes into the server's."""

    def __init__(self, folder, data):
        library = Path(folder) / "failing_disk.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-D_LARGEFILE64_SOURCE", "-o", library, SOURCE, "-ldl"], check=True)
        self.mode = Path(folder) / "disk-mode"
        self.mode.write_bytes(bytes([WELL]))
        Path(data).mkdir(parents=True, exist_ok=True)
        self.env = {"LD_PRELOAD": str(library), "FAILING_DISK_FOLDER": str(data), "FAILING_DISK_MODE": str(self.mode)}

    def fail(self, mode):
        descriptor = os.open(self.mode, os.O_WRONLY)
        os.pwrite(descriptor, bytes([mode]), 0)
        os.close(descriptor)

    def heal(self):
        self.fail(WELL)
