"""Every attribute of every PerCL command that this version runs, each in a live call of its own; and of the commands that
it does not run yet, that the call says so.

The calls are made on one server, AT_ONCE of them at a time; the far end is the strict one.
"""

import json
import re
from dataclasses import dataclass, field

import pytest

from harness import audio, webhook_model
from harness.far_end import FarEnd, Person
from harness.server import NUMBER, Belay
from harness.waiting import eventually, lasting
from harness.webhook_app import HANGUP, Reply, WebhookApp

#: More would be late on a machine that has other things to do, and how long commands take is looked at.
AT_ONCE = 12
TONE_SECONDS = 0.4
CANARY = "Xylophone7341"
PROMPT = {"Pause": {"length": 1}}


@dataclass
class Live:
    """A call whose first script is `script`; what the others answer is in `answers`, by path, below the call's own.

    `URL/x` in a script stands for the call's own path /x of the webhook app.
    """

    script: list
    person: Person = field(default_factory=Person)
    answers: dict = field(default_factory=dict)


#: So many that they stand in no identifier and no time by chance.
PRIVATE_DIGITS = "8431684316"


def get_digits(keys, every=0.2, after=0.5, **attributes):
    return Live([{"GetDigits": {"actionUrl": "URL/digits", **attributes}}],
                Person(presses=keys, presses_after=after, presses_every=every), {"/digits": HANGUP})


def record(person, **attributes):
    return Live([{"RecordUtterance": {"actionUrl": "URL/record", "playBeep": False, **attributes}}], person,
                {"/record": HANGUP})


def out_dial(child, **attributes):
    return Live([{"OutDial": {"destination": child, "callingNumber": NUMBER, "actionUrl": "URL/started",
                              "callConnectUrl": "URL/child", "statusCallbackUrl": "URL/child-ended", **attributes}}],
                answers={"/started": HANGUP, "/child": HANGUP})


#: Whom OutDial calls; the far end knows them by their numbers.
CHILDREN = {"+13125559001": Person(), "+13125559002": Person(answers=None), "+13125559003": Person(),
            "+13125559004": Person(), "+13125559005": Person()}

