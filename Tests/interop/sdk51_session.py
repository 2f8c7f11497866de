"""A program written for the official SDK 5.1.1; run by test_sdk.py in that SDK's own environment.

    python sdk51_session.py BASE ACCOUNT KEY FROM CONNECT_URL STATUS_URL

Prints the ids of its calls as a JSON list; any failure is an exception.
"""

import json
import sys
import time

import freeclimb

base, account, key, number, connect, status = sys.argv[1:]
api = freeclimb.DefaultApi(freeclimb.ApiClient(freeclimb.Configuration(host=base, username=account, password=key)))


def until(fact, what):
    deadline = time.monotonic() + 15
    while not fact():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


application = api.create_an_application(
    freeclimb.ApplicationRequest(alias="old", call_connect_url=connect, status_callback_url=status))
answered = api.make_a_call(
    freeclimb.MakeCallRequest(var_from=number, to="+13125550142", application_id=application.application_id))
assert answered is not None, "Make a Call gave nothing"
until(lambda: api.get_a_call(answered.call_id).connect_time is not None, "the call is answered")
api.update_a_live_call(answered.call_id, freeclimb.UpdateCallRequest(status="completed"))
until(lambda: api.get_a_call(answered.call_id).end_time is not None, "the call ends")

ringing = api.make_a_call(
    freeclimb.MakeCallRequest(var_from=number, to="+13125550149", application_id=application.application_id))
until(lambda: api.get_a_call(ringing.call_id).start_time is not None, "the call rings")
api.update_a_live_call(ringing.call_id, freeclimb.UpdateCallRequest(status="canceled"))
until(lambda: api.get_a_call(ringing.call_id).end_time is not None, "the call ends")

assert [call.call_id for call in api.list_calls().calls] == [ringing.call_id, answered.call_id]
assert api.list_call_logs(answered.call_id).logs
changed = api.update_an_application(application.application_id, freeclimb.ApplicationRequest(alias="older"))
assert changed.alias == "older"
assert api.list_applications().total == 1
api.delete_an_application(application.application_id)
assert api.list_applications().total == 0
print(json.dumps([answered.call_id, ringing.call_id]))
