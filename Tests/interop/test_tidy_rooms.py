"""What the pure rooms (ARCHITECTURE.md#rooms) do without, and how large a file may be: rules that a reviewer would otherwise
have to remember. Equal seeds give equal traces only as long as they hold (ARCHITECTURE.md#determinism)."""

import re

import pytest

from harness.server import REPOSITORY

PURE = ("SIP", "SDP", "RTP", "JSON", "Telephony", "Sharing", "PerCL", "PQL", "CallControl", "People", "AnswerDetection")

COMMENT = re.compile(r"^\s*(//|\*|/\*)")
TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')

#: What would make the same input come to something else, or to the same thing later.
IMPURE = {
    "a clock": (
        r"\b(Continuous|Suspending)Clock\b", r"\bDispatchTime\b", r"\bclock_gettime\b", r"\bDate(\.now|\(\s*\))", r"\bmach_absolute_time\b",
        r"\bProcessInfo\b",
    ),
    "the system's randomness": (
        r"\bSystemRandomNumberGenerator\b", r"\.random\(in:(?![^)]*using:)", r"\bBool\.random\(\)", r"\.randomElement\(\)", r"\.shuffled?\(\)",
        r"\bUUID\(\)", r"\barc4random", r"\bgetrandom\b", r"\bHasher\(\)", r"\.hashValue\b",
    ),
    "a lock": (
        r"\bNS(Recursive)?Lock\b", r"\bMutex\b", r"\bDispatch(Semaphore|Queue|Group)\b", r"\bpthread_", r"\bos_unfair_lock\b", r"\bAtomic<",
        r"@unchecked Sendable", r"\bnonisolated\(unsafe\)",
    ),
    "waiting": (r"\bawait\b", r"\basync\b", r"\bTask\b\s*[.{(]", r"\bactor\b", r"\bAsyncStream\b", r"\b(sleep|usleep)\("),
    "a file, a socket or a process": (
        r"\bFileManager\b", r"\bFileHandle\b", r"\b(fopen|open|socket|connect|bind|fork)\(\s*\"", r"\bgetenv\b", r"(?<![.\w])(?<!func )print\(",
    ),
}
#: A dictionary's, or a set's, order differs from process to process.
DECLARED = re.compile(
    r"\b(?:var|let)\s+(\w+)\s*(?::\s*(?:\[[^\[\]()]+:\s*[^\n=]+\]|Set<[^\n=]+>|Dictionary<)|=\s*(?:\[[^\]]*:[^\]]*\]\(|\[:\]|Set<|Dictionary\())")
MAY_LOOP = {"Sources/Sharing/FairQueue.swift": "the least of all is taken, whatever the order"}

LONGEST_FILE = 500
MAY_BE_LONGER = {
    "Sources/AnswerDetection/GreetingModel+Trained.swift": "a table of numbers, made by a program",
    "Sources/Telephony/Numbering/NumberingTable.swift": "a table, made by scripts/numbering-plan",
    "Sources/SIP/Session/DialogUsage.swift": "to be divided: requests within a dialog, and its 2xx",
    "Tests/APITests/MakeCallTests.swift": "to be divided by the fields of the body",
    "Tests/MediaTests/MediaEngineTests.swift": "to be divided by what is sent and what is heard",
    "Tests/SIPTests/OutgoingSessionTests.swift": "to be divided by the answers that an INVITE gets",
    "Tests/interop/harness/far_end.py": "to be divided: what it says, and how it hears",
}


def swift_lines(rooms):
    for room in rooms:
        for path in sorted((REPOSITORY / "Sources" / room).rglob("*.swift")):
            name = path.relative_to(REPOSITORY).as_posix()
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if not COMMENT.match(line):
                    yield name, number, TEXT.sub('""', line)


@pytest.mark.parametrize("what", IMPURE)
def test_the_pure_rooms_do_without(what):
    strays = [f"{name}:{number} has {what}: {line.strip()}" for name, number, line in swift_lines(PURE)
              if any(re.search(pattern, line) for pattern in IMPURE[what])]
    assert not strays, "a pure room is told what it needs, as a parameter:\n" + "\n".join(strays)


def loops_over_the_orderless(files):
    """files: {name: text}. What is declared as a dictionary or a set anywhere in a file, looped over in it without being
    brought into an order."""
    strays = []
    for name, text in files.items():
        lines = [TEXT.sub('""', line) for line in text.splitlines() if not COMMENT.match(line)]
        names = {match[1] for line in lines for match in DECLARED.finditer(line)}
        for line in lines:
            loop = re.search(r"\bfor\b.*?\bin\s+(?:self\.)?(\w+)(?:\.(?:keys|values))?\s*(?:\{|\bwhere\b|$)", line)
            if loop and loop[1] in names:
                strays.append(f"{name}: {line.strip()}")
    return strays