CALLS = {
    "Say once": Live([{"Say": {"text": "One two three four."}}]),
    "Say.loop": Live([{"Say": {"text": "One two three four.", "loop": 3}}]),
    "Say.language": Live([{"Say": {"text": "Un deux trois.", "language": "fr-FR"}}]),
    "Say.engine": Live([{"Say": {"text": "One.", "engine": {"name": "freeclimb.neural", "parameters": {"a": 1}}}}]),
    "Say.privacyMode": Live([{"Say": {"text": CANARY, "privacyMode": True}}]),
    "Play.loop": Live([{"Play": {"file": "URL/tone.wav", "loop": 3}}]),
    "Play.loop for ever": Live([{"Play": {"file": "URL/tone.wav", "loop": 0}}], Person(hangs_up=2.0)),
    "Play.privacyMode": Live([{"Play": {"file": f"URL/tone.wav?{CANARY}", "privacyMode": True}}]),
    "Pause.length": Live([{"Pause": {"length": 700}}]),
    "GetDigits.initialTimeoutMs": get_digits("", initialTimeoutMs=800),
    "GetDigits.digitTimeoutMs": get_digits("12", digitTimeoutMs=700),
    "GetDigits.finishOnKey": get_digits("1#2*", finishOnKey="*"),
    "GetDigits.finishOnKey none": get_digits("1#*", finishOnKey="", maxDigits=3),
    "GetDigits.minDigits": get_digits("12#", minDigits=3),
    "GetDigits.maxDigits": get_digits("123", maxDigits=2),
    "GetDigits.flushBuffer": Live(
        [{"Pause": {"length": 1300}}, {"GetDigits": {"actionUrl": "URL/digits", "flushBuffer": True, "maxDigits": 1}}],
        Person(presses="45", presses_after=0.4, presses_every=2.0), {"/digits": HANGUP}),
    "GetDigits typed ahead": Live(
        [{"Pause": {"length": 1300}}, {"GetDigits": {"actionUrl": "URL/digits", "maxDigits": 1}}],
        Person(presses="45", presses_after=0.4, presses_every=2.0), {"/digits": HANGUP}),
    "GetDigits after Say": Live(
        [{"Pause": {"length": 1300}}, {"Say": {"text": "One."}}, {"GetDigits": {"actionUrl": "URL/digits", "maxDigits": 1}}],
        Person(presses="45", presses_after=0.4, presses_every=3.0), {"/digits": HANGUP}),
    "Texts that are numbers": Live(
        [{"SendDigits": {"digits": "12", "pauseMs": "200"}}, {"Pause": {"length": "300"}}, {"GetDigits": {
            "actionUrl": "URL/digits", "maxDigits": "1", "initialTimeoutMs": "6000", "flushBuffer": "true", "maxDigts": 3}}],
        Person(presses="4", presses_after=2.5), {"/digits": HANGUP}),
    "GetDigits.prompts": get_digits("", initialTimeoutMs=300, prompts=[
        {"Say": {"text": "Please."}}, {"Pause": {"length": 300}}, {"Play": {"file": "URL/tone.wav"}}]),
    "GetDigits.privacyMode": get_digits(PRIVATE_DIGITS + "#", privacyMode=True),
    "SendDigits.digits": Live([{"SendDigits": {"digits": "12{2}3"}}]),
    "SendDigits.pauseMs": Live([{"SendDigits": {"digits": "12{2}3", "pauseMs": 200}}]),
    "SendDigits.privacyMode": Live([{"SendDigits": {"digits": "73417341", "pauseMs": 100, "privacyMode": True}}]),
    "RecordUtterance.silenceTimeoutMs": record(Person(tone=440, speaks=25), silenceTimeoutMs=600),
    "RecordUtterance.maxLengthSec": record(Person(tone=440, speaks=200), maxLengthSec=1),
    "RecordUtterance.finishOnKey": record(Person(tone=440, speaks=200, presses="1#", presses_every=0.4), finishOnKey="#"),
    "RecordUtterance.finishOnKey other": record(
        Person(tone=440, speaks=200, presses="#5", presses_every=0.4), finishOnKey="5"),
    "RecordUtterance.playBeep": record(Person(tone=440, speaks=60), playBeep=True, silenceTimeoutMs=500),
    "RecordUtterance.autoStart": record(Person(), autoStart=True, maxLengthSec=1),
    "RecordUtterance.privacyMode": record(Person(tone=440, speaks=25), privacyMode=True, silenceTimeoutMs=400),
    "RecordUtterance hangup": record(Person(tone=440, speaks=200, hangs_up=0.8)),
    "OutDial": out_dial("+13125559001"),
    "OutDial.timeout": out_dial("+13125559002", timeout=1),
    "OutDial.sendDigits": out_dial("+13125559003", sendDigits="5{2}6"),
    "OutDial.privacyMode": out_dial("+13125559004", sendDigits="73417341", privacyMode=True),
    "OutDial.statusCallbackUrl": Live([{"OutDial": {
        "destination": "+13125559005", "callingNumber": NUMBER, "actionUrl": "URL/started", "callConnectUrl": "URL/child"}}],
        answers={"/started": HANGUP, "/child": HANGUP}),
    "OutDial.callingNumber": out_dial("+13125559099", callingNumber="+13125558888"),
    "OutDial.destination": out_dial("+19005550123"),
    "Redirect.actionUrl": Live([PROMPT, {"Redirect": {"actionUrl": "URL/next"}}], answers={"/next": HANGUP}),
    "Redirect first": Live([{"Redirect": {"actionUrl": "URL/next"}}], answers={"/next": HANGUP}),
    "Hangup.reason": Live([{"Hangup": {"reason": "we are done here"}}]),
    "StartRecordCall": Live([{"StartRecordCall": {}}, {"Pause": {"length": 600}}]),
    "answered already": Live([{"PlayEarlyMedia": {"file": "URL/tone.wav"}}, {"Reject": {"reason": "too late"}}, PROMPT]),
}

URL = "http://127.0.0.1/x"
NOT_YET = {
    "AudioStream": {"location": {"uri": "grpc://a:443"}}, "GetSpeech": {"actionUrl": URL, "grammarFile": URL},
    "Sms": {"to": "+13125550101", "from": NUMBER, "text": "hello"}, "TranscribeUtterance": {"actionUrl": URL},
}
CALLS |= {name: Live([PROMPT, {name: attributes}]) for name, attributes in NOT_YET.items()}


