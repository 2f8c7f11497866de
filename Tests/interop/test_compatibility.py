"""The judge of docs/compatibility.md: what it accepts, and that it notices everything that it is there for."""

import importlib.util
import json

import pytest

from harness.server import REPOSITORY

SPECIFICATION = """# Title
### POST ~/Calls (Make a Call)
| param | type |
|---|---|
| from | string |
| sendDigits | string |

## 3.3 Commands
### Say
| attr | type |
|---|---|
| text | string |
### PlayEarly
`other` R.
### Play
`file` R absolute URL, `loop` int; the `verb` is no attribute.

## 2.0 Index
| method + path | operationId | ok |
|---|---|---|
| GET / DELETE ~/Things/{id} | get / delete-a-thing | 200 |

## 4.2 Each webhook (extra fields only)
| requestType | URL invoked | when | extra fields |
|---|---|---|---|
| digits | url | done | digits, reason (finishKey), callEndedReason |
"""
NAMES = {
    "Make a Call": {"file": "spec.md", "place": "### POST ~/Calls (Make a Call)", "way": "table", "names": ["from", "sendDigits"]},
    "Play": {"file": "spec.md", "place": "### Play", "way": "prose", "names": ["file", "loop"], "other words": ["verb"]},
    "Things": {"file": "spec.md", "place": "## 2.0", "way": "index", "names": ["get-a-thing", "delete-a-thing"]},
    "Webhook digits": {"file": "spec.md", "place": "digits", "way": "webhook", "names": ["digits", "reason", "callEndedReason"],
                       "other words": ["finishKey"]},
}
PYTHON, CASE, SWIFT = "test_a.py::test_one", "test_a.py::test_one[x y]", "RoomTests/SuiteTests/works(_:)"
DOCUMENT = f"""# Compatibility
## Make a Call
| parameter | what | tests |
|---|---|---|
| `from` | Supported. | `{PYTHON}` |
| `sendDigits` | Supported: `{{n}}` is a pause. | `{CASE}`, `{SWIFT}` |
### Play
| `file` | Supported. | `{PYTHON}` |
| `loop` | Not in this version. | `{PYTHON}` |
### Things
| `get-a-thing` | Supported. | `{PYTHON}` |
| `delete-a-thing` | Supported. | `{PYTHON}` |
### Webhook digits
| `digits` | Supported. | `{PYTHON}` |
| `reason` | Supported. | `{PYTHON}` |
| `callEndedReason` | Supported. | `{PYTHON}` |
"""
RESULTS = """<testsuites><testsuite>
<testcase classname="test_a" name="test_one[x y]"/><testcase classname="test_a" name="test_one[z]"/>
<testcase classname="RoomTests.SuiteTests" name="works(_:)"/></testsuite></testsuites>"""


@pytest.fixture
def judge(tmp_path, capsys):
    """Judges a small project of its own; each argument takes the place of one of its files."""
    file = REPOSITORY / "scripts" / "lib" / "compatibility.py"
    specification = importlib.util.spec_from_file_location("compatibility", file)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)

    def run(document=DOCUMENT, names=NAMES, results=RESULTS, spec=SPECIFICATION, part=False):
        contents = {"docs/compatibility.md": document, "Tests/compatibility/names.json": json.dumps(names),
                    "Tests/interop/test_a.py": "def test_one(x):\n    pass\n", "results/one.xml": results,
                    "Tests/RoomTests/Suite.swift": "@Suite struct SuiteTests {\n    func works(_ x: Int) {}\n}\n",
                    "spec/spec.md": spec}
        for name, content in contents.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            if content is not None:
                (tmp_path / name).write_text(content)
        arguments = (["--part"] if part else []) + ([str(tmp_path / "results")] if results else [])
        status = module.main(arguments, tmp_path, tmp_path / "spec" if spec else tmp_path / "nowhere")
        return status, capsys.readouterr().out

    return run


def test_all_is_well(judge):
    status, said = judge()
    assert (status, said) == (0, "compatibility: 9 rows, all that the specification names; their 3 tests ran and passed\n")
    assert "the specification itself is not here" in judge(spec=None)[1]


@pytest.mark.parametrize("change, words", [
    ({"document": DOCUMENT.replace("| `loop` |", "| loop |")}, "Play: no row for loop"),
    ({"document": DOCUMENT.replace("`loop`", "`file`")}, "Play: file has 2 rows"),
    ({"document": DOCUMENT.replace("| `loop` |", "| `more` | x | `test_a.py::test_one` |\n| `loop` |")},
     "the row more is of nothing in names.json"),
    ({"document": DOCUMENT.replace("## Make a Call", "## Make a Cake")}, "Make a Call: no row for from"),
    ({"document": DOCUMENT.replace("Not in this version.", "")}, "does not say what Belay does"),
    ({"document": DOCUMENT.replace(f"| Not in this version. | `{PYTHON}` |", "| Not in this version. | by hand |")},
     "the row loop names no test"),
    ({"document": DOCUMENT.replace(f"`{CASE}`", "`test_a.py::test_two`")}, "names test_a.py::test_two, which does not exist"),
    ({"document": DOCUMENT.replace(f"`{SWIFT}`", "`RoomTests/SuiteTests/fails()`")}, "fails(), which does not exist"),
    ({"results": RESULTS.replace("[x y]", "[x]")}, "names test_a.py::test_one[x y], which did not run"),
    ({"results": RESULTS.replace("works(_:)", "other()")}, "works(_:), which did not run"),
    ({"results": RESULTS.replace('"test_one[z]"/>', '"test_one[z]"><failure/></testcase>')}, "test_one, which failed"),
    ({"results": RESULTS.replace('"test_one[z]"/>', '"test_one[z]"><skipped/></testcase>')}, "test_one, which skipped"),
    ({"results": RESULTS.replace('"works(_:)"/>', '"works(_:)"><error/></testcase>')}, "works(_:), which failed"),
    ({"spec": SPECIFICATION.replace("| from |", "| from |\n| ifMachine |")}, "the specification has ifMachine"),
    ({"spec": SPECIFICATION.replace("| sendDigits | string |\n", "")}, "names.json has sendDigits, the specification has not"),
    ({"spec": SPECIFICATION.replace("`loop` int", "`loop` int, `volume`")}, "the specification has volume"),
    ({"spec": SPECIFICATION.replace("get / delete", "get / update / delete")}, "the specification has update-a-thing"),
    ({"spec": SPECIFICATION.replace("(finishKey)", "(finishKey), recordingUrl")}, "the specification has recordingUrl"),
])
def test_it_notices(judge, change, words):
    status, said = judge(**change)
    assert status == 1 and words in said, said


def test_a_part_of_the_tests_claims_nothing(judge):
    """What did not run is no fault then, and is told; what ran and failed is one."""
    status, said = judge(results=RESULTS.replace("works(_:)", "other()"), part=True)
    assert status == 0 and "2 of the 3 that the rows name; nothing is claimed of the others" in said, said
    assert judge(results=None)[0] == 0
    assert judge(results=RESULTS.replace('"test_one[z]"/>', '"test_one[z]"><failure/></testcase>'), part=True)[0] == 1
    assert judge(document=DOCUMENT.replace(f"`{CASE}`", "`test_a.py::test_two`"), part=True)[0] == 1
