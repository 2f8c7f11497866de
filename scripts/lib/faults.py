"""Plants single faults in a copy of the tree and runs the Swift tests against each: what the tests do not see.

    faults.py [--count N] [--seed N] [--room ROOM]... [--again] [--jobs N]

A fault is one small change of one expression or statement, as a slip of the hand makes it (OPERATORS below). All that were
drawn are compiled in at once, each behind its number, and BELAY_PLANTED_FAULT chooses one: one build serves them all. What
does not compile is left out. For each fault the tests of its room run first, then those of the rooms that stand on it; the
first that fails, crashes or takes five times as long has seen it.

Those of Tests/faults-by-hand.txt are planted besides. Places whose change nobody can observe are listed in
Tests/faults-without-effect.txt, each with its reason.
"""

import argparse
import collections
import concurrent.futures
import functools
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
WORKSHOP = REPOSITORY / ".build-faults"
TREE = WORKSHOP / "tree"
BY_HAND = REPOSITORY / "Tests" / "faults-by-hand.txt"
EXEMPT = REPOSITORY / "Tests" / "faults-without-effect.txt"

#: How the tests are built; scripts/bench gives what scripts/test builds with.
FLAGS = os.environ.get("BELAY_BUILD_FLAGS", "").split()
#: What did not compile in an earlier run is not drawn again.
UNBUILT = WORKSHOP / "does-not-compile.json"
DOES_NOT_COMPILE = set(json.loads(UNBUILT.read_text())) if UNBUILT.exists() else set()


def remember(path, keys):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(keys, indent=1))


#: A room, and whose tests may see a fault in it, its own first. What has no Swift tests is not here: the tests from outside
#: look at it.
ROOMS = {
    "JSON": ["JSON", "PerCL", "PQL", "API"],
    "Telephony": ["Telephony", "CallControl", "PerCL", "API", "Storage", "PQL", "Webhooks", "Media"],
    "Sharing": ["Sharing", "Webhooks", "NameResolution", "Media"],
    "SIP": ["SIP", "CallControl", "People"],
    "SDP": ["SDP", "CallControl", "People"],
    "RTP": ["RTP", "Media"],
    "PerCL": ["PerCL", "CallControl"],
    "PQL": ["PQL", "Storage", "StorageSQLite", "API"],
    "CallControl": ["CallControl"],
    "People": ["People", "Carrier"],
    "AnswerDetection": ["AnswerDetection"],
    "NameResolution": ["NameResolution", "Webhooks"],
    "Media": ["Media"],
    "Webhooks": ["Webhooks"],
    "Storage": ["Storage"],
    "StorageSQLite": ["StorageSQLite", "Storage"],
    "API": ["API"],
    "Carrier": ["Carrier"],
}
#: Their tests keep real time: they run one at a time.
KEEPING_TIME = {"Media", "Carrier", "Webhooks", "NameResolution", "API", "Storage", "StorageSQLite", "Sharing", "RTP"}

OPERAND = r"[\w$]+(?:[?!]?\.\w+)*(?:\([^()]*\))?(?:\[[^\[\]]*\])?(?:\.\w+)*"
STATEMENT = re.compile(r"^(\s*)((?:try\s+)?[a-z_]\w*(?:[?!]?\.\w+|\[[^\[\]]*\])*(?:\(.*\)| (?:[-+*/|&]?=) .+))$")
PASSED_OVER = re.compile(
    r"\b(precondition|assert|fatalError|reserveCapacity|logger|import|operator|description|withUnsafe\w+|"
    r"super|deallocate|associatedtype|typealias)\b|#|@")
BOUNDARY = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}


class Fault(collections.namedtuple("Fault", "room path line kind old new text")):
    """`old` is what stands in the file from `line` on, `text` takes its place; there `planted(⟨N⟩)` chooses."""

    @property
    def key(self):
        return f"{self.path}: {self.old.strip()} => {self.new.strip()}"


def masked(source):
    """The source with strings and comments blanked, place by place."""
    out = list(source)
    pattern = re.compile(r'"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*[\s\S]*?\*/')
    for match in pattern.finditer(source):
        for place in range(match.start(), match.end()):
            if out[place] != "\n":
                out[place] = "\0"
    return "".join(out)


def balanced(text):
    return all(text.count(a) == text.count(b) for a, b in ("()", "[]", "{}"))


