"""Every citation in sources, tests, scripts and documents leads somewhere.

    python3 check_citations.py FILE …

Looked at are comments, docstrings and texts of code, and the whole of a document. A citation is one of

    RFC 3261 §17.1.1.2                      or another document outside: ITU-T T.30 §4.1.1, https://… §2
    docs/contract/calls.md#ring-timeout     what the API promises; in code always with its anchor
    ARCHITECTURE.md#gates                   likewise any document of the repository, with an anchor or without
    docs/decisions/0025                     a decision record; in a document a link named after it: [decision N](…)

and each must exist. What names no document is none: a decision's number by itself, `spec`, `seed` as a source, a § with
no document before it in the same comment or paragraph.
"""

import difflib
import functools
import io
import re
import sys
import tokenize
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

DOCUMENT = re.compile(r"(?<![\w./-])((?:docs|Tests)(?:/[\w.-]+)*/[\w.-]+?\.md|(?!FILE\b)[A-Z]{4,}\.md)(?:#([\w%-]*))?")
RECORD = re.compile(r"docs/decisions/(\d+)((?:-[\w-]+)?)")
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
BARE_DECISION = re.compile(r"\b[Dd]ecisions?(?: records?)? (\d+)", re.ASCII)
SPEC = re.compile(r"(?<![\w/.`-])[Ss]pecs?\b(?![\w/`-])")
#: A random number's seed is no source: what "says", has rules, or stands alone in brackets or before a quotation is.
SEED = re.compile(
    r"""\((?:the\ )?seed(?:\ ?"[^"]*")?[);,]|[,;]\ seed\)|\bseed\ \u00a7|\bseed\ "|\b[Tt]he\ seed(?::|\ (?:says|forbids|document)|'s\ (?!number|source))
        |\b[Bb]y\ the\ seed\b|\bof\ the\ seed\ \(|\bseed\ documents?\b""", re.VERBOSE)
#: Of a document outside, which is to stand before it.
SECTION = re.compile(r"\u00a7{1,2} ?[\w.]*")
OUTSIDE = re.compile(r"\bRFC \d{3,5}\b|\bITU-T\b|\b[A-Z]\.\d{1,4}\b|\bSR-\d+|\bUAX #\d+|\bFIPS \d+(?:-\d)?\b|https?://\S+|\b[\w/-]+\.md\b")
ANY_RFC = re.compile(r"\bRFC ?(\d+)")
#: Without any of these there is nothing to look for.
HINT = re.compile(r"\.md|\(#|docs/|ecision|[Ss]pec|[Ss]eed|RFC|\u00a7")


@dataclass
class Passage:
    """What is read in one piece: a comment, a text, a paragraph. `lines` has where each of its parts begins."""

    kind: str
    parts: list

    @property
    def text(self):
        return " ".join(text for _, text in self.parts)

    def line(self, offset):
        for number, text in self.parts:
            if offset <= len(text):
                return number
            offset -= len(text) + 1
        return self.parts[-1][0]


# What there is to read


def of_swift(text):
    """Comments of Swift and C, lines below one another as one; texts of code."""
    passages, number, place = [], 1, 0
    token = re.compile(r'//(?P<line>[^\n]*)|/\*(?P<block>.*?)\*/|(?P<hashes>#*)"""(?P<long>.*?)"""(?P=hashes)'
                       r'|(?P<raws>#+)"(?P<raw>[^\n]*?)"(?P=raws)|"(?P<short>(?:\\.|[^"\\\n])*)"', re.DOTALL)
    for match in token.finditer(text):
        number += text.count("\n", place, match.start())
        place = match.start()
        line = match["line"]
        if line is not None:
            alone = not text[text.rfind("\n", 0, match.start()) + 1:match.start()].strip()
            last = passages[-1] if passages else None
            goes_on = alone and last and last.kind == "comment" and last.parts[-1][0] == number - 1
            # A comment behind code has no other below it.
            if goes_on:
                last.parts.append((number, line.lstrip("/!").strip()))
            else:
                passages.append(Passage("comment" if alone else "remark", [(number, line.lstrip("/!").strip())]))
            continue
        kind = "comment" if match["block"] is not None else "text"
        body = next(body for body in (match["block"], match["long"], match["raw"], match["short"]) if body is not None)
        parts = [(number + count, part.strip(" *")) for count, part in enumerate(body.split("\n"))]
        if kind == "text":
            parts = [(where, part.replace('\\"', '"')) for where, part in parts]
        passages.append(Passage(kind, parts))
    return passages


