"""Mixed calls at an even pace for minutes, and what the server holds afterwards: `scripts/bench soak`, test_soak.py.

In three parts, with a pause after each until nothing is under way: the first fills caches and takes from the system what
the allocator then keeps; what the third leaves more than the second has leaked.
"""

import contextlib
import os
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from . import webhook_model
from .calling_far_end import CallingFarEnd
from .mixed_calls import CALLED, MixedCalls, decide, kind_of
from .rooms_judge import RoomsJudge
from .server import GAUGES, NUMBER
from .waiting import eventually

T1_SECONDS = 0.1
PARTS = 3
#: One call that comes in for so many that go out.
INBOUND_EVERY = 12
# A call that left 1.5 kB behind would be noticed in 4,000, a third of ten minutes at twenty a second.
MEMORY_MEGABYTES = 6
#: Connections that are kept for the next request come and go.
DESCRIPTORS = 10
LONGEST_CALL_SECONDS = 30
#: So many seconds' calls may be live at once.
LIVE_SECONDS = 2
# RFC 3261 §17.1.1.2: timer D, whatever T1 is.
TIMER_D_SECONDS = 32


@dataclass
class Part:
    calls: int = 0
    megabytes: float = 0
    most_megabytes: float = 0
    descriptors: int = 0
    most_descriptors: int = 0
    latest: float = 0


@dataclass
class Tally:
    parts: list = field(default_factory=list)
    before: Part = field(default_factory=Part)
    #: Of queues and conferences.
    seen: Counter = field(default_factory=Counter)
    ends: Counter = field(default_factory=Counter)
    gauges: dict = field(default_factory=dict)
    faults: list = field(default_factory=list)

    @property
    def table(self):
        lines = [f"{'':<24}{'calls':>8}{'MB':>8}{'most MB':>9}{'descriptors':>13}{'most':>7}{'latest 202, s':>15}"]
        for name, part in [("at first", self.before), *((f"after part {n}", part) for n, part in enumerate(self.parts, 1))]:
            lines.append(f"{name:<24}{part.calls:>8}{part.megabytes:>8.1f}{part.most_megabytes:>9.1f}"
                         f"{part.descriptors:>13}{part.most_descriptors:>7}{part.latest:>15.2f}")
        lines += [f"{name:<36}{value:g}" for name, value in self.gauges.items()]
        lines += [f"{name:<36}{count}" for name, count in sorted(self.seen.items())]
        lines += [f"{f'{status}, {reason}':<36}{count}" for (status, reason), count in sorted(self.ends.items())]
        return "\n".join(lines)


def far_end():
    return CallingFarEnd(decide=decide, t1=T1_SECONDS)


