"""What mixed calls do in queues and conferences: their scripts, agents who take callers out of queues, and an operator who
mutes, takes out and ends; and what is known of each meanwhile."""

import http.client
import itertools
import json
import threading
from concurrent.futures import ThreadPoolExecutor

from .server import NUMBER
from .webhook_app import Reply

#: What asking comes to where the server is killed under our hands.
KILLED = (OSError, http.client.HTTPException)
#: Of the queues that REST makes: so small that some callers find one full.
QUEUE_SIZE = 3
#: The queue that Enqueue makes; no agent looks there.
UNATTENDED = "QU" + "5" * 40
STAFF = 6
#: Of each queue and conference that REST makes and that stays.
STANDING = 2
#: What asks callControlUrl of who may end a conference by keys.
KEYS = "*7"


class MixedRooms:
    """Sets queues, conferences and the app's answers up. `script_of`: the name of the script of a number's kind; `child_of`:
    whom a moderator calls.
    """

    def __init__(self, server, app, script_of, child_of):
        self.server, self.app = server, app
        self._script_of, self._child_of = script_of, child_of
        self._asked = itertools.count()
        self._lock = threading.Lock()
        self._staff = ThreadPoolExecutor(STAFF)
        self._of_call = {}
        #: Whether somebody was told that it is there, by id: then it may not be lost.
        self.conferences = {}
        self._over = set()
        #: Whose end was answered 204.
        self.ended = set()
        #: Calls that were given out.
        self.taken = set()
        self.faults = []
        for path, answer in {"/wait": self._wait, "/alone": [{"Pause": {"length": 60_000}}], "/served": self._pause,
                             "/queued": Reply(200), "/made": self._made, "/enter": self._enter, "/joined": self._joined,
                             "/left": self._left, "/control": [{"TerminateConference": {}}],
                             "/conference": self._told}.items():
            app.answer(path, answer)
        #: What `callConnectUrl` answers, by the names of scripts.
        self.scripts = {
            "queue": lambda webhook: [self._enqueue(self._own(webhook, list(self.queues)), "/wait")],
            "queue, gives up": lambda webhook: [self._enqueue(UNATTENDED, "/alone")],
            "guest": lambda webhook: [self.add(self._own(webhook, self.standing))],
            "removed": lambda webhook: [self.add(self._own(webhook, self.standing), startConfOnEnter=False)],
            "moderator": lambda webhook: [self._create()],
            "ends by keys": lambda webhook: [self._create(record=True)],
            "ends over REST": lambda webhook: [self.add(self._make())],
        }
        #: By id, as they were made.
        self.queues = {}
        for number in range(STANDING):
            answer = self.ask("POST", "/Queues", {"alias": f"mixed {number}", "maxSize": QUEUE_SIZE})
            assert answer.status == 201, answer
            self.queues[answer.json["queueId"]] = answer.json
        #: Conferences that are there for as long as calls are mixed.
        self.standing = [self._make(alias=f"standing {number}") for number in range(STANDING)]

    def ask(self, method, path, body=None, tries=2):
        """None where the server was killed under our hands; a connection that was closed as idle just then is made anew."""
        content = None if body is None else json.dumps(body).encode()
        for _ in range(tries):
            try:
                return self.server.rest.raw(method, self.server.rest.path + path, content)
            except KILLED:
                continue
        return None

    # Scripts

    @staticmethod
    def _own(webhook, some):
        """One of some for each number, always the same."""
        return some[int(webhook.json["to"][5:-2]) % len(some)]

    def _enqueue(self, queue, wait):
        return {"Enqueue": {"queueId": queue, "waitUrl": self.app.url(wait), "actionUrl": self.app.url("/served"),
                            "notificationUrl": self.app.url("/queued")}}

    def add(self, conference, **attributes):
        return {"AddToConference": {"conferenceId": conference, "notificationUrl": self.app.url("/joined"),
                                    "leaveConferenceUrl": self.app.url("/left"), **attributes}}

    def _create(self, **attributes):
        return {"CreateConference": {"actionUrl": self.app.url("/made"), "statusCallbackUrl": self.app.url("/conference"),
                                     **attributes}}

    def _make(self, **fields):
        """Makes a conference over REST, also within a webhook that a call waits for; its id."""
        answer = self.ask("POST", "/Conferences", {"statusCallbackUrl": self.app.url("/conference"), **fields})
        if answer is None:
            raise ConnectionError("killed")
        if answer.status != 200:
            self.faults.append(f"no conference was made: {answer}")
        conference = answer.json["conferenceId"]
        with self._lock:
            self.conferences[conference] = True
        return conference

    # The app's answers

    def _pause(self, webhook):
        return Reply(200, [{"Pause": {"length": 50}}, {"Hangup": {}}])

    def _wait(self, webhook):
        """An agent comes for every other question: half of the callers wait for a second."""
        if next(self._asked) % 2 == 0:
            self._have_done(self._take, webhook.json["queueId"])
        return Reply(200, [{"Pause": {"length": 300}}])

    def _told(self, webhook):
        with self._lock:
            if webhook.json["conferenceId"] not in self._over:
                self.conferences[webhook.json["conferenceId"]] = True
        return Reply(200)

    def _made(self, webhook):
        conference = webhook.json["conferenceId"]
        with self._lock:
            # What fetches a script does not wait for the disk: killed just then, it was never there.
            self.conferences.setdefault(conference, False)
            self._of_call[webhook.call] = conference
        if self._script_of(webhook.json["to"]) == "moderator":
            return Reply(200, [{"OutDial": {
                "destination": self._child_of(webhook.json["to"]), "callingNumber": NUMBER, "timeout": 1,
                "actionUrl": self.app.url("/enter"), "callConnectUrl": self.app.url("/enter"),
                "statusCallbackUrl": self.app.url("/status")}}])
        return Reply(200, [self.add(conference, allowCallControl=True, callControlSequence=KEYS,
                                    callControlUrl=self.app.url("/control"))])

    def _enter(self, webhook):
        """A moderator and whom it has called come into its conference."""
        with self._lock:
            conference = self._of_call[webhook.json["parentCallId"] or webhook.call]
        return Reply(200, [self.add(conference)])

    def _joined(self, webhook):
        script = self._script_of(webhook.json["to"])
        if script == "removed":
            self._have_done(self._remove, webhook.json["conferenceId"], webhook.call)
        elif script == "ends over REST":
            self._have_done(self.end, webhook.json["conferenceId"])
        return Reply(200)

    def _left(self, webhook):
        if self._script_of(webhook.json["to"]) == "moderator":
            self.end(webhook.json["conferenceId"])
        return self._pause(webhook)

    # Agents and the operator

    def _have_done(self, action, *arguments):
        """By one of the staff: nobody waits for it, and what goes wrong is kept."""
        def do():
            try:
                action(*arguments)
            except Exception as error:
                self.faults.append(f"{action.__name__} {arguments}: {error!r}")

        self._staff.submit(do)

    def _take(self, queue):
        answer = self.ask("POST", f"/Queues/{queue}/Members/Front", tries=1)
        if answer is None:
            return  # killed meanwhile: nobody knows whether a caller was given out
        if answer.status == 202:
            call = answer.json["callId"]
            with self._lock:
                if call in self.taken:
                    self.faults.append(f"{call} was given out twice")
                self.taken.add(call)
        elif answer.status != 404:
            self.faults.append(f"a caller of {queue} was asked for: {answer}")

    def _remove(self, conference, call):
        path = f"/Conferences/{conference}/Participants/{call}"
        for method, body, wanted in (("POST", {"talk": False}, 200), ("DELETE", None, 204)):
            answer = self.ask(method, path, body)
            # It may have been told of again after a restart, or have hung up.
            if answer is not None and answer.status not in (wanted, 404):
                self.faults.append(f"{method} {path}: {answer}")

    def end(self, conference):
        answer = self.ask("POST", f"/Conferences/{conference}", {"status": "terminated"})
        if answer is not None and answer.status != 204:
            self.faults.append(f"the end of {conference}: {answer}")
        elif answer is not None:
            self.ended.add(conference)

    def forget(self, conference):
        """Nothing is to come of it any more; what is told of it again is nothing new."""
        with self._lock:
            self._over.add(conference)
            self.conferences.pop(conference, None)
            self.ended.discard(conference)

    def take_faults(self):
        faults, self.faults = self.faults, []
        return faults
