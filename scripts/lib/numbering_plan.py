"""Writes Sources/Telephony/Numbering/NumberingTable.swift from the metadata of PyPI's phonenumbers.

    python3 numbering_plan.py > Sources/Telephony/Numbering/NumberingTable.swift

scripts/numbering-plan installs what this needs. The metadata are regular expressions over national numbers. Each is
turned into an automaton, and that into the shortest beginnings after which any digits may follow, with the lengths that
the whole number may have: `2:8,9` says that a national number of 8 or 9 digits that begins with 2 is one.
"""

import re._parser as parser
import textwrap

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

DIGITS = "0123456789"


class Automaton:
    """Thompson's construction, for the little of regular expressions that the metadata use."""

    def __init__(self, pattern):
        self.count, self.empty, self.moves = 0, {}, {}
        self.start = self.state()
        self.end = self.add(parser.parse(pattern), self.start)

    def state(self):
        self.count += 1
        return self.count - 1

    def join(self, source, target):
        self.empty.setdefault(source, []).append(target)

    def move(self, source, digits):
        target = self.state()
        for digit in digits:
            self.moves.setdefault((source, digit), []).append(target)
        return target

    def add(self, tree, state):
        for operation, argument in tree:
            match str(operation):
                case "LITERAL":
                    state = self.move(state, chr(argument))
                case "IN":
                    state = self.move(state, self.digits(argument))
                case "BRANCH":
                    end = self.state()
                    for branch in argument[1]:
                        begin = self.state()
                        self.join(state, begin)
                        self.join(self.add(branch, begin), end)
                    state = end
                case "SUBPATTERN":
                    state = self.add(argument[3], state)
                case "MAX_REPEAT":
                    least, most, body = argument
                    for _ in range(least):
                        state = self.add(body, state)
                    end = self.state()
                    self.join(state, end)
                    for _ in range(int(most) - least):
                        state = self.add(body, state)
                        self.join(state, end)
                    state = end
                case other:
                    raise ValueError(f"the metadata use {other}, which is not provided for")
        return state

    @staticmethod
    def digits(items):
        found = set()
        for operation, argument in items:
            match str(operation):
                case "LITERAL":
                    found.add(chr(argument))
                case "RANGE":
                    found |= {chr(code) for code in range(argument[0], argument[1] + 1)}
                case "CATEGORY":
                    found |= set(DIGITS)
        return found

    def closure(self, states):
        seen, waiting = set(states), list(states)
        while waiting:
            for target in self.empty.get(waiting.pop(), ()):
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
        return frozenset(seen)

    def step(self, states, digit):
        return self.closure({t for s in states for t in self.moves.get((s, digit), ())})

    def beginnings(self):
        """{beginning: lengths of the whole}: any digits may follow each beginning."""
        known = {}

        def lengths(states):
            """How many digits may follow, where any may; None where it matters which."""
            if states not in known:
                after = [lengths(following) for d in DIGITS if (following := self.step(states, d))]
                here = {0} if self.end in states else set()
                if not after:
                    known[states] = frozenset(here)
                elif len(after) < 10 or None in after or len(set(after)) > 1:
                    known[states] = None
                else:
                    known[states] = frozenset(here | {length + 1 for length in after[0]})
            return known[states]

        found = {}

        def walk(beginning, states):
            following = lengths(states)
            if following is not None:
                found[beginning] = frozenset(len(beginning) + length for length in following)
                return
            if self.end in states:
                found[beginning] = frozenset({len(beginning)})
            for digit in DIGITS:
                if next_states := self.step(states, digit):
                    walk(beginning + digit, next_states)

        walk("", self.closure({self.start}))
        return found


def beginnings(description):
    pattern = description and description.national_number_pattern
    return Automaton(pattern).beginnings() if pattern and pattern != "NA" else {}


def text(found):
    """`2:8,9 31:7`: beginnings with the lengths of the whole."""
    return " ".join(f"{b}:{','.join(map(str, sorted(lengths)))}" for b, lengths in sorted(found.items()))


def country(code, regions):
    """One calling code: all its regions' numbers together, for a beginning of one may be another's length."""
    valid, premium, emergency = {}, {}, set()
    for region in regions:
        if region == "001":
            metadata = PhoneMetadata.metadata_for_nongeo_region(code)
        else:
            metadata = PhoneMetadata.metadata_for_region(region)
            short = PhoneMetadata.short_metadata_for_region(region)
            if short and short.emergency:
                emergency |= {b for b, lengths in beginnings(short.emergency).items() if len(b) in lengths}
        for target, source in ((valid, metadata.general_desc), (premium, metadata.premium_rate)):
            for beginning, lengths in beginnings(source).items():
                target[beginning] = target.get(beginning, frozenset()) | lengths
    lines = [f"{code} {','.join(regions)}", f"valid {text(valid)}"]
    if premium:
        lines.append(f"premium {text(premium)}")
    if emergency:
        lines.append(f"emergency {' '.join(sorted(emergency))}")
    return "\n".join(
        textwrap.fill(line, 110, subsequent_indent="    ", break_long_words=False) for line in lines)


def north_american_areas():
    """The area codes of +1 outside the United States, by region."""
    areas = {}
    for area in range(200, 1000):
        regions = set()
        for exchange in ("234", "245", "456", "555", "700", "831", "962"):
            number = phonenumbers.PhoneNumber(country_code=1, national_number=int(f"{area}{exchange}4567"))
            regions.add(phonenumbers.region_code_for_number(number))
        regions.discard(None)
        if len(regions) == 1 and (region := regions.pop()) != "US":
            areas.setdefault(region, []).append(str(area))
    return "\n".join(
        textwrap.fill(f"{region} {' '.join(codes)}", 110, subsequent_indent="    ")
        for region, codes in sorted(areas.items()))


rows = "\n".join(country(code, regions) for code, regions in sorted(COUNTRY_CODE_TO_REGION_CODE.items()))


def literal(body):
    return '"""\n' + textwrap.indent(body, " " * 8) + '\n        """'


print(f"""/// Made by scripts/numbering-plan from the metadata of phonenumbers {phonenumbers.__version__}; not to be edited.
enum NumberingTable {{
    /// Of each calling code its regions; below them the beginnings of its valid and of its premium national numbers,
    /// each with the lengths of the whole; then its emergency numbers.
    static let countries = {literal(rows)}

    /// The area codes of +1 that belong to other regions than the United States.
    static let northAmericanAreas = {literal(north_american_areas())}
}}""")
