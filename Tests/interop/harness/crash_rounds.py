"""Rounds of kill -9 in the midst of mixed calls, and what became of each promise: `scripts/bench crash`, test_crash.py.

A round places calls, kills the server at a moment drawn from the seed (after so many were accepted, or within a few
milliseconds after the far end saw an INVITE or sent a 200), starts it again and waits until everything is over. Then it is
asked three times what happened: the API, the app that got the webhooks, and the far end that counted on the wire. What became
of the calls' queues and conferences is rooms_judge.py's to say.
"""

import os
import random
import signal
import statistics
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from . import webhook_model
from .calling_far_end import CallingFarEnd
from .mixed_calls import CALLED, MixedCalls, decide, is_in_a_conference
from .rooms_judge import RoomsJudge
from .server import FINAL, NUMBER
from .waiting import eventually

T1_SECONDS = 0.1
CALLS = 50
INBOUND = 4
#: What a kill waits for. The race that is hardest to win is chosen most often: a 200 that had no 18x before it.
MOMENTS = ["accepted"] * 3 + ["answered silently"] * 4 + ["answered", "invited", "answers us"]
#: Nothing more is on its way to the far end after that: 64·T1.
SETTLES_SECONDS = 64 * T1_SECONDS + 2


@dataclass
class Tally:
    """The figures; what broke, in words."""

    rounds: int = 0
    accepted: int = 0
    inbound: int = 0
    children: int = 0
    lost: int = 0
    dialled_twice: int = 0
    statuses_missing: int = 0
    statuses_doubled: int = 0
    statuses_wrong: int = 0
    left_open: int = 0
    stranded: int = 0
    queues: int = 0
    waits: int = 0
    conferences: int = 0
    stays: int = 0
    rejoins: int = 0
    other: int = 0
    open_at_kill: int = 0
    faults: list = field(default_factory=list)
    #: Of queues and conferences.
    seen: Counter = field(default_factory=Counter)
    ends: Counter = field(default_factory=Counter)
    to_ready: list = field(default_factory=list)
    to_far_end: list = field(default_factory=list)
    to_app: list = field(default_factory=list)

    PROMISES = {"lost": "lost", "dialled twice": "dialled_twice", "statuses missing": "statuses_missing",
                "statuses doubled": "statuses_doubled", "statuses told otherwise": "statuses_wrong",
                "dialogs left open": "left_open", "left in a queue or a conference": "stranded",
                "queues lost, or otherwise": "queues", "waits told otherwise": "waits",
                "conferences lost, or otherwise": "conferences", "stays told otherwise": "stays",
                "conferences of no use again": "rejoins", "other rules broken": "other"}

    def broke(self, promise, words, count=1):
        setattr(self, promise, getattr(self, promise) + count)
        self.faults.append(words)

    @property
    def table(self):
        lines = [("rounds", self.rounds), ("accepted over the API", self.accepted), ("came in", self.inbound),
                 ("made by OutDial", self.children), ("dialogs open at a kill", self.open_at_kill)]
        lines += sorted(self.seen.items())
        lines += [(name, getattr(self, promise)) for name, promise in self.PROMISES.items()]
        lines += [("from the kill to, in s", "p50     p99     most"), ("  ready again", spread(self.to_ready)),
                  ("  the far end's BYE or CANCEL", spread(self.to_far_end)), ("  the app's callStatus", spread(self.to_app))]
        lines += [(f"  {status}, {reason}", count) for (status, reason), count in sorted(self.ends.items())]
        return "\n".join(f"{name:<36}{value}" for name, value in lines)


def spread(seconds):
    if not seconds:
        return "–"
    ordered = sorted(seconds)
    return "   ".join(f"{value:5.2f}" for value in (
        statistics.median(ordered), ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], ordered[-1]))


def far_end():
    return CallingFarEnd(decide=decide, t1=T1_SECONDS, caller_may_crash=True)


