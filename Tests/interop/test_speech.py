"""What is said is text: nothing that an account writes into a Say harms the server, or the program that speaks for it."""

import json

from harness.server import NUMBER

#: Said as marks, which are hardly heard; read as names of phonemes they end espeak-ng with SIGSEGV.
ENDING = ";" * 400
TEXTS = {
    "phonemes": f"[[{ENDING}]] Hello.", "never closed": f"Hello. [[{ENDING}", "others": f"[[{'-' * 400}]] Hello.",
    "soft hyphens between": f"[\u00ad[{ENDING}]\u00ad] Hello.", "no width between": f"[\u200b[{ENDING}]] Hello.",
    "control character between": f"[\u0001[{ENDING}]] Hello.", "full width": f"\uff3b\uff3b{ENDING}\uff3d\uff3d Hello.",
    "in the second piece": "This is a sentence that comes to its end. " * 3 + f"Hello [[{ENDING}]] to you all. " * 3,
    "as entities": "&#91;&#91;a:&#93;&#93;", "a command": "\u0001Vde Hello.", "markup": "<speak>Hello.</speak>",
}


def test_phoneme_marks_are_text(belay, app, far_end):
    far = far_end()
    server = belay(trunk=far.trunk)
    calls = {}
    for place, (name, text) in enumerate(TEXTS.items()):
        connect = app.answer(f"/{place}", [{"Say": {"text": text}}, {"Hangup": {}}])
        application = server.rest.post("/Applications", {"callConnectUrl": connect, "statusCallbackUrl": app.url("/status")})
        calls[name] = server.rest.place(
            from_=NUMBER, to=f"+1312555{3000 + place}", applicationId=application.json["applicationId"])
    for call in calls.values():
        app.wait_for(call, "callStatus", 60)
    for name, call in calls.items():
        log = server.rest.logs(call)
        [said] = [entry for entry in log if entry["message"].startswith("PerCL Say ")]
        assert said["message"] == "PerCL Say completed" and said["level"] == "info", (name, json.dumps(said))
    assert server.gauge('belay_speech_crashes_total{spoken="plainly"}') == 0
    assert server.gauge('belay_speech_crashes_total{spoken="no"}') == 0
