"""The numbers of the simulated carrier: each behaves as its table says, on the wire, in webhooks, log and recording."""

import itertools
import subprocess

import pytest

from harness import audio
from harness.carrier import RING, carrier_port, dial, duration, onset, pitch, recording, recordings
from harness.outcome import check_outcome
from harness.rooms import Room
from harness.server import NUMBER, REPOSITORY, binary
from harness.steps import place
from harness.waiting import eventually, lasting

SENTENCE = "You are on belay. Climb when you are ready."
BOTH = ["outDialApiConnect", "callStatus"]


@pytest.fixture
def carrier(belay, app, capture):
    def make(number, script=({"Pause": {"length": 300}}, {"Hangup": {}}), **more):
        return dial(belay, app, capture, number, list(script), **more)

    return make


def ended(call, status, reason, **more):
    return check_outcome(call.server, call.app, call.id, status, reason, **more)


def between(first, second):
    return second.time - first.time


def check_comes(call, message, after, seconds, why):
    """The far end sent `message` so many seconds after it had sent `after`, on a machine where it may send either late: not
    before its clock says so, which began with the INVITE and ran for a ring before anything else, and not a second too late."""
    since_the_invite, since = between(call.message("INVITE"), message), between(after, message)
    assert since_the_invite >= RING[0] + seconds - 0.005, f"{why}: {message} came {since_the_invite:.3f} s after the INVITE"
    assert since <= seconds + 1, f"{why}: {message} came {since:.3f} s after {after}"


# Nobody picks up

@pytest.mark.parametrize("number, code, status", [
    ("0486", "486", "busy"), ("0404", "404", "failed"), ("0480", "480", "noAnswer"), ("0503", "503", "failed"),
    ("0488", "488", "failed"), ("0600", "600", "busy"), ("0399", "404", "failed"), ("9999", "404", "failed"),
])
def test_refuses(carrier, number, code, status):
    """A number of the range that names nobody is not found either."""
    call = carrier(number)
    ended(call, status, status, logged=[f"SIP/2.0 {code}"])
    call.finish()
    assert call.flow == ["INVITE", "100", code, "ACK"]
    assert call.kinds == BOTH
    assert recordings(call.server) == []


def test_declines_after_a_ring(carrier):
    call = carrier("0603")
    ended(call, "busy", "busy", logged=["SIP/2.0 603"])
    call.finish()
    assert call.flow == ["INVITE", "100", "180", "603", "ACK"]
    assert between(call.message("INVITE"), call.message("603")) >= RING[0]
    assert between(call.message("180"), call.message("603")) <= RING[1] + 1
    assert call.kinds == BOTH


def test_rings_for_ever(carrier):
    call = carrier("0001", timeout=2)
    ended(call, "noAnswer", "noAnswer", logged=["CANCEL sip:", "SIP/2.0 487"])
    call.finish()
    assert sorted(call.flow[3:]) == sorted(["CANCEL", "200 CANCEL", "487", "ACK"])
    assert call.flow[:3] == ["INVITE", "100", "180"]
    assert between(call.message("INVITE"), call.message("CANCEL")) == lasting(2)
    assert call.kinds == BOTH and recordings(call.server) == []


def test_never_responds(carrier):
    call = carrier("0000", timeout=600)
    ended(call, "failed", "failed", logged=["INVITE sip:"])
    call.finish()
    assert call.whole_flow == ["INVITE"] * 7
    assert call.kinds == BOTH and recordings(call.server) == []


def test_answers_just_as_it_is_cancelled(carrier):
    call = carrier("0002", [{"Say": {"text": "nobody may hear this"}}])
    call.server.wait_for_status(call.id, "ringing")
    eventually(lambda: any("SIP/2.0 180" in str(e) for e in call.server.rest.logs(call.id)), 5, "it rings")
    assert call.server.rest.update(call.id, "canceled").status == 202
    ended(call, "canceled", "callCanceled", logged=["CANCEL sip:", "BYE sip:"])
    call.finish()
    assert call.flow[:5] == ["INVITE", "100", "180", "CANCEL", "200 INVITE"], "the 200 leaves before the CANCEL is read"
    assert sorted(call.flow[5:]) == sorted(["200 CANCEL", "ACK", "BYE", "200 BYE"])
    assert call.kinds == BOTH


# Somebody picks up

