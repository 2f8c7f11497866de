"""Machine detection: every path of ifMachine's hangup and redirect, on live calls to the simulated carrier's people and
machines; webhooks in order with their fields, resource, log, and what was heard on the line.

All calls are made at once, on one server.
"""

import json
import re
from dataclasses import dataclass, field

import numpy
import pytest

from harness import audio, webhook_model
from harness.carrier import PREFIX, recording
from harness.outcome import check_outcome
from harness.server import NUMBER, Belay
from harness.waiting import eventually
from harness.webhook_app import Reply, WebhookApp

FAX, VOICEMAIL, GREETING, OUT_OF_SERVICE = (PREFIX + form for form in ("0008", "0009", "0014", "0015"))
PERSON, FIRM, SILENT = (PREFIX + form for form in ("1000", "0013", "0010"))
LONG = " ".join(["This is a message of some length, which nobody has asked for."] * 6)
#: Seconds; then the call is hung up.
PATIENCE = 14
LINGER = {"Pause": {"length": PATIENCE * 1000}}


@dataclass
class Live:
    """A call with ifMachine. `URL/x` in a script stands for the call's own path /x of the webhook app."""

    number: str
    handling: str | None
    script: object = field(default_factory=lambda: [LINGER])
    #: The webhooks before machineDetected, or before callStatus where there is none.
    kinds: tuple = ("outDialApiConnect",)
    aborted: str | None = None


COMMANDS = {
    "Say": [{"Say": {"text": LONG}}],
    "Play": [{"StartRecordCall": {}}, {"Play": {"file": "URL/tone.wav", "loop": 0}}],
    "Pause": [LINGER],
    "GetDigits": [{"GetDigits": {"actionUrl": "URL/digits", "initialTimeoutMs": PATIENCE * 1000}}],
    "RecordUtterance": [{"RecordUtterance": {
        "actionUrl": "URL/record", "playBeep": False, "silenceTimeoutMs": PATIENCE * 1000, "maxLengthSec": PATIENCE}}],
    "SendDigits": [{"SendDigits": {"digits": "1{6}" * 6 + "1"}}],
}
OUT_DIAL = {"destination": FAX, "callingNumber": NUMBER, "actionUrl": "URL/started", "callConnectUrl": "URL/child"}
#: What an end by `handling` has told by then of what it cut short.
TOLD = {("GetDigits", "redirect"): ("getDigits",), ("GetDigits", "hangup"): ("getDigits",),
        ("RecordUtterance", "hangup"): ("record",)}

CALLS = {
    f"{handling} during {name}": Live(
        FAX, handling, script, ("outDialApiConnect", *TOLD.get((name, handling), ())), aborted=name)
    for name, script in COMMANDS.items() for handling in ("hangup", "redirect")
} | {
    "hangup before the script": Live(FAX, "hangup", Reply(200, [{"Say": {"text": LONG}}], delay=6)),
    "redirect before the script": Live(FAX, "redirect", Reply(200, [{"Say": {"text": LONG}}], delay=6)),
    "hangup: voicemail": Live(VOICEMAIL, "hangup"),
    "redirect: voicemail": Live(VOICEMAIL, "redirect", aborted="Pause"),
    "hangup: a long greeting": Live(GREETING, "hangup"),
    "redirect: a long greeting": Live(GREETING, "redirect", COMMANDS["Say"], aborted="Say"),
    "redirect: out of service": Live(OUT_OF_SERVICE, "redirect", aborted="Pause"),
    "a person": Live(PERSON, "hangup"),
    "a firm": Live(FIRM, "redirect"),
    "silence": Live(SILENT, "redirect"),
    "not asked": Live(FAX, None, [{"Pause": {"length": 6000}}]),
    "OutDial, hangup": Live(PERSON, None, [{"OutDial": {**OUT_DIAL, "ifMachine": "hangup"}}]),
    "OutDial, redirect": Live(
        PERSON, None, [{"OutDial": {**OUT_DIAL, "ifMachine": "redirect", "ifMachineUrl": "URL/machine"}}]),
    "after a hang-up": Live(PREFIX + "2001", "redirect"),
    "after the script": Live(FAX, "hangup", [{"Pause": {"length": 300}}]),
}
REDIRECTED = [name for name in CALLS if name.startswith("redirect")]
HUNG_UP = [name for name in CALLS if name.startswith("hangup")]


