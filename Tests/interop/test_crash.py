"""kill -9 in the midst of mixed calls, again and again: what was accepted is not lost, nothing is dialled twice, everybody
is told once, and no dialog is left open; queues and conferences are there again with nobody in them. `scripts/bench crash` does
the same at length.

ARCHITECTURE.md#gates, ARCHITECTURE.md#records; docs/contract/calls.md#a-restart.
"""

import os
import random

import pytest

from harness import crash_rounds

pytestmark = pytest.mark.alone

ROUNDS = int(os.environ.get("BELAY_CRASH_ROUNDS", "20"))


@pytest.mark.timeout(120 + 15 * ROUNDS)
def test_killed_in_the_midst_of_calls(belay, app, endings):
    seed = int(os.environ.get("BELAY_CRASH_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"BELAY_CRASH_SEED={seed}")
    far = crash_rounds.far_end()
    endings.append(far.close)
    # A webhook that was under way at the kill comes again after the restart; the model sees both as one event.
    app.unfinished_allowed = True
    tally = crash_rounds.CrashRounds(belay(trunk=far.trunk, rtp_ports=800), app, far, seed).run(ROUNDS)
    print(tally.table)
    assert not tally.faults, f"BELAY_CRASH_SEED={seed}: {len(tally.faults)} promises broke:\n" + "\n".join(tally.faults[:20])
    assert tally.open_at_kill > ROUNDS and tally.children and tally.inbound, "hardly anything was under way"
    for what in ("waited at a kill", "in a conference at a kill", "conferences that a kill emptied"):
        assert tally.seen[what], f"nobody was there: {tally.seen}"
    assert tally.seen["rejoined"] == ROUNDS
