"""The judge of citations: what it accepts, and that it notices each kind that leads nowhere."""

import importlib.util

import pytest

from harness.server import REPOSITORY

# Put together here, so that they are no citations of this file.
SIGN = "\u00a7"
CALLS, RECORD, MAP = "docs" + "/contract/calls.md", "docs" + "/decisions/{}", "ARCHITECTURE" + ".md"
DECISION, SPEC, SEED = "decision {}".format, "sp" + "ec", "se" + "ed"
PAGE = "docs" + "/a.md"


@pytest.fixture
def judge(tmp_path, capsys):
    """Judges one file of a small project of its own."""
    location = REPOSITORY / "scripts" / "lib" / "check_citations.py"
    specification = importlib.util.spec_from_file_location("check_citations", location)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    module.ROOT = tmp_path
    contents = {CALLS: '# Calls\n\n## Ring timeout (seconds)\n\n```\n# no heading\n```\n<a id="own"></a>\n', MAP: "# Map\n## Gates\n",
                RECORD.format("0025-on-disk.md"): "# 25. On disk\n"}

    def run(name, text):
        for path, content in {**contents, name: text}.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(content)
        status = module.main([str(tmp_path / name)])
        return status, capsys.readouterr().out.replace(f"{tmp_path}/", "")

    return run


@pytest.mark.parametrize("text", [
    f"/// Rings so long ({CALLS}#ring-timeout-seconds), by {MAP}#gates.\nlet a = 1",
    f"// By {RECORD.format('0025')}, {RECORD.format('0025-on-disk.md')} and {CALLS}#own.",
    f"/// RFC 3261 {SIGN}17.1, and\n/// {SIGN}17.2 as well; ITU-T T.30 {SIGN}4.1.1.",
    f"/// The same {SEED}, drawn from the {SEED} (a {SEED} for each), and the {SEED}'s number.",
    f'let {SEED} = "\\({SEED})"; let {SPEC} = {SPEC}(of: x) // decisions of 12 calls',
    f'#expect(x == "a // not a comment: {SPEC}")',
    "// A decision about 5 calls; the specification; unspecified.",
])
def test_what_leads_somewhere(judge, text):
    status, said = judge("Sources/A.swift", text)
    assert status == 0, said


@pytest.mark.parametrize("text, line, words", [
    (f"let a = 1\n/// Rings ({CALLS}#ring-time).", 2, "no such anchor; the nearest there are: ring-timeout-seconds"),
    (f"/// Rings ({CALLS}).", 1, "without the anchor of a promise"),
    (f"/// Rings ({CALLS}#no-heading).", 1, "no such anchor"),
    ("/// By " + "docs" + "/contract/call.md#own.", 1, "no such document; the nearest there are: " + CALLS),
    ("/// By " + "DESIGN" + ".md.", 1, "no such document"),
    (f"/// By {MAP}#gate.", 1, "no such anchor; the nearest there are: gates"),
    (f"/// By {RECORD.format('0026')}.", 1, "no such record; they go from 0025 to 0025"),
    (f"/// By {RECORD.format('0025-in-memory.md')}.", 1, "the record is 0025-on-disk.md"),
    (f"let a = 1 // {DECISION(25)}", 1, "of no document: " + RECORD.format("0025")),
    (f"/// {DECISION('7 and 9').capitalize()}.", 1, "a record that there is not"),
    (f"/// Ends\n/// by deci" + "sion\n/// 25.", 2, "of no document"),
    (f'@Test("It waits ({DECISION(25)})")', 1, "of no document"),
    (f"/// Rings ({SPEC} {SIGN}2.5).", 1, f'cites "{SPEC} {SIGN}2.5'),
    (f"/// As the {SPEC} says.", 1, "no such document"),
    (f"/// As asked ({SEED}).", 1, "as a source"),
    (f'/// As asked ({SEED} "Make a Call"; RFC 3261).', 1, "as a source"),
    (f"/// Both of the {SEED}'s rules.", 1, "as a source"),
    (f"/// Repeats ({SIGN}17.1).", 1, "with no document before it"),
    (f"/// Repeats ({SIGN}17.1), by RFC 3261.", 1, "with no document before it"),
    (f"/// RFC 3261.\nlet a = 1\n/// {SIGN}17.1: repeats.", 3, "with no document before it"),
    (f'@Test("It waits ({SIGN}17.1)")', 1, "with no document before it"),
    ("/// RF" + "C 32.", 1, "no RFC has that number"),
])
def test_what_leads_nowhere(judge, text, line, words):
    status, said = judge("Sources/A.swift", text)
    assert status == 1 and said.startswith(f"Sources/A.swift:{line}: cites ") and words in said, said


@pytest.mark.parametrize("name, text, line", [
    ("Tests/a.py", f'"""What is promised.\n\nBy {DECISION(25)}.\n"""\n', 3),
    ("Tests/a.py", f"x = 1  # {DECISION(25)}\n", 1),
    ("Tests/a.py", f'def f():\n    """As the {SPEC} says."""\n', 2),
    ("Tests/a.py", f"# {SIGN}9.1\nx = 1\n", 1),
    ("scripts/a.sh", f"#!/bin/sh\n# By {DECISION(25)}.\n", 2),
    ("scripts/a", f"#!/bin/sh\n# By {DECISION('0025')}.\n", 2),
    ("Sources/a.h", f"/* One,\n   by {DECISION(25)}. */\nint a;", 2),
    (PAGE, f"# A\n\nBy {DECISION(25)}.\n", 3),
    (PAGE, f"[{DECISION(24)}](decisions/0025-on-disk.md)", 1),
    (PAGE, "[rings](contract/calls.md#ringing)", 1),
    (PAGE, "# A\n\n[here](#b)\n", 3),
    (PAGE, f"| one | ({SPEC} {SIGN}2.5) |\n", 1),
    (PAGE, f"By RFC 3261.\n\nBy {SIGN}9.1.\n", 3),
])
def test_other_kinds_of_files(judge, name, text, line):
    status, said = judge(name, text)
    assert status == 1 and said.startswith(f"{name}:{line}: cites "), said


@pytest.mark.parametrize("name, text", [
    (PAGE, f"# A b\n\n[{DECISION(25)}](decisions/0025-on-disk.md), [here](#a-b), [rings](contract/calls.md#own)\n"),
    (PAGE, f"```\n{DECISION(25)}\n```\nBy RFC 3261 {SIGN}9.1.\n"),
    ("Tests/a.py", f'"""By {RECORD.format("0025")} and RFC 3261 {SIGN}9.1."""\nassert x == f"{{y}} by {CALLS}#own"\n'),
    ("scripts/a", f"#!/bin/sh\n# By {RECORD.format('0025')}.\necho '{SPEC}'\n"),
])
def test_other_kinds_that_are_right(judge, name, text):
    status, said = judge(name, text)
    assert status == 0, said
