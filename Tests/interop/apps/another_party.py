"""A caller is connected with another party, as the official tutorial does it, in words of our own: the caller waits in a
conference while the other one is dialled, and whoever leaves first ends it.

    ACCOUNT_ID=… API_KEY=… API_HOST=… PARTY=… FLASK_APP=another_party.py flask run
"""

import os
import threading
import time

import freeclimb
from flask import Flask, jsonify, request

configuration = freeclimb.Configuration()
configuration.host = os.environ["API_HOST"]
configuration.username = os.environ["ACCOUNT_ID"]
configuration.password = os.environ["API_KEY"]
api = freeclimb.DefaultApi(freeclimb.ApiClient(configuration))

app = Flask(__name__)


def end(conference):
    api.update_a_conference(conference, freeclimb.UpdateConferenceRequest(
        status=freeclimb.UpdateConferenceRequestStatus.TERMINATED))


# The application's voiceUrl.
@app.post("/incomingCall")
def incoming():
    return jsonify([{"CreateConference": {"actionUrl": request.url_root + "conferenceMade"}}])


@app.post("/conferenceMade")
def made():
    here, conference = request.url_root, request.json["conferenceId"]
    return jsonify([
        {"Say": {"text": "One moment, please."}},
        {"OutDial": {"destination": os.environ["PARTY"], "callingNumber": request.json["from"],
                     "actionUrl": f"{here}dialled/{conference}", "callConnectUrl": f"{here}answered/{conference}",
                     "ifMachine": "hangup"}}])


@app.post("/dialled/<conference>")
def dialled(conference):
    # A callId is no attribute of AddToConference any more; the tutorial sends it still.
    return jsonify([{"AddToConference": {
        "conferenceId": conference, "callId": request.json["callId"], "leaveConferenceUrl": request.url_root + "left"}}])


@app.post("/answered/<conference>")
def answered(conference):
    print("the other party:", request.json["callStatus"], flush=True)
    if request.json["callStatus"] != "inProgress":
        # Nobody waits for that.
        threading.Thread(target=end, args=[conference]).start()
        return jsonify([])
    return jsonify([{"AddToConference": {"conferenceId": conference, "callId": request.json["callId"]}}])


@app.post("/left")
def left():
    print("the caller has left", request.json["conferenceId"], flush=True)
    end(request.json["conferenceId"])
    return jsonify([])


# The application's statusCallbackUrl: the tutorial's handler sets a status and never ends its answer.
@app.post("/status")
def status():
    print("told of", request.json["callId"], request.json["callEndedReason"], flush=True)
    time.sleep(3600)
    return ""
