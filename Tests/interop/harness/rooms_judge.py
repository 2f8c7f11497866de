"""What became of the queues and conferences of mixed calls: asked of the API, and of the app that got the webhooks."""

from collections import Counter
from dataclasses import dataclass, field

from . import rooms_model
from .mixed_calls import CALLED, REJOINING, kind_of
from .rooms import Room
from .server import NUMBER
from .waiting import eventually

#: Notifications that a restart owes come at once.
TOLD_SECONDS = 20


@dataclass
class Judgement:
    """What broke, each with the promise that it breaks; what was seen."""

    faults: list = field(default_factory=list)
    seen: Counter = field(default_factory=Counter)

    def broke(self, promise, words):
        self.faults.append((promise, words))


class RoomsJudge:
    def __init__(self, server, app, mixed):
        self.server, self.app, self.mixed, self.rooms = server, app, mixed, mixed.rooms
        self._said = set()

    def _get(self, path):
        return self.server.rest.get(path)

    # Just after a restart

    def after_start(self, restarted_at):
        """What REST made is there as it was, and nobody who was in a queue or a conference at the kill is there."""
        found = Judgement()
        for queue, made in self.rooms.queues.items():
            answer = self._get(f"/Queues/{queue}")
            kept = [answer.json.get(name) for name in ("alias", "maxSize")]
            if answer.status != 200 or kept != [made["alias"], made["maxSize"]]:
                found.broke("queues", f"{queue}, which REST made, is after the restart {answer}")
            self._nobody_stays(found, "queues", f"/Queues/{queue}/Members", "queueMembers", "addToQueueNotification", restarted_at)
        for conference in list(self.rooms.conferences):
            self._nobody_stays(found, "stranded", f"/Conferences/{conference}/Participants", "participants",
                               "addToConferenceNotification", restarted_at)
        return found

    def _nobody_stays(self, found, promise, path, name, coming, restarted_at):
        """Calls that waited for their turn go on after a restart, and may be in it by now; others may not."""
        answer = self._get(path)
        for one in answer.json[name] if answer.status == 200 else []:
            came = rooms_model.events(self.app.of(one["callId"]), coming)
            if came and came[0].started < restarted_at:
                found.broke(promise, f"{one['callId']}, which was there before the kill, is in {path} after it")

    # When no call is live

    def at_rest(self, calls, restarted_at=None):
        """`calls`: those that have ended since it was asked last. What nobody has ended is ended here."""
        found = Judgement()
        self._judge_calls(found, calls, restarted_at)
        for queue in self.rooms.queues:
            answer = self._get(f"/Queues/{queue}")
            if answer.status != 200 or answer.json["currentSize"] != 0:
                found.broke("queues", f"nobody waits, and {queue} is {answer}")
        judged = set()
        self._judge_conferences(found, judged, restarted_at)
        for name, wanted in {"belay_conference_participants": 0, "belay_queue_members": 0, "belay_queues": len(self.rooms.queues),
                             "belay_conferences": len(self.rooms.standing)}.items():
            def is_as_wanted():
                # One may be told of only now, and is nobody's then.
                self._judge_conferences(found, judged, restarted_at)
                return self.server.gauge(name) == wanted

            try:
                eventually(is_as_wanted, 2 * TOLD_SECONDS, lambda: f"{name} is {self.server.gauge(name):g}")
            except AssertionError as error:
                found.broke("stranded" if wanted == 0 else "other", f"no call is live: {error}; wanted {wanted}; "
                            f"there are {self._conferences_left()}")
        for fault in self.rooms.take_faults():
            found.broke("other", fault)
        self.rooms.taken.clear()
        return found

    def _judge_calls(self, found, calls, restarted_at):
        for call in calls:
            id = call["callId"]
            webhooks = self.app.of(id)
            what = f"{id} to {call['to']}"
            gives_up = call["to"].startswith(CALLED) and kind_of(call["to"]).person.hangs_up is not None
            came = rooms_model.events(webhooks, "addToQueueNotification")
            left = rooms_model.events(webhooks, "dequeue", "removeFromQueueNotification")
            is_lost = restarted_at is not None and rooms_model.is_lost(webhooks)
            for fault in rooms_model.wait_faults(webhooks, restarted_at, gives_up):
                found.broke("waits", f"{what} {fault}")
            for fault in rooms_model.stay_faults(webhooks, restarted_at):
                found.broke("stays", f"{what} {fault}")
            found.seen["came into a queue"] += len(came)
            found.seen["given out over REST"] += id in self.rooms.taken
            found.seen["found a queue full"] += not came and len(left)
            stays = rooms_model.events(webhooks, "addToConferenceNotification")
            found.seen["came into a conference"] += len(stays)
            if restarted_at is not None:
                found.seen["waited at a kill"] += any(one.json["queueResult"] == "systemError" for one in left)
                found.seen["in a conference at a kill"] += bool(stays) and is_lost

    def _conferences_left(self):
        """Those that have not been terminated, as the API has them, with what was told of each."""
        listed = self._get("/Conferences").json["conferences"]
        return [{**one, "told": rooms_model.statuses(self.app.of(one["conferenceId"]))} for one in listed
                if one["status"] != "terminated"]

    def _judge_conferences(self, found, judged, restarted_at):
        """All that are known of and not in `judged`, which they are then."""
        for conference, is_told in list(self.rooms.conferences.items()):
            if conference not in judged:
                judged.add(conference)
                self._judge_conference(found, conference, is_told, restarted_at)

    def _judge_conference(self, found, conference, is_told, restarted_at):
        room = Room(self.server, self.app, conference)
        answer = room.ask("GET")
        if answer.status == 404 and not is_told:
            self.rooms.forget(conference)
            return
        if answer.status != 200:
            found.broke("conferences", f"{conference} is lost: {answer}")
            self.rooms.forget(conference)
            return
        self._tell(found, room, answer.json["status"])
        if restarted_at is not None:
            told_before = [one.json["status"] for one in rooms_model.events(self.app.of(conference), "conferenceStatus")
                           if one.started < restarted_at]
            found.seen["conferences that a kill emptied"] += told_before[-1:] in (["populated"], ["inProgress"])
        if answer.json["status"] not in ("empty", "terminated") or room.members:
            found.broke("stranded", f"no call is live, and {conference} is {answer.json['status']} with {room.members}")
        if conference in self.rooms.ended and answer.json["status"] != "terminated":
            found.broke("conferences", f"the end of {conference} was answered 204, and it is {answer.json['status']}")
        if conference not in self.rooms.standing:
            self._finish(found, room, tells_recordings=answer.json["record"])
        for fault in rooms_model.conference_faults(self.app.of(conference)):
            # A standing one is looked at again, with all that was told of it.
            if (conference, fault) not in self._said:
                self._said.add((conference, fault))
                found.broke("conferences", f"{conference}: {fault}")

    def _tell(self, found, room, status):
        """Waits until the app has been told of what it is."""
        try:
            eventually(lambda: rooms_model.statuses(self.app.of(room.id))[-1:] == [status], TOLD_SECONDS,
                       lambda: f"{room.id} is {status}; told: {rooms_model.statuses(self.app.of(room.id))}")
        except AssertionError as error:
            found.broke("conferences", str(error))

    def _finish(self, found, room, tells_recordings):
        """One that nobody has ended is ended; it owes nothing then, and is looked at no more."""
        answer = room.end()
        if answer.status != 204:
            found.broke("conferences", f"the end of {room.id}: {answer}")
        self._tell(found, room, "terminated")
        if tells_recordings:
            talks = room.told.count("inProgress")
            recorded = lambda: len(rooms_model.events(self.app.of(room.id), "conferenceRecordingStatus"))
            try:
                eventually(lambda: recorded() == talks, TOLD_SECONDS, lambda: f"{recorded()} recordings of {talks} talks")
            except AssertionError as error:
                found.broke("conferences", f"{room.id}: {error}")
        found.seen["conferences ended"] += 1
        self.rooms.forget(room.id)

    # A conference that was there before

    def rejoin(self, number):
        """Two come into a standing conference, which is emptied then. Returns their calls and what went wrong."""
        found, calls = Judgement(), []
        room = Room(self.server, self.app, self.rooms.standing[number % len(self.rooms.standing)])
        told = len(room.told)
        try:
            for which in range(2):
                calls.append(self.server.rest.place(
                    from_=NUMBER, to=f"{REJOINING}{number % 100_000:05}{which}{number % len(self.rooms.standing)}",
                    applicationId=self.mixed.application))
            for call in calls:
                self.app.wait_for(call, "addToConferenceNotification", TOLD_SECONDS)
            assert sorted(room.members) == sorted(calls), f"in it are {room.members}; came: {calls}"
            assert (answer := room.end("empty")).status == 204, answer
            for call in calls:
                assert self.app.wait_for(call, "leaveConference", TOLD_SECONDS).json["callStatus"] == "inProgress"
                ended = self.app.wait_for(call, "callStatus", TOLD_SECONDS).json["callEndedReason"]
                assert ended == "appHangup", f"{call} ended as {ended}"
            eventually(lambda: room.told[told:] == ["populated", "inProgress", "empty"], TOLD_SECONDS,
                       lambda: f"populated, inProgress, empty; told: {room.told[told:]}")
            found.seen["rejoined"] += 1
        except AssertionError as error:
            found.broke("rejoins", f"{room.id} cannot be used again: {error}")
        return calls, found
