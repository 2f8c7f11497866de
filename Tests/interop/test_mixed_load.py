"""Calls to everybody in the carrier's table at an even pace: each ends by its row, and nothing is left over. A machine
that does not bear the pace is called at its own: how many calls a second it takes is `scripts/bench calls`' to say.

BELAY_LOAD_SECONDS (30) is how long calls are placed, BELAY_LOAD_RATE how many a second: 40 for a release build. A
debug build spends 25 ms on a call and its carrier's side of it, and two cores that do other things besides would be
fully busy with 40: it gets 20.
"""

import os
import random
import re
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from harness.server import NUMBER, REPOSITORY, binary
from harness.waiting import eventually
from harness.webhook_app import HANGUP, Reply

pytestmark = pytest.mark.alone

SECONDS = int(os.environ.get("BELAY_LOAD_SECONDS", "30"))
RATE = int(os.environ.get("BELAY_LOAD_RATE") or (40 if "release" in binary().parts else 20))
# RFC 3261 §17.1.1.2: timer D, whatever T1 is.
TIMER_D_SECONDS = 32
# Somebody who is not spoken to hangs up after 30 s.
LONGEST_SECONDS = 45
# What the server may hold more after the last third of the calls than after the second; the first fills caches and
# takes from the system what the allocator then keeps. A call that left 30 kB behind would be noticed in 200 calls, and
# 1.5 kB in 4,000, five minutes' third.
MEMORY_MEGABYTES = 6

WAIT = [{"Pause": {"length": 700}}, {"Hangup": {}}]
SAY = {"Say": {"text": "You are on belay."}}
TALK = [SAY, {"Hangup": {}}]
RECORDED = [{"StartRecordCall": {}}, SAY, {"Hangup": {}}]
STAY = [SAY, {"Pause": {"length": 60000}}]


@dataclass(frozen=True)
class Row:
    """A number, and what calls to it come to. `asks`: its people press keys, and the script wants these."""

    number: str
    status: str
    reason: str
    script: tuple | list = ()
    timeout: int = 60
    is_canceled: bool = False
    asks: str | None = None


ROWS = [
    Row("0000", "failed", "failed"),
    Row("0001", "noAnswer", "noAnswer", timeout=1),
    Row("0002", "canceled", "callCanceled", is_canceled=True),
    *(Row(number, "completed", "appHangup", WAIT)
      for number in ("0003", "0004", "0006", "0007", "0008", "0009", "0013", "0014", "0015", "0016", "0017", "1000")),
    *(Row(number, "completed", "appHangup", TALK) for number in ("0005", "1142")),
    Row("0010", "completed", "appHangup", RECORDED),
    *(Row(number, "completed", "farEndHangup", STAY) for number in ("0011", "0012", "2001", "2002", "+13125550142")),
    *(Row(number, "failed", "failed") for number in ("0404", "0503", "0488")),
    *(Row(number, "noAnswer", "noAnswer") for number in ("0480", "0408")),
    *(Row(number, "busy", "busy") for number in ("0486", "0600", "0603")),
    Row("3012", "completed", "appHangup", asks="12"),
    Row("4012", "completed", "appHangup", asks="12"),
    Row("5007", "completed", "appHangup", asks="7"),
]
BY_NUMBER = {row.number if row.number.startswith("+") else "+1500555" + row.number: row for row in ROWS}


def matches(form, number):
    """Whether a number has a form of the table, in which letters stand for digits."""
    pattern = re.sub("[A-Z]", r"\\d", form.replace("+", r"\+").replace("…", r"\d*"))
    return re.fullmatch(pattern, number) is not None


def test_every_row_is_called():
    table = (REPOSITORY / "docs" / "carrier.md").read_text()
    forms = re.findall(r"^\| `(\+1500555[^`]+)` \|", table, re.M)
    assert len(forms) > 20
    assert [form for form in forms if not any(matches(form, number) for number in BY_NUMBER)] == []


