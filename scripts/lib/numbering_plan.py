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


#: Of calling codes that several countries share, those that callers of the code's main one pay more for, besides +1's.
#: Where a country's own outlying places answer (Åland, Svalbard, Christmas Island, …) a call there is a call at home.
SEPARATE = {"KZ", "GG", "IM", "JE", "YT", "BQ"}

#: Where personal numbers (UPT, "follow me") cost their callers what the owner's whereabouts cost.
COSTLY_PERSONAL_NUMBERS = {1, 44}

#: Telephony/Identity/PhoneNumber.swift takes no fewer digits, calling code and all.
FEWEST_DIGITS = 7


def beginnings(description):
    pattern = description and description.national_number_pattern
    return Automaton(pattern).beginnings() if pattern and pattern != "NA" else {}


def text(found):
    """`2:8,9 31:7`: beginnings with the lengths of the whole."""
    return " ".join(f"{b}:{','.join(map(str, sorted(lengths)))}" for b, lengths in sorted(found.items()))


def merge(target, source):
    for beginning, lengths in source.items():
        target[beginning] = target.get(beginning, frozenset()) | lengths


def shortest(found):
    """Without what a shorter beginning says already."""
    return {
        beginning: left for beginning, lengths in found.items()
        if (left := lengths - frozenset().union(*(found.get(beginning[:n], ()) for n in range(len(beginning)))))}


def is_among(found, beginning, length):
    return any(length in found.get(beginning[:n], ()) for n in range(len(beginning) + 1))


def apart(metadata):
    """What tells a region from the others that share its calling code."""
    if metadata.leading_digits:
        whole = frozenset(metadata.general_desc.possible_length)
        return {b: whole for b in Automaton(metadata.leading_digits).beginnings()}
    found = {}
    merge(found, beginnings(metadata.fixed_line))
    merge(found, beginnings(metadata.mobile))
    return found


def short_numbers(code, metadata):
    """Short numbers, such as a directory's, that have the length of others: behind the calling code they are none."""
    found = {}
    for beginning, lengths in beginnings(metadata.short_code).items():
        for length in lengths:
            number = phonenumbers.PhoneNumber(code, int("0" + beginning.ljust(length, "5")))
            if len(str(code)) + length >= FEWEST_DIGITS and not phonenumbers.is_valid_number(number):
                found[beginning] = found.get(beginning, frozenset()) | {length}
    return found


def country(code, regions):
    """One calling code: its regions' numbers together, for a beginning of one may be another's length."""
    valid, premium, emergency, short, separate = {}, {}, set(), {}, {}
    for region in regions:
        if region == "001":
            metadata = PhoneMetadata.metadata_for_nongeo_region(code)
        else:
            metadata = PhoneMetadata.metadata_for_region(region)
            if shorts := PhoneMetadata.short_metadata_for_region(region):
                if shorts.emergency:
                    emergency |= {b for b, lengths in beginnings(shorts.emergency).items() if len(b) in lengths}
                merge(short, short_numbers(code, shorts))
        merge(valid, beginnings(metadata.general_desc))
        merge(premium, beginnings(metadata.premium_rate))
        if code == 1:
            # Whole area codes, of which the metadata have the exchanges in use.
            merge(premium, {b[:3]: frozenset({10}) for b in beginnings(metadata.personal_number)})
        elif code in COSTLY_PERSONAL_NUMBERS:
            merge(premium, beginnings(metadata.personal_number))
        if region in SEPARATE:
            separate[region] = apart(metadata)
    lines = [f"{code} {','.join(regions)}", f"valid {text(valid)}"]
    lines += [f"region {region} {text(shortest(found))}" for region, found in separate.items()]
    short = {b: kept for b, lengths in short.items() if (kept := {n for n in lengths if is_among(valid, b, n)})}
    if short:
        lines.append(f"short {text(shortest(short))}")
    if premium:
        lines.append(f"premium {text(shortest(premium))}")
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
    /// Of each calling code its regions; below them the beginnings of its valid national numbers, each with the lengths
    /// of the whole, then those of regions that are countries of their own, of short numbers and of premium ones; then
    /// its emergency numbers.
    static let countries = {literal(rows)}

    /// The area codes of +1 that belong to other regions than the United States.
    static let northAmericanAreas = {literal(north_american_areas())}
}}""")
