"""`belay show`: whoever has only its output can say who ended the call, and why.

Each ending is a call of its own; all of them run at once, on two servers: one with the simulated carrier, and one with
a far end of the tests' own for what the carrier's people do not do. What is asserted of an ending are the lines that a
reader would point at.
"""

import os
import re
import socket
import subprocess
from dataclasses import dataclass

import pytest

from harness.far_end import FarEnd, Person
from harness.server import NUMBER, Belay, binary
from harness.sip import SIPMessage
from harness.waiting import eventually
from harness.webhook_app import Reply, WebhookApp

PREFIX = "+1500555"
LONG = {"Pause": {"length": 60000}}
SPEECH = {"Say": {"text": "You are on belay. Climb when you are ready. Keep the rope tight and look up now and then."}}
DEAD_LINE_SECONDS, LONGEST_SECONDS = 2, 4


@dataclass
class Ending:
    """How a call comes to its end: whom it dials, what its app answers, what is asked of it over REST meanwhile.

    status, reason: as the head has them. tells: patterns of lines, in this order, that tell who ended it and why.
    never: what would mislead.
    """

    status: str
    reason: str
    tells: list
    to: str = PREFIX + "0010"
    answer: list | Reply | None = None
    timeout: int | None = None
    update: tuple | None = None
    url: str | None = None
    never: tuple = ()


WE_HANG_UP = r"SIP sent : BYE"
THEY_HANG_UP = r"SIP received : BYE"
REFUSALS = {
    "busy": ("0486", "busy", "486 Busy Here"),
    "not found": ("0404", "failed", "404 Not Found"),
    "unavailable": ("0480", "noAnswer", "480 Temporarily Unavailable"),
    "trunk in trouble": ("0503", "failed", "503 Service Unavailable"),
    "declined": ("0603", "busy", "603 Decline"),
}

