"""linphone answers, holds, resumes and hangs up: RFC 3264 §8.4 as a telephone does it."""

import pytest

from harness.linphone import Linphone
from harness.outcome import check_outcome
from harness.steps import place
from harness.waiting import eventually


@pytest.fixture
def linphone(folder, endings):
    far = Linphone(folder)
    endings.append(far.stop)
    return far


def directions(server, call):
    """The directions that linphone's offers and Belay's answers named, in order, as the call's log has them."""
    found = []
    for entry in server.rest.logs(call):
        text = str(entry["metadata"])
        for word in ("sendonly", "recvonly", "sendrecv", "inactive"):
            if f"a={word}" in text:
                found.append(word)
    return found


def test_hold_and_resume(linphone, belay, app):
    """On hold the far end may fall silent for as long as it likes: with a dead line of two seconds the call goes on."""
    server = belay(trunk=linphone.trunk, arguments=["--dead-line-seconds", "2"], rtp_ports=20)
    call = place(server, app, [{"Say": {"text": "Hello."}}, {"Pause": {"length": 60000}}])
    server.wait_for_status(call, "inProgress")
    linphone.hold()
    eventually(lambda: "sendonly" in directions(server, call) or "inactive" in directions(server, call), 5,
               lambda: f"linphone offers a hold; {directions(server, call)}")
    held = len(directions(server, call))
    linphone.resume()
    eventually(lambda: "sendrecv" in directions(server, call)[held:], 5,
               lambda: f"linphone takes it back; {directions(server, call)}")
    linphone.hang_up()
    check_outcome(server, app, call, "completed", "farEndHangup")
    server.wait_until_idle()


def test_belay_hangs_up_a_call_on_hold(linphone, belay, app):
    server = belay(trunk=linphone.trunk, rtp_ports=20)
    call = place(server, app, [{"Pause": {"length": 60000}}])
    server.wait_for_status(call, "inProgress")
    linphone.hold()
    eventually(lambda: "sendonly" in directions(server, call) or "inactive" in directions(server, call), 5, "it is held")
    assert server.rest.update(call, "completed").status == 202
    check_outcome(server, app, call, "completed", "appHangup")
