"""docs/compatibility.md has a row for everything that the specification names, and each row's tests ran and passed.

    python3 compatibility.py [--part] [RESULTS …]

RESULTS are JUnit files or folders of them: what `scripts/test` leaves. Without any, only rows and the names of tests are
checked; with --part (not every test was run) what did run is checked too, and the others are counted, not claimed.

The rows' names come from Tests/compatibility/names.json, which is taken from the specification. Where the specification
itself is there (../shared/spec, or the folder in BELAY_SPECIFICATION), that list is checked against it first.
"""

import json
import os
import re
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: So many are printed; where the tests did not run at all, every row is one.
MOST_FAULTS = 60
#: What a name looks like: requestType, capabilities.sms, make-a-call.
NAME = r"[A-Za-z][A-Za-z0-9]*(?:[.-][A-Za-z0-9*]+)*"


# The specification


def section(text, heading):
    """The lines below the heading that begins so, up to the next heading of its level or a higher one."""
    lines = text.split("\n")
    starts = [number for number, line in enumerate(lines) if re.match(re.escape(heading) + r"(?!\w)", line)]
    assert len(starts) == 1, f"{len(starts)} headings of the specification begin with {heading!r}"
    level = len(heading) - len(heading.lstrip("#"))
    found = []
    for line in lines[starts[0] + 1:]:
        if re.match(rf"#{{1,{level}}} ", line):
            break
        found.append(line)
    return found


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def of_table(text, heading):
    """First columns of the section's tables."""
    rows = [cells(line)[0] for line in section(text, heading) if line.startswith("|") and not line.startswith("|--")]
    rows = [re.sub(r"(\w+)\(\+ISO\)", r"\1, \1ISO", row) for row in rows]
    names = {name for row in rows for name in re.split(r"[,\s]+", row) if re.fullmatch(NAME, name)}
    return names - {"attr", "param", "field"}


def of_prose(text, heading):
    """What stands between backticks in the section, and in its tables' first columns; with the values among it."""
    body = "\n".join(section(text, heading))
    words = {word for quoted in re.findall(r"`([^`]+)`", body) for word in re.findall(NAME, quoted)
             if re.fullmatch(NAME, quoted)}
    return words | of_table(text, heading)


def of_query(text, heading):
    """What stands in backticks behind "Query:" or "List query:" in the section."""
    lines = [line for line in section(text, heading) if re.match(r"(List q|Q)uery:", line)]
    return {quoted for line in lines for quoted in re.findall(rf"`({NAME})`", line)}


def of_webhook(text, kind):
    """The words of the webhook's own row that look like fields."""
    rows = [cells(line) for line in section(text, "## 4.2") if cells(line)[0] == kind]
    assert len(rows) == 1, f"{len(rows)} rows of the specification's table of webhooks are about {kind}"
    return {word for word in re.findall(r"[A-Za-z]+", rows[0][3]) if re.fullmatch(r"[a-z]+[A-Z]\w*|digits|reason", word)}


def of_seed(text, _):
    """Each field's line of that document is its name, its type and its meaning, with nothing between them."""
    return set(re.findall(r"^([a-z]+[A-Za-z]*?)string[A-Z]", text, re.M))


def of_index(text, heading):
    """The operations of the table: a cell such as `get / update-a-queue` names two."""
    names = set()
    for line in section(text, heading):
        if not line.startswith("|") or line.startswith("|--") or cells(line)[1] == "operationId":
            continue
        path, operations = cells(line)[:2]
        parts = [part.strip() for part in operations.split("/")]
        if "Messages" in path:
            parts = [f"{part}-message{'s' if part == 'list' else ''}" for part in parts]
        ending = parts[-1].partition("-")[2]
        names |= {part if "-" in part else f"{part}-{ending}" for part in parts}
    return names


WAYS = {"table": of_table, "prose": of_prose, "query": of_query, "webhook": of_webhook,
        "seed": of_seed, "index": of_index}


def check_names(groups, folder):
    """Whether the repository's list is what the specification says; each difference in words."""
    texts = {path.name: path.read_text() for path in folder.iterdir()}
    for title, group in groups.items():
        if "way" not in group:
            continue
        found = WAYS[group["way"]](texts[group["file"]], group["place"])
        names, others = set(group["names"]) - set(group.get("ours", [])), set(group.get("other words", []))
        where = f"{group['file']}, {group['place']}"
        yield from (f"{title}: the specification has {name} ({where}), names.json has not"
                    for name in sorted(found - names - others))
        yield from (f"{title}: names.json has {name}, the specification has not ({where})"
                    for name in sorted((names | others) - found))


# The document


@dataclass
class Row:
    group: str
    name: str
    tells: str
    tests: list = field(default_factory=list)


