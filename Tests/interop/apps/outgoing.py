"""Outgoing calls as the SDK's how-to makes them, in words of our own: one route asks for a call, one answers for it,
and one is told how it ended.

    ACCOUNT_ID=… API_KEY=… API_HOST=… NUMBER=… TO=… APPLICATION_ID=… FLASK_APP=outgoing.py flask run
"""

import json
import os

import freeclimb
from flask import Flask, request

# The how-to has the hosted service's address here: with the credentials this is all that differs.
configuration = freeclimb.Configuration()
configuration.host = os.environ["API_HOST"]
configuration.username = os.environ["ACCOUNT_ID"]
configuration.password = os.environ["API_KEY"]
calls = freeclimb.DefaultApi(freeclimb.ApiClient(configuration))

app = Flask(__name__)
DONE = (json.dumps({"success": True}), 200, {"ContentType": "application/json"})


@app.route("/sendCall", methods=["POST"])
def send_call():
    wanted = freeclimb.MakeCallRequest(
        var_from=os.environ["NUMBER"], to=os.environ["TO"], application_id=os.environ["APPLICATION_ID"])
    calls.make_a_call(make_call_request=wanted)
    return DONE


# The application's callConnectUrl.
@app.route("/callConnect", methods=["POST"])
def connected():
    script = freeclimb.PerclScript(commands=[])
    script.commands.append(freeclimb.Say(text="Good day. This is the call that you asked for."))
    script.commands.append(freeclimb.Pause(length=1000))
    script.commands.append(freeclimb.Say(text="Climb on."))
    return script.to_json()


# The application's statusCallbackUrl.
@app.route("/status", methods=["POST"])
def status():
    print("told of", request.json["requestType"], request.json["callEndedReason"], flush=True)
    return DONE
