"""Fixtures: everything is made by factories, and everything made is ended and judged when the test is over."""

import contextlib
import itertools
import json
import os
import re
import tempfile
from pathlib import Path

import hypothesis.configuration
import pytest

from harness import ports, webhook_model
from harness.baresip import Baresip
from harness.calling_far_end import CallingFarEnd
from harness.capture import Capture
from harness.far_end import FarEnd
from harness.server import Belay, binary
from harness.sipp import SIPp
from harness.talkers import Talkers
from harness.webhook_app import WebhookApp

ALL_WEBHOOKS = "webhooks.jsonl"


def pytest_sessionstart(session):
    if not binary().is_file():
        raise pytest.UsageError(f"no server at {binary()}: build it (swift build), or name one in BELAY_BINARY")


#: Files that take minutes, the longest first. Files run side by side, each in one worker: one of these that came last would
#: leave the others with nothing to do.
LONG = ("test_openapi", "test_carrier", "test_webhook_answers", "test_command_line", "test_failing_disk", "test_media", "test_rest",
        "test_sip_outcomes", "test_conference_audio", "test_feed", "test_privacy", "test_conferences", "test_dialogs",
        "test_apps_as_they_are", "test_queues", "test_machines", "test_baresip", "test_wrong_keys", "test_idempotency")


def pytest_collection_modifyitems(items):
    """Long files come first, and what judges the whole run last."""
    if gone := [name for name in LONG if not Path(__file__).with_name(f"{name}.py").is_file()]:
        raise pytest.UsageError(f"LONG in conftest.py names files that are not there: {', '.join(gone)}")
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: (item.get_closest_marker("whole_run") is not None, places.get(item.path.stem, len(LONG))))


def pytest_configure(config):
    config.addinivalue_line("markers", "whole_run: judges what every other test left behind; comes last")
    config.addinivalue_line("markers", "alone: loads the whole machine, or measures it; no other test runs beside it")
    # Those who work side by side (pytest-xdist) inherit the folder from the one who started them.
    folder = os.environ.get("BELAY_TEST_FOLDER") or tempfile.mkdtemp(prefix="belay-interop-")
    os.environ["BELAY_TEST_FOLDER"] = folder
    config.belay_folder = Path(folder)
    config.belay_folder.mkdir(parents=True, exist_ok=True)
    hypothesis.configuration.set_hypothesis_home_dir(config.belay_folder / "hypothesis")


def pytest_terminal_summary(terminalreporter, config):
    terminalreporter.write_line(f"logs, captures and recordings: {config.belay_folder}")


@pytest.fixture
def folder(request, pytestconfig):
    """A folder of the test's own, kept after the run. Names that differ in their marks alone get one each."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", request.node.name)[:100]
    for number in itertools.count(1):
        path = pytestconfig.belay_folder / (name if number == 1 else f"{name}-{number}")
        with contextlib.suppress(FileExistsError):
            path.mkdir(parents=True)
            return path


@pytest.fixture(autouse=True)
def ports_of_the_test():
    """What a test took is anybody's after it; what a fixture of a whole file took was taken before, and stays its own."""
    with ports.released():
        yield


@pytest.fixture
def endings():
    """Functions to call when the test is over, last one first; each is called whatever the others do."""
    actions = []
    yield actions
    errors = []
    for action in reversed(actions):
        try:
            action()
        except Exception as error:
            errors.append(error)
    if errors:
        raise errors[0]


@pytest.fixture
def app(endings, pytestconfig):
    """The customer's webhook app. After the test each webhook that it got is judged, unless `app.judge` is False."""
    app = WebhookApp()
    app.judge = True
    app.secret = None
    app.unfinished_allowed = False

    def close():
        app.close()
        # One write: others may be writing theirs.
        lines = "".join(json.dumps(webhook.body.decode()) + "\n" for webhook in app.webhooks)
        with open(pytestconfig.belay_folder / ALL_WEBHOOKS, "ab", buffering=0) as book:
            book.write(lines.encode())
        if app.judge and app.secret:
            faults = webhook_model.faults(app.webhooks, app.secret, app.unfinished_allowed)
            assert not faults, "webhooks broke rules:\n" + "\n".join(faults)

    endings.append(close)
    return app


@pytest.fixture
def belay(folder, app, endings):
    """Makes servers: belay(trunk=…, env=…, arguments=…). Ended with the test; a crash by its own fault is a failure."""
    made = []

    def make(**options):
        server = Belay(folder / f"server{len(made) + 1}", **options)
        made.append(server)
        app.secret = server.secret

        def end():
            killed = server.program.process.returncode == -9
            alive = server.program.is_alive()
            status = server.stop()
            assert killed or status == server.expected_status, \
                f"the server ended with {status}{'' if alive else ' by itself'}:\n{server.program.text[-3000:]}"

        endings.append(end)
        return server

    return make


@pytest.fixture
def sipp(folder, endings):
    def make(scenario, **options):
        far = SIPp(folder, scenario, **options)
        endings.append(far.stop)
        return far

    return make


@pytest.fixture
def baresip(folder, endings):
    def make(**options):
        far = Baresip(folder, **options)
        endings.append(far.stop)
        return far

    return make


def far_ends(kind, endings):
    def make(*arguments, **options):
        far = kind(*arguments, **options)

        def end():
            far.close()
            assert not far.faults, "the far end saw rules broken:\n" + "\n".join(far.faults[:50])

        endings.append(end)
        return far

    return make


@pytest.fixture
def far_end(endings):
    """Makes strict far ends; a broken rule fails the test, unless it takes `far.faults` for itself and empties it."""
    return far_ends(FarEnd, endings)


@pytest.fixture
def talkers(endings):
    """Makes far ends that talk to each other, as strict."""
    return far_ends(Talkers, endings)


@pytest.fixture
def calling_far_end(endings):
    """Makes far ends that call in too, as strict."""
    return far_ends(CallingFarEnd, endings)


@pytest.fixture
def capture(folder, endings):
    def make(**options):
        one = Capture(folder, **options)
        endings.append(one.program.stop)
        return one

    return make
