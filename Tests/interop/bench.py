"""`scripts/bench crash`, `rooms` and `soak`: what test_crash.py, test_crowded_rooms.py and test_soak.py do, at length. Prints
tables; ends with 1 where a promise broke."""

import argparse
import contextlib
import random
import sys
import tempfile
from pathlib import Path

from harness import crash_rounds, crowded_rooms, soak as soaking
from harness.server import Belay
from harness.webhook_app import WebhookApp

FAULTS_SHOWN = 20


def say(words):
    print(words, file=sys.stderr, flush=True)


@contextlib.contextmanager
def world(far, folder):
    """The server, its customer's app, and its trunk."""
    app = WebhookApp()
    server = Belay(folder / "server", trunk=far.trunk, rtp_ports=4000)
    try:
        yield server, app
    finally:
        server.stop()
        app.close()
        far.close()


def crash(options, folder):
    far = crash_rounds.far_end()
    with world(far, folder) as (server, app):
        return crash_rounds.CrashRounds(server, app, far, options.seed).run(options.rounds, tell=say)


def rooms(options, folder):
    far = crowded_rooms.far_end()
    with world(far, folder) as (server, app):
        # Begun in three quarters of the time, so that the last ones end within it.
        return crowded_rooms.CrowdedRooms(server, app, far).run(
            options.conferences, options.callers, options.agents, options.children,
            pace=options.conferences / (0.75 * options.seconds), seconds=options.seconds, tell=say)


def soak(options, folder):
    far = soaking.far_end()
    with world(far, folder) as (server, app):
        return soaking.Soak(server, app, far, options.seed, options.rate).run(60 * options.minutes, tell=say)


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    benches = parser.add_subparsers(dest="bench", required=True)
    benches.add_parser("crash").add_argument("--rounds", type=int, default=200)
    rooms_options = benches.add_parser("rooms")
    rooms_options.add_argument("--conferences", type=int, default=300)
    rooms_options.add_argument("--seconds", type=float, default=60)
    rooms_options.add_argument("--callers", type=int, default=1000)
    rooms_options.add_argument("--agents", type=int, default=20)
    rooms_options.add_argument("--children", type=int, default=50)
    soak_options = benches.add_parser("soak")
    soak_options.add_argument("--minutes", type=float, default=10)
    soak_options.add_argument("--rate", type=int, default=20)
    for bench in (benches.choices["crash"], soak_options):
        bench.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix=f"belay-bench-{options.bench}-"))
    say(f"{f'seed {options.seed}; ' if 'seed' in options else ''}logs and data: {folder}")
    tally = {"crash": crash, "rooms": rooms, "soak": soak}[options.bench](options, folder)
    print(tally.table)
    for fault in tally.faults[:FAULTS_SHOWN]:
        print(f"BROKEN {fault}")
    if len(tally.faults) > FAULTS_SHOWN:
        print(f"… and {len(tally.faults) - FAULTS_SHOWN} more")
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
