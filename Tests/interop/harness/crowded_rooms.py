"""Conferences of three made, talked in and ended one after the other, callers who come through one queue to agents, and children
who join their parents: `scripts/bench rooms`, test_crowded_rooms.py.

The former two in two halves, with a pause after each until nothing is under way: what the second leaves more than the first has
leaked.
"""

import contextlib
import os
import queue
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy

from . import children, rooms_model, webhook_model
from .capture import Capture
from .far_end import Person
from .rooms import Room
from .server import NUMBER
from .talkers import TONES, Talkers, levels
from .waiting import eventually
from .webhook_app import HANGUP, Reply

#: Of a number, what comes before the seven digits that are its own: who comes into a conference, who into the queue, and who is
#: a parent or its child.
CONFEREE, CALLER, FAMILY = "+1313", "+1314", "+1315"
#: What the three of a conference say, in Hz: far enough apart that a packet that comes late is not taken for another's voice.
VOICES = TONES[::2]
#: So much fainter than it was said may a voice be, and so loud may one's own be: a far end of Python's sends many packets late.
HEARD, UNHEARD = -6.0, -12.0
TALK_SECONDS = 1.0
#: Conferences that are all in progress at one moment, when gauges are read.
HELD = 8
#: Conferences that are under way at once at most.
AT_ONCE = 40
SERVED_MILLISECONDS = 500
SETTLES_SECONDS = 20
MEMORY_MEGABYTES = 6
#: Connections that are kept for the next request come and go.
DESCRIPTORS = 20
GAUGES = ("belay_calls_live", "belay_conferences", "belay_conference_participants", "belay_queue_members", "belay_queues",
          "belay_rtp_ports_in_use", "belay_media_sessions", "belay_outbox_depth", "belay_timers")


class Crowd(Talkers):
    """Far ends that talk where they have a tone, and say nothing else."""

    def __init__(self, **options):
        super().__init__(**options)
        self._media.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)

    def _person(self, number):
        return super()._person(number) if number in self.tones else Person()

    def forget(self, number):
        """What it has heard is judged."""
        self._ears.pop(self.dialog(number).invite.audio_port, None)


@dataclass
class Part:
    """What was done, in how many seconds, and what is held at rest afterwards."""

    name: str
    done: int = 0
    seconds: float = 0
    megabytes: float = 0
    most_megabytes: float = 0
    descriptors: int = 0
    most_descriptors: int = 0


@dataclass
class Tally:
    parts: list = field(default_factory=list)
    #: The most of each that was seen.
    most: Counter = field(default_factory=Counter)
    gauges: dict = field(default_factory=dict)
    ends: Counter = field(default_factory=Counter)
    meetings: list = field(default_factory=list)
    faults: list = field(default_factory=list)

    @property
    def table(self):
        lines = [f"{'':<36}{'done':>8}{'seconds':>9}{'MB':>8}{'most MB':>9}{'descriptors':>13}{'most':>7}"]
        for part in self.parts:
            lines.append(f"{part.name:<36}{part.done:>8}{part.seconds:>9.1f}{part.megabytes:>8.1f}{part.most_megabytes:>9.1f}"
                         f"{part.descriptors:>13}{part.most_descriptors:>7}")
        lines.append(f"{'':<36}{'most':>8}{'at last':>9}")
        lines += [f"{name:<36}{self.most[name]:>8g}{value:>9g}" for name, value in self.gauges.items()]
        lines += [f"{f'{status}, {reason}':<36}{count:>8}" for (status, reason), count in sorted(self.ends.items())]
        if self.meetings:
            spent = [meeting.milliseconds for meeting in self.meetings]
            lines += [f"{'milliseconds from a child’s 200':<36}{'p50':>8}{'p99':>9}{'most':>8}",
                      f"{'till parent and child hear each other':<36}{numpy.percentile(spent, 50):>8.1f}"
                      f"{numpy.percentile(spent, 99):>9.1f}{max(spent):>8.1f}"]
        return "\n".join(lines)


def far_end():
    return Crowd(t1=0.1)


