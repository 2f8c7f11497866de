"""The judges themselves: each rule they keep is broken here once, and they must notice."""

import hashlib
import hmac
import json
import socket
import time
from types import SimpleNamespace

import numpy
import pytest

from harness import audio, children, rooms_model, talkers, webhook_model
from harness.capture import SIPLine
from harness.far_end import FarEnd, Person, tone_frame
from harness.sip import Malformed, SIPMessage
from harness.waiting import eventually
from harness.webhook_app import Webhook, is_signed

SECRET = "sigsec_" + "0" * 40
CALL = "CA" + "1" * 40
CONFERENCE = "CF" + "2" * 40
QUEUE = "QU" + "3" * 40


def body(kind, **changes):
    document = {"accountId": "AC" + "0" * 40, "callId": CALL, "callStatus": "inProgress", "conferenceId": None,
                "direction": "outboundAPI", "from": "+13125550100", "parentCallId": None, "queueId": None,
                "requestType": kind, "to": "+13125550142"}
    if kind == "outDialApiConnect":
        document["dialCallStatus"] = "inProgress"
    if kind == "callStatus":
        document |= {"callStatus": "completed", "callEndedReason": "appHangup", "callDuration": 1}
    return json.dumps(document | changes, sort_keys=True, separators=(",", ":")).encode()


def webhook(kind, sequence, start, content=None, event=None, secret=SECRET, age=0, **headers):
    content = content or body(kind)
    stamp = str(int(time.time()) - age)
    mac = hmac.new(secret.encode(), stamp.encode() + b"." + content, hashlib.sha256).hexdigest()
    made = Webhook("/x", {
        "content-type": "application/json", "freeclimb-signature": f"t={stamp},v1={mac}", "request-id": "RQ" + "a" * 40,
        "belay-event-id": event or f"event{sequence}", "belay-event-sequence": str(sequence), **headers}, content, start)
    made.finished = start + 0.5
    return made


def test_a_good_story_has_no_faults():
    story = [webhook("outDialApiConnect", 1, 0), webhook("callStatus", 2, 1), webhook("callStatus", 2, 5)]
    assert webhook_model.faults(story, SECRET) == []


def test_a_script_that_nobody_wants_any_more_may_come_late():
    """docs/contract/webhooks.md#order; nothing else may."""
    def taken_out(kind):
        late = webhook(kind, 2, 1.01, body(kind))
        return [webhook("outDialApiConnect", 1, 0), webhook("dequeue", 3, 1, body("dequeue")), late, webhook("callStatus", 4, 5)]

    def out_of_order(kind):
        return [fault for fault in webhook_model.faults(taken_out(kind), SECRET) if "sequence 2" in fault or "not answered" in fault]

    assert out_of_order("queueWait") == []
    assert any("sequence 2" in fault for fault in out_of_order("addToQueueNotification"))
    assert any("sequence 2" in fault for fault in webhook_model.faults(
        [webhook("queueWait", 3, 0, body("queueWait")), webhook("queueWait", 2, 1, body("queueWait"))], SECRET))


def test_a_conference_has_an_order_of_its_own():
    """What it tells names the call that made it, and stands beside that call's story, also behind its end."""
    def told(sequence, start, **more):
        content = body("conferenceStatus", conferenceId=CONFERENCE, callStatus=None, status="empty", recordingUrl=None,
                       recordingId=None, recordingDurationSec=None, **more)
        return webhook("conferenceStatus", sequence, start, content=content, event=f"conference{sequence}-{start}")

    story = [webhook("outDialApiConnect", 1, 0), told(1, 0.2), webhook("callStatus", 2, 1), told(2, 2)]
    assert webhook_model.faults(story, SECRET) == []
    for broken, words in (([told(2, 0), told(1, 1)], "sequence 1"), ([told(1, 0), told(2, 0.4)], "not answered"),
                          ([told(1, 0, **{"to": 7})], "SDK refuses")):
        assert any(words in fault for fault in webhook_model.faults(broken, SECRET)), words


def conference_told(*statuses):
    return [webhook("conferenceStatus", number, number, body("conferenceStatus", conferenceId=CONFERENCE, status=status))
            for number, status in enumerate(statuses, 1)]


@pytest.mark.parametrize("statuses, words", [
    (("empty", "populated", "inProgress", "empty", "populated", "empty", "terminated"), None),
    (("empty", "empty"), "empty is told after empty"), (("populated",), "after nothing"),
    (("empty", "populated", "populated"), "populated is told after populated"), (("empty", "inProgress"), "inProgress is told after"),
    (("empty", "populated", "inProgress", "terminated"), "terminated is told after inProgress"),
    (("empty", "terminated", "terminated"), "terminated is told after terminated"),
])
def test_the_rooms_model_knows_the_life_of_a_conference(statuses, words):
    told = conference_told(*statuses)
    found = list(rooms_model.conference_faults(told + told[-1:]))
    assert found == [] if words is None else any(words in fault for fault in found), found