def rows(document):
    """The rows of the document's tables, each under the heading above it."""
    title, found = None, []
    for line in document.split("\n"):
        if line.startswith("#"):
            title = line.lstrip("#").strip()
        elif line.startswith("|"):
            columns = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
            match = re.fullmatch(rf"`({NAME})`", columns[0])
            if match:
                tests = re.findall(r"`([^`]+)`", columns[-1]) if len(columns) == 3 else []
                found.append(Row(title, match.group(1), columns[1] if len(columns) > 1 else "", tests))
    return found


def check_rows(groups, found):
    for title, group in groups.items():
        have = [row.name for row in found if row.group == title]
        yield from (f"{title}: no row for {name}" for name in group["names"] if name not in have)
        yield from (f"{title}: {name} has {have.count(name)} rows" for name in sorted(set(have)) if have.count(name) > 1)
        yield from (f"{title}: the row {name} is of nothing in names.json" for name in have if name not in group["names"])
    for row in found:
        if row.group not in groups:
            yield f"the heading {row.group!r} above the row {row.name} is of nothing in names.json"
        if not row.tells:
            yield f"{row.group}: the row {row.name} does not say what Belay does"
        if not row.tests:
            yield f"{row.group}: the row {row.name} names no test"


# The tests


def in_the_sources(test, root):
    """Whether the named test is there to be run. In Python `file.py::test` or `file.py::test[case]`, in Swift
    `Room/Suite/test()`."""
    python = re.fullmatch(r"(test_\w+\.py)::(test_\w+)(\[.+\])?", test)
    if python:
        file = root / "Tests" / "interop" / python.group(1)
        return file.is_file() and re.search(rf"^def {python.group(2)}\(", file.read_text(), re.M) is not None
    swift = re.fullmatch(r"(\w+Tests)/(\w+)/(\w+)\(.*\)", test)
    if swift:
        room, suite, name = swift.groups()
        return any(re.search(rf"^(?:@Suite.*\s)?(?:struct|final class|extension) {suite}\b", text, re.M)
                   and re.search(rf"\bfunc {name}\(", text)
                   for text in (path.read_text() for path in (root / "Tests" / room).rglob("*.swift")))
    return False


def results(paths):
    """What became of each test, by the name that the document gives it: a list of passed, failed, skipped."""
    files = [file for path in paths for file in (sorted(path.glob("*.xml")) if path.is_dir() else [path])]
    found = {}
    for file in files:
        for case in ElementTree.parse(file).getroot().iter("testcase"):
            outcome = "passed"
            if case.find("failure") is not None or case.find("error") is not None:
                outcome = "failed"
            elif case.find("skipped") is not None:
                outcome = "skipped"
            room, _, suite = (case.get("classname") or "").rpartition(".")
            name = case.get("name") or ""
            if name.startswith("test_"):
                for key in {f"{suite}.py::{name}", f"{suite}.py::{name.partition('[')[0]}"}:
                    found.setdefault(key, []).append(outcome)
            else:
                found.setdefault(f"{room}/{suite}/{name}", []).append(outcome)
    return found


def check_tests(found, outcomes, root, everything):
    for row in found:
        for test in row.tests:
            what = f"{row.group}: the row {row.name} names {test},"
            if not in_the_sources(test, root):
                yield f"{what} which does not exist"
            elif test in outcomes:
                bad = sorted({outcome for outcome in outcomes[test] if outcome != "passed"})
                if bad:
                    yield f"{what} which {' and '.join(bad)}"
            elif everything:
                yield f"{what} which did not run"


def main(arguments, root=ROOT, specification=None):
    """Prints what is wrong and one closing line; returns the exit status."""
    everything = "--part" not in arguments
    paths = [Path(argument) for argument in arguments if argument != "--part"]
    everything = everything and bool(paths)
    groups = json.loads((root / "Tests" / "compatibility" / "names.json").read_text())
    found = rows((root / "docs" / "compatibility.md").read_text())
    folder = specification or Path(os.environ.get("BELAY_SPECIFICATION") or root.parent / "shared" / "spec")
    faults = list(check_names(groups, folder)) if folder.is_dir() else []
    outcomes = results(paths)
    faults += [*check_rows(groups, found), *check_tests(found, outcomes, root, everything)]
    for fault in faults[:MOST_FAULTS]:
        print(f"compatibility: {fault}")
    named = {test for row in found for test in row.tests}
    ran = named & outcomes.keys()
    against = "the specification" if folder.is_dir() else "names.json (the specification itself is not here)"
    if faults:
        print(f"compatibility: {len(faults)} faults in docs/compatibility.md")
    elif everything:
        print(f"compatibility: {len(found)} rows, all that {against} names; their {len(named)} tests ran and passed")
    else:
        print(f"compatibility: {len(found)} rows, all that {against} names. Only a part of the tests ran: {len(ran)} of the "
              f"{len(named)} that the rows name; nothing is claimed of the others")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
