"""Two hundred calls at one instant, each with its own end, and nothing left over."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.far_end import Person
from harness.outcome import check_times
from harness.server import NUMBER
from harness.waiting import eventually

pytestmark = pytest.mark.alone

CALLS = 200
#: Set when all of them are there: until then nobody who talks, rings or is about to refuse comes to an end.
ALL_ARE_LIVE = threading.Event()
RING_SECONDS = 30
# What becomes of a call, by the last digit of the number called.
PEOPLE = {
    "0": (Person(answers=0.1), "completed", "appHangup"),
    "1": (Person(answers=0.2), "completed", "appHangup"),
    "2": (Person(rings=0.1, answers=0.5), "completed", "appHangup"),
    "3": (Person(answers=0, hangs_up=1), "completed", "farEndHangup"),
    "4": (Person(answers=0, hangs_up=0), "completed", "farEndHangup"),
    "5": (Person(answers=None), "noAnswer", "noAnswer"),
    "6": (Person(answers=None), "canceled", "callCanceled"),
    "7": (Person(answers=1, refuses="486 Busy Here"), "busy", "busy"),
    "8": (Person(answers=1, refuses="503 Service Unavailable"), "failed", "failed"),
    "9": (Person(answers=1, refuses="603 Decline"), "busy", "busy"),
}
for last in "34789":
    PEOPLE[last][0].once = ALL_ARE_LIVE


@pytest.mark.timeout(180)
def test_two_hundred_at_once(belay, app, far_end):
    ALL_ARE_LIVE.clear()
    far = far_end(decide=lambda number: PEOPLE[number[-1]][0], t1=0.5)
    server = belay(trunk=far.trunk, t1_ms=500, rtp_ports=800)
    app.answer("/connect", [{"Pause": {"length": 100_000}}, {"Hangup": {}}])
    application = server.rest.post("/Applications", {
        "callConnectUrl": app.url("/connect"), "statusCallbackUrl": app.url("/status")}).json["applicationId"]
    with ThreadPoolExecutor(8) as pool:
        calls = dict(pool.map(
            lambda n: (server.rest.place(from_=NUMBER, to=f"+1312555{n:04}", applicationId=application,
                                         timeout=RING_SECONDS), n % 10), range(CALLS)))
    # Those of kinds 3 and 4 answer once all are there; the others are in whatever state they came to.
    eventually(lambda: server.gauge("belay_calls_live") == CALLS, RING_SECONDS / 2,
               lambda: f"{CALLS} calls live at once; the gauge says {server.gauge('belay_calls_live'):g}")
    eventually(lambda: server.gauge("belay_sip_dialogs") >= CALLS // 2, RING_SECONDS / 3, "every other one has a dialog")
    assert server.gauge("belay_rtp_ports_in_use") >= CALLS
    ALL_ARE_LIVE.set()

    for call, kind in calls.items():
        if kind == 6:
            assert server.rest.update(call, "canceled").status == 202
        if kind in (0, 1, 2):
            app.wait_for(call, "outDialApiConnect")
            assert server.rest.update(call, "completed").status == 202

    for call, kind in calls.items():
        _, status, reason = PEOPLE[str(kind)]
        ended = server.wait_until_ended(call, RING_SECONDS + 30)
        assert (ended["status"], ended["callEndedReason"]) == (status, reason), ended
        check_times(ended, status == "completed")
    for call, kind in calls.items():
        assert app.wait_for(call, "callStatus").json["callStatus"] == PEOPLE[str(kind)][1]
    server.wait_until_idle()
    for status, count in {"completed": 100, "noAnswer": 20, "canceled": 20, "busy": 40, "failed": 20}.items():
        assert server.calls_total(status) == count
    far.wait_until_quiet(5)
    assert all(len(ids) == 1 for ids in far.call_ids_by_number.values())


def test_a_trunk_s_pace(belay, app, far_end):
    """Over the trunk's rate calls wait as queued, in order (docs/contract/calls.md#pace)."""
    far = far_end()
    server = belay(trunk=far.trunk, env={"BELAY_CALLS_PER_SECOND": "5"})
    application = server.rest.post("/Applications", {
        "callConnectUrl": app.answer("/connect", [{"Hangup": {}}]), "statusCallbackUrl": app.url("/status")}).json["applicationId"]
    asked = time.monotonic()
    calls = [server.rest.place(from_=NUMBER, to=f"+1312555{n:04}", applicationId=application) for n in range(12)]
    for call in calls:
        server.wait_until_ended(call)
    order = [number for number in far.call_ids_by_number]
    assert order == [f"+1312555{n:04}" for n in range(12)], order
    times = sorted(moments[0] for moments in far.invite_datagrams.values())
    # A second's allowance may go at once; from there on five a second.
    assert times[-1] - asked >= (12 - 5 - 1) / 5, (asked, times)
    for call in calls:
        app.wait_for(call, "callStatus")


def test_over_its_pace_a_call_is_queued(belay, app, far_end):
    far = far_end()
    # The second call's turn comes a quarter of an hour after the first one's, and it may wait for as long as that takes.
    server = belay(trunk=far.trunk, env={"BELAY_CALLS_PER_SECOND": "0.001", "BELAY_QUEUE_SECONDS": "0"})
    application = server.rest.post("/Applications", {
        "callConnectUrl": app.answer("/connect", [{"Hangup": {}}]), "statusCallbackUrl": app.url("/status")}).json["applicationId"]
    first, second = (
        server.rest.place(from_=NUMBER, to=f"+1312555{n:04}", applicationId=application) for n in range(2))
    assert server.wait_until_ended(first)["status"] == "completed"
    waiting = server.rest.call(second)
    assert (waiting["status"], waiting["startTime"]) == ("queued", None), waiting
    assert server.rest.update(second, "canceled").status == 202
    assert server.wait_until_ended(second)["status"] == "canceled"
    for call in (first, second):
        app.wait_for(call, "callStatus")
    assert list(far.call_ids_by_number) == ["+13125550000"]


def test_calls_at_once_are_limited(belay, app, far_end):
    far = far_end()
    server = belay(trunk=far.trunk, env={"BELAY_CALLS_AT_ONCE": "2"})
    application = server.rest.post("/Applications", {
        "callConnectUrl": app.answer("/connect", [{"Pause": {"length": 60000}}]),
        "statusCallbackUrl": app.url("/status")}).json["applicationId"]
    calls = [server.rest.place(from_=NUMBER, to=f"+1312555{n:04}", applicationId=application) for n in range(4)]
    for call in calls[:2]:
        app.wait_for(call, "outDialApiConnect")
    assert [server.rest.call(c)["status"] for c in calls[2:]] == ["queued", "queued"]
    assert server.rest.update(calls[0], "completed").status == 202
    app.wait_for(calls[2], "outDialApiConnect")
    assert server.rest.call(calls[3])["status"] == "queued"
    assert server.rest.update(calls[3], "canceled").status == 202
    ended = server.wait_until_ended(calls[3])
    assert (ended["status"], ended["callEndedReason"], ended["startTime"]) == ("canceled", "callCanceled", None)
    for call in calls[1:3]:
        assert server.rest.update(call, "completed").status == 202
    for call in calls:
        app.wait_for(call, "callStatus")
    assert len(far.call_ids_by_number) == 3
    server.wait_until_idle()