def test_the_rooms_model_counts_recordings():
    def recorded(sequence, id):
        return webhook("conferenceRecordingStatus", sequence, sequence,
                       body("conferenceRecordingStatus", conferenceId=CONFERENCE, status="empty", recordingId=id))

    told = conference_told("empty", "populated", "inProgress", "empty")
    assert list(rooms_model.conference_faults([*told, recorded(5, "RE1")])) == []
    assert len(list(rooms_model.conference_faults([*told, recorded(5, "RE1"), recorded(6, "RE1")]))) == 2


def story(*steps, end="appHangup"):
    """A call that comes and leaves: (kind, second, fields) each."""
    told = [webhook(kind, number, second, body(kind, **{"queueId": QUEUE, "conferenceId": CONFERENCE} | fields))
            for number, (kind, second, fields) in enumerate(steps, 1)]
    return [*told, webhook("callStatus", len(told) + 1, 90, body("callStatus", callEndedReason=end))]


CAME, JOINED = ("addToQueueNotification", 1, {}), ("addToConferenceNotification", 1, {})
OUT = ("dequeue", 2, {"queueResult": "dequeued"})


def gone(result, second=20, status="completed"):
    return ("removeFromQueueNotification", second, {"queueResult": result, "callStatus": status})


@pytest.mark.parametrize("told, options, words", [
    (story(CAME, OUT), {}, None),
    (story(gone("queueFull")), {}, None),
    (story(CAME, gone("hangup")), {"gives_up": True}, None),
    (story(CAME, gone("systemError"), end="internalError"), {"restarted_at": 10}, None),
    (story(CAME, OUT, gone("systemError"), end="internalError"), {"restarted_at": 10}, None),
    (story(CAME, ("dequeue", 11, {"queueResult": "dequeued"}), end="internalError"), {"restarted_at": 10}, None),
    (story(CAME), {}, "leaving 0 times"), (story(CAME, OUT, OUT), {}, "leaving 2 times"), (story(CAME, CAME, OUT), {}, "came into"),
    (story(OUT), {}, "without having come"), (story(OUT, CAME), {}, "before it came"),
    (story(CAME, gone("systemError")), {}, "wanted one of ['dequeued']"), (story(CAME, OUT), {"gives_up": True}, "wanted one of"),
    (story(CAME, ("dequeue", 2, {"queueResult": "dequeued", "queueId": "QU"})), {}, "another queue"),
    (story(CAME, end="internalError"), {"restarted_at": 10}, "leaving 0 times"),
    (story(CAME, gone("systemError", 11), gone("systemError", 12), end="internalError"), {"restarted_at": 10}, "leaving 2 times"),
])
def test_the_rooms_model_follows_who_waits(told, options, words):
    found = list(rooms_model.wait_faults(told, **options))
    assert found == [] if words is None else any(words in fault for fault in found), found


def left(second=20, status="completed", **fields):
    return ("leaveConference", second, {"callStatus": status, **fields})


@pytest.mark.parametrize("told, options, words", [
    (story(JOINED, left()), {}, None), (story(OUT), {}, None),
    (story(JOINED, left(2, "inProgress"), left(), end="internalError"), {"restarted_at": 10}, None),
    (story(JOINED, end="internalError"), {"restarted_at": 10}, "leaving 0 times"),
    (story(JOINED), {}, "leaving 0 times"), (story(JOINED, left(), left(21)), {"restarted_at": 10}, "leaving 2 times"),
    (story(left()), {}, "without having come"), (story(JOINED, JOINED, left()), {}, "came into"),
    (story(JOINED, left(conferenceId="CF")), {}, "another conference"),
])
def test_the_rooms_model_follows_who_is_in_a_conference(told, options, words):
    found = list(rooms_model.stay_faults(told, **options))
    assert found == [] if words is None else any(words in fault for fault in found), found


def test_a_story_may_be_judged_long_after_it():
    story = [webhook("outDialApiConnect", 1, 0, age=400), webhook("callStatus", 2, 1, age=400)]
    for one in story:
        one.arrived -= 400
    assert webhook_model.faults(story, SECRET) == []