@dataclass
class Told:
    server: object
    app: object
    call: str
    live: Live

    @property
    def kinds(self):
        return [webhook.kind for webhook in self.app.of(self.call)]

    @property
    def resource(self):
        return self.server.rest.call(self.call)

    @property
    def entries(self):
        return self.server.rest.logs(self.call)

    def entry(self, pattern):
        found = [entry for entry in self.entries if re.search(pattern, entry["message"])]
        assert len(found) == 1, f"{len(found)} entries say /{pattern}/: {[entry['message'] for entry in self.entries]}"
        return found[0]

    def says(self, pattern):
        return any(re.search(pattern, entry["message"]) for entry in self.entries)


    @property
    def heard(self):
        """What the far end heard, from its answer on."""
        invite = next(e for e in self.entries if e["message"].startswith("SIP sent : INVITE"))["metadata"]["text"]
        name = re.sub(r"[^A-Za-z0-9.@-]", "_", re.search(r"^Call-ID: (\S+)", invite, re.M).group(1))
        return audio.read(self.server.data / "carrier" / f"{name}.wav")[0]


@pytest.fixture(scope="module")
def calls(pytestconfig):
    """Every call, over."""
    folder = pytestconfig.belay_folder / "test_machines"
    app, server = WebhookApp(), Belay(folder / "server")
    made = {}
    try:
        for place, (name, live) in enumerate(CALLS.items()):
            base = f"/{place}"
            app.answer(f"{base}/tone.wav", Reply(200, audio.tone(1), {"Content-Type": "audio/wav"}))
            for path in ("/digits", "/record"):
                app.answer(base + path, [{"Say": {"text": "nobody may hear this"}}])
            for path in ("/started", "/child"):
                app.answer(base + path, [LINGER])
            app.answer(base + "/machine", [{"Pause": {"length": 700}}, {"Hangup": {"reason": "it was a machine"}}])
            script = live.script
            if not isinstance(script, Reply):
                script = json.loads(json.dumps(script).replace("URL/", app.url(base) + "/"))
            application = server.rest.post("/Applications", {
                "callConnectUrl": app.answer(f"{base}/connect", script), "statusCallbackUrl": app.url("/status")})
            more = {"ifMachine": live.handling} if live.handling else {}
            if live.handling == "redirect":
                more["ifMachineUrl"] = app.url(base + "/machine")
            made[name] = server.rest.place(
                from_=NUMBER, to=live.number, applicationId=application.json["applicationId"], **more)
        for call in made.values():
            app.wait_for(call, "callStatus", 60)
        eventually(lambda: server.gauge("belay_calls_live") == 0 == server.gauge("belay_outbox_depth"), 20, "all is over")
        yield {name: Told(server, app, call, CALLS[name]) for name, call in made.items()}
        assert webhook_model.faults(app.webhooks, server.secret) == []
    finally:
        server.stop()
        app.close()


def verdict(told, who):
    """The verdict's entry: with its time, its confidence, what decided."""
    entry = told.entry("^Answered by ")
    assert entry["message"] == f"Answered by {who}"
    metadata = entry["metadata"]
    assert 0 < metadata["confidence"] <= 1 and isinstance(metadata["features"], dict) and metadata["cause"]
    # Since the answer, as the line's own clock has it.
    answered = told.entry("^Call inProgress")["timestamp"]
    late = (entry["timestamp"] - answered) / 1000 - metadata["milliseconds"]
    assert -150 <= late <= 600, "what is heard is told of after it, and soon"
    return entry


def machine(told):
    return "an answering machine" if told.live.number in (VOICEMAIL, GREETING, OUT_OF_SERVICE) else "a fax or modem"


@pytest.mark.parametrize("name", HUNG_UP)
def test_hangup(calls, name):
    told = calls[name]
    check_outcome(told.server, told.app, told.call, "completed", "machineDetected", logged=["BYE sip:"])
    assert told.kinds == [*told.live.kinds, "callStatus"]
    assert told.resource["answeredBy"] == "machine"
    found = verdict(told, machine(told))
    ended = told.entry("^Call completed")
    assert 0 <= ended["timestamp"] - found["timestamp"] < 20_000, "at once"
    assert "ifMachine is hangup" in ended["metadata"]["explanation"]