ENDINGS = {
    "the script ran out": Ending(
        "completed", "appHangup",
        [r"PerCL Pause completed", r"Call completed \(appHangup; the script ran out\)", WE_HANG_UP],
        answer=[{"Pause": {"length": 200}}], never=(THEY_HANG_UP,)),
    "Hangup": Ending(
        "completed", "appHangup",
        [r"PerCL Hangup", r"Call completed \(appHangup; Hangup: we are done here\)", WE_HANG_UP],
        answer=[{"Hangup": {"reason": "we are done here"}}], never=(THEY_HANG_UP,)),
    "hung up in mid-prompt": Ending(
        "completed", "farEndHangup",
        [r"PerCL Say \(You are on belay", THEY_HANG_UP, r"Call completed \(farEndHangup; the far end hung up\)"],
        to=PREFIX + "2001", answer=[SPEECH], never=(r"PerCL Say completed", WE_HANG_UP)),
    "timeout": Ending(
        "noAnswer", "noAnswer",
        [r"timeout: 2$", r"SIP received : SIP/2.0 180", r"Call noAnswer \(noAnswer; nobody answered within .*\)",
         r"SIP sent : CANCEL"],
        to=PREFIX + "0001", timeout=2, never=(r"Cancel requested",)),
    "no response": Ending(
        "failed", "failed",
        [r"SIP sent : INVITE", r"SIP sent : INVITE .*\(again\)",
         r"Call failed \(failed; no response to the INVITE at all\)"],
        to=PREFIX + "0000", timeout=600, never=(r"SIP received",)),
    "canceled over REST": Ending(
        "canceled", "callCanceled",
        [r"SIP received : SIP/2.0 180", r"Cancel requested", r"Call canceled \(callCanceled; canceled over REST\)",
         r"SIP sent : CANCEL"],
        to=PREFIX + "0001", update=("ringing", "canceled")),
    "completed over REST": Ending(
        "completed", "appHangup",
        [r"Hang-up requested", r"Call completed \(appHangup; hung up over REST\)", WE_HANG_UP],
        answer=[LONG], update=("inProgress", "completed"), never=(THEY_HANG_UP,)),
    "webhook refused": Ending(
        "completed", "webhookFailed",
        [r"Webhook outDialApiConnect failed : .*(?i:refused|connect)", r"url: http://127\.0\.0\.1:9/connect",
         r"Call completed \(webhookFailed; .*(?i:refused|connect).*\)", WE_HANG_UP],
        url="http://127.0.0.1:9/connect", never=(THEY_HANG_UP,)),
    "webhook 500": Ending(
        "completed", "webhookInvalidResponse",
        [r"! Webhook outDialApiConnect answered : 500", r"responseBody: .*the database is asleep",
         r"Call completed \(webhookInvalidResponse; .*\b500\b.*\)", WE_HANG_UP],
        answer=Reply(500, "the database is asleep"), never=(THEY_HANG_UP,)),
    "script invalid": Ending(
        "completed", "appInvalidPercl",
        [r"Webhook outDialApiConnect answered : 200", r"Call completed \(appInvalidPercl; .*Say.*\btext\b.*\)",
         WE_HANG_UP],
        answer=[{"Pause": {"length": 10}}, {"Say": {"language": "en-US"}}], never=(THEY_HANG_UP, r"PerCL Pause")),
    "script empty": Ending(
        "completed", "appNoPercl",
        [r"Webhook outDialApiConnect answered : 200", r"responseBody: \W*\[\]",
         r"Call completed \(appNoPercl; the answer holds no PerCL command\)", WE_HANG_UP],
        answer=[], never=(THEY_HANG_UP,)),
    "longest call": Ending(
        "completed", "maxDuration",
        [r"Call completed \(maxDuration; the longest call .*\)", WE_HANG_UP], answer=[LONG], never=(THEY_HANG_UP,)),
    "line gone dead": Ending(
        "completed", "failed",
        [r"Call completed \(failed; the far end's media fell silent.*hung up here.*\)", WE_HANG_UP], to="+13125550142",
        answer=[LONG], never=(THEY_HANG_UP,)),
} | {
    name: Ending(status, status, [rf"SIP received : SIP/2.0 {words}",
                                  rf"Call {status} \({status}; the far end answered {words}\)"], to=PREFIX + number)
    for name, (number, status, words) in REFUSALS.items()
} | {
    "Reject": Ending(
        "failed", "appReject",
        [r"Call came in", r"PerCL Reject", r"Call failed \(appReject; Reject: nobody is at home\)",
         r"SIP sent : SIP/2.0 603"],
        answer=[{"Reject": {"reason": "nobody is at home"}}]),
    "the caller gave up": Ending(
        "canceled", "callCanceled",
        [r"Call came in", r"SIP received : CANCEL", r"Call canceled \(callCanceled; the caller gave up\)"]),
}
OWN_FAR_END = {"line gone dead"}
INBOUND = {"Reject", "the caller gave up"}


