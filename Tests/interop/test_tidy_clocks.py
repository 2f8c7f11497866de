"""Which code may look at the wall clock, and why; nobody waits by it. Whatever lasts is measured by the monotonic clock
(docs/decisions/0024): the wall clock is set, by an operator, by NTP, by a machine that wakes up."""

import fnmatch
import re

import pytest

from harness.server import REPOSITORY

#: Waits until a time of the wall clock. DispatchSemaphore and DispatchGroup take a time of the monotonic clock and wait, on
#: Linux, by the wall clock all the same.
WAITS = (
    r"\.wait\(\s*(timeout|wallTimeout):", r"\bwallDeadline:", r"\b(DispatchWallTime|walltime)\b",
    r"\bThread\.sleep\b", r"\bNSCondition(Lock)?\b", r"\bConditionLock\b", r"\bRunLoop\b", r"\bTimer\s*\(|\bTimer\.(scheduled|publish)", r"\bsetitimer\b",
    r"\b(sem|pthread_cond|pthread_rwlock|mq)_\w*(timed|clock)(wait|lock|rdlock|wrlock|send|receive)\b",
    r"\bpthread_mutex_(timed|clock)lock\b", r"timerfd_create\(\s*CLOCK_(?!MONOTONIC)",
)
MAY_WAIT = {
    "Sources/StorageSQLite/WakeUp.swift": "its condition variable is made for CLOCK_MONOTONIC",
}

#: Reading the wall clock.
READS = (
    r"\bDate\(\s*\)", r"\bDate\.now\b", r"\bDate\(timeIntervalSinceNow", r"\bCFAbsoluteTime", r"\bgettimeofday\b",
    r"\bCLOCK_(REALTIME|TAI)\b", r"\btime\(\s*(nil|NULL|0|&\w+)\s*\)", r"realtime_nanoseconds\b", r"\btimespec_get\b",
    r"\bCURRENT_(TIME|DATE|TIMESTAMP)\b", r"\b(strftime|julianday|unixepoch|datetime)\(", r"\bSystemClock\.wall\b",
    r"\bnow\.wall\b", r"\bservices\.now\(",
)
MAY_READ = {
    "Sources/Runtime/SystemClock.swift": "where it is read for everybody",
    "Sources/CallControl/Call/CallClock.swift": "where a call's own clock begins",
    "Sources/CallControl/Call/Dossier.swift": "the age of a notification, as a restart is to find it",
    "Sources/CallControl/Outbox/NotificationRetries.swift": "the same; in this process it is the monotonic clock that counts",
    "Sources/CallControl/Exchange/*.swift": "the day that calls and minutes count for, and journal entries of forgotten calls",
    "Sources/CallControl/Rooms/Conference/*.swift": "the dates of a conference, of who is in it, of its recordings and its story",
    "Sources/CallControl/Rooms/Queue/*.swift": "the dates of a queue, of who entered it and of its story; a wait is counted by the instant",
    "Sources/API/Routes/*.swift": "the date of what is made, changed or shown; how long a private recording may be fetched",
    "Sources/API/Server/APIResponder.swift": "the date of a journal entry, and of a key's latest use",
    "Sources/Runtime/CallLoop+Refusals.swift": "the date of a journal entry",
    "Sources/Runtime/Housekeeping.swift": "how old stored things are; set ahead, it is not believed",
    "Sources/Runtime/SigningPoster.swift": "the time in a signature, which the app compares with its own clock",
    "Sources/Webhooks/Connection/CertificateExamination.swift": "whether a certificate has expired",
    "Sources/belay/Server/*.swift": "dates: of the start, of log lines, of today's use",
    "Sources/belay/Commands/StatusCommand.swift": "how long ago a server says that it started",
    "Sources/CMedia/*": "the clock that the kernel stamps datagrams by, turned into the monotonic one at once",
    "Sources/Media/Engine/MediaWorkspace.swift": "where the clock of RTCP reports begins",
}

#: Counting from one date to another: right where both are of one call's clock.
SPANS = (r"\bsecondsRoundedUp\(since:", r"\btimeIntervalSince\(")
MAY_COUNT = {
    "Sources/Telephony/*": "how a span is counted, and a call's and a recording's own",
    "Sources/CallControl/Call/Dossier.swift": "both dates are of the call's own clock",
    "Sources/CallControl/Talk/Recordings.swift": "both dates are of the call's own clock",
    "Sources/belay/Commands/StatusCommand.swift": "how long ago a server says that it started",
}

COMMENT = re.compile(r"^\s*(//|\*|/\*)")


def lines_with(patterns):
    found = []
    for path in sorted((REPOSITORY / "Sources").rglob("*")):
        if path.suffix not in (".swift", ".c", ".h"):
            continue
        name = path.relative_to(REPOSITORY).as_posix()
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if not COMMENT.match(line) and any(re.search(pattern, line) for pattern in patterns):
                found.append((name, number, line.strip()))
    return found


@pytest.mark.parametrize("patterns, allowed, what", [
    (WAITS, MAY_WAIT, "waits by the wall clock"), (READS, MAY_READ, "reads the wall clock"),
    (SPANS, MAY_COUNT, "counts from date to date"),
], ids=["waits", "reads", "spans"])
def test_only_where_there_is_a_reason(patterns, allowed, what):
    found = lines_with(patterns)
    strays = [f"{name}:{number} {what}: {line}" for name, number, line in found
              if not any(fnmatch.fnmatch(name, place) for place in allowed)]
    assert not strays, "a wait or a duration goes by the monotonic clock; a date gets its reason here:\n" + "\n".join(strays)
    unused = [place for place in allowed if not any(fnmatch.fnmatch(name, place) for name, _, _ in found)]
    assert not unused, f"nothing there {what} any more: {unused}"


@pytest.mark.parametrize("line", [
    "if wakeUp.wait(timeout: DispatchTime(uptimeNanoseconds: due)) == .timedOut {",
    "queue.asyncAfter(wallDeadline: .now()) {",
    "pthread_cond_timedwait(&condition, &mutex, &end)", "condition.wait(until: Date() + 5)", "usleep(until - time(nil))",
    "Thread.sleep(forTimeInterval: 1)", "let end = Date().addingTimeInterval(3)", "clock_gettime(CLOCK_REALTIME, &time)",
    "lock.lock(whenValue: 1, timeoutSeconds: 3) // of a ConditionLock<Int>",
])
def test_what_the_rule_sees(line):
    """The mistakes that it is there for."""
    assert any(re.search(pattern, line) for pattern in WAITS + READS), line