def changes(line, mask):
    """Of one line: (kind, start, end, what stands there when the fault is planted)."""
    if not mask.strip("\0 ") or PASSED_OVER.search(mask):
        return
    for match in re.finditer(rf"(?<![\w.)\]?!]) ?({OPERAND}) (<=|>=|==|!=|<|>) (-?{OPERAND}|nil)(?![\w(\[.?])", mask):
        if match.group(3) == "nil" or "\0" in match.group(0):
            continue
        left, right = line[match.start(1):match.end(1)], line[match.start(3):match.end(3)]
        other = BOUNDARY[match.group(2)]
        yield "comparison", match.start(1), match.end(3), f"{left} {other} {right}"
    for match in re.finditer(rf"(?<![\w.)\]?!]) ?(!?{OPERAND}) (&&|\|\|) (!?{OPERAND})(?![\w(\[.?])(?! [<>=!])", mask):
        other = "||" if match.group(2) == "&&" else "&&"
        left, right = line[match.start(1):match.end(1)], line[match.start(3):match.end(3)]
        yield "connective", match.start(1), match.end(3), f"{left} {other} {right}"
    match = re.match(r"^\s*(?:\} else )?(?:if|guard|while) (.+?) (?:\{|else \{)", mask)
    if match and balanced(match.group(1)) and not re.search(r"\b(let|var|case)\b|,|#|\0| = |\{|^true$", match.group(1)):
        start, end = match.span(1)
        yield "negation", start, end, f"!({line[start:end]})"
    for match in re.finditer(r"(?<=[\w)\]]) ([+-]) 1\b(?![.\d_])", mask):
        yield "one off", match.start(), match.end(), f" {match.group(1)} 0"
    match = re.search(r"\b(return|=|:|\() ?(true|false)\b(?=[,)\s]|$)", mask)
    if match and not re.search(r"\bfunc\b|\binit\b|\bcase\b", mask):
        start, end = match.span(2)
        yield "truth", start, end, "false" if match.group(2) == "true" else "true"
    match = re.search(r"\b(?:min|max)\(([^()]*(?:\([^()]*\)[^()]*)*)\)", mask)
    if match and match.group(0).count(",") and "\0" not in match.group(0):
        start, end = match.span(0)
        was = line[start:end]
        yield "bound", start, end, ("max" if was.startswith("min") else "min") + was[3:]
    if re.search(r"static let|\.(?:seconds|milliseconds|minutes|hours)\(|\blet \w+(?:: \w+)? = \d", mask):
        for match in re.finditer(r"(?<![\w.])(\d[\d_]*)(?![\w.])", mask):
            value = int(match.group(1).replace("_", ""))
            if value > 1:
                yield "measure", match.start(), match.end(), str(value * 2)
                break
    match = STATEMENT.match(mask)
    if match and balanced(match.group(2)) and not re.match(r"(try\s+)?(return|throw|let|var|case|default|self\.\w+ =)\b", match.group(2)):
        yield "omission", match.start(2), match.end(2), ""


def places(room):
    for path in sorted((REPOSITORY / "Sources" / room).rglob("*.swift")):
        shown = path.relative_to(REPOSITORY).as_posix()
        source = content(shown).decode()
        lines, masks = source.split("\n"), masked(source).split("\n")
        for number, (line, mask) in enumerate(zip(lines, masks), 1):
            for kind, start, end, instead in changes(line, mask):
                was = line[start:end]
                if kind == "omission":
                    text = f"{line[:start]}if !planted(⟨N⟩) {{ {line[start:]} }}"
                elif kind == "negation":
                    text = f"{line[:start]}planted(⟨N⟩) != ({was}){line[end:]}"
                elif kind == "one off":
                    text = f"{line[:start]}{was[:3]}(planted(⟨N⟩) ? 0 : 1){line[end:]}"
                else:
                    text = f"{line[:start]}(planted(⟨N⟩) ? {instead} : {was}){line[end:]}"
                yield Fault(room, shown, number, kind, line, line[:start] + instead + line[end:], text)


def by_hand(rooms):
    """Those that somebody wrote down; what does not stand exactly once in its file is an error."""
    faults = []
    for block in re.split(r"\n\n+", BY_HAND.read_text()):
        lines = [line for line in block.split("\n") if line and not line.startswith("#")]
        if not lines:
            continue
        path = lines[0].removeprefix("@ ")
        old = "\n".join(line[2:] for line in lines if line.startswith("- "))
        new = "\n".join(line[2:] for line in lines if line.startswith("+ "))
        source = content(path).decode()
        if source.count(old) != 1:
            sys.exit(f"{BY_HAND.name}: this stands {source.count(old)} times in {path}, where it has to stand once:\n{old}")
        room, start = Path(path).parts[1], source.index(old)
        if room in rooms:
            text = new.replace("PLANTED", "planted(⟨N⟩)")
            faults.append(Fault(room, path, source.count("\n", 0, start) + 1, "by hand", old, new, text))
    return faults


