"""Prints a call's log as it grows, and what the webhook app says, until the call is over and was reported.

    BELAY_ACCOUNT_ID=… BELAY_API_KEY=… python3 timeline.py http://HOST:PORT CALLID APP_OUTPUT

Ends with 0 when the call was completed and its callStatus came; with 1 and words otherwise.
"""

import base64
import json
import os
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime

LONGEST_SECONDS = 120
POLL_SECONDS = 0.1
FINAL = ("completed", "canceled", "busy", "failed", "noAnswer")

base, call_id, app_output = sys.argv[1:4]
account = os.environ["BELAY_ACCOUNT_ID"]
token = base64.b64encode(f"{account}:{os.environ['BELAY_API_KEY']}".encode()).decode()


def get(path):
    request = urllib.request.Request(base + path, headers={"Authorization": f"Basic {token}"})
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def entries():
    """The whole log, oldest first."""
    found, path = [], f"/Accounts/{account}/Calls/{call_id}/Logs"
    while path is not None:
        page = get("/apiserver" + path)
        found += page["logs"]
        path = page["nextPageUri"]
    return found[::-1]


def show(entry):
    clock = datetime.fromtimestamp(entry["timestamp"] / 1e6).strftime("%H:%M:%S.%f")[:-3]
    mark = {"info": " ", "warning": "!", "error": "✗"}[entry["level"]]
    print(f"{clock} {mark} {entry['message']}", flush=True)


def main():
    shown, deadline, call = 0, time.monotonic() + LONGEST_SECONDS, {}
    while time.monotonic() < deadline:
        call = get(f"/apiserver/Accounts/{account}/Calls/{call_id}")
        log = entries()
        for entry in log[shown:]:
            show(entry)
        shown = len(log)
        with open(app_output, encoding="utf-8") as said:
            webhooks = [line.strip() for line in said if line.startswith("webhook ")]
        if call["status"] in FINAL and any("callStatus" in line for line in webhooks):
            print("\nwhat the webhook app saw:")
            for line in webhooks:
                print("  " + line)
            print(f"\nthe call: {call['status']}, {call['callEndedReason']}, {call['duration']} s")
            return 0 if call["status"] == "completed" else 1
        time.sleep(POLL_SECONDS)
    print(f"error: after {LONGEST_SECONDS} s the call is {call.get('status')} and its callStatus has not come", file=sys.stderr)
    return 1


try:
    sys.exit(main())
except (OSError, urllib.error.URLError) as error:
    print(f"error: the server does not answer: {error}", file=sys.stderr)
    sys.exit(1)
