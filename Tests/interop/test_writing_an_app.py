"""docs/writing-an-app.md by the letter: its two apps, each with every command's example, against a live server; and its tables
of attributes against what the code reads."""

import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import audio, ports
from harness.process import Program
from harness.server import REPOSITORY
from harness.waiting import eventually
from test_first_quarter_of_an_hour import run

PAGE = (REPOSITORY / "docs" / "writing-an-app.md").read_text()
#: The page's section of each command, by its name.
SECTIONS = {part.split("\n", 1)[0]: part for part in re.split(r"^### ", PAGE, flags=re.M)[1:]}
SECTIONS = {name: re.split(r"^## ", part, flags=re.M)[0] for name, part in SECTIONS.items()}

#: Somebody of our own: presses 1, stays for a while, and hangs up.
KEEN = "+15005559001"
PEOPLE = f"""\
people:
  - number: "{KEEN}"
    name: somebody in a conference
    script:
      # The conference is entered, and what follows the key is said to its end, however much else the machine does.
      - wait: 6
      - press: "1"
      - wait: 15
      - hang up
"""

#: Whom each example is tried with, and what its call's log must say, in order. None: somebody calls in.
EXAMPLES = {
    "Say": ("+15005551042", [r"PerCL Say \(Good morning\.\)", "PerCL Say completed"]),
    "Play": ("+15005550010", ["PerCL Play$", "PerCL Play completed"]),
    "Pause": ("+15005550010", ["PerCL Pause completed", r"PerCL Say \(That was half a second\.\)"]),
    "GetDigits": ("+15005555201", ["PerCL GetDigits", "Webhook getDigits answered : 200", r"PerCL Say \(You pressed 1\.\)"]),
    "SendDigits": ("+15005550010", ["PerCL SendDigits", "PerCL SendDigits completed"]),
    "StartRecordCall": ("+15005550010", ["PerCL StartRecordCall", r"PerCL Say \(This call is recorded\.\)"]),
    "RecordUtterance": ("+15005550013", ["PerCL RecordUtterance", "Webhook record answered : 200", "PerCL Play completed"]),
    "OutDial": ("+15005550010", ["PerCL OutDial", r"PerCL Say \(Somebody is being called\.\)"]),
    "Enqueue": ("+15005550010", ["PerCL Enqueue", "Entered the queue", r"PerCL Say \(You are number 1\.\)", "Left the queue",
                                 r"PerCL Say \(Your turn has come\.\)"]),
    "Dequeue": ("+15005550010", [r"PerCL Say \(Nobody is before you\.\)", "PerCL Dequeue", "Left the queue",
                                 r"PerCL Say \(Your turn has come\.\)"]),
    "Park": ("+15005550010", ["PerCL Park", "Parked", r"PerCL Say \(You are parked\.\)", r"PerCL Say \(Welcome back\.\)"]),
    "Unpark": ("+15005550010", ["PerCL Park", "PerCL Unpark", r"PerCL Say \(Welcome back\.\)"]),
    "CreateConference": ("+15005552002", ["PerCL CreateConference", "Webhook createConference answered : 200",
                                          "PerCL AddToConference", "Joined the conference"]),
    "AddToConference": ("+15005552005", ["PerCL CreateConference", "PerCL OutDial", "PerCL AddToConference",
                                         "Joined the conference"]),
    "RemoveFromConference": (KEEN, ["Joined the conference", "Webhook callControl answered : 200", "PerCL RemoveFromConference",
                                    "Left the conference", r"PerCL Say \(You are on your own again\.\)"]),
    "TerminateConference": (KEEN, ["Joined the conference", "PerCL TerminateConference", r"Call completed \(conferenceTerminated"]),
    "SetTalk": (KEEN, ["Joined the conference", "PerCL SetTalk", r"PerCL Say \(Nobody hears you now\.\)"]),
    "SetListen": (KEEN, ["Joined the conference", "PerCL SetListen", "May now do this in the conference"]),
    "SetDTMFPassThrough": (KEEN, ["Joined the conference", "PerCL SetDTMFPassThrough", "May now do this in the conference"]),
    "Redirect": ("+15005550010", [r"PerCL Say \(One moment\.\)", "PerCL Redirect", r"PerCL Say \(Hello\.\)"]),
    "Hangup": ("+15005550010", [r"PerCL Say \(Goodbye\.\)", "PerCL Hangup", "all is said"]),
    "PlayEarlyMedia": (None, ["PerCL PlayEarlyMedia completed", "Call inProgress", r"PerCL Say \(Now we are connected\.\)"]),
    "Reject": (None, ["PerCL Reject", r"Call failed \(appReject; Reject: after hours\)"]),
}


def blocks(language):
    """The page's code in a language, in its order; what is marked `last` at the end."""
    found = re.findall(rf"^```{language}( last)?\n(.*?)^```$", PAGE, re.S | re.M)
    return [code for mark, code in found if not mark] + [code for mark, code in found if mark]