def exempt():
    if not EXEMPT.exists():
        return set()
    lines = [line for line in EXEMPT.read_text().split("\n") if line and not line.startswith((" ", "#"))]
    return set(lines)


def draw(rooms, count, seed, taken):
    """One fault a line at most. A room gets its share by the root of its places, a kind likewise: small ones are looked at too."""
    chance = random.Random(seed)
    without_effect, by_room = exempt(), {}
    for room in rooms:
        found = [fault for fault in places(room) if fault.key not in without_effect]
        kinds = collections.Counter(fault.kind for fault in found)
        # The rarer a kind, the likelier each of its places: most lines can be left out, few compare.
        found.sort(key=lambda fault: chance.random() ** (kinds[fault.kind] ** 0.5))
        found.reverse()
        lines, kept = set(taken), []
        for fault in found:
            if (fault.path, fault.line) not in lines:
                lines.add((fault.path, fault.line))
                kept.append(fault)
        by_room[room] = kept
    weight = {room: len(found) ** 0.5 for room, found in by_room.items()}
    total = sum(weight.values()) or 1
    drawn = []
    for room, found in by_room.items():
        share = found[:round(count * weight[room] / total)]
        drawn += [fault for fault in share if fault.key not in DOES_NOT_COMPILE]
    return drawn


PLANTED = """import Foundation

private let plantedFault = ProcessInfo.processInfo.environment["BELAY_PLANTED_FAULT"].flatMap { Int($0) } ?? -1

@inline(never) func planted(_ number: Int) -> Bool { number == plantedFault }
"""


def write(path, text):
    """What has not changed keeps its time, so that it is not built again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_bytes() != text:
        path.write_bytes(text)


@functools.cache
def content(name):
    """Of a file as it was when the bench began: who works on goes on working."""
    return (REPOSITORY / name).read_bytes()


@functools.cache
def listed():
    """All that the tests may look at: some read the documents."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True, text=True).stdout.split("\0")
    return [name for name in names if name and not name.startswith("Tests/interop/") and (REPOSITORY / name).is_file()]


def planted_in(source, faults):
    """The source with its faults; the lines keep their numbers but for what was written by hand."""
    lines = source.split("\n")
    for number, fault in faults.items():
        if fault.kind != "by hand":
            lines[fault.line - 1] = fault.text.replace("⟨N⟩", str(number))
    source = "\n".join(lines)
    for number, fault in faults.items():
        if fault.kind == "by hand":
            source = source.replace(fault.old, fault.text.replace("⟨N⟩", str(number)))
    return source


def plant(faults):
    """The tree with `faults`, by number."""
    by_path = collections.defaultdict(dict)
    for number, fault in faults.items():
        by_path[fault.path][number] = fault
    wanted = set()
    for name in listed():
        planted = content(name)
        if name in by_path:
            planted = planted_in(planted.decode(), by_path[name]).encode()
        write(TREE / name, planted)
        wanted.add(TREE / name)
    for room in ROOMS:
        write(TREE / "Sources" / room / "PlantedFault.swift", PLANTED.encode())
        wanted.add(TREE / "Sources" / room / "PlantedFault.swift")
    for folder in ("Sources", "Tests"):
        for path in (TREE / folder).rglob("*"):
            if path.is_file() and path not in wanted:
                path.unlink()


def build(faults):
    """Builds, and leaves out what does not compile until the rest does."""
    while True:
        plant(faults)
        print(f"building with {len(faults)} faults", flush=True)
        made = subprocess.run(["swift", "build", *FLAGS, "--build-tests"], cwd=TREE, capture_output=True, text=True)
        if made.returncode == 0:
            return
        bad = set()
        for path, line in re.findall(r"^(\S+\.swift):(\d+):\d+: error:", made.stdout + made.stderr, re.M):
            name = Path(path).resolve().relative_to(TREE.resolve()).as_posix()
            near = [(abs(int(line) - fault.line), number) for number, fault in faults.items()
                    if fault.path == name]
            if near:
                bad.add(min(near)[1])
        if not bad:
            sys.exit(f"the tree with its faults does not build:\n{(made.stdout + made.stderr)[-4000:]}")
        for number in bad:
            DOES_NOT_COMPILE.add(faults.pop(number).key)
        remember(UNBUILT, sorted(DOES_NOT_COMPILE))


@functools.cache
def tests():
    """The program with all Swift tests."""
    shown = subprocess.run(["swift", "build", *FLAGS, "--show-bin-path"], cwd=TREE, capture_output=True, text=True, check=True)
    return Path(shown.stdout.strip()) / "belayPackageTests.xctest"