def test_stays_silent(carrier, folder):
    call = carrier("0010", [{"Say": {"text": SENTENCE}}, {"Pause": {"length": 500}}, {"Hangup": {}}])
    ended(call, "completed", "appHangup")
    call.finish()
    assert call.flow == ["INVITE", "100", "180", "200 INVITE", "ACK", "BYE", "200 BYE"]
    assert call.kinds == BOTH
    heard, said = recording(call.server)
    assert not said.any()
    assert audio.faults(heard, audio.render(SENTENCE, folder)) == []
    stood = between(call.message("200", "INVITE"), call.message("BYE"))
    assert stood == lasting(duration(heard))
    call.server.wait_until_idle()


@pytest.mark.parametrize("number, rings, text", [
    ("1000", 0, "Hello?"), ("1142", 1, "Hello, this is extension 4 2."), ("1307", 3, "Hello, this is extension 0 7."),
])
def test_says_hello_after_some_rings(carrier, folder, number, rings, text):
    call = carrier(number, [{"Pause": {"length": 4000}}, {"Hangup": {}}])
    ended(call, "completed", "appHangup")
    call.finish()
    expected = ["INVITE", "100"] + (["180"] if rings else []) + ["200 INVITE", "ACK", "BYE", "200 BYE"]
    assert call.flow == expected and call.kinds == BOTH
    assert between(call.message("INVITE"), call.message("200", "INVITE")) >= rings * RING[0]
    assert between(call.message("180" if rings else "100"), call.message("200", "INVITE")) <= rings * RING[1] + 1
    heard, said = recording(call.server)
    assert audio.faults(said, audio.render(text, folder)) == []
    assert onset(said) < 0.5, "the hello was ready before the answer"
    assert not (abs(heard) > 0.002).any(), "and nothing else was said to them"


def test_hangs_up_in_the_middle_of_a_prompt(carrier):
    call = carrier("2002", [{"Say": {"text": SENTENCE + " " + SENTENCE}}, {"Hangup": {}}])
    ended(call, "completed", "farEndHangup", logged=["BYE sip:"])
    call.finish()
    assert call.flow == ["INVITE", "100", "180", "200 INVITE", "ACK", "BYE", "200 BYE"]
    assert call.message("BYE").source == carrier_port(call.server)
    check_comes(call, call.message("BYE"), call.message("ACK"), 2, "two seconds")
    assert call.kinds == BOTH
    heard, said = recording(call.server)
    assert duration(heard) == lasting(2)
    assert abs(heard[-8000:]).max() > 0.05, "it was being spoken to"
    assert not said.any()


@pytest.mark.parametrize("number, digits, seconds", [("3142", "42", 1), ("42123", "123#", 2), ("5007", "7", 0)])
def test_presses_digits(carrier, number, digits, seconds):
    call = carrier(number, [{"Pause": {"length": seconds * 1000 + 2000}}, {"Hangup": {}}])
    ended(call, "completed", "appHangup")
    call.finish()
    assert call.kinds == BOTH
    events = call.capture.digits(call.server.rtp_ports)
    assert "".join(digit for _, digit in events) == digits
    assert events[0][0] - call.message("INVITE").time >= RING[0] + seconds - 0.005
    assert events[0][0] - call.message("ACK").time <= seconds + 1
    gaps = call.capture.key_gaps(call.server.rtp_ports)
    assert len(gaps) == len(digits) - 1 and all(gap == pytest.approx(0.25, abs=0.02) for gap in gaps), gaps


def test_fax_answers(carrier):
    call = carrier("0008", [{"Pause": {"length": 7000}}, {"Hangup": {}}])
    ended(call, "completed", "appHangup")
    call.finish()
    assert call.flow == ["INVITE", "100", "180", "200 INVITE", "ACK", "BYE", "200 BYE"] and call.kinds == BOTH
    _, said = recording(call.server)
    start = onset(said)
    assert 1.7 <= start <= 2.7, "T.30 §4.3.3.2: 1.8 to 2.5 s of silence first"
    tone = audio.trimmed(said)
    assert duration(tone) == pytest.approx(3, abs=0.02)
    frequency, share = pitch(tone)
    assert frequency == pytest.approx(2100, abs=15) and share > 0.95
    assert -20 <= audio.level(tone) <= -12