@pytest.mark.parametrize("name", REDIRECTED)
def test_redirect(calls, name):
    told = calls[name]
    check_outcome(told.server, told.app, told.call, "completed", "appHangup", logged=["it was a machine"])
    assert told.kinds == [*told.live.kinds, "machineDetected", "callStatus"]
    resource = told.resource
    assert resource["answeredBy"] == "machine"
    verdict(told, machine(told))
    assert told.app.of(told.call, "machineDetected")[0].json == {
        "accountId": resource["accountId"], "callId": told.call, "callStatus": "inProgress", "conferenceId": None,
        "direction": "outboundAPI", "from": NUMBER, "parentCallId": None, "queueId": None,
        "machineType": "fax modem" if machine(told) == "a fax or modem" else "answering machine",
        "requestType": "machineDetected", "to": told.live.number}
    if told.live.aborted:
        assert told.says(f"^PerCL {told.live.aborted} aborted")


def test_redirect_is_asked_at_once(calls):
    """The connect webhook is answered after six seconds; nobody waits for it, and its script is not run.

    docs/contract/calls.md#a-machine-before-the-script.
    """
    told = calls["redirect before the script"]
    found = told.entry("^Answered by ")
    asked = told.entry("^Webhook machineDetected : POST")
    assert asked["timestamp"] - found["timestamp"] < 20_000
    assert told.says("outDialApiConnect is given up")
    assert not told.says("^PerCL Say")


@pytest.mark.parametrize("name", ["redirect during GetDigits", "hangup during GetDigits"])
def test_get_digits_ends_with_reason_tone(calls, name):
    """Posted, and its answer ignored (docs/contract/calls.md#a-machine-during-getdigits)."""
    told = calls[name]
    [posted] = told.app.of(told.call, "getDigits")
    assert (posted.json["reason"], posted.json["digits"]) == ("tone", "")
    assert not told.says("^PerCL Say")


def test_a_recording_that_a_machine_cut_short_is_kept(calls):
    for name in ("redirect during RecordUtterance", "hangup during RecordUtterance"):
        told = calls[name]
        [kept] = told.server.rest.get(f"/Calls/{told.call}/Recordings").json["recordings"]
        assert 2 <= kept["durationSec"] <= PATIENCE, kept
    [posted] = calls["hangup during RecordUtterance"].app.of(calls["hangup during RecordUtterance"].call, "record")
    assert posted.json["termReason"] == "hangup"


@pytest.mark.parametrize("name", [name for name in HUNG_UP + REDIRECTED if "SendDigits" not in name])
def test_what_the_machine_hears(calls, name):
    """What the script says until the verdict, and from then on nothing: the script that takes over only pauses."""
    told = calls[name]
    sounding = numpy.flatnonzero(numpy.abs(told.heard) > 0.02) / audio.RATE
    decided = told.entry("^Answered by ")["metadata"]["milliseconds"] / 1000
    if any(command in name for command in ("Say", "Play")) or told.live.aborted == "Say":
        # Both sides' jitter buffers lie between.
        assert decided - 1 < sounding[-1] < decided + 0.25, (sounding[-1], decided)
    else:
        assert len(sounding) == 0, sounding


def test_what_plays_stops_within_40_ms(calls, folder):
    """As the call's own recording has it, which is written as the packets leave."""
    told = calls["redirect during Play"]
    [kept] = told.server.rest.get(f"/Calls/{told.call}/Recordings").json["recordings"]
    path = folder / "call.wav"
    rest = told.server.rest
    path.write_bytes(rest.raw("GET", f"{rest.path}/Recordings/{kept['recordingId']}/Download").body)
    _, said = audio.read(path)
    sounding = numpy.flatnonzero(numpy.abs(said) > 0.05)
    began = told.entry("^Recording begins")["timestamp"]
    found = told.entry("^Answered by ")["timestamp"]
    late = sounding[-1] / audio.RATE - (found - began) / 1e6
    # A packet's length either way: the recording begins at a tick.
    assert -0.06 < late < 0.06, f"it goes on for {late:.3f} s"
    assert sounding[0] / audio.RATE < 1 and len(sounding) / len(said) > 0.1, "it did play"


@pytest.mark.parametrize("name", ["a person", "a firm"])
def test_a_person_is_left_alone(calls, name):
    told = calls[name]
    check_outcome(told.server, told.app, told.call, "completed", "appHangup")
    assert told.kinds == ["outDialApiConnect", "callStatus"]
    assert told.resource["answeredBy"] == "human"
    verdict(told, "a person")


def test_silence_is_no_machine(calls):
    told = calls["silence"]
    assert told.resource["answeredBy"] is None and told.kinds == ["outDialApiConnect", "callStatus"]
    assert not told.says("^Answered by")


