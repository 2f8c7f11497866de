"""GetDigits, SendDigits, recordings and OutDial on live calls, with the strict far end as the peer."""

import wave

from harness import audio
from harness.far_end import Person
from harness.server import NUMBER
from harness.steps import place
from harness.webhook_app import Reply


def test_get_digits_in_a_live_call(belay, far_end, app):
    """The caller barges in; the digits arrive in their webhook; the script that it answers goes on."""
    far = far_end(decide=lambda number: Person(presses="42#", presses_after=1.0))
    server = belay(trunk=far.trunk)
    digits = app.answer("/digits", [{"Say": {"text": "Thank you."}}])
    call = place(server, app, [{"GetDigits": {
        "actionUrl": digits, "prompts": [{"Say": {"text": "Please press four, then two, then pound. " * 8}}]}}])
    webhook = app.wait_for(call, "getDigits")
    assert (webhook.json["digits"], webhook.json["reason"]) == ("42", "finishKey"), webhook.json
    app.wait_for(call, "callStatus", 20)
    entries = {entry["message"]: entry["timestamp"] for entry in server.rest.logs(call)}
    assert "PerCL GetDigits completed" in entries, entries
    # The prompt is far longer than the keys took: it was stopped.
    assert entries["PerCL GetDigits completed"] - entries["PerCL GetDigits"] < 5_000_000
    server.wait_until_idle()


def test_get_digits_times_out(belay, far_end, app):
    far = far_end()
    server = belay(trunk=far.trunk)
    digits = app.answer("/digits", [{"Hangup": {}}])
    call = place(server, app, [{"GetDigits": {"actionUrl": digits, "initialTimeoutMs": 700}}])
    webhook = app.wait_for(call, "getDigits")
    assert (webhook.json["digits"], webhook.json["reason"]) == ("", "timeout")
    app.wait_for(call, "callStatus")


def test_send_digits_from_a_script(belay, far_end, app):
    far = far_end()
    server = belay(trunk=far.trunk)
    call = place(server, app, [{"SendDigits": {"digits": "90{2}#", "pauseMs": 250}}, {"Hangup": {}}])
    app.wait_for(call, "callStatus")
    [dialog] = far.dialogs.values()
    pressed = far.digits_heard(dialog)
    assert "".join(digit for digit, _ in pressed) == "90#", pressed
    onsets = [onset - pressed[0][1] for _, onset in pressed]
    assert all(abs(onset - wanted) <= 0.0201 for onset, wanted in zip(onsets, (0, 0.25, 0.75))), onsets


def test_a_whole_call_is_recorded(belay, far_end, app):
    """Both channels in place, as long as the call was, without a gap; told of in callStatus; downloadable, deletable."""
    far = far_end(decide=lambda number: Person(tone=440, speaks=400))
    server = belay(trunk=far.trunk)
    call = place(server, app, [{"StartRecordCall": {}}, {"Say": {"text": "This call is recorded for your pleasure."}},
                               {"Pause": {"length": 500}}])
    ending = app.wait_for(call, "callStatus", 20).json
    answer = server.rest.raw("GET", "/apiserver" + ending["recordingUrl"].partition("/apiserver")[2])
    assert answer.status == 200, answer
    path = server.folder / "downloaded.wav"
    path.write_bytes(answer.body)
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 8000, 2)
    heard, said = audio.read(path)
    seconds = len(heard) / 8000
    assert 0 <= ending["recordingDurationSec"] - seconds < 1.1, (ending, seconds)
    assert -30 <= audio.level(audio.trimmed(said)) <= -12
    # The far end's tone from its beginning on, at its level, with no frame missing.
    tone = audio.trimmed(heard[:-800], 0.02)
    assert len(heard) - len(tone) < 8000 * 0.4, (len(heard), len(tone))
    assert -16 < audio.level(tone) < -14, audio.level(tone)
    frames = tone[:len(tone) // 160 * 160].reshape(-1, 160)
    assert min(audio.level(frame) for frame in frames) > -18
    [listed] = server.rest.get(f"/Calls/{call}/Recordings").json["recordings"]
    assert listed["durationSec"] == ending["recordingDurationSec"]
    part = server.rest.raw("GET", f"{server.rest.path}/Recordings/{listed['recordingId']}/Stream", headers={"Range": "bytes=0-3"})
    assert (part.status, part.body) == (206, b"RIFF")
    assert server.rest.raw("DELETE", f"{server.rest.path}/Recordings/{listed['recordingId']}").status == 204
    assert server.rest.raw("GET", f"{server.rest.path}/Recordings/{listed['recordingId']}/Stream").status == 404


def test_an_utterance_is_recorded_and_played_back(belay, far_end, app):
    far = far_end(decide=lambda number: Person(tone=440, speaks=100))
    server = belay(trunk=far.trunk)
    recorded = app.answer("/recorded", lambda webhook: Reply(200, [{"Play": {"file": webhook.json["recordingUrl"]}}]))
    call = place(server, app, [{"RecordUtterance": {
        "actionUrl": recorded, "playBeep": False, "silenceTimeoutMs": 800, "maxLengthSec": 10}}])
    webhook = app.wait_for(call, "record", 20).json
    assert webhook["termReason"] == "timeout", webhook
    assert webhook["recordingDurationSec"] in (2, 3), webhook
    ending = app.wait_for(call, "callStatus", 20).json
    assert ending["callEndedReason"] == "appHangup", ending
    messages = [entry["message"] for entry in server.rest.logs(call)]
    assert "PerCL Play completed" in messages, messages
    answer = server.rest.raw("GET", "/apiserver" + webhook["recordingUrl"].partition("/apiserver")[2])
    assert len(answer.body) == int(webhook["recordingSize"])


def test_out_dial(belay, far_end, app):
    """The child is a call in its own right; the parent goes on at once and ends without it."""
    far = far_end()
    server = belay(trunk=far.trunk)
    started = app.answer("/started", [{"Hangup": {}}])
    child_connect = app.answer("/child", [{"Pause": {"length": 300}}])
    parent = place(server, app, [{"OutDial": {
        "destination": "+13125550177", "callingNumber": NUMBER, "actionUrl": started, "callConnectUrl": child_connect,
        "statusCallbackUrl": app.url("/status"), "timeout": 20}}])
    start = app.wait_for(parent, "outDialStart").json
    child = start["dialCallId"]
    connect = app.wait_for(child, "outDialConnect").json
    assert (connect["parentCallId"], connect["dialCallStatus"]) == (parent, "inProgress"), connect
    assert app.wait_for(parent, "callStatus").json["callStatus"] == "completed"
    assert app.wait_for(child, "callStatus").json["callStatus"] == "completed"
    resource = server.rest.call(child)
    assert (resource["direction"], resource["parentCallId"]) == ("outboundDial", parent)
    server.wait_until_idle()