def path_of(command, language):
    """Where the command's example in a language answers."""
    code = re.search(rf"^```{language}\n(.*?)^```$", SECTIONS[command], re.S | re.M).group(1)
    return re.search(r'@app\.post\("(/\w+)"\)' if language == "python" else r'paths\["(/\w+)"\]', code).group(1)


@pytest.fixture(params=["python", "js"])
def app_of_the_page(request, folder, endings):
    """The page's app in one of its languages, running; returns the language and where."""
    language, port = request.param, ports.take()
    code = "\n".join(blocks(language))
    assert code.count("3000") == 1
    (folder / "hello.wav").write_bytes(audio.tone(0.3))
    path = folder / ("app.py" if language == "python" else "app.mjs")
    path.write_text(code.replace("3000", str(port)))
    program = shutil.which("node") if language == "js" else sys.executable
    assert program, "node is missing; scripts/lib/setup.sh installs it"
    running = Program([program, path], folder / "app.log", cwd=folder)
    endings.append(running.stop)

    def listens():
        import socket
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0 or not running.is_alive()

    eventually(listens, 20, "the app listens")
    assert running.is_alive(), running.text
    return language, f"http://127.0.0.1:{port}"


def test_every_command_that_runs_has_a_section():
    """Those that the README says run, and no other."""
    readme = (REPOSITORY / "README.md").read_text()
    [row] = re.findall(r"^\| PerCL \| (.*?)\. Every other", readme, re.M)
    names = re.findall(r"\b[A-Z][A-Za-z]+\b", row.replace("and for calls that come in", ""))
    assert set(names) == set(SECTIONS) == set(EXAMPLES)


@pytest.mark.parametrize("command", SECTIONS)
def test_the_attributes_are_those_that_the_code_reads(command):
    source = (REPOSITORY / "Sources" / "PerCL" / "Commands" / f"{command}.swift").read_text()
    read = set(re.findall(r'\w\(\s*"(\w+)"', source)) - set(re.findall(r'passOver\("(\w+)"', source))
    if "machineHandling()" in source:
        read |= {"ifMachine", "ifMachineUrl"}
    if "SayEngine(attributes)" in source:
        read |= {"engine"}
    told = set(re.findall(r"^\| `(\w+)` \|", SECTIONS[command], re.M))
    assert told == read, f"only on the page: {told - read}; only in the code: {read - told}"


@pytest.mark.timeout(300)
def test_every_example_does_what_the_page_says(belay, app_of_the_page, folder):
    """What calls out is tried at once; calls come in one after the other, since the number is given from app to app."""
    language, url = app_of_the_page
    (folder / "people.yaml").write_text(PEOPLE)
    server = belay(arguments=["--people", folder / "people.yaml"])

    def story_of(command):
        page = url + path_of(command, language)
        callee, _ = EXAMPLES[command]
        if callee:
            return run(server, "call", "--to", callee, "--url", page, "--strict")
        application = run(server, "application", "create", "--voice-url", page).strip()
        run(server, "number", "assign", server.number, application)
        return run(server, "dial", status=3 if command == "Reject" else 0)

    outward = [command for command, (callee, _) in EXAMPLES.items() if callee]
    with ThreadPoolExecutor(len(outward)) as pool:
        stories = dict(zip(outward, pool.map(story_of, outward)))
    stories |= {command: story_of(command) for command in EXAMPLES if command not in stories}
    for command, (_, story) in EXAMPLES.items():
        told, place = stories[command], 0
        for pattern in story:
            found = re.compile(pattern, re.M).search(told, place)
            assert found, f"{command}: /{pattern}/ is not in\n{told[place:]}"
            place = found.end()
    children = {call["to"]: call for call in server.rest.all_calls() if call["direction"] == "outboundDial"}
    assert set(children) == {"+15005551042", "+15005552002"}
    for number, reason in (("+15005551042", "appHangup"), ("+15005552002", "farEndHangup")):
        ended = server.wait_until_ended(children[number]["callId"])
        assert (ended["status"], ended["callEndedReason"]) == ("completed", reason), ended
    joined = [entry["message"] for entry in server.rest.logs(children["+15005552002"]["callId"])]
    assert "Joined the conference" in joined, joined


def test_the_python_sdk_is_pointed_here_as_the_page_says(belay):
    import freeclimb
    from freeclimb.api import default_api
    [line] = re.findall(r"^\| Python, `freeclimb` \| `(.*)` \|$", PAGE, re.M)
    server = belay()
    line = line.replace("http://127.0.0.1:8080", server.http)
    configuration = eval(line, {"freeclimb": freeclimb, "ACCOUNT_ID": server.credentials["BELAY_ACCOUNT_ID"],
                                "API_KEY": server.credentials["BELAY_API_KEY"]})
    with freeclimb.ApiClient(configuration) as client:
        assert default_api.DefaultApi(client).get_an_account().account_id == server.credentials["BELAY_ACCOUNT_ID"]
