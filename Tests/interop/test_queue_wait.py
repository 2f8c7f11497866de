"""`queue-seconds`: no call is accepted whose turn would come too late, and none rings late.

Neither test hangs on how fast the machine is: the one has a trunk whose pace is set, the other a far end that says nothing.
"""

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.far_end import Person
from harness.server import NUMBER
from harness.steps import application
from harness.waiting import eventually
from harness.webhook_app import HANGUP

pytestmark = pytest.mark.alone

PACE = 5
QUEUE_SECONDS = 5
#: What a busy machine may take from the 202 to its being read here, and from the INVITE to its being read there.
SLACK_SECONDS = 1


def refused(answer):
    """Whether it is the refusal that it should be; it says when to come again."""
    assert answer.status in (202, 429), answer
    if answer.status == 202:
        return False
    assert answer.json["code"] == 24 and answer.json["details"]["rule"] == "queueSeconds", answer
    assert 1 <= int(answer.headers["retry-after"]) <= QUEUE_SECONDS, (answer.headers, answer)
    return True


def test_ten_times_the_pace(belay, app, far_end):
    far = far_end(decide=lambda number: Person(rings=None))
    server = belay(trunk=far.trunk, env={"BELAY_CALLS_PER_SECOND": str(PACE)},
                   arguments=["--queue-seconds", str(QUEUE_SECONDS)])
    connect = application(server, app, HANGUP)
    accepted = {}

    def ask(number, key=None):
        body = json.dumps({"from": NUMBER, "to": number, "applicationId": connect, "timeout": 2}).encode()
        headers = {"Idempotency-Key": key} if key else {}
        answer = server.rest.raw("POST", f"{server.rest.path}/Calls", body, headers)
        if not refused(answer):
            accepted.setdefault(number, time.monotonic())
        return answer

    first = ask("+13125551000", key="first")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: ask(f"+1312555{n:04}"), range(2000, 2000 + 10 * PACE * QUEUE_SECONDS // 4)))
    assert any(answer.status == 429 for answer in answers), Counter(answer.status for answer in answers)
    # Only a call is refused, and not the answer that was given: nor is a key used up by a refusal.
    again = ask("+13125551000", key="first")
    assert again.json["callId"] == first.json["callId"] and again.headers["idempotent-replayed"] == "true", again
    last = ask("+13125553000", key="last")
    while last.status == 429:
        left = int(last.headers["retry-after"])
        came = time.monotonic() + left
        eventually(lambda: time.monotonic() >= came, left + 1, "the time that was named has passed")
        last = ask("+13125553000", key="last")
    assert "idempotent-replayed" not in last.headers

    eventually(lambda: not server.rest.all_calls(status="queued"), 2 * QUEUE_SECONDS, "nobody waits any more")
    ends = {call["to"]: call for call in server.rest.all_calls()}
    assert ends.keys() == accepted.keys(), "what was refused made no call"
    late = [call for call in ends.values() if call["callEndedReason"] == "internalError"]
    assert len(late) <= len(ends) // 10, f"accepted, and never dialled: {late}"
    for number, at in accepted.items():
        if ends[number] in late:
            assert number not in far.call_ids_by_number, "it was told of as not dialled"
            continue
        [call_id] = eventually(lambda: far.call_ids_by_number.get(number), 5, f"{number} is called")
        waited = far.invite_datagrams[call_id][0] - at
        assert waited <= QUEUE_SECONDS + SLACK_SECONDS, f"{number} rang {waited:.1f} s after it was accepted"


def test_what_waits_for_nothing_is_ended(belay, app, far_end):
    """A trunk that says nothing: so many INVITEs are out, and whoever waits behind them is told in time that it was in vain."""
    far = far_end(decide=lambda number: None)
    server = belay(trunk=far.trunk, t1_ms=500, arguments=["--queue-seconds", "3"])
    connect = application(server, app, HANGUP)
    answers = {}

    def ask(n):
        number = f"+1312555{n:04}"
        answers[number] = server.rest.post("/Calls", {"from": NUMBER, "to": number, "applicationId": connect})
        return answers[number].status

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(1000, 1180)))
    eventually(lambda: ask(2000 + len(answers)) == 429, 20, "a standstill is noticed")
    accepted = {number: answer.json["callId"] for number, answer in answers.items() if answer.status == 202}
    waiting = server.rest.all_calls(status="queued")
    assert waiting, "somebody waits"
    for call in waiting:
        told = app.wait_for(call["callId"], "callStatus", 20).json
        assert (told["callStatus"], told["callEndedReason"]) == ("failed", "internalError"), told
        [entry] = [entry for entry in server.rest.logs(call["callId"]) if entry["message"] == "Call failed"]
        assert "INVITEs had brought nothing back yet" in entry["metadata"]["explanation"], entry
    assert {call["to"] for call in waiting}.isdisjoint(far.call_ids_by_number), "none of them is dialled, then or later"
    assert accepted.keys() >= far.call_ids_by_number.keys()
    server.kill()  # what it has sent it would send again for half a minute
