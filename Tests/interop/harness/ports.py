"""Ports for peers that cannot let the system choose."""

import contextlib
import fcntl
import os
import socket
import struct

# Below the kernel's ephemeral range (32768 and up), so that no outgoing connection takes one between
# choosing and binding.
FIRST, LAST = 17000, 29998

_mine = []


def take(count=1, even=False):
    """`count` neighbouring ports, free for UDP and TCP just now, and nobody else's until `released`.

    Runs side by side share a file: a lock on its bytes is a lock on the ports of those numbers, and ends with the process
    at the latest. A server's range is so its own even where none of its ports is bound yet. The file's beginning remembers
    the last port given, so that one is given anew as late as can be: packets for its last owner may be on their way.
    """
    path = f"/tmp/belay-interop-ports-{os.getuid()}"
    with open(path, "a+") as memory:
        fcntl.flock(memory, fcntl.LOCK_EX)
        memory.seek(0)
        text = memory.read().strip()
        port = int(text) if text.isdigit() and FIRST <= int(text) <= LAST else FIRST
        for _ in range(LAST - FIRST):
            if even and port % 2:
                port += 1
            if port + count > LAST:
                port = FIRST
            reservation = _reserve(path, port, count)
            if reservation and all(_is_free(port + n) for n in range(count)):
                _mine.append(reservation)
                memory.seek(0)
                memory.truncate()
                memory.write(str(port + count))
                return port
            if reservation:
                reservation.close()
            port += 1
    raise AssertionError(f"no {count} free ports between {FIRST} and {LAST}")


def media_socket(host="127.0.0.1"):
    """A UDP socket for RTP. The port after its own, where RTCP goes, is nobody's (RFC 3550 §11): chosen by the system, it
    might be the next test's SIP, and the last RTCP of a call that is over would come there."""
    media = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    media.bind((host, take(2, even=True)))
    return media


@contextlib.contextmanager
def released():
    """At its end the ports that were taken within it are anybody's."""
    before = len(_mine)
    yield
    for reservation in _mine[before:]:
        reservation.close()
    del _mine[before:]


def _reserve(path, port, count):
    """An open file that holds the ports' bytes; None when somebody holds one of them. Open file description locks: the
    process's own reservations count, too."""
    file = open(path, "r+b")
    try:
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, port, count, 0))
        return file
    except OSError:
        file.close()
        return None


def _is_free(port):
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
