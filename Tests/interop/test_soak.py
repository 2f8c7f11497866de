"""Mixed calls, and nothing is left of them; `scripts/bench soak` does the same for minutes."""

import os

import pytest

from harness import soak

SECONDS = float(os.environ.get("BELAY_SOAK_SECONDS", "9"))
RATE = 10

pytestmark = pytest.mark.alone


@pytest.mark.timeout(180 + 2 * int(SECONDS))
def test_nothing_is_left_of_mixed_calls(belay, app, endings):
    far = soak.far_end()
    endings.append(far.close)
    # That timer D comes to its end is test_mixed_load.py's to see.
    tally = soak.Soak(belay(trunk=far.trunk), app, far, seed=1, rate=RATE).run(SECONDS, waits_for_timer_d=False)
    print(tally.table)
    assert not tally.faults, "\n".join(tally.faults[:20])