def test_nothing_is_detected_unasked(calls):
    told = calls["not asked"]
    assert told.resource["answeredBy"] is None and told.kinds == ["outDialApiConnect", "callStatus"]
    assert not told.says("^Answered by|^Tone heard")


@pytest.mark.parametrize("name, reason", [("after the script", "appHangup"), ("after a hang-up", "farEndHangup")])
def test_after_the_end_nothing_is_found(calls, name, reason):
    told = calls[name]
    assert told.resource["callEndedReason"] == reason and told.resource["answeredBy"] is None
    assert told.kinds == ["outDialApiConnect", "callStatus"]
    assert not told.says("^Answered by")


def test_a_fax_tone_is_told_of(calls):
    told = calls["redirect during Pause"]
    assert told.entry("^Tone heard")["message"] == "Tone heard: answer"


def test_information_tones_are_told_of(calls):
    told = calls["redirect: out of service"]
    assert told.says("^Tone heard: special information")
    assert told.entry("^Answered by ")["metadata"]["cause"] == "special information tone"


# OutDial's child

@pytest.mark.parametrize("handling, reason, kinds", [
    ("hangup", "machineDetected", ["outDialConnect", "callStatus"]),
    ("redirect", "appHangup", ["outDialConnect", "machineDetected", "callStatus"]),
])
def test_out_dial(calls, handling, reason, kinds):
    parent = calls[f"OutDial, {handling}"]
    server, app = parent.server, parent.app
    child = app.of(parent.call, "outDialStart")[0].json["dialCallId"]
    resource = server.rest.call(child)
    assert (resource["status"], resource["callEndedReason"], resource["answeredBy"]) == ("completed", reason, "machine")
    assert [webhook.kind for webhook in app.of(child)] == kinds
    if handling == "redirect":
        found = app.of(child, "machineDetected")[0].json
        assert (found["parentCallId"], found["direction"]) == (parent.call, "outboundDial")
        assert found["machineType"] == "fax modem"
    assert parent.kinds == ["outDialApiConnect", "outDialStart", "callStatus"], "the parent lives by itself"
    assert parent.resource["answeredBy"] is None and parent.resource["callEndedReason"] == "appHangup"
    assert parent.resource["endTimeISO"] > resource["endTimeISO"]


# A message for the machine

@pytest.mark.parametrize("setting, asked", [(["--machine-beep-seconds", "20"], {}), ([], {"ifMachineBeepSeconds": 20})],
                         ids=["by the setting", "by the request"])
def test_a_message_is_left_whole(belay, app, setting, asked):
    """The script waits for the beep where the server or the request says so: what the machine keeps is the message, and
    all of it."""
    server = belay(arguments=["--log-level", "info", *setting])
    app.answer("/tone.wav", Reply(200, audio.tone(2), {"Content-Type": "audio/wav"}))
    call = server.rest.place(
        from_=NUMBER, to=GREETING, callConnectUrl=app.answer("/connect", [LINGER]), ifMachine="redirect",
        ifMachineUrl=app.answer("/machine", [
            {"Play": {"file": app.url("/tone.wav")}}, {"Pause": {"length": 500}}, {"Hangup": {}}]), **asked)
    server.wait_until_ended(call, 40)
    entries = {entry["message"]: entry for entry in server.rest.logs(call)}
    assert "the machine has beeped" in "".join(entries)
    assert entries["Beep ended"]["metadata"]["hertz"] == pytest.approx(1000, abs=10)
    play = entries["PerCL Play"]["timestamp"] - entries["Beep ended"]["timestamp"]
    assert 0 <= play < 50_000, "after the beep, and at once"
    message = recording(server, "-message")[0]
    sounding = numpy.flatnonzero(numpy.abs(message) > 0.05)
    assert (sounding[-1] - sounding[0]) / audio.RATE == pytest.approx(2, rel=0.03), "from its beginning to its end"


def test_the_plain_rule_can_be_chosen(belay, app):
    server = belay(arguments=["--machine-detection", "rule"])
    call = server.rest.place(
        from_=NUMBER, to=GREETING, callConnectUrl=app.answer("/connect", [LINGER]), ifMachine="hangup")
    assert server.wait_until_ended(call, 30)["callEndedReason"] == "machineDetected"
    [found] = [entry for entry in server.rest.logs(call) if entry["message"].startswith("Answered by")]
    assert found["metadata"]["cause"] == "length rule"