class Told:
    """What became of one call: its webhooks, its log, its resource."""

    def __init__(self, server, app, far, call, number):
        self.server, self.app, self.far, self.call, self.number = server, app, far, call, number
        self.entries = server.rest.logs(call)
        self.resource = server.rest.call(call)

    def webhook(self, kind):
        return self.app.of(self.call, kind)[-1].json

    def entry(self, pattern):
        """The one that says so; the first, of a SIP message that may have been sent again."""
        found = [entry for entry in self.entries if re.search(pattern, entry["message"])]
        assert len(found) == 1 or found and pattern.startswith("^SIP"), f"{len(found)} entries say /{pattern}/: {[entry['message'] for entry in self.entries]}"
        return found[0]

    def seconds(self, command):
        """How long the command took."""
        return (self.entry(f"^PerCL {command} completed")["timestamp"] - self.entry(f"^PerCL {command}$")["timestamp"]) / 1e6

    def between(self, first, second):
        return (self.entry(second)["timestamp"] - self.entry(first)["timestamp"]) / 1e6

    @property
    def text(self):
        return "\n".join(json.dumps(entry, ensure_ascii=False) for entry in self.entries)

    @property
    def pressed(self):
        [dialog] = self.far.dialogs_of(self.number)
        heard = self.far.digits_heard(dialog)
        return [(digit, round(onset - heard[0][1], 2)) for digit, onset in heard]

    @property
    def child(self):
        """The call that its OutDial made."""
        call = self.webhook("outDialStart")["dialCallId"]
        return Told(self.server, self.app, self.far, call, self.server.rest.call(call)["to"])


@pytest.fixture(scope="module")
def stories(pytestconfig):
    """Every call, over."""
    folder = pytestconfig.belay_folder / "test_commands"
    numbers = {name: f"+1312555{2000 + place}" for place, name in enumerate(CALLS)}
    people = CHILDREN | {numbers[name]: call.person for name, call in CALLS.items()}
    far, app = FarEnd(decide=lambda number: people.get(number, Person())), WebhookApp()
    server = Belay(folder / "server", trunk=far.trunk)
    calls = {}
    try:
        # What is said once and thrice is spoken already, so that neither pays for the speaking.
        first = server.rest.post("/Applications", {
            "callConnectUrl": app.answer("/first", CALLS["Say once"].script), "statusCallbackUrl": app.url("/status")})
        first = server.rest.place(from_=NUMBER, to="+13125551999", applicationId=first.json["applicationId"])
        app.wait_for(first, "callStatus", 40)
        for place, (name, live) in enumerate(CALLS.items()):
            eventually(lambda: sum(not app.of(call, "callStatus") for call in calls.values()) < AT_ONCE, 60, "a call ends")
            base = app.url(f"/{place}")
            app.answer(f"/{place}/tone.wav", Reply(200, audio.tone(TONE_SECONDS), {"Content-Type": "audio/wav"}))
            for path, answer in live.answers.items():
                app.answer(f"/{place}{path}", answer)
            script = json.loads(json.dumps(live.script).replace("URL/", base + "/"))
            application = server.rest.post("/Applications", {
                "callConnectUrl": app.answer(f"/{place}/connect", script), "statusCallbackUrl": app.url("/status")})
            calls[name] = server.rest.place(from_=NUMBER, to=numbers[name], applicationId=application.json["applicationId"])
        for call in calls.values():
            app.wait_for(call, "callStatus", 40)
        eventually(lambda: server.gauge("belay_calls_live") == 0 == server.gauge("belay_outbox_depth"), 20, "all is over")
        yield {name: Told(server, app, far, call, numbers[name]) for name, call in calls.items()}
        assert far.faults == []
        assert webhook_model.faults(app.webhooks, server.secret) == []
    finally:
        server.stop()
        app.close()
        far.close()


def test_say_loop(stories):
    once, thrice = stories["Say once"].seconds("Say"), stories["Say.loop"].seconds("Say")
    assert 2.7 * once - 0.3 < thrice < 3.3 * once + 0.5, (once, thrice)


def test_say_language(stories):
    assert stories["Say.language"].entry("^PerCL Say$")["metadata"]["language"] == "fr-FR"
    assert stories["Say.language"].entry("^PerCL Say completed")["level"] == "info"