@pytest.mark.parametrize("story, words", [
    ([webhook("outDialApiConnect", 1, 0, secret="other")], "signature"),
    ([webhook("outDialApiConnect", 1, 0, **{"freeclimb-signature": ""})], "signature"),
    ([webhook("outDialApiConnect", 1, 0, age=400)], "signature"),
    ([webhook("outDialApiConnect", 1, 0, **{"request-id": "x"})], "Request-Id"),
    ([webhook("outDialApiConnect", 1, 0, content=body("outDialApiConnect").replace(b",", b", "))], "compact"),
    ([webhook("outDialApiConnect", 1, 0, content=body("outDialApiConnect", extra=1))], "exactly"),
    ([webhook("outDialApiConnect", 1, 0, content=body("outDialApiConnect", dialCallStatus="busy"))], "dialCallStatus"),
    ([webhook("callStatus", 1, 0, content=body("callStatus", callStatus="gone"))], "SDK refuses"),
    ([webhook("callStatus", 1, 0, content=body("callStatus", callDuration="1"))], "callDuration"),
    ([webhook("callStatus", 1, 0, content=body("callStatus", callDuration=True))], "callDuration"),
    ([webhook("outDialApiConnect", 2, 0), webhook("callStatus", 1, 1)], "sequence 1"),
    ([webhook("outDialApiConnect", 1, 0), webhook("callStatus", 1, 1, event="another")], "sequence"),
    ([webhook("outDialApiConnect", 1, 0), webhook("callStatus", 2, 0.4)], "not answered"),
    ([webhook("callStatus", 1, 0), webhook("redirect", 2, 1, content=body("redirect", originalRequestType=None))], "after callStatus"),
    ([webhook("callStatus", 1, 0), webhook("callStatus", 2, 1)], "callStatus events"),
    ([webhook("callStatus", 1, 0), webhook("callStatus", 1, 1, content=body("callStatus", callDuration=2))], "another body"),
])
def test_the_webhook_model_notices(story, words):
    assert any(words in fault for fault in webhook_model.faults(story, SECRET)), webhook_model.faults(story, SECRET)


def test_the_tuner_tells_who_is_heard():
    """Each tone as loud as it was said, and no other: a little fainter, an echo, somebody who is missing are noticed."""
    def say(hertz, strength=1.0):
        codes = b"".join(tone_frame(hertz, number) for number in range(50))
        return strength * audio.mu_law_decode(numpy.frombuffer(codes, numpy.uint8))

    def told(*voices):
        mixed = audio.mu_law_decode(audio.mu_law_encode(sum(voices)))
        return talkers.faults(mixed, [a, b], [c])

    a, b, c = talkers.TONES[:3]
    assert told(say(a), say(b)) == []
    assert len(told(say(a, 0.85), say(b))) == len(told(say(a), say(b), say(c, 0.01))) == len(told(say(a))) == 1
    assert talkers.faults(numpy.zeros(8000), [], talkers.TONES) == []


def test_when_a_child_and_its_parent_hear_each_other():
    """The first packet of audio with the other's tone, behind the child's first 200; one's own tone, silence and keys are none."""
    far = SimpleNamespace(port=5060, tones=dict(zip("PC", talkers.TONES)), dialog=lambda number: SimpleNamespace(
        invite=SimpleNamespace(call_id=number, audio_port={"P": 4000, "C": 4002}[number])))
    lines = [SIPLine(moment, source, name, "INVITE", call, None, False) for moment, source, name, call in (
        (0.0, 5060, "200", "P"), (0.9, 5060, "180", "C"), (0.95, 5061, "200", "C"), (1.0, 5060, "200", "C"), (1.4, 5060, "200", "C"))]

    def packet(whose, kind=0):
        return bytes([0x80, kind]) + bytes(10) + (tone_frame(far.tones[whose], 3) if whose else b"\xff" * 160)

    def meeting(*heard_by_parent):
        left = {4000: heard_by_parent, 4002: [(1.1, packet("C")), (1.2, packet("P")), (1.3, packet("P"))]}
        wire = SimpleNamespace(messages=lambda port: lines, departures=lambda ports: left)
        return children.Meetings(wire, SimpleNamespace(rtp_ports=range(4000, 4004)), far).of("P", "C")

    found = meeting((0.8, packet("C")), (1.02, packet("")), (1.04, packet("P")), (1.06, packet("C", kind=101)), (1.5, packet("C")))
    assert found == children.Meeting(1.0, 1.5, 1.2) and found.milliseconds == pytest.approx(500)
    with pytest.raises(AssertionError, match="P never hears C"):
        meeting((1.1, packet("P")), (1.2, packet("")))


def test_the_published_signature_vector():
    content = (b'{"accountId":"AC1334ffb694cd8d969f51cddf5f7c9b478546d50c","callId":"CAccb0b00506553cda09b51c5477f672a49e0b2213",'
               b'"callStatus":"ringing","conferenceId":null,"direction":"inbound","from":"+13121000109","parentCallId":null,'
               b'"queueId":null,"requestType":"inboundCall","to":"+13121000096"}')
    header = "t=1679944186,v1=c3957749baf61df4b1506802579cc69a74c77a1ae21447b930e5a704f9ec4120"
    secret = "sigsec_ead6d3b6904196c60835d039e91b3341c77a7793"
    assert is_signed(content, header, secret, now=1679944200)
    assert not is_signed(content, header, secret, now=1679944600)
    assert not is_signed(content + b" ", header, secret, now=1679944200)


