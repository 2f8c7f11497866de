"""A program started by a test: its output read as it comes, its end by its own id."""

import contextlib
import functools
import re
import signal
import subprocess
import threading
import time
from pathlib import Path


@functools.cache
def punctually():
    """What begins a command line whose program the machine's other work does not keep waiting: an instrument that sends
    or records by the clock. Empty where the system does not let us (sched(7))."""
    command = ["chrt", "--rr", "10"]
    with contextlib.suppress(OSError):
        if subprocess.run([*command, "true"], capture_output=True).returncode == 0:
            return command
    return []


class Program:
    """Runs `argv`; keeps stdout and stderr, in order, as `lines` and in a file for whoever looks later."""

    def __init__(self, argv, log, env=None, cwd=None, stdin=subprocess.DEVNULL):
        self.name = Path(log).stem
        self.log = Path(log)
        self.lines = []
        self._changed = threading.Condition()
        self._closed = False
        self.process = subprocess.Popen(
            [str(part) for part in argv], env=env, cwd=cwd, stdin=stdin,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        with open(self.log, "ab") as log:
            for raw in self.process.stdout:
                log.write(raw)
                log.flush()
                with self._changed:
                    self.lines.append(raw.decode("utf-8", "replace").rstrip("\r\n"))
                    self._changed.notify_all()
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def pid(self):
        return self.process.pid

    @property
    def text(self):
        with self._changed:
            return "\n".join(self.lines)

    def is_alive(self):
        return self.process.poll() is None

    def wait_for(self, pattern, seconds=10):
        """The first match of `pattern` in a line of the output, now or within `seconds`."""
        expression = re.compile(pattern)
        deadline = time.monotonic() + seconds
        seen = 0
        with self._changed:
            while True:
                while seen < len(self.lines):
                    match = expression.search(self.lines[seen])
                    if match:
                        return match
                    seen += 1
                left = deadline - time.monotonic()
                if self._closed or left <= 0:
                    state = "ended" if self._closed else f"did not say so within {seconds:g} s"
                    tail = "\n".join(self.lines[-30:])
                    raise AssertionError(f"{self.name} {state}; waited for /{pattern}/; its last words:\n{tail}")
                self._changed.wait(left)

    def wait(self, seconds):
        """Its exit status; an error when it has not ended within `seconds`."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {seconds:g} s:\n" + "\n".join(self.lines[-30:])) from None
        self._reader.join(5)
        return status

    def send(self, which):
        if self.is_alive():
            self.process.send_signal(which)

    def stop(self, which=signal.SIGTERM, seconds=10):
        """Asks it to end; ends it by force when it does not. Returns the exit status."""
        self.send(which)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
        self._reader.join(5)
        return self.process.returncode