def test_say_engine(stories):
    """Any of the three is taken; the log says that one voice speaks for each of them."""
    assert stories["Say.engine"].entry("^PerCL Say$")["metadata"]["engine"] == \
        "freeclimb.neural; one voice speaks for every engine"
    assert "engine" not in stories["Say once"].entry("^PerCL Say$")["metadata"]


def test_say_privacy(stories):
    """Masked in the command's entry and in what the log shows of the script."""
    assert stories["Say.privacyMode"].entry("^PerCL Say$")["metadata"]["text"] == "XXXXX"
    assert CANARY not in stories["Say.privacyMode"].text


def test_play_loop(stories):
    assert stories["Play.loop"].seconds("Play") == lasting(3 * TONE_SECONDS)
    ended = stories["Play.loop for ever"]
    assert ended.resource["callEndedReason"] == "farEndHangup"
    assert "PerCL Play completed" not in ended.text


def test_play_privacy(stories):
    assert stories["Play.privacyMode"].entry("^PerCL Play$")["metadata"]["file"] == "XXXXX"
    assert CANARY not in stories["Play.privacyMode"].text


def test_pause_length(stories):
    told = stories["Pause.length"]
    assert told.between("^PerCL Pause$", "^PerCL Pause completed") == lasting(0.7)


@pytest.mark.parametrize("name, digits, reason, seconds", [
    ("GetDigits.initialTimeoutMs", "", "timeout", 0.8), ("GetDigits.digitTimeoutMs", "12", "timeout", 0.5 + 0.2 + 0.7),
    ("GetDigits.finishOnKey", "1#2", "finishKey", None), ("GetDigits.finishOnKey none", "1#*", "maxDigits", None),
    ("GetDigits.minDigits", "", "finishKey", None), ("GetDigits.maxDigits", "12", "maxDigits", None),
    ("GetDigits.flushBuffer", "5", "maxDigits", None), ("GetDigits typed ahead", "4", "maxDigits", None),
    ("GetDigits.prompts", "", "timeout", None), ("GetDigits.privacyMode", PRIVATE_DIGITS, "finishKey", None),
    ("GetDigits after Say", "5", "maxDigits", None), ("Texts that are numbers", "4", "maxDigits", None),
])
def test_get_digits(stories, name, digits, reason, seconds):
    told = stories[name]
    webhook = told.webhook("getDigits")
    assert (webhook["digits"], webhook["reason"]) == (digits, reason), webhook
    assert webhook["privacyMode"] == (name == "GetDigits.privacyMode"), webhook
    assert webhook["parentCallId"] is None and webhook["callStatus"] == "inProgress", webhook
    if seconds:
        assert told.seconds("GetDigits") == lasting(seconds)


def test_texts_that_are_numbers(stories):
    """SDKs before mid-2024 can send nothing else; what does not exist is passed over. The log has a hint for each."""
    told = stories["Texts that are numbers"]
    hints = [entry["message"] for entry in told.entries if entry["level"] == "warning"]
    for words in ("(SendDigits), pauseMs, is a text", "(Pause), length, is a text", "(GetDigits), maxDigits, is a text",
                  "(GetDigits), initialTimeoutMs, is a text", "(GetDigits), flushBuffer, is a text",
                  '(GetDigits) has no attribute "maxDigts", which is passed over: did you mean maxDigits?'):
        assert [hint for hint in hints if words in hint], (words, hints)


def test_get_digits_prompts(stories):
    """Say, Pause and Play one after another; only then does initialTimeoutMs run."""
    assert 0.3 + 0.3 + TONE_SECONDS < stories["GetDigits.prompts"].seconds("GetDigits") < 4
    path = re.search(r"/(\d+)/digits", stories["GetDigits.prompts"].text).group(1)
    assert [fetch for fetch in stories["GetDigits.prompts"].app.fetches if fetch.path == f"/{path}/tone.wav"]


def test_get_digits_privacy(stories):
    """In the webhook, since the app needs them, and nowhere in the log (docs/contract/privacy.md#the-mask)."""
    told = stories["GetDigits.privacyMode"]
    assert PRIVATE_DIGITS not in told.text
    assert not [entry for entry in told.entries if entry["metadata"].get("digit") in set(PRIVATE_DIGITS)]