def test_no_dictionarys_order_reaches_an_effect():
    files = {path.relative_to(REPOSITORY).as_posix(): path.read_text()
             for room in PURE for path in sorted((REPOSITORY / "Sources" / room).rglob("*.swift"))}
    for name in MAY_LOOP:
        assert loops_over_the_orderless({name: files.pop(name)}), f"nothing to allow in {name}"
    strays = loops_over_the_orderless(files)
    assert not strays, "sort it, or keep a list:\n" + "\n".join(strays)


@pytest.mark.parametrize("text", [
    "var calls: [CallID: Call] = [:]\nfor (id, call) in calls { end(call) }",
    "var seen: Set<String> = []\nfor name in seen { tell(name) }",
    "let counts = [String: Int]()\nfor key in counts.keys { tell(key) }",
    "private var lanes: [AccountID: [CallID]] = [:]\nfor lane in self.lanes.values { wake(lane) }",
])
def test_the_rule_of_order_sees(text):
    assert loops_over_the_orderless({"a.swift": text})


@pytest.mark.parametrize("text", [
    "var calls: [CallID: Call] = [:]\nfor (id, call) in calls.sorted(by: { $0.key < $1.key }) { end(call) }",
    "var names: [String] = []\nfor name in names { tell(name) }",
    "var seen: Set<String> = []\nfor name in names where seen.contains(name) { tell(name) }",
])
def test_the_rule_of_order_lets_pass(text):
    assert not loops_over_the_orderless({"a.swift": text})


@pytest.mark.parametrize("what, line", [
    ("a clock", "let now = ContinuousClock.now"), ("a clock", "let today = Date()"),
    ("the system's randomness", "let id = Int.random(in: 0..<9)"), ("the system's randomness", "order.shuffle()"),
    ("a lock", "let table = Mutex([:])"), ("waiting", "func ask() async -> Int"), ("waiting", "Task { ask() }"),
    ("a file, a socket or a process", "print(value)"),
])
def test_the_rules_see(what, line):
    assert any(re.search(pattern, line) for pattern in IMPURE[what])


def test_no_file_is_too_long():
    """What is longer has two reasons to exist."""
    sizes = {}
    for folder in ("Sources", "Tests", "scripts"):
        for path in sorted((REPOSITORY / folder).rglob("*")):
            if path.suffix in (".swift", ".py", ".sh", ".c", ".h") and path.is_file() and ".build" not in path.parts:
                sizes[path.relative_to(REPOSITORY).as_posix()] = len(path.read_text().splitlines())
    longer = {name for name, size in sizes.items() if size > LONGEST_FILE}
    assert not longer - set(MAY_BE_LONGER), "divide it by what it is for"
    assert not set(MAY_BE_LONGER) - longer, "it is short enough now"


UNSAFE = re.compile(r"\bunsafe\s")


def unsafe_without_reason(text):
    """The line numbers of what is marked `unsafe` before any comment of its file has said why (`Safe: …`)."""
    lines = text.splitlines()
    reason = next((number for number, line in enumerate(lines) if COMMENT.match(line) and "Safe" in line), len(lines))
    return [number + 1 for number, line in enumerate(lines[:reason]) if UNSAFE.search(line) and not COMMENT.match(line)]


def test_what_is_unsafe_has_its_reason():
    strays = [f"{path.relative_to(REPOSITORY)}:{number}" for room in (*PURE, "Media")
              for path in sorted((REPOSITORY / "Sources" / room).rglob("*.swift"))
              for number in unsafe_without_reason(path.read_text())]
    assert not strays, "say in a comment that begins with `Safe` why it is right:\n" + "\n".join(strays)


def test_the_rule_of_reasons_sees():
    assert unsafe_without_reason("let first = unsafe base[0]\n// Safe: there is one.\nlet next = unsafe base[1]") == [1]


#: Words that say nothing of what a type is.
EMPTY_WORDS = ("Manager", "Helper", "Util", "Utils", "Impl", "Misc", "Common", "Wrapper", "Processor", "Controller", "Object", "Thing")


def empty_names(text):
    return re.findall(rf"\b(?:struct|class|enum|protocol|actor|typealias)\s+(\w*(?:{'|'.join(EMPTY_WORDS)}))\b", text)


def test_names_say_something():
    strays = [f"{path.relative_to(REPOSITORY)}: {name}" for path in sorted((REPOSITORY / "Sources").rglob("*.swift"))
              for name in empty_names(path.read_text())]
    assert not strays, "a name says what it is"


def test_the_rule_of_names_sees():
    assert empty_names("final class CallManager {}\nstruct Utils {}\nstruct Leg {}") == ["CallManager", "Utils"]
