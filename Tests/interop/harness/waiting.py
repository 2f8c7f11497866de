"""Waiting for a fact, never for a time: every wait has a condition, a deadline, and words for when it is missed."""

import time
from pathlib import Path

POLL_SECONDS = 0.02
POLL_GROWTH = 1.2


def eventually(fact, seconds, what, pause=0.05):
    """Returns fact()'s first true value; fails with `what` when there was none within `seconds`.

    Between two looks a time passes that grows to `pause` seconds: looking costs whom is looked at.
    """
    deadline = time.monotonic() + seconds
    poll = POLL_SECONDS
    while True:
        value = fact()
        if value:
            return value
        if time.monotonic() > deadline:
            said = what() if callable(what) else what
            raise AssertionError(f"not within {seconds:g} s: {said} (last seen: {value!r})")
        time.sleep(poll)
        poll = min(poll * POLL_GROWTH, pause)


class lasting:
    """Equal to times in seconds that are as long as is said, as a busy machine shows them: whoever acts, and whoever
    looks, may have had to wait for the processor. What is late at its beginning is shorter by that.

    Where it matters that something does not come too soon, measure from what made the beginning happen: that is never
    too late.
    """

    def __init__(self, seconds, late=1.0):
        self.shortest, self.longest = seconds - min(0.5, seconds / 2), seconds + late

    def __eq__(self, seconds):
        return self.shortest <= seconds <= self.longest

    def __repr__(self):
        return f"from {self.shortest:.3f} to {self.longest:.3f} s"


def udp_port_is_bound(port):
    """Whether some process of this machine holds the UDP port; asks the kernel's table, sends nothing."""
    wanted = f":{port:04X}"
    for table in ("/proc/net/udp", "/proc/net/udp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            if line.split()[1].endswith(wanted):
                return True
    return False
