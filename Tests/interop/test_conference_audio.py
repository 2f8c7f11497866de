"""What is heard in conferences, by instruments: each of whom is called says a tone of its own, and keeps what it hears. So does
baresip, which calls in.

docs/contract/percl.md#conferences; how it is mixed is docs/decisions/0039.
"""

import time

import pytest

from harness import audio, children, instruments
from harness.rooms import Room
from harness.server import NUMBER
from harness.steps import answering_number
from harness.talkers import TONES, UNHEARD, faults, levels
from harness.waiting import eventually
from harness.webhook_app import Reply

A, B, C, D = (f"+131255501{number:02}" for number in range(1, 5))
SAYS = dict(zip((A, B, C, D), TONES))
#: Hz, of what apps play.
PLAYED = 330
BEEP = 800
#: In dB below full scale.
SILENCE = -60.0


def check(far, heard, all_tones=tuple(SAYS.values())):
    """Whether each number hears just those tones, as loud as they were said."""
    for number, tones in heard.items():
        found = faults(far.hears(number), tones, [tone for tone in all_tones if tone not in tones])
        assert not found, f"{number}, who says {SAYS.get(number)} Hz: {found}"


def comes_to_be_heard(far, heard, seconds=20):
    """As `check`, in one second of these: where the machine has no time for somebody, in the next one."""
    wrong = {}

    def as_it_should():
        wrong.clear()
        for number, tones in heard.items():
            found = faults(far.hears(number, after=0), tones, [tone for tone in SAYS.values() if tone not in tones])
            wrong.update({number: found} if found else {})
        return not wrong

    eventually(as_it_should, seconds, lambda: f"each hears {heard} and nothing else: {wrong}")


def tone_file(app, seconds):
    return app.answer("/tone.wav", Reply(200, audio.tone(seconds, PLAYED), {"Content-Type": "audio/wav"}))


def test_each_hears_the_others_and_not_itself(talkers, belay, app):
    """One, two, three of them; and again when one has left, and when another has come."""
    far = talkers(SAYS)
    server = belay(trunk=far.trunk)
    room = Room(server, app, playBeep="never")
    a, b, c, d = (SAYS[number] for number in (A, B, C, D))
    room.join(A)
    check(far, {A: []})
    assert audio.level(far.hears(A)) < SILENCE, "who is alone hears silence, and no music"
    second = room.join(B)
    check(far, {A: [b], B: [a]})
    room.join(C)
    check(far, {A: [b, c], B: [a, c], C: [a, b]})
    room.hang_up(second)
    check(far, {A: [c], C: [a]})
    room.join(D)
    check(far, {A: [c, d], C: [a, d], D: [a, c]})
    assert room.end().status == 204


