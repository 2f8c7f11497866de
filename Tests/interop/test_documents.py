"""What docs/ci.md and docs/logs.md say, by the letter: their scripts are run as they stand."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from harness import ports
from harness.process import Program
from harness.server import REPOSITORY, binary
from test_first_quarter_of_an_hour import README, run

CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("BELAY_")}


def scripts(page):
    return re.findall(r"^```sh\n(.*?)^```$", (REPOSITORY / "docs" / page).read_text(), re.S | re.M)


@pytest.mark.timeout(300)
def test_two_jobs_at_once_run_the_script_of_the_page(folder, endings):
    """docs/ci.md: both with the same defaults, side by side; each ends with 0 and leaves what the page says it leaves."""
    [script] = scripts("ci.md")
    [source] = [block for block in re.findall(r"```python\n(.*?)```", README, re.S) if "GetDigits" in block]
    tools = folder / "bin"
    tools.mkdir(exist_ok=True)
    link = tools / "belay"
    link.unlink(missing_ok=True)
    link.symlink_to(binary())
    jobs = []
    for name in ("one", "two"):
        place, port = folder / name, ports.take()
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        (place / "app.py").write_text(source.replace("port=3000", f"port={port}"))
        app = Program([sys.executable, place / "app.py"], place / "app.log")
        endings.append(app.stop)
        app.wait_for(r"Running on http", 20)
        (place / "voice-test.sh").write_text(script)
        environment = CLEAN | {"APP_URL": f"http://127.0.0.1:{port}", "PATH": f"{tools}:{os.environ['PATH']}"}
        jobs.append((place, subprocess.Popen(["sh", "voice-test.sh"], cwd=place, env=environment, text=True,
                                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)))
    processes = set()
    for place, job in jobs:
        out, _ = job.communicate(timeout=180)
        assert job.returncode == 0, out + (place / "server.log").read_text()
        status = json.loads((place / "status.json").read_text())
        processes.add((status["processId"], status["http"], status["sip"], status["dataFolder"]))
        call, dial = (json.loads((place / f"{name}.json").read_text()) for name in ("call", "dial"))
        assert (call["direction"], call["status"]) == ("outboundAPI", "completed"), call
        assert (dial["direction"], dial["status"]) == ("inbound", "completed"), dial
        log = [json.loads(line) for line in (place / "log.jsonl").read_text().splitlines()]
        said = [entry["metadata"].get("text") for entry in log if entry["message"] == "PerCL Say"]
        assert said == ["You have reached support.", "You have reached sales."], said
        assert {path.stem for path in (place / "recordings").iterdir()} == {call["callId"], dial["callId"]}
    assert len(processes) == 2


def test_the_snippet_of_the_page_on_logs(belay):
    server = belay()
    run(server, "call", "--to", "+15005551042", "--url", "http://127.0.0.1:9/", status=5)
    (server.folder / "belay-data").symlink_to(server.data)
    [script] = scripts("logs.md")
    tools = server.folder / "bin"
    tools.mkdir()
    (tools / "belay").symlink_to(binary())
    done = subprocess.run(["bash", "-euc", script], cwd=server.folder, capture_output=True, text=True, timeout=60,
                          env=CLEAN | {"PATH": f"{tools}:{os.environ['PATH']}"})
    assert done.returncode == 0, done
    *_, answer = done.stdout.splitlines()
    assert json.loads(answer)["logs"] == [], done.stdout


def test_the_readme_s_curl(belay):
    [script] = [block for block in re.findall(r"^```sh\n(.*?)^```$", README, re.S | re.M) if "curl" in block]
    server = belay()
    (server.folder / "belay-data").symlink_to(server.data)
    theirs = "http://127.0.0.1:8080"
    assert theirs in script and ":3000/" in script
    done = subprocess.run(["bash", "-euc", script.replace(theirs, server.http).replace(":3000/", ":9/")], cwd=server.folder,
                          capture_output=True, text=True, timeout=60, env=CLEAN)
    assert done.returncode == 0, done
    call = json.loads(done.stdout)["callId"]
    assert server.wait_until_ended(call)["callEndedReason"] == "webhookFailed", "nothing listens at port 9"
