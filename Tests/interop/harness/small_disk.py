"""A disk of few bytes under a real server, as the system tells of it: `small_disk.c` before the C library."""

import os
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")


class SmallDisk:
    """For a server whose data folder is `data`: its `env` goes into the server's."""

    def __init__(self, folder, data, size):
        library = Path(folder) / "small_disk.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-D_LARGEFILE64_SOURCE", "-o", library, SOURCE, "-ldl"], check=True)
        self.data, self.size = Path(data), size
        self.data.mkdir(parents=True, exist_ok=True)
        self.env = {"LD_PRELOAD": str(library), "SMALL_DISK_FOLDER": str(data), "SMALL_DISK_BYTES": str(size)}

    @property
    def free(self):
        """What files with names leave of it, in bytes."""
        used = 0
        for folder, _, names in os.walk(self.data):
            for name in names:
                try:
                    used += os.lstat(os.path.join(folder, name)).st_blocks * 512
                except FileNotFoundError:
                    pass
        return self.size - used