def test_send_digits(stories):
    assert stories["SendDigits.digits"].pressed == [("1", 0), ("2", 0.5), ("3", 1.5)]
    assert stories["SendDigits.pauseMs"].pressed == [("1", 0), ("2", 0.2), ("3", 0.6)]
    private = stories["SendDigits.privacyMode"]
    assert [digit for digit, _ in private.pressed] == list("73417341")
    assert "73417341" not in private.text


UTTERANCES = {
    "RecordUtterance.silenceTimeoutMs": ("timeout", 0.9, 2.5),
    "RecordUtterance.maxLengthSec": ("maxLength", 0.9, 1.5),
    "RecordUtterance.finishOnKey": ("finishKey", 0.7, 2.0),
    "RecordUtterance.finishOnKey other": ("finishKey", 0.7, 2.0),
    "RecordUtterance.playBeep": ("timeout", 0.8, 2.7),
    "RecordUtterance.privacyMode": ("timeout", 0.7, 2.3),
    "RecordUtterance hangup": ("hangup", 0.5, 2.0),
}


@pytest.mark.parametrize("name", UTTERANCES)
def test_record_utterance(stories, name):
    """Why it ended, and how many seconds it has at least and at most."""
    reason, least, most = UTTERANCES[name]
    told = stories[name]
    webhook = told.webhook("record")
    assert webhook["termReason"] == reason, webhook
    seconds = (int(webhook["recordingSize"]) - 44) / 16000
    assert least < seconds < most, (webhook, seconds)
    assert 0 <= webhook["recordingDurationSec"] - seconds < 1.1, webhook
    assert webhook["recordingFormat"] == "audio/wav" and webhook["recordingId"] in webhook["recordingUrl"], webhook
    assert webhook["privacyMode"] == (name == "RecordUtterance.privacyMode"), webhook
    assert webhook["callStatus"] == ("completed" if reason == "hangup" else "inProgress"), webhook
    resource = told.server.rest.get(f"/Recordings/{webhook['recordingId']}").json
    assert resource["type"] == ("private" if webhook["privacyMode"] else "protected"), resource


def test_record_utterance_begins_with_the_voice(stories):
    """autoStart: nobody speaks before maxLengthSec, and there is no recording."""
    webhook = stories["RecordUtterance.autoStart"].webhook("record")
    assert (webhook["termReason"], webhook["recordingId"], webhook["recordingUrl"]) == ("maxLength", None, None), webhook


def test_out_dial(stories):
    """destination, callingNumber, actionUrl, callConnectUrl, statusCallbackUrl."""
    told = stories["OutDial"]
    start = told.webhook("outDialStart")
    assert (start["callId"], start["parentCallId"], start["callStatus"]) == (told.call, None, "inProgress"), start
    child = told.child
    assert child.number == "+13125559001" and child.resource["from"] == NUMBER
    connect = child.webhook("outDialConnect")
    assert (connect["callId"], connect["parentCallId"], connect["direction"]) == (child.call, told.call, "outboundDial")
    assert connect["dialCallStatus"] == connect["callStatus"] == "inProgress", connect
    ended = child.app.of(child.call, "callStatus")
    assert [webhook.path.rpartition("/")[2] for webhook in ended] == ["child-ended"]
    assert ended[0].json["callStatus"] == "completed" and ended[0].json["parentCallId"] == told.call


def test_out_dial_timeout(stories):
    child = stories["OutDial.timeout"].child
    assert child.webhook("outDialConnect")["dialCallStatus"] == "noAnswer"
    assert child.between("^SIP sent : INVITE", "^SIP sent : CANCEL") == lasting(1.0)


def test_out_dial_send_digits(stories):
    assert stories["OutDial.sendDigits"].child.pressed == [("5", 0), ("6", 1.0)]


def test_out_dial_privacy(stories):
    told = stories["OutDial.privacyMode"]
    assert [digit for digit, _ in told.child.pressed] == list("73417341")
    assert "73417341" not in told.text + told.child.text


def test_out_dial_status_callback_of_the_parent(stories):
    """Without a statusCallbackUrl of its own the child's end is told where the parent's is.

    docs/contract/calls.md#status-callback-url.
    """
    child = stories["OutDial.statusCallbackUrl"].child
    assert [webhook.path for webhook in child.app.of(child.call, "callStatus")] == ["/status"]


