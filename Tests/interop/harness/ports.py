"""Ports for peers that cannot let the system choose."""

import socket
from pathlib import Path
import fcntl
import os

# Below the kernel's ephemeral range (32768 and up), so that no outgoing connection takes one between
# choosing and binding; apart from Belay's own default range.
FIRST, LAST = 21000, 29998


def take(count=1, even=False):
    """`count` neighbouring ports, free for UDP and TCP just now and never handed out twice by this machine's runs.

    A file with a lock remembers the last one given, so that runs side by side do not meet.
    """
    path = Path(f"/tmp/belay-interop-ports-{os.getuid()}")
    with open(path, "a+") as memory:
        fcntl.flock(memory, fcntl.LOCK_EX)
        memory.seek(0)
        text = memory.read().strip()
        port = int(text) if text.isdigit() else FIRST
        for _ in range(LAST - FIRST):
            if even and port % 2:
                port += 1
            if port + count > LAST:
                port = FIRST
            if all(_is_free(port + n) for n in range(count)):
                memory.seek(0)
                memory.truncate()
                memory.write(str(port + count))
                return port
            port += 1
    raise AssertionError(f"no {count} free ports between {FIRST} and {LAST}")


def _is_free(port):
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