class Soak:
    def __init__(self, server, app, far, seed, rate):
        self.server, self.app, self.far, self.rate = server, app, far, rate
        self.mixed = MixedCalls(server, app, seed)
        self.rooms = RoomsJudge(server, app, self.mixed)
        self.tally = Tally()
        self._known = set()

    def run(self, seconds, waits_for_timer_d=True, tell=lambda words: None):
        self.tally.before = self._now_held(Part())
        for number in range(PARTS):
            part = self._part(seconds / PARTS)
            self.tally.parts.append(part)
            tell(f"{number + 1} of {PARTS} parts, {part.calls} calls, {part.megabytes:.1f} MB, {len(self.tally.faults)} faults")
        if waits_for_timer_d:
            self._expect("every gauge comes to zero", lambda: self.server.wait_until_idle(TIMER_D_SECONDS + 10))
        self.tally.gauges = {name: value for name, value in self.server.metrics().items() if name in GAUGES}
        self._judge()
        return self.tally

    @property
    def _descriptors(self):
        return len(os.listdir(f"/proc/{self.server.program.pid}/fd"))

    def _now_held(self, part):
        part.megabytes, part.descriptors = self.server.resident_megabytes, self._descriptors
        part.most_megabytes = max(part.most_megabytes, part.megabytes)
        part.most_descriptors = max(part.most_descriptors, part.descriptors)
        return part

    def _expect(self, what, action):
        try:
            return action()
        except AssertionError as error:
            self.tally.faults.append(f"{what}: {error}")
            return None

    def _part(self, seconds):
        part, webhooks = Part(), len(self.app.webhooks)
        self._place(seconds, part)
        self._expect("every call ends", lambda: eventually(
            lambda: not self.server.rest.all_calls(active="true"), LONGEST_CALL_SECONDS, "no call is active"))
        judgement = self.rooms.at_rest(self._judge_calls())
        self.tally.seen.update(judgement.seen)
        self.tally.faults += [fault for _, fault in judgement.faults]
        # The transaction of each that was not answered may wait for timer D.
        refused = sum(count for (status, _), count in self.tally.ends.items() if status != "completed")
        self._expect("every gauge comes to zero", lambda: self.server.wait_until_idle(refused=refused))
        self._expect("no dialog is left open", lambda: self.far.wait_until_quiet(64 * T1_SECONDS))
        self.tally.faults += webhook_model.faults(self.app.webhooks[webhooks:], self.server.secret)
        return self._now_held(part)

    def _place(self, seconds, part):
        """So many calls a second, by the clock; fewer where the machine does not bear the pace, so that what is judged is what
        is left of calls and not what becomes of them when everybody is late."""
        earlier = len(self.mixed.told)
        numbers = self.mixed.numbers(int(self.rate * seconds))
        began, pace = time.monotonic(), threading.Event()
        with ThreadPoolExecutor(12) as pool:
            placed = []
            for index, number in enumerate(numbers):
                due = began + index / self.rate
                pace.wait(max(0.0, due - time.monotonic()))
                eventually(lambda: index - (len(self.mixed.told) - earlier) < LIVE_SECONDS * self.rate,
                           LONGEST_CALL_SECONDS, "a call ends")
                placed.append(pool.submit(self._place_one, number, due, part))
                if index % INBOUND_EVERY == 0:
                    self.far.call(self.server.sip, NUMBER)
                if index % self.rate == 0:
                    with contextlib.suppress(FileNotFoundError):
                        part.most_megabytes = max(part.most_megabytes, self.server.resident_megabytes)
                        part.most_descriptors = max(part.most_descriptors, self._descriptors)
            for one in placed:
                one.result()

    def _place_one(self, number, due, part):
        try:
            answer = self.mixed.place(self.server, number)
        except OSError:
            # A connection that was closed as idle just then; the key keeps it one call.
            answer = self.mixed.place(self.server, number)
        part.latest = max(part.latest, time.monotonic() - due)
        part.calls += 1
        if answer.status != 202:
            self.tally.faults.append(f"{number}: {answer}")

    def _judge_calls(self):
        """Each call ended as its kind does, and was told of once. Returns them."""
        calls = []
        path, page = f"{self.server.rest.path}/Calls", True
        while path and page:
            answer = self.server.rest.raw("GET", path)
            page = [call for call in answer.json["calls"] if call["callId"] not in self._known]
            for call in page:
                self._known.add(call["callId"])
                self.tally.ends[call["status"], call["callEndedReason"]] += 1
                self._judge_call(call)
                calls.append(call)
            path = answer.json["nextPageUri"] and "/apiserver" + answer.json["nextPageUri"]
        return calls

    def _judge_call(self, call):
        what = f"{call['callId']} ({call['direction']} to {call['to']})"
        end = call["status"], call["callEndedReason"]
        if call["direction"] == "outboundAPI" and call["to"].startswith(CALLED) and end != kind_of(call["to"]).end:
            self.tally.faults.append(f"{what} ended as {end}; {kind_of(call['to']).name} ends as {kind_of(call['to']).end}")
        self._expect(what, lambda: self.app.wait_for(call["callId"], "callStatus", LONGEST_CALL_SECONDS))
        told = self.app.of(call["callId"], "callStatus")
        if len(told) > 1:
            self.tally.faults.append(f"{what} was told of {len(told)} times")

    def _judge(self):
        second, third = self.tally.parts[-2:]
        if third.megabytes - second.megabytes > MEMORY_MEGABYTES:
            self.tally.faults.append(f"memory: {second.megabytes:.1f} MB after part 2, {third.megabytes:.1f} after part 3")
        if third.descriptors - second.descriptors > DESCRIPTORS:
            self.tally.faults.append(f"descriptors: {second.descriptors} after part 2, {third.descriptors} after part 3")
        self.tally.faults += self.far.faults
        self.far.faults = []
