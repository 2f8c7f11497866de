"""`scripts/bench crash` and `scripts/bench soak`: what test_crash.py and test_soak.py do, at length. Prints tables; ends
with 1 where a promise broke."""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from harness import crash_rounds
from harness.server import Belay
from harness.webhook_app import WebhookApp

FAULTS_SHOWN = 20


def crash(options, folder):
    far, app = crash_rounds.far_end(), WebhookApp()
    server = Belay(folder / "server", trunk=far.trunk)
    try:
        rounds = crash_rounds.CrashRounds(server, app, far, options.seed)
        return rounds.run(options.rounds, tell=lambda words: print(words, file=sys.stderr, flush=True))
    finally:
        server.stop()
        app.close()
        far.close()


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    benches = parser.add_subparsers(dest="bench", required=True)
    benches.add_parser("crash").add_argument("--rounds", type=int, default=200)
    for bench in benches.choices.values():
        bench.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix=f"belay-bench-{options.bench}-"))
    print(f"seed {options.seed}; logs and data: {folder}", file=sys.stderr, flush=True)
    tally = {"crash": crash}[options.bench](options, folder)
    print(tally.table)
    for fault in tally.faults[:FAULTS_SHOWN]:
        print(f"BROKEN {fault}")
    if len(tally.faults) > FAULTS_SHOWN:
        print(f"… and {len(tally.faults) - FAULTS_SHOWN} more")
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
