"""Each participant of a recorded conference for itself: what it says on the left, what it hears on the right.

docs/contract/percl.md#recording-a-conference; with `record-participants` set.
"""

import numpy

from harness import audio, instruments
from harness.audio import RATE
from harness.rooms import Room
from harness.talkers import TONES, UNHEARD, faults, levels
from harness.waiting import eventually
from harness.webhook_app import Reply

A, B, C = (f"+131255501{number:02}" for number in range(1, 4))
SAYS = dict(zip((A, B, C), TONES))
SET = ("--record-participants", "true")
#: Hz, of the music.
PLAYED = 330
SILENCE = -60.0
#: Two that are recorded from one moment on begin at their next ticks, and hear each frame at theirs: 20 ms each.
ALIGNED_SECONDS = 0.045


def own(room, call):
    """The recordings of that call in the conference."""
    return room.server.rest.get("/Recordings", callId=call, conferenceId=room.id).json["recordings"]


def channels(server, recording):
    """Left and right of a recording's file."""
    path = server.folder / f"{recording['recordingId']}.wav"
    answer = server.rest.raw("GET", f"{server.rest.path}/Recordings/{recording['recordingId']}/Download")
    assert answer.status == 200, answer
    path.write_bytes(answer.body)
    left, right = audio.read(path)
    assert recording["durationSec"] - 1.1 <= len(left) / RATE <= recording["durationSec"] + 0.1, (recording, len(left))
    return left, right


def check(samples, start, seconds, heard):
    """So much of a channel, from its end on where `start` is negative, holds just those tones, as loud as they were said."""
    first = round(start * RATE) + (len(samples) if start < 0 else 0)
    part = samples[first:first + round(seconds * RATE)]
    assert len(part) == round(seconds * RATE), (len(samples), start)
    found = faults(part, heard, [tone for tone in (*SAYS.values(), PLAYED) if tone not in heard])
    assert not found, f"from {start} s on, of {len(samples) / RATE} s: {found}"
    assert heard or audio.level(part) < SILENCE, f"from {start} s on there is no silence"


def the_only(samples, hertz):
    [burst] = instruments.find(samples, hertz)
    return burst


