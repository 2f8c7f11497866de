"""Calls of every kind that the server has, mixed: what the far end does with each, what its script is, how it ends."""

import itertools
import json
import random
from dataclasses import dataclass

from .far_end import Person
from .mixed_rooms import KEYS, MixedRooms
from .server import NUMBER
from .webhook_app import HANGUP, Reply

APP, FAR = ("completed", "appHangup"), ("completed", "farEndHangup")
OVER = ("completed", "conferenceTerminated")
BUSY, FAILED, SILENT = ("busy", "busy"), ("failed", "failed"), ("noAnswer", "noAnswer")
#: Of a number, what comes before the seven digits that are its own: who is called, whom that call's OutDial calls, whom a
#: moderator calls, and who comes into a conference that was there before a kill.
CALLED, CHILD, GUEST, REJOINING = "+1312", "+1313", "+1314", "+1315"


def pause(milliseconds):
    return [{"Pause": {"length": milliseconds}}, {"Hangup": {}}]


@dataclass(frozen=True)
class Kind:
    """`share`: how many of a hundred calls. `script`: a list, or the name of one that needs the app's URLs, or rooms."""

    name: str
    share: int
    person: Person
    end: tuple
    script: list | str = ()


KINDS = [
    Kind("answered without 18x", 11, Person(rings=0.0, answers=0.01, alerts=False), APP, pause(250)),
    Kind("answered after 18x", 10, Person(rings=0.02, answers=0.05), APP, pause(250)),
    Kind("answered late", 6, Person(rings=0.01, answers=0.3), APP, pause(50)),
    Kind("hangs up", 7, Person(rings=0.02, answers=0.1, hangs_up=0.1), FAR, pause(60_000)),
    Kind("busy", 5, Person(refuses="486 Busy Here", answers=0.05), BUSY),
    Kind("refused", 4, Person(refuses="503 Service Unavailable", answers=0.02), FAILED),
    Kind("rings for ever", 4, Person(rings=0.05, answers=None), SILENT),
    Kind("recorded", 6, Person(answers=0.02, tone=440, speaks=20), APP, [{"StartRecordCall": {}}, *pause(300)]),
    Kind("utterance", 6, Person(answers=0.02, tone=440, speaks=40), APP, "utterance"),
    Kind("keys", 6, Person(answers=0.02, presses="12", presses_after=0.2), APP, "keys"),
    Kind("OutDial", 9, Person(answers=0.02), APP, "out-dial"),
    Kind("in a queue", 6, Person(answers=0.02), APP, "queue"),
    Kind("gives up in a queue", 3, Person(answers=0.02, hangs_up=0.3), FAR, "queue, gives up"),
    Kind("guest of a conference", 4, Person(answers=0.02, hangs_up=0.4, tone=440, speaks=20), FAR, "guest"),
    Kind("taken out of a conference", 4, Person(answers=0.02), APP, "removed"),
    Kind("moderator who leaves", 4, Person(answers=0.02, hangs_up=0.4), FAR, "moderator"),
    # However long it takes to be in it: the sequence is typed until it is heard there.
    Kind("ends a conference by keys", 2, Person(answers=0.02, tone=440, speaks=20, presses=KEYS * 20), OVER, "ends by keys"),
    Kind("conference ended over REST", 3, Person(answers=0.02), OVER, "ends over REST"),
]
assert sum(kind.share for kind in KINDS) == 100
BY_HUNDREDTH = [kind for kind in KINDS for _ in range(kind.share)]
CONFERENCE_SCRIPTS = {"guest", "removed", "moderator", "ends by keys", "ends over REST"}
#: Who is called by an OutDial: by the last digit.
CHILDREN = [Person(answers=0.01, alerts=False), Person(rings=0.01, answers=0.1), Person(refuses="486 Busy Here", answers=0.1),
            Person(answers=0.02, hangs_up=0.1), Person(rings=0.05, answers=None)]
#: Whom a moderator calls: may be alone in the conference, and does not stay for ever.
CALLED_GUEST = Person(answers=0.05, hangs_up=0.8)