def test_a_telephone_calls_in(talkers, baresip, belay, app, folder):
    """baresip and two who are called: each hears the two others and not itself. baresip's ears are its own recording."""
    a, b, c, d = (SAYS[number] for number in (A, B, C, D))
    far = talkers({B: b, C: c})
    server = belay(trunk=far.trunk)
    room = Room(server, app, playBeep="never")
    says = folder / "says.wav"
    # As loud as the others, longer than any test.
    says.write_bytes(audio.tone(600, a, peak=8192))
    telephone = baresip(number=A, says=says)
    for number in (B, C):
        room.join(number)
    answering_number(server, app, [room.add()])
    telephone.dial(server, NUMBER)
    call = eventually(lambda: next((one.call for one in list(app.webhooks) if one.kind == "inboundCall"), None), 10, "it calls")
    app.wait_for(call, "addToConferenceNotification")
    assert call in room.members and len(room.members) == 3
    comes_to_be_heard(far, {B: [a, c], C: [a, b]})
    telephone.command("hangup")
    telephone.wait_for_event("CALL_CLOSED")
    [heard] = audio.read(telephone.heard())
    seconds = [heard[first:first + audio.RATE] for first in range(0, len(heard) - audio.RATE, audio.RATE // 5)]
    found = [faults(second, [b, c], [a, d]) for second in seconds]
    assert [] in found, f"baresip, which says {a} Hz: {found}"
    comes_to_be_heard(far, {B: [c], C: [b]})
    assert room.end().status == 204


@pytest.mark.alone
def test_a_child_joins_its_parent(talkers, belay, app, capture, record_property):
    """From the child's 200 to the first packet in which each hears the other; how long that was is printed.

    docs/contract/calls.md#parents; docs/performance.md#a-child-joins-its-parent.
    """
    far = talkers(SAYS)
    server = belay(trunk=far.trunk)
    room = Room(server, app, playBeep="never")
    wire = capture()
    parent, child = children.bring_together(room, far, A, B)
    comes_to_be_heard(far, {A: [SAYS[B]], B: [SAYS[A]]})
    assert room.members == [child, parent]
    wire.finish()
    meeting = children.Meetings(wire, server, far).of(A, B)
    print(meeting)
    record_property("milliseconds", round(meeting.milliseconds, 1))
    kinds = [webhook.kind for webhook in app.of(child)]
    assert kinds == ["outDialApiConnect", "addToConferenceNotification"], kinds
    connect = app.wait_for(child, "outDialApiConnect")
    assert connect.json["parentCallId"] == parent
    assert meeting.answered < connect.arrived < min(meeting.parent_hears, meeting.child_hears), (meeting, connect)
    assert meeting.milliseconds < 2000
    assert room.end().status == 204


def test_moved_to_another_conference(talkers, belay, app):
    """It hears the other conference alone, and is heard there alone."""
    far = talkers(SAYS)
    server = belay(trunk=far.trunk)
    former, latter = Room(server, app, playBeep="never"), Room(server, app, playBeep="never")
    a, b, c = (SAYS[number] for number in (A, B, C))
    former.join(B)
    latter.join(C)
    call = former.join(A, allowCallControl=True, callControlSequence="#", callControlUrl=app.answer("/control", [latter.add()]))
    check(far, {A: [b], B: [a], C: []})
    far.press_as(A, "#")
    app.wait_for(call, "addToConferenceNotification", count=2)
    check(far, {A: [c], B: [], C: [a]})
    assert former.end().status == latter.end().status == 204


def test_talk_and_listen(talkers, belay, app):
    """Muted over REST one is not heard and hears; deaf one is heard and hears nothing; each ends when it is taken back."""
    far = talkers(SAYS)
    server = belay(trunk=far.trunk)
    room = Room(server, app, playBeep="never")
    a, b, c = (SAYS[number] for number in (A, B, C))
    room.join(A)
    second, third = room.join(B), room.join(C, listen=False)
    assert audio.level(far.hears(C)) < SILENCE
    check(far, {A: [b, c], B: [a, c]})
    assert room.change(second, talk=False)["talk"] is False
    check(far, {A: [c], B: [a, c]})
    room.change(third, listen=True)
    check(far, {C: [a]})
    room.change(second, listen=False, talk=True)
    check(far, {A: [b, c], C: [a, b]})
    assert audio.level(far.hears(B)) < SILENCE
    room.change(second, listen=True)
    check(far, {A: [b, c], B: [a, c], C: [a, b]})
    assert room.end().status == 204


def test_who_is_added_muted_is_never_heard(talkers, belay, app):
    """Not one packet of it, from its answer on."""
    far = talkers(SAYS)
    server = belay(trunk=far.trunk)
    room = Room(server, app, playBeep="never")
    room.join(A)
    since = time.monotonic()
    room.join(B, talk=False)
    heard = far.heard_since(A, since, 1.5)
    # By the shortest window: a few packets would not move the median of a second.
    strength = instruments.envelope(heard, SAYS[B]).max()
    assert strength < 10 ** (SILENCE / 20), f"{strength:.5f} of full scale is heard"
    check(far, {A: [], B: [SAYS[A]]})
    assert room.end().status == 204


def test_music_until_it_begins(talkers, belay, app):
    """Each for itself and not each other; none from the beginning on. waitUrl is fetched once, however often it is heard."""
    far = talkers(SAYS)
    server = belay(trunk=far.trunk)
    room = Room(server, app, playBeep="never", waitUrl=tone_file(app, 2.0))
    a, b, c = (SAYS[number] for number in (A, B, C))
    tones = (*SAYS.values(), PLAYED)
    eventually(lambda: any(fetch.finished for fetch in app.fetches), 10, "the music is fetched")
    waiting = [room.join(number, startConfOnEnter=False) for number in (A, B)]
    eventually(lambda: not faults(far.hears(A), [PLAYED], [a, b]), 10, "it is heard")
    check(far, {A: [PLAYED], B: [PLAYED]}, tones)
    # Longer than the file: it goes on without a gap.
    heard = far.hears(B, seconds=4.0)
    gaps = list(instruments.gaps(heard, instruments.Burst(0, 4.0, PLAYED, audio.level(heard))))
    assert not gaps, gaps
    starter = room.join(C)
    check(far, {A: [b, c], B: [a, c], C: [a, b]}, tones)
    room.hang_up(starter, *waiting)
    room.wait_until_told("empty", "populated", "inProgress", "empty")
    room.join(D, startConfOnEnter=False)
    check(far, {D: [PLAYED]}, tones)
    assert room.end().status == 204
    assert [fetch.path for fetch in app.fetches] == ["/tone.wav"]


def test_music_of_the_server_s_own(talkers, belay, app):
    """Where no waitUrl is named, and where the one that is named gives nothing, which the conference's log says once."""
    far = talkers({})
    server = belay(trunk=far.trunk)
    app.answer("/gone.wav", Reply(404, "no"))
    for number, fields in ((A, {}), (B, {"waitUrl": app.url("/gone.wav")})):
        room = Room(server, app, **fields)
        room.join(number, startConfOnEnter=False)
        eventually(lambda who=number: audio.level(far.hears(who)) > -45, 15, "music is heard")
        warnings = [entry["metadata"] for entry in room.story if entry["level"] == "warning"]
        assert [warning.get("waitUrl") for warning in warnings] == list(fields.values()), warnings
        assert room.end().status == 204


@pytest.mark.parametrize("beep, count", [("always", 2), ("entryOnly", 1), ("exitOnly", 1), ("never", 0)])
def test_beeps(talkers, belay, app, beep, count):
    """Heard by who is there and stays; by nobody of itself; by none who is alone."""
    far = talkers({})
    server = belay(trunk=far.trunk)
    room = Room(server, app, playBeep=beep)
    room.join(A)
    since = time.monotonic()
    second = room.join(B)
    of_itself = far.heard_since(B, since, 1.5)
    room.hang_up(second)
    far.hears(A, seconds=0.5)
    seconds = time.monotonic() - since - 0.2
    bursts = instruments.find(far.heard_since(A, since, seconds), BEEP)
    assert len(bursts) == count, bursts
    assert all(0.15 <= burst.seconds <= 0.26 and -32 <= burst.decibels <= -18 for burst in bursts), bursts
    assert not instruments.find(of_itself, BEEP)
    assert room.end().status == 204


def test_a_recording_holds_everybody(talkers, belay, app):
    """From the beginning of the talk to its end: each at the level at which it was said, no music; told of behind the end."""
    far = talkers(SAYS)
    server = belay(trunk=far.trunk)
    room = Room(server, app, playBeep="never", record=True, waitUrl=tone_file(app, 2.0))
    room.join(A, startConfOnEnter=False)
    far.hears(A, seconds=1.0)
    assert room.ask("GET", "/Recordings").json["recordings"] == [], "nothing is recorded while somebody waits"
    for number in (B, C):
        room.join(number)
    check(far, {A: [SAYS[B], SAYS[C]]})
    far.hears(A, seconds=2.0)
    assert room.end().status == 204
    told = app.wait_for(room.id, "conferenceRecordingStatus", 20).json
    kinds = [(webhook.kind, webhook.json["status"]) for webhook in app.of(room.id)]
    assert kinds[-3:] == [("conferenceStatus", "empty"), ("conferenceStatus", "terminated"),
                          ("conferenceRecordingStatus", "terminated")], kinds
    [recording] = room.ask("GET", "/Recordings").json["recordings"]
    assert (recording["recordingId"], recording["durationSec"], recording["conferenceId"], recording["callId"]) \
        == (told["recordingId"], told["recordingDurationSec"], room.id, None), recording
    assert told["recordingUrl"].endswith(recording["downloadUrl"]), told
    assert server.rest.get("/Recordings", conferenceId=room.id).json["total"] == 1
    path = server.data.parent / "conference.wav"
    path.write_bytes(server.rest.get(f"/Recordings/{recording['recordingId']}/Download").body)
    [samples] = audio.read(path)
    assert 3.5 <= len(samples) / audio.RATE <= told["recordingDurationSec"], len(samples)
    end = len(samples) - audio.RATE // 2
    found = faults(samples[end - 2 * audio.RATE:end], [SAYS[A], SAYS[B], SAYS[C]], [SAYS[D], PLAYED])
    assert not found, found
    assert levels(samples[:audio.RATE], [PLAYED])[PLAYED] < UNHEARD, "there is no music in it"


def test_a_script_that_one_alone_hears(talkers, belay, app):
    """Call control's prompt: nobody else hears it, nor, meanwhile, whoever does; afterwards all is as it was."""
    far = talkers(SAYS)
    server = belay(trunk=far.trunk)
    room = Room(server, app, playBeep="never", record=True)
    a, b, c = (SAYS[number] for number in (A, B, C))
    tones = (*SAYS.values(), PLAYED)
    play = app.answer("/control", [{"Play": {"file": tone_file(app, 2.0), "loop": 4}}])
    for number in (A, B):
        room.join(number)
    call = room.join(C, allowCallControl=True, callControlSequence="1", callControlUrl=play)
    check(far, {A: [b, c], B: [a, c], C: [a, b]}, tones)
    far.press_as(C, "1")
    eventually(lambda: any(entry["message"] == "PerCL Play" for entry in server.rest.logs(call)), 10, "it plays")
    check(far, {C: [PLAYED], A: [b], B: [a]}, tones)
    assert call in room.members
    eventually(lambda: any(entry["message"] == "PerCL Play completed" for entry in server.rest.logs(call)), 20, "it ends")
    check(far, {A: [b, c], B: [a, c], C: [a, b]}, tones)
    assert room.end().status == 204


def test_keys(talkers, belay, app):
    """With dtmfPassThrough the others get each key once, as an event; without it nobody does, and nobody its own."""
    far = talkers({})
    server = belay(trunk=far.trunk)
    room = Room(server, app, playBeep="never")
    loud, silent = room.join(A, dtmfPassThrough=True), room.join(B)
    room.join(C, listen=False)

    def heard(number):
        return "".join(digit for digit, _ in far.digits_heard(far.dialog(number)))

    far.press_as(A, "42", every=0.5)
    eventually(lambda: heard(B) == "42", 10, lambda: f"42 at {B}; {heard(B)}")
    far.press_as(B, "7")
    far.hears(A, seconds=1.0)
    room.change(silent, dtmfPassThrough=True)
    far.press_as(B, "8")
    eventually(lambda: heard(A) == "8", 10, lambda: f"8 alone at {A}; {heard(A)}")
    room.change(silent, talk=False)
    far.press_as(B, "9")
    far.hears(A, seconds=1.0)
    assert (heard(A), heard(B), heard(C)) == ("8", "42", "")
    assert room.ask("GET", f"/Participants/{loud}").json["dtmfPassThrough"] is True
    assert room.end().status == 204