def test_each_participant_has_a_recording_of_its_own(talkers, belay, app):
    """From the talk's beginning, or its coming, to its leaving: no music; silence of who is muted; one time for all of them."""
    far = talkers(SAYS)
    server = belay(trunk=far.trunk, arguments=SET)
    music = app.answer("/music.wav", Reply(200, audio.tone(2.0, PLAYED), {"Content-Type": "audio/wav"}))
    room = Room(server, app, playBeep="never", record=True, waitUrl=music)
    a, b, c = (SAYS[number] for number in (A, B, C))
    first = room.join(A, startConfOnEnter=False)
    second = room.call(B, [{"StartRecordCall": {}}, room.add(startConfOnEnter=False)])
    app.wait_for(second, "addToConferenceNotification", 10)
    far.hears(A, seconds=1.0)
    assert room.ask("GET", "/Recordings").json["recordings"] == [], "nothing is recorded while they wait"
    third = room.join(C)
    far.hears(A, seconds=2.0)
    room.change(first, talk=False)
    far.hears(A, seconds=2.0)
    room.hang_up(third)
    far.hears(A, seconds=2.0)
    assert room.end().status == 204
    told = app.wait_for(room.id, "conferenceRecordingStatus", 20).json
    server.wait_until_idle()

    listed = {(entry["callId"], entry["conferenceId"]) for entry in room.ask("GET", "/Recordings").json["recordings"]}
    assert listed == {(call, room.id) for call in (None, first, second, third)}
    [mixed] = [entry for entry in room.ask("GET", "/Recordings").json["recordings"] if entry["callId"] is None]
    assert mixed["recordingId"] == told["recordingId"], "the app is told of the mix's"
    assert len(app.of(room.id, "conferenceRecordingStatus")) == 1
    files = {}
    for call in (first, second, third):
        [recording] = own(room, call)
        files[call] = channels(server, recording)
        entries = [entry for entry in server.rest.logs(call) if entry["message"] in ("Recording begins", "Recording complete")]
        named = [entry["message"] for entry in entries if entry["metadata"]["recordingId"] == recording["recordingId"]]
        assert sorted(named) == ["Recording begins", "Recording complete"], entries
        assert levels(files[call][1][:RATE], [PLAYED])[PLAYED] < UNHEARD, "there is no music in it"

    # All three, then A muted, then C gone.
    for call, says, hears in ((first, [a], [b, c]), (second, [b], [a, c]), (third, [c], [a, b])):
        left, right = files[call]
        check(left, 0.4, 1.6, says)
        check(right, 0.4, 1.6, hears)
    for call, says, hears in ((first, [], [b]), (second, [b], [])):
        left, right = files[call]
        check(left, -1.8, 1.6, says)
        check(right, -1.8, 1.6, hears)
    left, right = files[third]
    check(left, -1.8, 1.6, [c])
    check(right, -1.8, 1.6, [b])

    # A and B are recorded from one moment on, and that A is muted and C gone is one moment for both channels.
    muted = the_only(files[first][0], a).end, the_only(files[second][1], a).end
    gone = the_only(files[first][1], c).end, the_only(files[second][1], c).end
    assert abs(muted[0] - muted[1]) <= ALIGNED_SECONDS, muted
    assert abs(gone[0] - gone[1]) <= ALIGNED_SECONDS, gone
    assert abs(len(files[first][0]) - len(files[second][0])) / RATE <= ALIGNED_SECONDS
    assert gone[0] > muted[0] + 2.0 and len(files[first][0]) / RATE > gone[0] + 2.0

    # StartRecordCall's runs beside it, and has the whole call: the music too.
    both = server.rest.get(f"/Calls/{second}/Recordings").json["recordings"]
    assert len(both) == 2
    [whole] = [entry for entry in both if entry["conferenceId"] is None]
    left, right = channels(server, whole)
    assert len(left) > len(files[second][0]) + RATE
    assert levels(right, [PLAYED])[PLAYED] > UNHEARD or instruments.find(right, PLAYED)
    assert app.wait_for(second, "callStatus", 20).json["recordingId"] == whole["recordingId"]

    # They are deleted as others are.
    [recording] = own(room, first)
    path = f"{server.rest.path}/Recordings/{recording['recordingId']}"
    assert server.rest.raw("DELETE", path).status == 204
    assert server.rest.raw("GET", path + "/Download").status == 404
    assert own(room, first)[0]["deleted"] is True


def test_nobody_has_one_where_it_is_not_set(talkers, belay, app):
    far = talkers(SAYS)
    server = belay(trunk=far.trunk)
    room = Room(server, app, playBeep="never", record=True)
    room.join(A)
    room.join(B)
    assert room.end().status == 204
    app.wait_for(room.id, "conferenceRecordingStatus", 20)
    assert [entry["callId"] for entry in room.ask("GET", "/Recordings").json["recordings"]] == [None]


def test_what_a_crash_leaves_of_a_participant(talkers, belay, app):
    """kill -9 in the midst of it: what was said and heard until then can be played, and is listed with its length."""
    far = talkers(SAYS)
    server = belay(trunk=far.trunk, arguments=SET)
    room = Room(server, app, playBeep="never", record=True)
    calls = [room.join(A), room.join(B)]
    far.hears(A, seconds=3.0)
    server.kill()
    server.start()
    for call in calls:
        app.wait_for(call, "callStatus", 20)
    recorded = app.wait_for(room.id, "conferenceRecordingStatus", 20).json
    listed = eventually(lambda: room.ask("GET", "/Recordings").json["recordings"], 5, "they are listed")
    assert len(listed) == 3 and all(entry["durationSec"] >= 1 for entry in listed), listed
    [mixed] = [entry for entry in listed if entry["callId"] is None]
    assert recorded["recordingId"] == mixed["recordingId"], "the app is told of the mix's, and of no participant's"
    for call, number, other in zip(calls, (A, B), (B, A)):
        [recording] = own(room, call)
        left, right = channels(server, recording)
        for samples, tone in ((left, SAYS[number]), (right, SAYS[other])):
            heard = samples[len(samples) - 2 * RATE:len(samples) - RATE // 2]
            assert not faults(heard, [tone], [other for other in SAYS.values() if other != tone]), (number, tone)
            assert numpy.abs(heard).max() > 0