class Driver:
    """Places calls by the clock; a call that is late does not make the next ones late."""

    def __init__(self, server, application):
        self.server, self.application = server, application
        self.calls = {}
        self.latest = 0.0

    def place(self, seconds, seed):
        """`RATE` calls a second; returns how many."""
        numbers = list(BY_NUMBER) * (RATE * seconds // len(BY_NUMBER) + 1)
        random.Random(seed).shuffle(numbers)
        numbers = numbers[:RATE * seconds]
        began = time.monotonic()
        pace = threading.Event()
        with ThreadPoolExecutor(12) as pool:
            pending = []
            for index, number in enumerate(numbers):
                due = began + index / RATE
                pace.wait(max(0.0, due - time.monotonic()))
                pending.append(pool.submit(self._place, number, due))
            for one in pending:
                one.result()
        return len(numbers)

    def _place(self, number, due):
        row = BY_NUMBER[number]
        call = self.server.rest.place(from_=NUMBER, to=number, applicationId=self.application, timeout=row.timeout)
        self.latest = max(self.latest, time.monotonic() - due)
        self.calls[call] = row
        if row.is_canceled:
            timer = threading.Timer(1.0, self.server.rest.update, (call, "canceled"))
            timer.daemon = True
            timer.start()


def check_end(server, app, call, row):
    """The resource and the webhooks of one call; an empty list when they are its row's."""
    resource = server.rest.call(call)
    found = []
    if (resource["status"], resource["callEndedReason"]) != (row.status, row.reason):
        found.append(f"{resource['status']}, {resource['callEndedReason']}; wanted {row.status}, {row.reason}")
    kinds = [webhook.kind for webhook in app.of(call)]
    wanted = ["outDialApiConnect", *(["getDigits"] if row.asks else []), "callStatus"]
    if kinds != wanted:
        found.append(f"webhooks {kinds}; wanted {wanted}")
    for webhook in app.of(call, "callStatus"):
        if (webhook.json["callStatus"], webhook.json["callEndedReason"]) != (row.status, row.reason):
            found.append(f"callStatus tells {webhook.json}")
    for webhook in app.of(call, "getDigits"):
        if webhook.json["digits"] != row.asks:
            found.append(f"pressed {webhook.json['digits']!r}, wanted {row.asks!r}")
    return [f"{resource['to']} ({call}): {fault}" for fault in found]


@pytest.mark.timeout(SECONDS + 240)
def test_everybody_is_called(belay, app):
    server = belay(rtp_ports=4000)
    app.answer("/digits", HANGUP)

    def connect(webhook):
        row = BY_NUMBER[webhook.json["to"]]
        if row.asks is None:
            return Reply(200, list(row.script))
        return Reply(200, [{"GetDigits": {
            "actionUrl": app.url("/digits"), "maxDigits": len(row.asks), "prompts": [SAY]}}])

    made = server.rest.post("/Applications", {
        "callConnectUrl": app.answer("/connect", connect), "statusCallbackUrl": app.url("/status")})
    driver = Driver(server, made.json["applicationId"])
    before = server.resident_megabytes
    held = []
    for third in (1, 2, 3):
        first = set(driver.calls)
        count = driver.place(SECONDS // 3, seed=third)
        calls = {call: row for call, row in driver.calls.items() if call not in first}
        assert len(calls) == count
        left = set(calls)

        def all_told():
            left.difference_update([call for call in left if app.of(call, "callStatus")])
            return not left

        eventually(all_told, LONGEST_SECONDS,
                   lambda: f"every callStatus; {len(left)} are missing, of {Counter(calls[c].number for c in left)}")
        server.wait_until_idle(refused=sum(row.status != "completed" for row in driver.calls.values()))
        with ThreadPoolExecutor(4) as pool:
            faults = sum(pool.map(lambda one: check_end(server, app, *one), calls.items()), [])
        # After the reading, for what reads keeps pages.
        held.append(server.resident_megabytes)
        assert not faults, f"{len(faults)} of {count} calls:\n" + "\n".join(faults[:30])
    print(f"{len(driver.calls)} calls, {RATE} a second; answered at the latest {driver.latest:.2f} s after their time; "
          f"{before:.0f} MB at first, {', '.join(f'{one:.1f}' for one in held)} MB after each third")
    server.wait_until_idle(seconds=TIMER_D_SECONDS + 5)
    assert held[2] - held[1] < MEMORY_MEGABYTES, f"{before:.0f} MB, then {held}"
    ends = Counter(row.status for row in driver.calls.values())
    for status, count in ends.items():
        assert server.calls_total(status) == count, (status, server.metrics())
    for call in driver.calls:
        assert len(app.of(call, "callStatus")) == 1
