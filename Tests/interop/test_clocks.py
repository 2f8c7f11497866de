"""The wall clock is set back and ahead while calls go on: nothing waits for it, nothing is counted by it."""

import subprocess
import threading
import time
from datetime import datetime

import pytest

from harness.far_end import Person
from harness.server import ACCOUNT, NUMBER, binary
from harness.stepped_clock import SteppedClock
from harness.steps import application, place
from harness.waiting import eventually

pytestmark = pytest.mark.alone

#: Longer than any wait of a test: whoever waits by a clock that was set back so far is seen to.
FAR = 3600
#: A machine that is busy with other things, and not a clock.
PATIENCE = 30


@pytest.fixture
def clock(folder, app):
    made = SteppedClock(folder)
    app.clock = made.now
    return made


def seconds_between(call, first, last):
    first, last = (datetime.fromisoformat(call[name + "ISO"]) for name in (first, last))
    return (last - first).total_seconds()


def test_a_clock_set_back_holds_nothing_up(belay, app, far_end, clock):
    """Under load the writer puts transactions off by some ms, again and again; each time the clock may be set.

    One call rings and the others wait for its line: nothing but the disk is at work.
    """
    far = far_end(decide=lambda number: Person(rings=0, answers=None))
    server = belay(trunk=far.trunk, env=clock.environment | {"BELAY_CALLS_AT_ONCE": "1", "BELAY_QUEUE_SECONDS": "0"})
    calls = application(server, app, [{"Hangup": {}}])
    ringing = server.rest.place(from_=NUMBER, to="+13125550142", applicationId=calls, timeout=600)
    server.wait_for_status(ringing, "ringing", seconds=PATIENCE)
    over, answered = threading.Event(), []

    def load(thread):
        while not over.is_set():
            answered.append(server.rest.place(
                from_=NUMBER, to=f"+1312{thread:02}{len(answered) % 100000:05}", applicationId=calls))

    threads = [threading.Thread(target=load, args=(thread,)) for thread in range(16)]
    for thread in threads:
        thread.start()
    try:
        for step in range(10):
            wanted = len(answered) + 40
            clock.step(-FAR)
            eventually(lambda: len(answered) >= wanted, PATIENCE,
                       lambda: f"202s come after step {step}: {len(answered)} of {wanted}")
    finally:
        over.set()
    for thread in threads:
        thread.join(PATIENCE)
    # Lists are written by the same thread, and notifications leave after it.
    assert len(server.rest.all_calls(active="true")) == len(answered) + 1
    server.rest.raw("POST", f"{server.rest.path}/Calls/{ringing}", b'{"status": "canceled"}')
    app.wait_for(ringing, "callStatus", seconds=PATIENCE)


@pytest.mark.parametrize("step", [-FAR, FAR, -2, -40 * 86400, 40 * 86400])
def test_durations_across_a_step(belay, app, far_end, clock, step):
    """Set while the call goes on, the clock changes neither what it cost nor the order of what happened."""
    far = far_end(decide=lambda number: Person(rings=0))
    server = belay(trunk=far.trunk, env=clock.environment)
    begun = time.monotonic()
    script = [{"StartRecordCall": {}}, {"Pause": {"length": 1500}}, {"Hangup": {}}]
    call = place(server, app, script)
    # Its status would tell as well, but no sooner than the disk has it, which may take longer than the script does.
    app.wait_for(call, "outDialApiConnect")
    clock.step(step)
    call = server.wait_until_ended(call)
    took = time.monotonic() - begun
    assert 1.5 <= seconds_between(call, "connectTime", "endTime") <= took, call
    assert 2 <= call["connectDuration"] <= call["duration"] <= took + 1, call
    assert 0 <= seconds_between(call, "dateCreated", "startTime") <= seconds_between(call, "dateCreated", "connectTime")
    ending = app.wait_for(call["callId"], "callStatus").json
    assert ending["callDuration"] == call["duration"]
    assert 1 <= ending["recordingDurationSec"] <= took + 1
    # `logs` refuses an order that is not that of the times.
    stamps = [entry["timestamp"] / 1e6 for entry in server.rest.logs(call["callId"])]
    assert stamps[-1] - stamps[0] <= took + PATIENCE
    # What begins now is dated by the clock as it is now.
    following = server.rest.call(place(server, app, to="+13125550143"))
    assert abs(datetime.fromisoformat(following["dateCreatedISO"]).timestamp() - clock.now()) < PATIENCE


@pytest.mark.parametrize("step", [-FAR, FAR])
def test_a_step_and_a_crash(belay, app, far_end, clock, step):
    """The next process ends it, and knows by the machine's own clock how long it was."""
    app.unfinished_allowed = True
    far = far_end(decide=lambda number: Person(rings=0), caller_may_crash=True)
    server = belay(trunk=far.trunk, env=clock.environment)
    begun = time.monotonic()
    call = place(server, app, [{"Pause": {"length": 60_000}}])
    server.wait_for_status(call, "inProgress")
    answered = time.monotonic()
    app.wait_for(call, "outDialApiConnect")
    server.kill()
    clock.step(step)
    server.start()
    call = server.wait_until_ended(call)
    assert call["callEndedReason"] == "internalError"
    took = time.monotonic() - begun
    assert 0 < seconds_between(call, "connectTime", "endTime") <= took, (call, answered - begun)
    assert 1 <= call["connectDuration"] <= call["duration"] <= took + 1, call


def test_a_day_s_use_across_a_step(belay, app, far_end, clock):
    """A clock set back to yesterday gives nothing back, and each day is found again. Restarted, the server counts what is
    stored."""
    far = far_end(decide=lambda number: Person(rings=0))
    server = belay(trunk=far.trunk, env=clock.environment)
    subprocess.run([binary(), "account", "update", ACCOUNT, "--calls-per-day", "2", "--data", server.data], check=True)
    calls = application(server, app, [{"Hangup": {}}])

    def call(number):
        return server.rest.post("/Calls", {"from": NUMBER, "to": f"+1312555{number:04}", "applicationId": calls})

    for number in (1, 2):
        server.wait_until_ended(call(number).json["callId"])
    for number, step in enumerate((0, -86400, -FAR, 86400 + FAR)):
        clock.step(step)
        answer = call(10 + number)
        assert answer.status == 429 and answer.json["details"]["rule"] == "callsPerDay", (step, answer)
    clock.step(-FAR)
    server.stop()
    server.start()
    assert call(20).status == 429
    clock.step(86400 + FAR)
    server.wait_until_ended(call(21).json["callId"])