def show(server, call):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BELAY_")}
    done = subprocess.run([binary(), "show", call, "--data", server.data], env=environment, capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0, done
    return done.stdout


@pytest.fixture(scope="module")
def stories(pytestconfig):
    """The output for each ending's call, by the ending's name."""
    folder = pytestconfig.belay_folder / "test_show"
    app = WebhookApp()
    far = FarEnd(decide=lambda number: Person(speaks=25))
    started = []
    try:
        carrier = Belay(folder / "carrier", env={"BELAY_MAX_CALL_SECONDS": str(LONGEST_SECONDS)})
        started.append(carrier)
        trunk = Belay(folder / "trunk", trunk=far.trunk, env={"BELAY_DEAD_LINE_SECONDS": str(DEAD_LINE_SECONDS)})
        started.append(trunk)
        calls = {}
        for number, (name, ending) in enumerate(ENDINGS.items()):
            if name not in INBOUND:
                server = trunk if name in OWN_FAR_END else carrier
                calls[name] = (server, place(server, app, ending, f"/{number}"))
        for name, (server, call) in calls.items():
            if update := ENDINGS[name].update:
                server.wait_for_status(call, update[0])
                if update[0] == "ringing":
                    eventually(lambda: "SIP/2.0 180" in str(server.rest.logs(call)), 10, f"{name}: it rings")
                assert server.rest.update(call, update[1]).status == 202, name
        calls["Reject"] = (carrier, reject(carrier, app, ENDINGS["Reject"]))
        calls["the caller gave up"] = (carrier, give_up(carrier, app, earlier=(calls["Reject"][1],)))
        for server, call in calls.values():
            server.wait_until_ended(call, 30)
        for server in started:
            eventually(lambda: server.gauge("belay_calls_live") == 0, 15, "every call is over")
        texts = {name: show(server, call) for name, (server, call) in calls.items()}
        for name, text in texts.items():
            (folder / f"{name}.txt").write_text(text)
        yield texts
    finally:
        for server in started:
            server.stop()
        far.close()
        app.close()


def place(server, app, ending, path):
    more = {} if ending.timeout is None else {"timeout": ending.timeout}
    url = ending.url or app.answer(path, [LONG] if ending.answer is None else ending.answer)
    return server.rest.place(from_=NUMBER, to=ending.to, callConnectUrl=url, **more)


def answer_calls(server, app, path, reply):
    """Gives the account's number an application that answers so."""
    made = server.rest.post("/Applications", {"voiceUrl": app.answer(path, reply)}).json["applicationId"]
    [number] = server.rest.get("/IncomingPhoneNumbers").json["incomingPhoneNumbers"]
    answer = server.rest.post(f"/IncomingPhoneNumbers/{number['phoneNumberId']}", {"applicationId": made})
    assert answer.status == 200, answer


def inbound(server, but=()):
    """The call that came in, once it is there."""
    def arrived():
        calls = [call["callId"] for call in server.rest.all_calls() if call["direction"] == "inbound"]
        return [call for call in calls if call not in but]

    [call] = eventually(arrived, 10, "a call comes in")
    return call


def reject(server, app, ending):
    """Somebody of the carrier calls in; the application refuses."""
    answer_calls(server, app, "/voice", ending.answer)
    assert server.rest.post("/Carrier/Calls", {"to": NUMBER}).status == 202
    call = inbound(server)
    server.wait_until_ended(call)
    return call


def give_up(server, app, earlier):
    """Somebody calls in, and hangs up while the application still thinks."""
    answer_calls(server, app, "/slow", Reply(200, [LONG], delay=2))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        caller.bind(("127.0.0.1", 0))
        caller.settimeout(5)
        port = caller.getsockname()[1]

        def send(method, to_tag="", body=""):
            lines = [f"{method} sip:{NUMBER}@127.0.0.1 SIP/2.0", f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKup",
                     "From: <sip:+13125550111@127.0.0.1>;tag=up", f"To: <sip:{NUMBER}@127.0.0.1>{to_tag}",
                     "Call-ID: up@127.0.0.1", f"CSeq: 1 {method}", "Max-Forwards: 70",
                     f"Contact: <sip:+13125550111@127.0.0.1:{port}>"]
            lines += ["Content-Type: application/sdp"] if body else []
            caller.sendto("\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode(), server.sip)

        def receive(status):
            while (message := SIPMessage.parse(caller.recv(65535))).status != status:
                assert message.status < 200 or message.cseq[1] == "CANCEL", message.start
            return message

        send("INVITE", body=f"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                            f"m=audio {port} RTP/AVP 0\r\n")
        receive(180)
        send("CANCEL")
        send("ACK", f";tag={receive(487).tag('to')}")
    return inbound(server, but=earlier)


def test_there_are_enough_endings():
    assert len(ENDINGS) >= 10


@pytest.mark.parametrize("name", ENDINGS)
def test_tells_who_ended_it_and_why(stories, name):
    text, ending = stories[name], ENDINGS[name]
    lines = text.splitlines()
    head = dict(re.split(r"\s{2,}", line, maxsplit=1) for line in lines[:lines.index("")])
    assert (head["status"], head["callEndedReason"]) == (ending.status, ending.reason), text
    place = 0
    for pattern in ending.tells:
        found = next((n for n in range(place, len(lines)) if re.search(pattern, lines[n])), None)
        assert found is not None, f"no line says /{pattern}/ after line {place} of\n{text}"
        place = found + 1
    for pattern in ending.never:
        assert not re.search(pattern, text), f"/{pattern}/ is there, and would mislead:\n{text}"
    assert len([line for line in lines if re.search(rf"\bCall {ending.status}\b", line)]) == 1, text
