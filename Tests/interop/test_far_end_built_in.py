"""Without a trunk: the far end that comes with Belay answers, listens, records, and hangs up when it should."""

import stat

import pytest

from harness import audio
from harness.outcome import check_outcome
from harness.server import ACCOUNT
from harness.steps import place
from harness.waiting import eventually

SENTENCE = "You are on belay. Climb when you are ready."


def recording(server, seconds=10):
    def found():
        files = [f for f in (server.data / "carrier").glob("*.wav") if f.stat().st_size > 44]
        return files[0] if files else None

    return eventually(found, seconds, "the far end leaves a recording in DATA/carrier")


def test_a_call_without_any_configuration(belay, app, folder):
    server = belay()
    assert server.program.wait_for(r"^Carrier: simulated, at udp:127\.0\.0\.1:\d+")
    call = place(server, app, [{"Say": {"text": SENTENCE}}, {"Hangup": {}}])
    check_outcome(server, app, call, "completed", "appHangup", seconds=40)
    channels = audio.read(recording(server))
    assert len(channels) == 2
    assert audio.faults(channels[0], audio.render(SENTENCE, folder)) == []
    server.wait_until_idle()


def test_the_far_end_hangs_up_when_spoken_to(belay, app):
    """Nobody hangs up on our side: the far end does, once it has been spoken to."""
    server = belay()
    call = place(server, app, [{"Say": {"text": SENTENCE}}, {"Pause": {"length": 600000}}])
    check_outcome(server, app, call, "completed", "farEndHangup", seconds=60)


def test_keys_are_made_at_the_first_start_and_kept(belay, app):
    server = belay(preset=False)
    first = server.credentials
    assert set(first) >= {"BELAY_ACCOUNT_ID", "BELAY_API_KEY", "BELAY_SIGNING_SECRET", "BELAY_NUMBER"}
    assert first["BELAY_ACCOUNT_ID"] != ACCOUNT
    assert first["BELAY_SIGNING_SECRET"].startswith("sigsec_")
    assert stat.S_IMODE((server.data / "credentials").stat().st_mode) == 0o600
    assert server.rest.get("").status == 200
    for path in server.data.iterdir():
        if path.is_file() and path.name != "credentials":
            assert first["BELAY_API_KEY"].encode() not in path.read_bytes(), f"the key stands readable in {path.name}"
    server.stop()
    server.start()
    assert server.credentials == first
    assert server.rest.get("").status == 200


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_says_that_it_lives(belay, path):
    assert belay().rest.raw("GET", path, authorized=False).status == 200
