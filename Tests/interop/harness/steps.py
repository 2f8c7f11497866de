"""Steps that many tests take."""

from .server import NUMBER
from .webhook_app import HANGUP

TO = "+13125550142"


def application(belay, app, script, path="/connect"):
    """An application whose calls run `script` (or get the Reply) and whose ends are reported."""
    answer = belay.rest.post("/Applications", {
        "alias": "interop", "callConnectUrl": app.answer(path, script), "statusCallbackUrl": app.url("/status")})
    assert answer.status == 201, answer
    return answer.json["applicationId"]


def place(belay, app, script=HANGUP, to=TO, **more):
    """Makes a call with an application of its own; returns its id."""
    return belay.rest.place(from_=NUMBER, to=to, applicationId=application(belay, app, script), **more)