def of_python(text):
    passages = []
    begins = True
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            number, line = token.start[0], token.string.lstrip("#: ")
            last = passages[-1] if passages else None
            if begins and last and last.kind == "comment" and last.parts[-1][0] == number - 1:
                last.parts.append((number, line))
            else:
                passages.append(Passage("comment" if begins else "remark", [(number, line)]))
        elif token.type == tokenize.STRING or token.type == getattr(tokenize, "FSTRING_MIDDLE", -1):
            body = token.string.strip("\"'") if token.type == tokenize.STRING else token.string
            kind = "docstring" if begins and token.string.startswith(('"""', 'r"""')) else "text"
            parts = [(token.start[0] + count, part.strip()) for count, part in enumerate(body.split("\n"))]
            passages.append(Passage(kind, parts))
        if token.type in (tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT):
            begins = True
        elif token.type != tokenize.COMMENT:
            begins = False
    return passages


def of_shell(text):
    """Whole lines that are comments, those below one another as one."""
    passages = []
    for number, line in enumerate(text.split("\n"), 1):
        match = re.match(r"\s*#(?!!) ?(.*)", line)
        if not match:
            continue
        if passages and passages[-1].parts[-1][0] == number - 1:
            passages[-1].parts.append((number, match[1]))
        else:
            passages.append(Passage("comment", [(number, match[1])]))
    return passages


def of_document(text):
    """Paragraphs, rows of tables and headings; no code."""
    passages, fenced, goes_on = [], False, False
    for number, line in enumerate(text.split("\n"), 1):
        if re.match(r"\s*(```|~~~)", line):
            fenced, goes_on = not fenced, False
        elif fenced or not line.strip():
            goes_on = False
        elif goes_on and not line.startswith(("|", "#")):
            passages[-1].parts.append((number, line.strip()))
        else:
            passages.append(Passage("document", [(number, line.strip())]))
            goes_on = not line.startswith(("|", "#"))
    return passages


READERS = {".swift": of_swift, ".h": of_swift, ".c": of_swift, ".py": of_python, ".sh": of_shell, "": of_shell,
           ".md": of_document, ".yaml": of_document}


# What there is to cite


