"""Conferences of three one after the other, callers who come through one queue to agents, children who join their parents:
each told of as it went, in turn, and nothing is left. `scripts/bench rooms` does the same with hundreds."""

import pytest

from harness import crowded_rooms

CONFERENCES, CALLERS, AGENTS, FAMILIES = 6, 30, 3, 2

pytestmark = pytest.mark.alone


def test_conferences_and_a_queue(belay, app, endings):
    far = crowded_rooms.far_end()
    endings.append(far.close)
    tally = crowded_rooms.CrowdedRooms(belay(trunk=far.trunk), app, far).run(CONFERENCES, CALLERS, AGENTS, FAMILIES, halves=1)
    print(tally.table)
    assert not tally.faults, "\n".join(tally.faults[:20])
    # Of three calls each, a third of the conferences end in each of the three ways; those of families are terminated.
    assert tally.ends == {("completed", "conferenceTerminated"): CONFERENCES + 2 * FAMILIES,
                          ("completed", "farEndHangup"): CONFERENCES, ("completed", "appHangup"): CONFERENCES + CALLERS}
    assert tally.most["belay_queue_members"] >= 2 * AGENTS and tally.gauges["belay_conferences"] == 0
    assert len(tally.meetings) == FAMILIES