@pytest.mark.parametrize("name, key, value", [
    ("OutDial.callingNumber", "code", 46), ("OutDial.destination", "rule", "premium"),
])
def test_out_dial_is_refused(stories, name, key, value):
    """A number that is nobody's, and one that a rule forbids: the log names them, and nobody is called."""
    told = stories[name]
    assert told.resource["callEndedReason"] == "perclProcessingError"
    assert told.entry("^PerCL OutDial failed")["metadata"][key] == value
    assert told.server.rest.all_calls(parentCallId=told.call) == []


def test_redirect(stories):
    """Behind another command it is a redirect; first in a script it hands on what was asked.

    docs/contract/webhooks.md#redirect.
    """
    told = stories["Redirect.actionUrl"]
    assert [w.path.rpartition("/")[2] for w in told.app.of(told.call)] == ["connect", "next", "status"]
    assert told.webhook("redirect")["originalRequestType"] is None
    first = stories["Redirect first"].webhook("redirect")
    assert (first["originalRequestType"], first["dialCallStatus"]) == ("outDialApiConnect", "inProgress")


def test_hangup_reason(stories):
    assert stories["Hangup.reason"].entry("^Call completed")["metadata"]["explanation"] == "Hangup: we are done here"


def test_start_record_call(stories):
    told = stories["StartRecordCall"]
    ending = told.webhook("callStatus")
    assert (ending["recordingDurationSec"], ending["recordingId"] in ending["recordingUrl"]) == (1, True), ending
    [listed] = told.server.rest.get(f"/Calls/{told.call}/Recordings").json["recordings"]
    assert listed["recordingId"] == ending["recordingId"]
    assert stories["Say once"].webhook("callStatus")["recordingId"] is None


def test_what_comes_too_late_is_passed_over(stories):
    """PlayEarlyMedia and Reject mean something before the answer alone."""
    told = stories["answered already"]
    assert told.resource["callEndedReason"] == "appHangup"
    for command in "PlayEarlyMedia", "Reject":
        told.entry(f"^PerCL {command} skipped")


def test_before_the_answer(belay, app):
    """PlayEarlyMedia.file is played while the call rings; Reject.reason is in the log of the next call."""
    server = belay()
    file = app.answer("/tone.wav", Reply(200, audio.tone(0.6), {"Content-Type": "audio/wav"}))
    scripts = iter([[{"PlayEarlyMedia": {"file": file}}, {"Pause": {"length": 100}}, {"Say": {"text": "Hello"}}],
                    [{"Reject": {"reason": "not today"}}]])
    voice = app.answer("/voice", lambda webhook: next(scripts))
    application = server.rest.post("/Applications", {
        "voiceUrl": voice, "statusCallbackUrl": app.url("/status")}).json["applicationId"]
    [number] = server.rest.get("/IncomingPhoneNumbers").json["incomingPhoneNumbers"]
    server.rest.post(f"/IncomingPhoneNumbers/{number['phoneNumberId']}", {"applicationId": application})
    for count in 1, 2:
        assert server.rest.post("/Carrier/Calls", {"to": NUMBER}).status == 202
        eventually(lambda: len([w for w in app.webhooks if w.kind == "callStatus"]) == count, 20, "the call is over")
    rejected, played = (Told(server, app, None, call["callId"], call["to"]) for call in server.rest.all_calls())
    order = [entry["message"] for entry in played.entries if re.match("PerCL|Call ", entry["message"])]
    assert order.index("PerCL PlayEarlyMedia completed") < order.index("Call inProgress") < order.index("PerCL Say"), order
    assert played.seconds("PlayEarlyMedia") == lasting(0.6)
    assert (rejected.resource["status"], rejected.resource["callEndedReason"]) == ("failed", "appReject")
    assert rejected.entry("^Call failed")["metadata"]["explanation"] == "Reject: not today"


@pytest.mark.parametrize("name", NOT_YET)
def test_a_command_that_is_not_in_this_version(stories, name):
    """The script is taken, since it is valid; the call ends at the command, and its log says why.

    docs/contract/percl.md#commands-that-this-version-does-not-run.
    """
    told = stories[name]
    assert (told.resource["status"], told.resource["callEndedReason"]) == ("completed", "perclProcessingError")
    entry = told.entry(f"^PerCL {name} is not in this version")
    assert (entry["level"], entry["metadata"]["index"]) == ("error", 1)
    told.entry("^PerCL Pause completed")