class CrashRounds:
    def __init__(self, server, app, far, seed):
        self.server, self.app, self.far = server, app, far
        self.seed = seed
        self.random = random.Random(seed)
        self.mixed = MixedCalls(server, app, seed)
        self.rooms = RoomsJudge(server, app, self.mixed)
        self.tally = Tally()
        self._known = set()

    def run(self, rounds, tell=lambda words: None):
        for number in range(rounds):
            told = len(self.tally.faults)
            self._round(number)
            for fault in self.tally.faults[told:]:
                tell(f"BROKEN {fault}")
            tell(f"{number + 1} of {rounds} rounds, {self.tally.accepted} calls, {len(self.tally.faults)} faults")
        self._nothing_is_left()
        return self.tally

    # One round

    def _round(self, number):
        moment = self.random.choice(MOMENTS)
        count = self.random.randint(1, CALLS if moment == "accepted" else 4)
        # Something of everything is under way by then.
        crowd = 0 if moment == "accepted" else self.random.randint(0, CALLS // 2)
        delay = self.random.uniform(0, 0.8) if moment == "accepted" else self.random.uniform(0, 0.012)
        where = f"round {number} (seed {self.seed}, killed {1000 * delay:.1f} ms after {moment} {count}, {crowd} before)"
        webhooks, placed = len(self.app.webhooks), len(self.far.placed)
        numbers = self.mixed.numbers(CALLS)
        accepted = self._place_and_kill(where, numbers, moment, count, crowd, delay)
        # What a process that was killed has sent may be read a moment later, but before the next one sends anything.
        restarted_at = time.monotonic()
        self.server.start()
        self.ready_at = time.monotonic()
        self.tally.to_ready.append(self.ready_at - self.killed_at)
        self.tally.rounds += 1
        self.tally.accepted += len(accepted)
        self._count(where, self.rooms.after_start(restarted_at))

        known = {call["callId"] for call in self._calls()}
        for call, to in accepted.items():
            if call not in known:
                self.tally.broke("lost", f"{where}: {call} to {to} was accepted and is lost")
        eventually(lambda: not self.server.rest.all_calls(active="true"), 30, lambda: f"{where}: every call ends; left: "
                   f"{[(c['callId'], c['to'], c['status']) for c in self.server.rest.all_calls(active='true')]}")
        self._judge_far_end(where, numbers, list(self.far.placed.values())[placed:])
        calls = self._calls()
        self._judge_statuses(where, calls)
        self._count(where, self.rooms.at_rest(calls, restarted_at))
        again, judgement = self.rooms.rejoin(number)
        self._known.update(again)
        self._count(where, judgement)
        for fault in webhook_model.faults(self.app.webhooks[webhooks:], self.server.secret, unfinished_allowed=True):
            self.tally.broke("other", f"{where}: {fault}")

    def _count(self, where, judgement):
        """What was found of queues and conferences."""
        self.tally.seen.update(judgement.seen)
        for promise, fault in judgement.faults:
            self.tally.broke(promise, f"{where}: {fault}")

    def _place_and_kill(self, where, numbers, moment, count, crowd, delay):
        """Kills `delay` seconds after the `count`th `moment` that comes when `crowd` calls have been accepted. Returns the
        accepted calls, with the numbers that they are to; sets `killed_at` and `open_at_kill`."""
        accepted, enough, killed, seen = {}, threading.Event(), threading.Event(), Counter()
        process = self.server.program.process

        def kill():
            if killed.is_set():
                return
            enough.set()
            os.kill(process.pid, signal.SIGKILL)
            self.killed_at = time.monotonic()
            self.open_at_kill = [d for d in self.far.dialogs.values() if d.is_open]
            killed.set()

        def watch(event):
            if len(accepted) >= crowd:
                seen[event] += 1
            if event == moment and seen[event] == count:
                self.far.after(delay, kill)

        def place(some):
            for number in some:
                if enough.is_set():
                    return
                try:
                    answer = self.mixed.place(self.server, number)
                except OSError:
                    return  # killed under our hands: no 202, no promise
                if answer.status != 202:
                    self.tally.broke("other", f"{where}: refused: {answer}")
                    return
                accepted[answer.json["callId"]] = number
                with self.far.lock:
                    watch("accepted")

        with self.far.lock:
            self.far.watch = watch
        threads = [threading.Thread(target=place, args=(numbers[n::4],)) for n in range(4)]
        for index in range(INBOUND):
            hangs_up = [None, 0.1][index % 2]
            self.far.call(self.server.sip, NUMBER, hangs_up=hangs_up)
        for thread in threads:
            thread.start()
        if not killed.wait(5):  # what was to be waited for did not come so often
            with self.far.lock:
                kill()
        with self.far.lock:
            self.far.watch = lambda event: None
        self.server.kill()
        for thread in threads:
            thread.join(10)
        return accepted

    def _calls(self):
        """The calls that the API shows and that no earlier round has seen to their end, newest first."""
        found, path = [], f"{self.server.rest.path}/Calls"
        while path:
            answer = self.server.rest.raw("GET", path)
            assert answer.status == 200, answer
            page = [call for call in answer.json["calls"] if call["callId"] not in self._known]
            found += page
            following = answer.json["nextPageUri"]
            path = "/apiserver" + following if following and page else None
        return found

    def _judge_far_end(self, where, numbers, placed):
        """Counts on the wire: INVITEs by Call-ID and number, dialogs that nobody ends."""
        digits = {number.removeprefix(CALLED) for number in numbers}
        mine = lambda number: number[5:] in digits

        def left():
            with self.far.lock:
                return [d for d in self.far.dialogs.values() if mine(d.invite.to_user) and d.is_open], \
                    [call for call in placed if call.is_open]

        deadline = time.monotonic() + SETTLES_SECONDS
        while any(left()) and time.monotonic() < deadline:
            time.sleep(0.02)
        open_dialogs, open_placed = left()
        with self.far.lock:
            for dialog in open_dialogs:
                flow = ", ".join(self.far.flow_of(dialog.invite.call_id))
                before = "" if dialog.person.alerts else " without 18x"
                ago = f", ACKed {1000 * (self.killed_at - dialog.answered_at):.1f} ms before the kill" if dialog.answered_at else ""
                self.tally.broke("left_open", f"{where}: {dialog.invite.to_user} is open still ({dialog.state}{before}{ago}): {flow}")
                self.tally.stranded += is_in_a_conference(dialog.invite.to_user)
                self.far.end(dialog)
            for call in open_placed:
                self.tally.broke("left_open", f"{where}: the call in {call.call_id} is open still ({call.state})")
                call.state = "ended"
            for number, call_ids in self.far.call_ids_by_number.items():
                if mine(number) and len(call_ids) > 1:
                    self.tally.broke("dialled_twice", f"{where}: {number} was dialled {len(call_ids)} times")
            faults, self.far.faults = self.far.faults, []
        for fault in faults:
            if "dialled twice" not in fault:
                self.tally.broke("other", f"{where}: {fault}")
        self.tally.open_at_kill += len(self.open_at_kill) + sum(0 < call.answered_at < self.killed_at for call in placed)
        told = [d.told_at for d in self.open_at_kill] + [call.told_at for call in placed]
        self.tally.to_far_end += [at - self.killed_at for at in told if at > self.killed_at]

    def _judge_statuses(self, where, calls):
        """Each call ended once, and was told of once, as it ended."""
        for call in calls:
            self._known.add(call["callId"])
            self.tally.children += call["direction"] == "outboundDial"
            self.tally.inbound += call["direction"] == "inbound"
            self.tally.ends[call["status"], call["callEndedReason"]] += 1
            what = f"{where}: {call['callId']} ({call['direction']} to {call['to']})"
            if call["status"] not in FINAL:
                self.tally.broke("other", f"{what} is {call['status']}")
            try:
                first = self.app.wait_for(call["callId"], "callStatus", seconds=20)
            except AssertionError as error:
                self.tally.broke("statuses_missing", f"{what}: {error}")
                continue
            told = self.app.of(call["callId"], "callStatus")
            if len({webhook.event for webhook in told}) > 1:
                self.tally.broke("statuses_doubled", f"{what} ended {len(told)} times")
            for webhook in told:
                said = webhook.json["callStatus"], webhook.json["callEndedReason"]
                if said != (call["status"], call["callEndedReason"]):
                    self.tally.broke("statuses_wrong", f"{what} was told as {said}, and is {call}")
            if first.started > self.killed_at:
                self.tally.to_app.append(first.started - self.killed_at)

    def _nothing_is_left(self):
        """Every gauge comes to zero, but for what waits for timer D of a refusal; a start after that tells nobody anything."""
        # INVITEs of the life before are taken up again until they are answered, or 64·T1 have passed.
        settled = self.ready_at + 64 * T1_SECONDS
        eventually(lambda: time.monotonic() > settled, 2 * SETTLES_SECONDS, "64·T1 have passed")
        self.server.wait_until_idle(seconds=SETTLES_SECONDS, refused=CALLS)
        heard, told = self.far.datagrams, len(self.app.webhooks)
        self.server.kill()
        self.server.start()
        transactions = self.server.metrics()["belay_sip_transactions"]
        if (transactions, self.far.datagrams, len(self.app.webhooks)) != (0, heard, told):
            self.tally.broke("other", f"after all calls were over a start said something: {transactions} transactions, "
                             f"{self.far.datagrams - heard} datagrams, {len(self.app.webhooks) - told} webhooks")