class CrowdedRooms:
    def __init__(self, server, app, far):
        self.server, self.app, self.far = server, app, far
        self.tally = Tally()
        self._scripts = {}
        self._in_line = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._over = set()
        self._given = []
        app.answer("/left", HANGUP)
        app.answer("/wait", [{"Pause": {"length": 500}}])
        app.answer("/served", [{"Pause": {"length": SERVED_MILLISECONDS}}, {"Hangup": {}}])
        app.answer("/queued", self._came)
        app.answer("/status", self._ended)
        made = server.rest.post("/Applications", {
            "alias": "crowded", "callConnectUrl": app.answer("/connect", self._script), "statusCallbackUrl": app.url("/status")})
        assert made.status == 201, made
        self.application = made.json["applicationId"]

    def run(self, conferences, callers, agents, families, halves=2, pace=None, seconds=None, tell=lambda words: None):
        """`halves`: 1 where memory is not to be judged, and time is dear. `pace`: conferences begun a second; None: one as soon
        as there is room for it. `seconds`: for all of them together."""
        self.tally.parts.append(self._now_held(Part("at first")))
        for half in range(halves):
            self._part(f"conferences, half {half + 1}" if halves > 1 else "conferences", conferences // halves, tell,
                       lambda part: self._conferences(part, half * conferences, pace))
        spent = sum(part.seconds for part in self.tally.parts)
        if seconds is not None and spent > seconds:
            self.tally.faults.append(f"{conferences} conferences took {spent:.1f} s; wanted at most {seconds:g} s")
        made = self.server.rest.post("/Queues", {"alias": "crowded", "maxSize": 1000})
        assert made.status == 201, made
        self.queue = made.json["queueId"]
        for half in range(halves):
            self._part(f"callers, half {half + 1}" if halves > 1 else "callers", callers // halves, tell,
                       lambda part: self._callers(part, half * callers, agents))
        self._judge_queue(callers // halves * halves)
        self._part("children", families, tell, self._families)
        if halves > 1:
            self._judge_memory()
        samples = self.server.metrics()
        self.tally.gauges = {name: samples[name] for name in GAUGES}
        self.tally.faults += self.far.faults
        self.far.faults = []
        return self.tally

    # What all parts have

    def _part(self, name, count, tell, action):
        part, webhooks = Part(name, done=count), len(self.app.webhooks)
        began = time.monotonic()
        action(part)
        part.seconds = time.monotonic() - began
        self._expect("every gauge comes to zero", self.server.wait_until_idle)
        self._expect("no dialog is left open", lambda: self.far.wait_until_quiet(SETTLES_SECONDS))
        self.tally.faults += webhook_model.faults(self.app.webhooks[webhooks:], self.server.secret)
        self.tally.parts.append(self._now_held(part))
        tell(f"{name}: {count} in {part.seconds:.1f} s, {part.megabytes:.1f} MB, {len(self.tally.faults)} faults")

    @property
    def _descriptors(self):
        return len(os.listdir(f"/proc/{self.server.program.pid}/fd"))

    def _now_held(self, part):
        part.megabytes, part.descriptors = self.server.resident_megabytes, self._descriptors
        self._look(part)
        return part

    def _look(self, part):
        """What is held and going on just now, in the midst of it."""
        with contextlib.suppress(FileNotFoundError):
            part.most_descriptors = max(part.most_descriptors, self._descriptors)
        part.most_megabytes = max(part.most_megabytes, self.server.resident_megabytes)
        samples = self.server.metrics()
        for name in GAUGES:
            self.tally.most[name] = max(self.tally.most[name], samples[name])
        return samples

    def _expect(self, what, action):
        try:
            return action()
        except Exception as error:
            self.tally.faults.append(f"{what}: {error!r}")
            return None

    def _gauges_are(self, part, **wanted):
        samples = self._look(part)
        found = {name: samples[name] for name in wanted}
        assert found == wanted, f"{found}; wanted {wanted}"

    def _script(self, webhook):
        return Reply(200, self._scripts[webhook.json["to"]])

    def _ended(self, webhook):
        with self._lock:
            self._over.add(webhook.call)
            self.tally.ends[webhook.json["callStatus"], webhook.json["callEndedReason"]] += 1
        return Reply(200)

    def _place(self, number, script):
        self._scripts[number] = script
        return self.server.rest.place(from_=NUMBER, to=number, applicationId=self.application)

    def _reason(self, call):
        return self.app.wait_for(call, "callStatus", SETTLES_SECONDS).json["callEndedReason"]

    # Conferences

    def _conferences(self, part, first, pace):
        """The first few are held until all of them are in progress, and the gauges have been read."""
        held = max(1, min(HELD, 2 * part.done // 3))
        all_in, go_on = threading.Barrier(held + 1), threading.Barrier(held + 1)

        def hold():
            all_in.wait(SETTLES_SECONDS)
            go_on.wait(SETTLES_SECONDS)

        def one(number, before_the_end=lambda: None):
            # No connection of this thread's is so old that the server may close it just now.
            self.server.rest.close()
            self._expect(f"conference {number}", lambda: self._conference(number, before_the_end))

        with ThreadPoolExecutor(AT_ONCE) as pool:
            for number in range(first, first + held):
                pool.submit(one, number, hold)

            def read_gauges():
                all_in.wait(SETTLES_SECONDS)
                try:
                    self._gauges_are(part, belay_conferences=held, belay_conference_participants=3 * held,
                                     belay_calls_live=3 * held)
                finally:
                    go_on.wait(SETTLES_SECONDS)

            self._expect("gauges of conferences", read_gauges)
            began, clock = time.monotonic(), threading.Event()
            for index, number in enumerate(range(first + held, first + part.done)):
                if pace is not None:
                    clock.wait(max(0.0, began + index / pace - time.monotonic()))
                pool.submit(one, number)
                if index % 10 == 0:
                    self._look(part)

    def _conference(self, number, before_the_end):
        """Three come, each hears the two others, and it ends in one of three ways."""
        room = Room(self.server, self.app, alias=f"crowded {number}", playBeep="never")
        numbers = [f"{CONFEREE}{number % 1_000_000:06}{which}" for which in range(len(VOICES))]
        self.far.tones.update(zip(numbers, VOICES))
        calls = [self._place(one, [room.add(leaveConferenceUrl=self.app.url("/left"), startConfOnEnter=which == 0)])
                 for which, one in enumerate(numbers)]
        for call in calls:
            self.app.wait_for(call, "addToConferenceNotification", SETTLES_SECONDS)
        assert sorted(room.members) == sorted(calls), f"{room.id} has {room.members}; came: {calls}"
        room.wait_until_told("empty", "populated", "inProgress", seconds=SETTLES_SECONDS)
        assert room.resource["status"] == "inProgress", room.resource
        self._talk(numbers)
        before_the_end()
        way = ("terminated", "empty", "hung up")[number % 3]
        if way == "hung up":
            for one in numbers:
                self.far.end(self.far.dialog(one))
        else:
            assert (answer := room.end(way)).status == 204, answer
            # Who has the answer finds it so.
            assert room.members == [] and room.resource["status"] == way, room.resource
        wanted = {"terminated": "conferenceTerminated", "empty": "appHangup", "hung up": "farEndHangup"}[way]
        for call in calls:
            assert (reason := self._reason(call)) == wanted, f"{call} of {room.id} ended as {reason}; {way}: {wanted}"
            faults = list(rooms_model.stay_faults(self.app.of(call)))
            assert not faults, f"{call} {faults}"
        assert room.end().status == 204
        room.wait_until_told("empty", "populated", "inProgress", "empty", "terminated", seconds=SETTLES_SECONDS)
        assert room.resource["status"] == "terminated" and room.members == [], room.resource

    def _talk(self, numbers):
        since = time.monotonic() + TALK_SECONDS / 2
        for one, own in zip(numbers, VOICES):
            heard = levels(self.far.heard_since(one, since, TALK_SECONDS), VOICES)
            self.far.forget(one)
            wrong = {hertz: round(level, 1) for hertz, level in heard.items()
                     if (level > UNHEARD if hertz == own else level < HEARD)}
            assert not wrong, f"{one}, who says {own} Hz, hears at dB beside what was said: {wrong}"

    # The queue

    def _came(self, webhook):
        self._in_line.put(webhook.call)
        return Reply(200)

    def _callers(self, part, first, agents):
        """A line forms; then agents take one caller each, and the next one when that has been served."""
        line, given_before = max(1, min(2 * agents, part.done // 2)), len(self._given)
        script = [{"Enqueue": {"queueId": self.queue, "waitUrl": self.app.url("/wait"), "actionUrl": self.app.url("/served"),
                               "notificationUrl": self.app.url("/queued")}}]
        calls = []

        def place(some):
            for number in some:
                eventually(lambda: len(calls) - len(self._over.intersection(calls)) < line + agents, SETTLES_SECONDS,
                           "a caller has been served")
                self.server.rest.close()
                calls.append(self._place(f"{CALLER}{number % 10_000_000:07}", script))
                if number % 25 == 0:
                    self._look(part)

        self._expect("callers", lambda: place(range(first, first + line)))
        self._expect("a line of callers", lambda: self._judge_line(part, line))
        staff = [threading.Thread(target=self._agent, name=f"agent {number}") for number in range(agents)]
        for agent in staff:
            agent.start()
        self._expect("callers", lambda: place(range(first + line, first + part.done)))
        for call in calls:
            self._expect(call, lambda: self._judge_caller(call))
        for _ in staff:
            self._in_line.put(None)
        for agent in staff:
            agent.join()
        given = self._given[given_before:]
        if sorted(given) != sorted(calls):
            self.tally.faults.append(f"{len(calls)} callers came, and {len(given)} were given out, {len(set(given))} different ones")

    def _judge_line(self, part, line):
        """Who waits is counted alike by all who count."""
        eventually(lambda: self.server.gauge("belay_queue_members") == line, SETTLES_SECONDS,
                   lambda: f"{line} callers wait; {self.server.gauge('belay_queue_members'):g} do")
        self._gauges_are(part, belay_queue_members=line, belay_queues=1, belay_calls_live=line)
        members = self.server.rest.get(f"/Queues/{self.queue}/Members").json
        positions = [member["position"] for member in members["queueMembers"]]
        assert members["total"] == line and positions == list(range(1, len(positions) + 1)), members
        resource = self.server.rest.get(f"/Queues/{self.queue}").json
        assert resource["currentSize"] == line, resource

    def _agent(self):
        """As many come as are in line: there is always somebody in front."""
        while self._in_line.get() is not None:
            self.server.rest.close()
            self._expect("an agent", self._serve)

    def _serve(self):
        answer = self.server.rest.raw("POST", f"{self.server.rest.path}/Queues/{self.queue}/Members/Front")
        assert answer.status == 202, f"somebody waits, and Front is {answer}"
        with self._lock:
            self._given.append(answer.json["callId"])
        self._reason(answer.json["callId"])

    def _judge_caller(self, call):
        assert (reason := self._reason(call)) == "appHangup", f"ended as {reason}"
        webhooks = self.app.of(call)
        faults = list(rooms_model.wait_faults(webhooks))
        asked = [webhook.json for webhook in rooms_model.events(webhooks, "queueWait")]
        places = [int(one["queuePosition"]) for one in asked]
        if not asked or places != sorted(places, reverse=True):
            faults.append(f"was told of places {places}")
        faults += [f"has place {one['queuePosition']} of {one['currentQueueSize']}" for one in asked
                   if not 1 <= int(one["queuePosition"]) <= one["currentQueueSize"]]
        times = [one["queueTime"] for one in asked] + [
            webhook.json["queueTime"] for webhook in rooms_model.events(webhooks, "dequeue")]
        if not all(type(one) is int for one in times) or times != sorted(times):
            faults.append(f"was told of times {times}")
        assert not faults, faults

    def _judge_queue(self, callers):
        """Nobody is in it; it was left in the order in which it was come into."""
        resource = self.server.rest.get(f"/Queues/{self.queue}").json
        if (resource["currentSize"], resource["averageWaitTime"], type(resource["averageQueueRemovalTime"])) != (0, 0, int):
            self.tally.faults.append(f"nobody waits, and the queue is {resource}")
        story, path = [], f"{self.server.rest.path}/Queues/{self.queue}/Logs"
        while path:
            page = self.server.rest.raw("GET", path).json
            story += page["logs"]
            path = page["nextPageUri"] and "/apiserver" + page["nextPageUri"]
        came, left = ([entry["metadata"]["callId"] for entry in story[::-1] if entry["message"] == message]
                      for message in ("Call enqueued", "Call dequeued"))
        if len(came) != callers or came != left:
            wrong = sum(one != other for one, other in zip(came, left))
            self.tally.faults.append(f"{len(came)} came into the queue and {len(left)} were given out, {wrong} of them out of turn")

    # Children

    def _families(self, part):
        """A parent and its child, and the next ones when these are gone: none waits for another's turn."""
        pairs = [(f"{FAMILY}{number % 1_000_000:06}0", f"{FAMILY}{number % 1_000_000:06}1") for number in range(part.done)]
        wire = Capture(self.server.folder)
        try:
            for pair in pairs:
                self.server.rest.close()
                self._expect(f"{pair[0]} and its child", lambda both=pair: self._family(*both))
                self._look(part)
            wire.finish()
        finally:
            wire.program.stop()
        seen = children.Meetings(wire, self.server, self.far)
        found = [self._expect(f"{pair[0]} and its child", lambda both=pair: seen.of(*both)) for pair in pairs]
        self.tally.meetings = [meeting for meeting in found if meeting]

    def _family(self, parent, child):
        room = Room(self.server, self.app, alias=f"family of {parent}", playBeep="never")
        self.far.tones.update(zip((parent, child), VOICES))
        calls = children.bring_together(room, self.far, parent, child)
        assert (answer := room.end()).status == 204, answer
        for number, call in zip((parent, child), calls):
            assert (reason := self._reason(call)) == "conferenceTerminated", f"{call} of {room.id} ended as {reason}"
            self.far.forget(number)

    def _judge_memory(self):
        for first, second in (self.tally.parts[1:3], self.tally.parts[3:5]):
            for what, more, allowed in (("MB", second.megabytes - first.megabytes, MEMORY_MEGABYTES),
                                        ("descriptors", second.descriptors - first.descriptors, DESCRIPTORS)):
                if more > allowed:
                    self.tally.faults.append(f"{second.name} left {more:.1f} {what} more than the first")