@pytest.mark.parametrize("number, text", [
    ("0009", "Nobody is here to take your call. Please leave a message after the tone."),
    ("0014", "Hi, you have reached Anna. I cannot come to the telephone just now. Please leave your name and your number, "
             "and I will call you back as soon as I can."),
])
def test_voicemail_keeps_the_message(carrier, folder, number, text):
    greeting = audio.render(text, folder)
    pause = int(duration(greeting) * 1000) + 1500
    call = carrier(number, [{"Pause": {"length": pause}}, {"Say": {"text": SENTENCE}}, {"Pause": {"length": 30000}}])
    ended(call, "completed", "farEndHangup", seconds=40, logged=["BYE sip:"])
    call.finish()
    assert call.flow == ["INVITE", "100", "180", "200 INVITE", "ACK", "BYE", "200 BYE"] and call.kinds == BOTH
    heard, said = recording(call.server)
    beep = audio.trimmed(said)[-3200:]
    frequency, share = pitch(beep)
    assert frequency == pytest.approx(1000, abs=5) and share > 0.95
    spoken = audio.trimmed(said)[:-3200]
    assert audio.faults(spoken, greeting) == []
    sentence = audio.render(SENTENCE, folder)
    assert audio.faults(heard, sentence) == []
    message = recording(call.server, "-message")
    assert len(message) == 1 and audio.faults(message[0], sentence) == []
    assert duration(message[0]) < duration(heard) - duration(spoken), "the message alone, without the greeting's time"
    quiet = duration(message[0]) - (onset(message[0]) + duration(audio.trimmed(message[0])))
    assert 2.8 <= quiet <= 4.2, "it hung up after 3 s of silence"


def test_answers_as_a_firm(carrier, folder):
    call = carrier("0013", [{"Pause": {"length": 5000}}, {"Hangup": {}}])
    ended(call, "completed", "appHangup")
    call.finish()
    assert call.flow == ["INVITE", "100", "180", "200 INVITE", "ACK", "BYE", "200 BYE"] and call.kinds == BOTH
    _, said = recording(call.server)
    assert audio.faults(said, audio.render("Good morning, Smith and Sons, how can I help you?", folder)) == []


