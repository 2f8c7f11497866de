"""Idempotency-Key on Make a Call: a request that comes twice makes one call, whatever happens between.

docs/contract/rest.md#idempotency.
"""

import json
import os
import random
import statistics
import threading
import time
from collections import Counter

import pytest

from harness.far_end import Person
from harness.rest import Client
from harness.server import NUMBER
from harness.steps import TO, application
from harness.webhook_app import HANGUP

ROUNDS = 40
LONGEST_DELAY_SECONDS = 0.015


def post(client, body, key):
    return client.raw("POST", f"{client.path}/Calls", json.dumps(body).encode(), {"Idempotency-Key": key})


def is_replayed(answer):
    return answer.headers.get("idempotent-replayed") == "true"


def test_a_request_that_comes_again(belay, far_end, app):
    far = far_end()
    server = belay(trunk=far.trunk, rtp_ports=800)
    body = {"from": NUMBER, "to": TO, "applicationId": application(server, app, HANGUP)}
    first = post(server.rest, body, "first-key")
    assert first.status == 202 and "idempotent-replayed" not in first.headers, first
    call = first.json["callId"]
    app.wait_for(call, "callStatus")

    # The members' order is not part of what was asked.
    for again in (body, dict(reversed(body.items()))):
        answer = post(server.rest, again, "first-key")
        assert (answer.status, answer.json["callId"]) == (202, call) and is_replayed(answer), answer
    assert answer.json["status"] == "completed", "the call is told of as it is now"

    for other in (body | {"timeout": 31}, body | {"to": TO[:-1] + "9"}, body | {"privacyMode": True}):
        answer = post(server.rest, other, "first-key")
        assert answer.status == 409 and call in answer.body.decode(), answer
        assert "idempotent-replayed" not in answer.headers, answer

    second = post(server.rest, body | {"to": TO[:-1] + "8"}, "second-key")
    assert second.status == 202 and second.json["callId"] != call and not is_replayed(second), second
    app.wait_for(second.json["callId"], "callStatus")
    # A refused request uses no key up.
    assert post(server.rest, body | {"timeout": 0}, "third-key").status == 400
    third = post(server.rest, body | {"to": TO[:-1] + "7"}, "third-key")
    assert third.status == 202 and not is_replayed(third), third
    app.wait_for(third.json["callId"], "callStatus")
    for bad in ("", "x" * 256, "with space"):
        assert post(server.rest, body, bad).status == 400, bad
    assert len(server.rest.all_calls()) == 3
    dialled = {number: len(call_ids) for number, call_ids in far.call_ids_by_number.items()}
    assert dialled == {TO: 1, TO[:-1] + "8": 1, TO[:-1] + "7": 1}


def test_many_at_once(belay, far_end, app):
    """The same request from eight sides in one moment: one call, and everybody is told of it."""
    far = far_end()
    server = belay(trunk=far.trunk, rtp_ports=800)
    body = {"from": NUMBER, "to": TO, "applicationId": application(server, app, HANGUP)}
    answers, together = [], threading.Barrier(8)

    def ask():
        client = Client(server.http, server.rest.account, server.rest.key)
        client.raw("GET", "/health", authorized=False)
        together.wait(10)
        answers.append(post(client, body, "one-key"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [answer.status for answer in answers] == [202] * 8, [str(answer) for answer in answers]
    [call] = {answer.json["callId"] for answer in answers}
    assert sorted(map(is_replayed, answers)) == [False] + [True] * 7
    app.wait_for(call, "callStatus")
    assert len(server.rest.all_calls()) == 1 and len(far.call_ids_by_number[TO]) == 1


@pytest.mark.timeout(180)
def test_killed_around_the_creation(belay, far_end, app):
    """kill -9 at any moment around the create, and the same request again: one call, dialled once at most."""
    seed = int(os.environ.get("BELAY_CRASH_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"BELAY_CRASH_SEED={seed}")
    rng = random.Random(seed)
    # As patient as RFC 3261 has it where T1 is 500 ms: how long a start takes here is not what is looked at.
    far = far_end(decide=lambda number: Person(answers=0.02), caller_may_crash=True, dead_line=1.5, patience=32)
    # Fewer ports: a start is quicker, and no round needs more than two.
    server = belay(trunk=far.trunk, rtp_ports=200)
    body = {"from": NUMBER, "applicationId": application(server, app, HANGUP)}
    app.unfinished_allowed = True

    def create(client, number, key, made):
        try:
            made.append(post(client, body | {"to": number}, key))
        except OSError:
            pass  # killed under our hands: no answer, no promise

    # So long a creation takes here; the kills fall before its end and after it alike.
    spent = []
    for index in range(5):
        began = time.monotonic()
        assert post(server.rest, body | {"to": f"+131244400{index:02}"}, f"warm-{index}").status == 202
        spent.append(time.monotonic() - began)
    longest_delay = max(LONGEST_DELAY_SECONDS, 2 * statistics.median(spent))

    outcomes, calls = Counter(), {}
    for round_number in range(ROUNDS):
        number, key, made = f"+131255500{round_number:02}", f"round-{round_number}", []
        # Evenly over the whole time, and at random within each step of it.
        delay = longest_delay * (round_number % 20 + rng.random()) / 20
        is_connected = threading.Event()

        def first():
            client = Client(server.http, server.rest.account, server.rest.key)
            client.raw("GET", "/health", authorized=False)
            is_connected.set()
            create(client, number, key, made)

        thread = threading.Thread(target=first)
        thread.start()
        assert is_connected.wait(10)
        # The answer may have come before; who was told of a call must find it again.
        threading.Event().wait(delay)
        server.kill()
        thread.join(10)
        server.start()

        where = f"round {round_number}, killed after {1000 * delay:.1f} ms (seed {seed})"
        again = post(server.rest, body | {"to": number}, key)
        assert again.status == 202, f"{where}: {again}"
        call = again.json["callId"]
        [listed] = server.rest.all_calls(to=number)
        assert listed["callId"] == call, f"{where}: {listed} but {again}"
        for answer in made:
            assert answer.status == 202 and answer.json["callId"] == call, f"{where}: {answer} and then {again}"
            assert is_replayed(again), where
        third = post(server.rest, body | {"to": number}, key)
        assert third.json["callId"] == call and is_replayed(third), f"{where}: {third}"
        calls[number] = call
        outcomes["answered" if made else "stored" if is_replayed(again) else "lost"] += 1
        # A second kill in the midst of the far end's repetitions would leave nobody who knows the call.
        server.wait_until_ended(call)
        far.wait_until_quiet(far.patience + 5)

    for number, call in calls.items():
        ended = server.wait_until_ended(call)
        dialled = far.call_ids_by_number[number]
        outcomes[ended["status"], ended["callEndedReason"]] += 1
        if ended["callEndedReason"] == "internalError":
            # The restart ended it, for its INVITE may have left (docs/contract/calls.md#a-restart).
            assert len(dialled) <= 1, (number, ended, dialled)
        else:
            assert len(dialled) == 1, (number, ended, dialled)
    print(f"a creation takes {1000 * statistics.median(spent):.1f} ms; {dict(outcomes)}")
    assert outcomes["lost"] and outcomes["answered"] + outcomes["stored"], f"the kills missed the creation: {outcomes}"
