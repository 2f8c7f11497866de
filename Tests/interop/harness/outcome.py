"""The end of a call as everybody sees it: the resource, the webhooks, the log, the counters."""

import json
import re

from .waiting import eventually

ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
RFC1123 = r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT"


def check_outcome(belay, app, call_id, status, reason, answered=None, seconds=20, logged=(), connect=True):
    """Waits for the call's end and checks that all who tell of it tell the same. Returns the call.

    `answered` is whether connectTime is set (by default: completed calls are). `logged`: what some entry of the log
    must hold, as regular expressions. `connect`: whether outDialApiConnect is due (a call whose script cannot be asked
    for any more has none).
    """
    answered = status == "completed" if answered is None else answered
    call = belay.wait_until_ended(call_id, seconds)
    assert (call["status"], call["callEndedReason"]) == (status, reason), summary(belay, call)
    check_times(call, answered)

    ending = app.wait_for(call_id, "callStatus", seconds=10).json
    assert (ending["callStatus"], ending["callEndedReason"]) == (status, reason), ending
    if answered:
        assert ending["callDuration"] >= 1, ending  # rounded up: docs/contract/calls.md#durations
    else:
        assert ending["callDuration"] == 0, ending
    kinds = [w.kind for w in app.of(call_id)]
    assert kinds[-1] == "callStatus", kinds
    if connect:
        assert kinds[0] == "outDialApiConnect", kinds
        first = app.of(call_id, "outDialApiConnect")[0].json
        expected = "inProgress" if answered else status
        assert first["dialCallStatus"] == first["callStatus"] == expected, first
        assert first["direction"] == "outboundAPI" and first["parentCallId"] is None, first
        assert (first["from"], first["to"]) == (call["from"], call["to"]), first

    def told():
        text = "\n".join(json.dumps(entry, ensure_ascii=False) for entry in belay.rest.logs(call_id))
        return all(re.search(pattern, text) for pattern in logged)

    # The end is told at once; what the far end says to it comes after.
    eventually(told, 5, lambda: f"{logged} are in the call's log; {summary(belay, call)}")
    for entry in belay.rest.logs(call_id):
        check_log_entry(entry, call_id, call["accountId"])
    return call


def check_times(call, answered):
    for name in ("startTime", "connectTime", "endTime", "dateCreated", "dateUpdated"):
        value, iso = call[name], call[name + "ISO"]
        assert (value is None) == (iso is None), (name, value, iso)
        if value is not None:
            assert re.fullmatch(RFC1123, value), (name, value)
            assert re.fullmatch(ISO, iso), (name, iso)
    assert call["endTime"] is not None, call
    assert (call["connectTime"] is not None) == answered, call
    if answered:
        assert call["startTimeISO"] <= call["connectTimeISO"] <= call["endTimeISO"], call
        assert type(call["duration"]) is int and call["duration"] >= 1, call
        assert type(call["connectDuration"]) is int and call["connectDuration"] >= 1, call
        assert call["connectDuration"] <= call["duration"] + 1, call
    else:
        assert call["duration"] is None and call["connectDuration"] is None, call


def check_log_entry(entry, call_id, account):
    assert entry["level"] in ("info", "warning", "error"), entry
    assert type(entry["timestamp"]) is int and entry["timestamp"] > 1_600_000_000_000_000, entry
    assert entry["callId"] == call_id and entry["accountId"] == account, entry
    assert isinstance(entry["message"], str) and entry["message"], entry
    assert entry["metadata"] is None or isinstance(entry["metadata"], dict), entry


def summary(belay, call):
    entries = "\n".join(f"  {e['timestamp']} {e['level']} {e['message']} {json.dumps(e['metadata'])[:300]}"
                        for e in belay.rest.logs(call["callId"]))
    return f"the call is {call['status']}, {call.get('callEndedReason')}; its log:\n{entries}"
