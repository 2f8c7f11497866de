"""Somebody clicks, an agent's telephone rings, and then the visitor's, as the official how-to does it, in words of our own. Both
leave by the same handler, which looks whether the conference has ended, and ends it if not.

    ACCOUNT_ID=… API_KEY=… API_HOST=… NUMBER=… AGENT=… VISITOR=… APPLICATION_ID=… FLASK_APP=click_to_call.py flask run
"""

import os

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


def add(conference):
    return {"AddToConference": {"conferenceId": conference, "callId": request.json["callId"],
                                "leaveConferenceUrl": request.url_root + "left"}}


@app.post("/click")
def click():
    call = api.make_a_call(freeclimb.MakeCallRequest(
        var_from=os.environ["NUMBER"], to=os.environ["AGENT"], application_id=os.environ["APPLICATION_ID"]))
    return call.call_id


# The application's callConnectUrl.
@app.post("/agentAnswered")
def agent_answered():
    if request.json["dialCallStatus"] != "inProgress":
        return jsonify([])
    return jsonify([{"CreateConference": {"actionUrl": request.url_root + "conferenceMade"}}])


@app.post("/conferenceMade")
def made():
    here, conference = request.url_root, request.json["conferenceId"]
    return jsonify([{"OutDial": {
        "destination": os.environ["VISITOR"], "callingNumber": os.environ["NUMBER"],
        "actionUrl": f"{here}dialled/{conference}", "callConnectUrl": f"{here}answered/{conference}"}}])


@app.post("/dialled/<conference>")
def dialled(conference):
    return jsonify([{"Say": {"text": "The visitor is being called."}}, add(conference)])


@app.post("/answered/<conference>")
def answered(conference):
    if request.json["dialCallStatus"] != "inProgress":
        end(conference)
        return jsonify([]), 500
    return jsonify([add(conference)])


@app.post("/left")
def left():
    conference = request.json["conferenceId"]
    status = api.get_a_conference(conference).status
    print("left while it is", status.value, flush=True)
    if status != freeclimb.ConferenceStatus.TERMINATED:
        end(conference)
    return jsonify([])


@app.post("/status")
def status():
    return jsonify([])