def run(room, number, limit):
    """How the tests of a room end with a fault: None when all pass, else what they say."""
    environment = {**os.environ, "BELAY_PLANTED_FAULT": str(number), "SWIFT_BACKTRACE": "enable=no"}
    process = subprocess.Popen(
        [tests(), "--testing-library", "swift-testing", "--no-parallel", "--filter", f"^{room}Tests\\."], cwd=TREE,
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", start_new_session=True)
    late = threading.Event()

    def end():
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def too_late():
        late.set()
        end()

    timer = threading.Timer(limit, too_late)
    timer.start()
    seen = None
    for line in process.stdout:
        found = re.search(r"Test (.+?) recorded an issue", line)
        if found:
            seen = found.group(1)
            end()
            break
    status = process.wait()
    timer.cancel()
    process.stdout.close()
    if late.is_set():
        return f"took longer than {limit:.0f} s"
    return seen or (f"ended with {status}" if status else None)


def judge(number, fault, limits):
    for room in ROOMS[fault.room]:
        seen = run(room, number, limits[room])
        if seen:
            return f"{room}: {seen}"
    return None


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench faults", description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=200, help="how many are drawn, beside those by hand (200)")
    parser.add_argument("--seed", type=int, default=1, help="chooses them (1)")
    parser.add_argument("--room", action="append", choices=sorted(ROOMS), help="of this room alone; may be repeated")
    parser.add_argument("--again", action="store_true",
                        help="only what survived the last time, where it still stands; new tests are seen")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="test runs side by side")
    parser.add_argument("--list", action="store_true", help="shows what is drawn and ends")
    options = parser.parse_args()

    record = WORKSHOP / "survived.json"
    if options.again:
        wanted = set(json.loads(record.read_text()))
        rooms = options.room or list(ROOMS)
        found = by_hand(rooms) + [fault for room in rooms for fault in places(room)]
        # A line that stands twice in a file is one key: the first place is taken.
        drawn = list({fault.key: fault for fault in reversed(found) if fault.key in wanted}.values())
    else:
        written = by_hand(options.room or list(ROOMS))
        taken = {(fault.path, fault.line + more) for fault in written for more in range(fault.old.count("\n") + 1)}
        drawn = written + draw(options.room or list(ROOMS), options.count, options.seed, taken)
    for name in listed():
        content(name)
    faults = dict(enumerate(drawn))
    if options.list:
        for number, fault in faults.items():
            print(f"{number} {fault.kind} {fault.path}:{fault.line}\n    {fault.old.strip()}\n    {fault.new.strip()}")
        return
    build(faults)

    limits, began = {}, time.monotonic()
    for room in dict.fromkeys(room for fault in faults.values() for room in ROOMS[fault.room]):
        start = time.monotonic()
        failed = run(room, -1, 900)
        if failed:
            sys.exit(f"without a fault {room}Tests fail: {failed}")
        limits[room] = 20 + 5 * (time.monotonic() - start)
    print(f"{len(faults)} faults compiled; the tests pass without one, in {time.monotonic() - began:.0f} s", flush=True)

    survived, by_room = {}, collections.Counter()
    began, lock = time.monotonic(), threading.Lock()

    def one(number):
        fault = faults[number]
        seen = judge(number, fault, limits)
        with lock:
            by_room[fault.room, bool(seen)] += 1
            if not seen:
                survived[number] = fault
            shown = f"seen by {seen}" if seen else "NOT SEEN"
            print(f"{fault.path}:{fault.line} ({fault.kind}) {shown}", flush=True)
            if not seen:
                print(f"    - {fault.old.strip()}\n    + {fault.new.strip()}", flush=True)

    side_by_side = [n for n, fault in faults.items() if not KEEPING_TIME & set(ROOMS[fault.room][:2])]
    with concurrent.futures.ThreadPoolExecutor(max(1, options.jobs)) as pool:
        list(pool.map(one, side_by_side))
    for number in faults:
        if number not in set(side_by_side):
            one(number)

    remember(record, [fault.key for fault in survived.values()])
    print(f"\n{'room':18}{'planted':>9}{'seen':>7}")
    for room in ROOMS:
        if by_room[room, True] + by_room[room, False]:
            print(f"{room:18}{by_room[room, True] + by_room[room, False]:9}{by_room[room, True]:7}")
    share = len(survived) / max(1, len(faults))
    print(f"{len(faults)} faults planted, {len(survived)} not seen ({share:.1%}), {time.monotonic() - began:.0f} s")
    sys.exit(share > 0.1)


if __name__ == "__main__":
    main()
