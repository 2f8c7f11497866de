"""A file that a user names may be a pipe, as the shell's `<(command)` is: it is read to its end, however it comes."""

import array
import contextlib
import fcntl
import os
import termios
import threading

import pytest
from test_command_line import belay_says

from harness.waiting import eventually

CONFIGURATION = "calls-per-second: 17\n", "calls-at-once: 23\n"
PEOPLE = (
    "people:\n- number: \"+15005559001\"\n  name: the first\n  script: [{say: one}]\n",
    "- number: \"+15005559002\"\n  name: the second\n  script: [{say: two}]\n",
)
SCRIPT = '[{"Pause": {"length": 100}}', ', {"Hangup": {}}]'


def unread(descriptor):
    """Bytes that wait in a pipe."""
    count = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, count)
    return count[0]


@contextlib.contextmanager
def pipe(path, pieces):
    """A named pipe that hands out each piece when the one before has been taken."""
    os.mkfifo(path)
    failed = []

    def hand_out():
        try:
            with open(path, "wb", buffering=0) as file:
                for piece in pieces:
                    file.write(piece.encode())
                    eventually(lambda: unread(file.fileno()) == 0, 30, f"{piece!r} was not read")
        except (AssertionError, BrokenPipeError) as error:
            failed.append(error)

    thread = threading.Thread(target=hand_out, daemon=True)
    thread.start()
    yield path
    thread.join(60)
    assert not failed and not thread.is_alive(), failed


def test_a_configuration_comes_in_pieces(folder):
    with pipe(folder / "belay.yaml", CONFIGURATION) as path:
        out, _ = belay_says(folder / "data", "config", "show", "--config", str(path))
    told = {line.split()[0].rstrip(":"): line for line in out.splitlines() if line.strip()}
    assert "17" in told["calls-per-second"] and "23" in told["calls-at-once"], out


def test_people_come_in_pieces_and_are_read_once(folder):
    with pipe(folder / "people.yaml", PEOPLE) as path:
        out, _ = belay_says(folder / "data", "carrier", "add", "--file", str(path))
    assert "+15005559001" in out and "+15005559002" in out, out
    assert (folder / "data" / "people.yaml").read_text() == "".join(PEOPLE)


def test_a_script_comes_in_pieces(belay):
    server = belay()
    with pipe(server.data.parent / "script.json", SCRIPT) as path:
        out, _ = belay_says(server.data, "call", "--to", "+15005551042", "--script", str(path))
    assert "completed" in out, out


@pytest.mark.parametrize("path, words", [("/dev/zero", "cannot be read"), ("/", "cannot be read")])
def test_what_is_no_file_to_read_is_refused(folder, path, words):
    _, err = belay_says(folder / "data", "config", "show", "--config", path, status=1)
    assert f"{path} {words}" in err, err