@functools.cache
def anchors(path):
    """Of a document: its headings as GitHub names them, and what it names itself."""
    text = re.sub(r"^(```|~~~).*?^\1", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    names, seen = set(re.findall(r'<a (?:id|name)="([^"]+)">', text)), Counter()
    for heading in re.findall(r"^#{1,6} +(.*?) *#*$", text, re.MULTILINE):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        names.add(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return names


def nearest(word, words):
    found = difflib.get_close_matches(word, sorted(words), 3, 0.4)
    return "the nearest there are: " + ", ".join(found) if found else "there are: " + ", ".join(sorted(words)[:8])


def records():
    """Of the decisions: each number's file."""
    return records_in(ROOT / "docs" / "decisions")


@functools.cache
def records_in(folder):
    return {path.name[:4]: path.name for path in folder.glob("[0-9][0-9][0-9][0-9]-*.md")}


# What is wrong


def check_target(cited, path, anchor):
    """Of one document with an anchor, or without."""
    if not path.is_file():
        others = {str(other.relative_to(ROOT)) for other in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]}
        return f"cites {cited}: there is no such document; {nearest(cited.split('#')[0], others)}"
    if anchor is not None and anchor not in anchors(path):
        return f"cites {cited}: {path.name} has no such anchor; {nearest(anchor, anchors(path))}"
    return None


def check_record(match):
    number, slug = match[1], match[2]
    there = records()
    if number not in there:
        return f"cites {match[0]}: there is no such record; they go from {min(there)} to {max(there)}"
    if slug and there[number] != f"{number}{slug}.md":
        return f"cites {match[0]}: the record is {there[number]}"
    return None


def check_documents(passage):
    """What is named by its path from the root."""
    for match in RECORD.finditer(passage.text):
        yield match.start(), check_record(match)
    for match in DOCUMENT.finditer(passage.text):
        if match[1].startswith("docs/decisions/") and RECORD.match(match[0]):
            path, anchor = ROOT / match[1], match[2]
            yield match.start(), check_target(match[0], path, anchor) if anchor is not None and path.is_file() else None
            continue
        fault = check_target(match[0], ROOT / match[1], match[2])
        if not fault and match[1].startswith("docs/contract/") and match[2] is None and passage.kind != "document":
            fault = f"cites {match[0]} without the anchor of a promise; {nearest('', anchors(ROOT / match[1]))}"
        yield match.start(), fault


def check_links(passage, file):
    """Of a document: where links lead within documents. Whether files are there check_links.py says."""
    for match in LINK.finditer(passage.text):
        name, (target, mark, anchor) = match[1], match[2].partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        path = (file.parent / target).resolve() if target else file.resolve()
        if mark and path.is_file() and path.suffix == ".md":
            yield match.start(), check_target(match[2], path, anchor)
        decision = re.fullmatch(r"[Dd]ecision (\d+)", name)
        if decision and f"{int(decision[1]):04}" != Path(target).name[:4]:
            yield match.start(), f'cites "{name}" and links to {match[2]}'


def check_words(passage):
    """What names no document."""
    text = passage.text
    if passage.kind == "document":
        # A link's name is judged with its target, and `code` cites nothing.
        text = LINK.sub(lambda link: "\0" * len(link[0]), text)
        text = re.sub(r"`[^`]*`", lambda code: "\0" * len(code[0]), text)
    for match in BARE_DECISION.finditer(text):
        there, number = records(), f"{int(match[1]):04}"
        form = f"docs/decisions/{number} ({there[number]})" if number in there else "a record that there is not"
        yield match.start(), f'cites "{match[0]}" of no document: {form}, or an anchor of docs/contract, is meant'
    if passage.kind != "text":
        for match in SPEC.finditer(text):
            yield match.start(), f'cites "{text[match.start():match.start() + 24]}": there is no such document; see docs/contract'
        for match in SEED.finditer(text):
            yield match.start(), f'cites "{match[0]}" as a source: there is no such document; see docs/contract'
    for match in SECTION.finditer(text):
        if not OUTSIDE.search(text, 0, match.start()) and not LINK.search(passage.text, 0, match.start()):
            yield match.start(), f'cites "{match[0]}" with no document before it, such as RFC 3261'
    for match in ANY_RFC.finditer(text):
        if not 1 <= int(match[1]) <= 99_999 or len(match[1]) < 3:
            yield match.start(), f'cites "{match[0]}": no RFC has that number'


def main(names):
    faults, count = [], 0
    for name in names:
        file = Path(name)
        reader = READERS.get(file.suffix)
        if reader is None or file.is_symlink() or not file.is_file():
            continue
        try:
            text = file.read_text()
            passages = reader(text) if HINT.search(text) else []
        except (UnicodeDecodeError, tokenize.TokenError, SyntaxError) as error:
            faults.append((name, 0, f"cannot be read: {error}"))
            continue
        for passage in passages:
            if not HINT.search(passage.text):
                continue
            found = [*check_documents(passage), *check_words(passage)]
            if passage.kind == "document":
                found += check_links(passage, file)
            count += len(found)
            faults += [(name, passage.line(offset), fault) for offset, fault in found if fault]
    for name, line, fault in sorted(set(faults)):
        print(f"{name}:{line}: {fault}")
    print(f"{len(set(faults))} citations lead nowhere" if faults else f"{count} citations lead somewhere")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