def test_is_out_of_service(carrier, folder):
    call = carrier("0015", [{"Pause": {"length": 30000}}])
    ended(call, "completed", "farEndHangup", logged=["BYE sip:"])
    call.finish()
    assert call.flow == ["INVITE", "100", "180", "200 INVITE", "ACK", "BYE", "200 BYE"] and call.kinds == BOTH
    _, said = recording(call.server)
    announcement = audio.render("The number you have dialled is not in service.", folder)
    tones = 3 * 0.33
    start = round(onset(said) * audio.RATE)
    for place, frequency in enumerate((950, 1400, 1800)):
        middle = said[start + round((place * 0.33 + 0.05) * audio.RATE):start + round((place * 0.33 + 0.28) * audio.RATE)]
        found, share = pitch(middle)
        assert found == pytest.approx(frequency, abs=10) and share > 0.95
    whole = audio.trimmed(said)
    assert duration(whole) > 2 * (tones + duration(announcement)) - 0.1, "twice"
    once = audio.trimmed(whole[round(tones * audio.RATE):len(whole) // 2])
    assert audio.faults(once, announcement) == []


# Lines and networks with quirks

def test_guests_of_a_conference(belay, app):
    """The one talks on and is heard; the other's keys ask callControlUrl, and it goes on."""
    server = belay()
    room = Room(server, app)
    talks = room.join("+15005550016")
    asks = room.join("+15005550017", allowCallControl=True, callControlSequence="*9",
                     callControlUrl=app.answer("/control", [{"SetTalk": {"talk": False}}]))
    assert app.wait_for(asks, "callControl", 15).json["digits"] == "*9"
    eventually(lambda: room.ask("GET", f"/Participants/{asks}").json["talk"] is False, 5, "it is muted")
    eventually(lambda: any(entry["message"] == "Participant talked" and entry["metadata"]["callId"] == talks
                           for entry in room.story), 20, "it has been heard to talk")
    assert room.members == [asks, talks]
    assert room.end().status == 204
    for call in (talks, asks):
        assert app.wait_for(call, "callStatus", 20).json["callEndedReason"] == "conferenceTerminated"


def test_nothing_is_sent_twice_without_need(belay, app, capture):
    """RFC 3261's own T1: on no machine does an answer take that long."""
    server = belay(arguments=["--log-level", "info"], t1_ms=500)
    call = dial(belay, app, capture, "1142", [{"Pause": {"length": 200}}, {"Hangup": {}}], server=server)
    ended(call, "completed", "appHangup")
    call.finish()
    assert call.whole_flow == ["INVITE", "100", "180", "200 INVITE", "ACK", "BYE", "200 BYE"]


def test_early_media(carrier, folder):
    call = carrier("0007", [{"Pause": {"length": 2000}}, {"Hangup": {}}])
    ended(call, "completed", "appHangup", logged=["SIP/2.0 183"])
    call.finish()
    assert call.flow == ["INVITE", "100", "183", "200 INVITE", "ACK", "BYE", "200 BYE"] and call.kinds == BOTH
    progress, answer = call.message("183"), call.message("200", "INVITE")
    assert progress.has_sdp and answer.has_sdp
    _, said = recording(call.server)
    announcement = audio.render("The person you are calling is being looked for. Please hold the line.", folder)
    assert between(progress, answer) == lasting(2 + duration(announcement))
    early = call.capture.rtp_times(call.server.rtp_ports)
    assert sum(progress.time - 0.05 < time < answer.time for time in early) > 100, "it is heard before the answer"
    ringback = said[:2 * audio.RATE]
    assert pitch(ringback)[0] == pytest.approx(440, abs=2) or pitch(ringback)[0] == pytest.approx(480, abs=2)
    rest = said[2 * audio.RATE:]
    spoken = rest[:int((between(progress, answer) - 2) * audio.RATE)]
    assert audio.faults(spoken, announcement) == []
    assert audio.level(audio.trimmed(rest[len(spoken):])) > -30, "and a hello afterwards"


def runs(names):
    """How often each stands there, one behind the other; fails where one comes again after another."""
    counted = [(name, len(list(group))) for name, group in itertools.groupby(names)]
    assert len(dict(counted)) == len(counted), counted
    return dict(counted)


def both_sides(call):
    """The runs of what the far end sent, and of what Belay sent. How often a request or an answer is repeated says how
    late this machine is; in what order they come does not depend on it."""
    port = carrier_port(call.server)
    return (runs(f"{m.name} {m.cseq}" for m in call.wire if m.source == port),
            runs(m.name for m in call.wire if m.source != port))


def test_loses_acks(carrier):
    call = carrier("0003", [{"Pause": {"length": 1500}}, {"Hangup": {}}])
    ended(call, "completed", "appHangup")
    call.finish()
    theirs, ours = both_sides(call)
    assert list(theirs) == ["100 INVITE", "180 INVITE", "200 INVITE", "200 BYE"]
    assert list(ours) == ["INVITE", "ACK", "BYE"]
    assert 3 <= ours["ACK"] <= theirs["200 INVITE"], "each 200 is acknowledged, and two are not enough"
    heard = [m.time for m in call.wire if m.name == "ACK"][2]
    answers = [m for m in call.wire if str(m) == "200 INVITE"]
    assert sum(m.time > heard for m in answers) <= 1, "the third ACK ends the repetitions, but for one that crosses it"
    assert call.kinds == BOTH
    for again, seconds in zip(answers[1:3], (0.1, 0.3)):
        check_comes(call, again, answers[0], seconds, "T1, then 2·T1 (RFC 3261 §13.3.1.4)")


def test_loses_every_ack(carrier):
    call = carrier("0012", [{"Pause": {"length": 60000}}])
    ended(call, "completed", "farEndHangup")
    call.finish()
    answers, acks = call.whole_flow.count("200 INVITE"), call.whole_flow.count("ACK")
    assert acks >= 4 and answers in (acks, acks + 1), "but for one that crosses the BYE"
    sent = [m for m in call.wire if str(m) == "200 INVITE"]
    for number, again in enumerate(sent[1:6], 1):
        check_comes(call, again, sent[0], 0.1 * (2 ** number - 1), "T1, 2·T1, 4·T1 (RFC 3261 §13.3.1.4)")
    check_comes(call, call.message("BYE"), sent[0], 6.4, "64·T1")
    assert call.message("BYE").source == carrier_port(call.server) and call.kinds == BOTH


def test_sends_everything_twice(carrier):
    call = carrier("0004", [{"Pause": {"length": 1500}}, {"Hangup": {}}])
    ended(call, "completed", "appHangup")
    call.finish()
    theirs, ours = both_sides(call)
    assert list(theirs) == ["100 INVITE", "180 INVITE", "200 INVITE", "200 BYE"]
    # Twice, and twice again where the ACK or what follows is so late that it is repeated.
    assert all(count % 2 == 0 for count in theirs.values()), theirs
    assert list(ours) == ["INVITE", "ACK", "BYE"]
    # Those that come while the first one's ACK waits for the disk (docs/decisions/0025) have that one.
    assert 1 <= ours["ACK"] <= theirs["200 INVITE"], "the 200s are acknowledged (RFC 3261 §13.2.2.4)"
    assert call.kinds == BOTH


def test_media_comes_from_another_port(carrier, folder):
    call = carrier("0005", [{"Pause": {"length": 600}}, {"Say": {"text": SENTENCE}}, {"Hangup": {}}])
    ended(call, "completed", "appHangup")
    call.finish()
    assert call.kinds == BOTH
    named = call.capture.media_port(carrier_port(call.server))
    sources, destinations = call.capture.rtp_peers(call.server.rtp_ports)
    assert named not in sources and len(sources) == 1
    assert destinations <= {named} | sources and sources <= destinations, "ours goes to where theirs comes from"
    heard, said = recording(call.server)
    assert audio.faults(heard, audio.render(SENTENCE, folder)) == []
    assert audio.level(audio.trimmed(said)) > -30


def test_two_telephones_pick_up(carrier):
    call = carrier("0006", [{"Pause": {"length": 1500}}, {"Hangup": {}}])
    ended(call, "completed", "appHangup")
    call.finish()
    tags = {m.to_tag for m in call.wire if m.name == "200" and m.cseq == "INVITE"}
    assert len(tags) == 2
    for name in ("ACK", "BYE"):
        assert sorted(m.to_tag for m in call.wire if m.name == name) == sorted(tags), name
    first = call.message("ACK").to_tag
    assert [m.to_tag for m in call.wire if m.name == "BYE"] == [(tags - {first}).pop(), first], "the first answer stays"
    assert call.flow.count("200 BYE") == 2 and call.kinds == BOTH
    assert audio.level(audio.trimmed(recording(call.server)[1])) > -30
    assert recording(call.server, "-2").shape[0] == 2


# Around the range

def test_its_numbers_are_refused_where_there_is_a_trunk(belay, app):
    server = belay(trunk="sip:127.0.0.1:9")
    answer = server.rest.post("/Calls", {"from": NUMBER, "to": "+15005550486", "callConnectUrl": app.url("/x")})
    assert answer.status == 400, answer
    fault = answer.json["details"]["fields"][0]
    assert fault["field"] == "to" and fault["value"] == "+15005550486"
    assert "+15005550000 to +15005559999" in fault["allowed"] and "no trunk" in fault["allowed"]


def test_channels_are_aligned(carrier, folder):
    """What was heard and said at one time lies at one place: measured against the packets that were the least late."""
    call = carrier("1123", [{"Say": {"text": SENTENCE}}, {"Pause": {"length": 1000}}, {"Hangup": {}}])
    ended(call, "completed", "appHangup")
    call.finish()
    heard, said = recording(call.server)
    [port] = call.capture.sounds(call.server.rtp_ports)
    theirs, ours = (began + onset(samples) for samples, began, _ in call.capture.audio(port))
    assert onset(heard) - onset(said) - (ours - theirs) == pytest.approx(0, abs=0.02)


def test_the_same_seed_the_same_behaviour(belay, app, capture):
    def rang(seed):
        call = dial(belay, app, capture, "1342", [{"Hangup": {}}],
                    server=belay(arguments=["--log-level", "info", "--carrier-seed", str(seed)]))
        ended(call, "completed", "appHangup")
        call.finish()
        return between(call.message("INVITE"), call.message("200", "INVITE"))
    # What these two draw lies as far apart as three rings can, 0.56 s: a machine may be late by much and changes nothing.
    first, again, other = rang(24), rang(24), rang(13)
    assert abs(first - again) < 0.25 and other + 0.25 < min(first, again), (first, again, other)


# People of the user's own

PEOPLE = """\
people:
  - number: "+15005559001"
    name: Ada
    rings: 0
    script:
      - say: Hello, who is it?
      - hear: {speech: true, within: 8, pause: 0.5}
      - press: "12#"
      - hear: {digits: "42#", within: 5}
      - say: Thank you and goodbye.
      - hang up
  - number: "+13125550142"
    refuses: 486
"""


def carrier_command(*arguments):
    done = subprocess.run([str(binary()), "carrier", *map(str, arguments)], capture_output=True, text=True, timeout=20)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def people(folder):
    path = folder / "people.yaml"
    path.write_text(PEOPLE)
    return path


def test_people_of_ones_own(belay, app, capture, people, folder):
    """`sendDigits` answers what Ada expects; what she says and presses is on the line, in order."""
    server = belay(arguments=["--log-level", "info", "--people", people])
    call = dial(belay, app, capture, "+15005559001",
                [{"Say": {"text": SENTENCE}}, {"Pause": {"length": 30000}}], server=server, sendDigits="{6}{6}42#")
    ended(call, "completed", "farEndHangup", seconds=40)
    call.finish()
    assert call.flow == ["INVITE", "100", "200 INVITE", "ACK", "BYE", "200 BYE"] and call.kinds == BOTH
    assert [digit for _, digit in call.capture.digits(server.rtp_ports)] == ["1", "2", "#"]
    heard, said = recording(server)
    assert audio.faults(heard, audio.render(SENTENCE, folder)) == []
    hello, goodbye = (audio.render(text, folder) for text in ("Hello, who is it?", "Thank you and goodbye."))
    spoken = audio.trimmed(said)
    assert audio.faults(spoken[:len(hello) + 800], hello) == []
    assert audio.faults(spoken[-len(goodbye) - 800:], goodbye) == []
    busy = server.rest.place(from_=NUMBER, to="+13125550142", callConnectUrl=app.url("/connect"))
    assert server.wait_until_ended(busy)["status"] == "busy"


def test_somebody_is_spoken_to_before_the_ack_arrives(belay, app, folder):
    """Whoever picks up hears from there on; what is said while ACKs are lost is said to them as well."""
    path = folder / "people.yaml"
    path.write_text('people: [{number: "+15005559001", rings: 0, line: loses ACKs, script: [hear, hang up]}]')
    server = belay(arguments=["--people", path], t1_ms=500)
    call = place(server, app, [{"Say": {"text": "Hello."}}, {"Pause": {"length": 60000}}], to="+15005559001")
    # The third ACK, the first that is not lost, comes after T1 and 2·T1.
    call = server.wait_until_ended(call, 12)
    assert (call["status"], call["callEndedReason"]) == ("completed", "farEndHangup"), call


def test_somebody_expects_in_vain(belay, app, capture, folder):
    path = folder / "people.yaml"
    path.write_text('people: [{number: "+15005559001", script: [{hear: {digits: "1", within: 1}}, beep]}]')
    server = belay(arguments=["--people", path])
    call = dial(belay, app, capture, "+15005559001", [{"Pause": {"length": 30000}}], server=server)
    ended(call, "completed", "farEndHangup")
    assert server.program.wait_for(r"expected was the digits 1 within 1000 ms", 5)


def test_the_list_tells_the_table_and_ones_own_people(people, folder):
    status, text, _ = carrier_command("list", "--data", folder / "none")
    assert status == 0
    rows = [line.split()[0] for line in text.splitlines() if line.startswith("+1500555")]
    readme = [line.split("`")[1] for line in (REPOSITORY / "README.md").read_text().splitlines()
              if line.startswith("| `+1500555")]
    assert rows == readme and len(rows) > 20
    status, text, _ = carrier_command("list", "--file", people, "--data", folder / "none")
    assert status == 0 and ["+15005559001", "Ada"] in [line.split() for line in text.splitlines()]


def test_people_are_added_to_the_data_folder(belay, app, people, folder):
    data = folder / "server1" / "data"
    status, text, errors = carrier_command("--file", people, "--data", data)
    assert status == 0, errors
    assert "+15005559001" in text and (data / "people.yaml").read_text() == PEOPLE
    server = belay()
    assert server.data == data
    call = server.rest.place(from_=NUMBER, to="+13125550142", callConnectUrl=app.url("/connect"))
    assert server.wait_until_ended(call)["status"] == "busy"


def test_a_mistake_in_the_file_is_told(people, folder):
    people.write_text(PEOPLE.replace("press:", "sing:"))
    status, _, errors = carrier_command("--file", people, "--data", folder / "data")
    assert status != 0 and not (folder / "data" / "people.yaml").exists()
    assert f'{people}, line 8: step "sing" cannot be used; allowed: one of wait, say' in errors
    done = subprocess.run(
        [str(binary()), "serve", "--people", str(people), "--data", str(folder / "data"), "--http", "127.0.0.1:0",
         "--sip", "127.0.0.1:0"], capture_output=True, text=True, timeout=20)
    assert done.returncode != 0 and 'line 8: step "sing"' in done.stderr