def kind_of(number):
    return BY_HUNDREDTH[int(number[-2:])]


def script_of(number):
    """The name of the script of its kind; None where it has none, or is no number that is called of itself."""
    script = kind_of(number).script if number.startswith(CALLED) else None
    return script if isinstance(script, str) else None


def is_in_a_conference(number):
    """Whether a call to the number may be in one."""
    return number.startswith((GUEST, REJOINING)) or script_of(number) in CONFERENCE_SCRIPTS


def decide(number):
    """What the far end does with a call to the number."""
    if number.startswith(GUEST):
        return CALLED_GUEST
    if number.startswith(REJOINING):
        return Person(answers=0.02)
    return CHILDREN[int(number[-1]) % len(CHILDREN)] if number.startswith(CHILD) else kind_of(number).person


class MixedCalls:
    """Sets the app's answers up, and draws numbers, each of which is called once."""

    def __init__(self, server, app, seed):
        self.app = app
        self._random = random.Random(seed)
        self._next = itertools.count(1)
        #: Calls that went out over the API and whose end was told of.
        self.told = set()
        for path, script in {"/started": pause(200), "/child": pause(150), "/digits": HANGUP, "/recorded": HANGUP,
                             "/voice": pause(200)}.items():
            app.answer(path, script)
        app.answer("/status", self._status)
        made = server.rest.post("/Applications", {
            "alias": "mixed", "callConnectUrl": app.answer("/connect", self._script), "voiceUrl": app.url("/voice"),
            "statusCallbackUrl": app.url("/status")})
        assert made.status == 201, made
        self.application = made.json["applicationId"]
        self.rooms = MixedRooms(server, app, script_of, child_of=lambda number: number.replace(CALLED, GUEST))
        [number] = server.rest.get("/IncomingPhoneNumbers").json["incomingPhoneNumbers"]
        server.rest.post(f"/IncomingPhoneNumbers/{number['phoneNumberId']}", {"applicationId": self.application})

    def _script(self, webhook):
        number = webhook.json["to"]
        if number.startswith(REJOINING):
            return Reply(200, [self.rooms.add(self.rooms.standing[int(number[-1])])])
        script = kind_of(number).script
        if script_of(number) in self.rooms.scripts:
            return Reply(200, self.rooms.scripts[script](webhook))
        return Reply(200, {
            "utterance": [{"RecordUtterance": {
                "actionUrl": self.app.url("/recorded"), "playBeep": False, "silenceTimeoutMs": 1000, "maxLengthSec": 1}}],
            "keys": [{"GetDigits": {"actionUrl": self.app.url("/digits"), "maxDigits": 2, "initialTimeoutMs": 5000}}],
            "out-dial": [{"OutDial": {
                "destination": number.replace(CALLED, CHILD), "callingNumber": NUMBER, "timeout": 1,
                "actionUrl": self.app.url("/started"), "callConnectUrl": self.app.url("/child"),
                "statusCallbackUrl": self.app.url("/status")}}],
        }[script] if isinstance(script, str) else list(script))

    def _status(self, webhook):
        if webhook.json["direction"] == "outboundAPI":
            self.told.add(webhook.call)
        return Reply(200)

    def numbers(self, count):
        """So many numbers that nobody has called yet, of all kinds in the shares that they have."""
        hundredths = [*range(100)] * (count // 100)
        hundredths += self._random.sample(range(100), count % 100)
        self._random.shuffle(hundredths)
        return [f"{CALLED}{next(self._next) % 100_000:05}{hundredth:02}" for hundredth in hundredths]

    def place(self, server, number):
        """The answer to the request for a call. Who answers has time to; who does not is given up soon."""
        answers = kind_of(number).person.answers is not None
        body = {"from": NUMBER, "to": number, "applicationId": self.application, "timeout": 30 if answers else 1}
        return server.rest.raw("POST", f"{server.rest.path}/Calls", json.dumps(body).encode(), {"Idempotency-Key": number})