class Caller:
    """A SIP caller that can be made to break each rule."""

    def __init__(self, far, number="+13125550142", call_id="one"):
        self.far, self.number, self.call_id = far, number, call_id
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(5)
        self.uri = f"sip:{number}@127.0.0.1:{far.port}"

    def send(self, method, branch, cseq=1, tag=None, uri=None, sdp=False, drop=None):
        port = self.socket.getsockname()[1]
        content = "v=0\r\nm=audio 4000 RTP/AVP 0\r\n" if sdp else ""
        lines = [f"{method} {uri or self.uri} SIP/2.0", f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{branch}",
                 "From: <sip:a@127.0.0.1>;tag=a", f"To: <{self.uri}>" + (f";tag={tag}" if tag else ""),
                 f"Call-ID: {self.call_id}", f"CSeq: {cseq} {method}", f"Contact: <sip:a@127.0.0.1:{port}>",
                 "Max-Forwards: 70", f"Content-Length: {len(content)}"]
        lines = [line for line in lines if drop is None or not line.startswith(drop)]
        self.socket.sendto(("\r\n".join(lines) + "\r\n\r\n" + content).encode(), ("127.0.0.1", self.far.port))

    def final(self):
        while True:
            message = SIPMessage.parse(self.socket.recv(65535))
            if not message.is_request and message.status >= 200:
                return message

    def answered(self):
        self.send("INVITE", "i", sdp=True)
        return self.final().tag("to")


@pytest.fixture
def far():
    made = FarEnd(decide=lambda number: Person(refuses="486 Busy Here") if number.endswith("9") else Person(), t1=0.02)
    yield made
    made.close()


def test_a_proper_call_has_no_faults(far):
    caller = Caller(far)
    tag = caller.answered()
    caller.send("ACK", "a", tag=tag, uri=far.contact)
    caller.send("BYE", "b", cseq=2, tag=tag, uri=far.contact)
    far.wait_until_quiet(3)
    assert far.faults == []


def notices(far, words):
    eventually(lambda: any(words in fault for fault in far.faults), 5, lambda: f"/{words}/ among {far.faults}")


def test_it_notices_a_lost_ack(far):
    caller = Caller(far)
    caller.answered()
    assert far.open_dialogs()
    notices(far, "no ACK")


def test_it_notices_an_ack_of_the_wrong_transaction(far):
    caller = Caller(far)
    caller.send("ACK", "i", tag=caller.answered(), uri=far.contact)
    notices(far, "INVITE's branch")


def test_it_notices_an_ack_to_the_wrong_target(far):
    caller = Caller(far)
    caller.send("ACK", "a", tag=caller.answered())
    notices(far, "not to the Contact")


def test_it_notices_a_refusal_acknowledged_wrongly(far):
    caller = Caller(far, number="+13125550149")
    caller.send("ACK", "other", tag=caller.answered())
    notices(far, "branch of its own")


def test_it_notices_a_number_dialled_twice(far):
    Caller(far, call_id="one").answered()
    Caller(far, call_id="two").answered()
    notices(far, "dialled twice")


def test_it_notices_a_second_invite(far):
    caller = Caller(far)
    caller.answered()
    caller.send("INVITE", "i2", sdp=True)
    notices(far, "a second INVITE")


def test_it_notices_a_bye_for_nobody_and_one_too_many(far):
    caller = Caller(far)
    tag = caller.answered()
    caller.send("ACK", "a", tag=tag, uri=far.contact)
    caller.send("BYE", "b1", cseq=2, tag="guess", uri=far.contact)
    notices(far, "BYE for nobody")
    caller.send("BYE", "b2", cseq=2, tag=tag, uri=far.contact)
    caller.send("BYE", "b3", cseq=3, tag=tag, uri=far.contact)
    notices(far, "a second BYE")


def test_it_notices_a_cancel_that_does_not_fit(far):
    far.decide = lambda number: Person(answers=None)
    caller = Caller(far)
    caller.send("INVITE", "i", sdp=True)
    eventually(lambda: far.dialogs, 3, "the INVITE is there")
    caller.send("CANCEL", "i", cseq=2)
    notices(far, "does not repeat")


def test_it_notices_what_is_malformed(far):
    caller = Caller(far)
    caller.send("INVITE", "i", sdp=True, drop="Content-Length")
    notices(far, "Content-Length")
    caller.send("INVITE", "i", sdp=True, drop="Max-Forwards")
    notices(far, "Max-Forwards")
    with pytest.raises(Malformed):
        SIPMessage.parse(b"OPTIONS sip:a SIP/2.0\r\nVia: x\r\n\r\n")
