"""Steps that many tests take."""

from .server import NUMBER
from .webhook_app import HANGUP

TO = "+13125550142"


def application(belay, app, script, path="/connect"):
    """An application whose calls run `script` (or get the Reply) and whose ends are reported.

    What another application is answered at `path` stays: that call's request may still be on its way.
    """
    answer = belay.rest.post("/Applications", {
        "alias": "interop", "callConnectUrl": app.answer_beside(path, script), "statusCallbackUrl": app.url("/status")})
    assert answer.status == 201, answer
    return answer.json["applicationId"]


def answering_number(belay, app, script):
    """Gives the account's own number an application: calls to it run `script` (or get the Reply)."""
    answer = belay.rest.post("/Applications", {
        "alias": "in", "voiceUrl": app.answer_beside("/voice", script), "statusCallbackUrl": app.url("/status")})
    assert answer.status == 201, answer
    [number] = belay.rest.get("/IncomingPhoneNumbers").json["incomingPhoneNumbers"]
    assert number["phoneNumber"] == NUMBER, number
    answer = belay.rest.post(f"/IncomingPhoneNumbers/{number['phoneNumberId']}",
                             {"applicationId": answer.json["applicationId"]})
    assert answer.status == 200, answer


def place(belay, app, script=HANGUP, to=TO, **more):
    """Makes a call with an application of its own; returns its id."""
    return belay.rest.place(from_=NUMBER, to=to, applicationId=application(belay, app, script), **more)
