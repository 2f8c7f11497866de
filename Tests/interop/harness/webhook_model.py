"""The judge of webhooks: what must be true of every webhook of every call, whatever the test is about."""

import json
import re
from collections import defaultdict

import freeclimb

from .webhook_app import OF_CONFERENCES, is_signed

STANDARD = {"accountId", "callId", "callStatus", "conferenceId", "direction", "from", "parentCallId", "queueId",
            "requestType", "to"}
OUT_DIAL_API_CONNECT = STANDARD | {"dialCallStatus"}


def faults(webhooks, secret, unfinished_allowed=False):
    """Every rule that a webhook broke, in words; an empty list when all is well.

    One at a time for each call, and for each conference; sequence numbers rise; an event's id and body stay the same at each try; nothing new
    after callStatus; signed; JSON in alphabetical order with no space; accepted by the SDK's own model.
    """
    found = []
    calls = defaultdict(list)
    for webhook in webhooks:
        found += _of_one(webhook, secret)
        calls[webhook.owner].append(webhook)
    for call, of_call in calls.items():
        found += [f"{call}: {fault}" for fault in _of_a_call(of_call, unfinished_allowed)]
    return found


def _of_one(webhook, secret):
    what = f"{webhook.path} {webhook.body[:300]!r}"
    if webhook.headers.get("content-type", "").partition(";")[0] != "application/json":
        yield f"Content-Type {webhook.headers.get('content-type')!r}: {what}"
    if not is_signed(webhook.body, webhook.headers.get("freeclimb-signature"), secret, now=webhook.arrived):
        yield f"signature {webhook.headers.get('freeclimb-signature')!r} does not fit: {what}"
    if not re.fullmatch(r"RQ[0-9a-fA-F]{40}", webhook.headers.get("request-id", "")):
        yield f"Request-Id {webhook.headers.get('request-id')!r}: {what}"
    if not webhook.event:
        yield f"no Belay-Event-Id: {what}"
    try:
        document = webhook.json
    except ValueError:
        yield f"not JSON: {what}"
        return
    expected = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    if webhook.body != expected:
        yield f"not compact JSON in alphabetical order: {what}"
    missing = STANDARD - document.keys()
    if missing:
        yield f"without {sorted(missing)}: {what}"
    if document.get("requestType") == "outDialApiConnect":
        if document.keys() != OUT_DIAL_API_CONNECT:
            yield f"outDialApiConnect has exactly {sorted(OUT_DIAL_API_CONNECT)}: {what}"
        if document.get("dialCallStatus") != document.get("callStatus"):
            yield f"dialCallStatus is not callStatus: {what}"
    if document.get("requestType") == "callStatus" and type(document.get("callDuration")) is not int:
        yield f"callDuration is an integer (docs/contract/webhooks.md#number-types): {what}"
    if document.get("requestType") in OF_CONFERENCES and type(document.get("conferenceId")) is not str:
        yield f"a conference that is not named: {what}"
    if document.get("requestType") in NO_MODEL:
        return
    try:
        if freeclimb.Webhook.from_dict(document) is None:
            yield f"the SDK makes nothing of it: {what}"
    except Exception as error:
        yield f"the SDK refuses it ({error}): {what}"


#: The public material gives Park's webhooks no names, nor the SDK models (docs/contract/webhooks.md#park).
NO_MODEL = {"park", "parkWait", "unpark"}
#: These are waited for, whatever comes after them.
NOTIFICATIONS = {"callStatus", "getDigits", "park", "addToQueueNotification", "addToConferenceNotification", *OF_CONFERENCES}
#: With these a call leaves what it was doing: nobody waits for a script that was asked for before.
LEAVING = {"machineDetected", "dequeue", "removeFromQueueNotification", "unpark", "leaveConference"}


def _of_a_call(webhooks, unfinished_allowed):
    by_start = sorted(webhooks, key=lambda w: w.started)
    events = {}
    highest = -1
    last_new = None
    # docs/contract/calls.md#a-machine-before-the-script, docs/contract/percl.md#waiturl.
    leaving = [w.sequence for w in by_start if w.kind in LEAVING]
    for index, webhook in enumerate(by_start):
        first = events.get(webhook.event)
        if first is None:
            events[webhook.event] = webhook
            # What is given up leaves on a connection of its own, and may come behind what gave it up.
            is_given_up = webhook.kind not in NOTIFICATIONS and any(webhook.sequence < left <= highest for left in leaving)
            if webhook.sequence <= highest and not is_given_up:
                yield f"sequence {webhook.sequence} of {webhook.kind} after {highest}"
            highest = max(highest, webhook.sequence)
            if last_new is not None and last_new.kind == "callStatus":
                yield f"{webhook.kind} after callStatus"
            last_new = webhook
            for earlier in by_start[:index]:
                open_still = earlier.finished is None or earlier.finished > webhook.started
                given_up = any(earlier.sequence < left <= webhook.sequence for left in leaving)
                if is_given_up or given_up and earlier.kind not in NOTIFICATIONS:
                    continue
                if open_still and not earlier.abandoned and events[earlier.event] is earlier:
                    if not (unfinished_allowed and earlier.finished is None):
                        yield f"{webhook.kind} began while {earlier.kind} was not answered"
        elif first.body != webhook.body or first.sequence != webhook.sequence:
            yield f"another try of {webhook.kind} has another body or sequence"
        elif first.headers["request-id"] != webhook.headers["request-id"]:
            yield f"another try of {webhook.kind} has another Request-Id"
    sequences = [w.sequence for w in events.values()]
    if len(set(sequences)) != len(sequences):
        yield f"two events share a sequence number: {sequences}"
    endings = [w for w in events.values() if w.kind == "callStatus"]
    if len(endings) > 1:
        yield f"{len(endings)} callStatus events"
