"""A data folder that is not as a server left it: told in words, and nothing begun anew without being asked.

docs/decisions/0033.
"""

import os
import shutil
import signal
import sqlite3
import subprocess

import pytest

from harness.process import Program
from harness.server import Belay, binary
from harness.waiting import eventually

CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("BELAY_")}
DATABASE = "belay.sqlite"


def serve(data, log, *arguments):
    return Program([binary(), "serve", "--data", data, "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0", *arguments], log,
                   env=CLEAN)


def refused(data, log, *arguments):
    """What `belay serve` says before it ends by itself."""
    program = serve(data, log, *arguments)
    try:
        assert program.wait(30) == 1, program.text
    finally:
        program.stop(signal.SIGKILL)
    assert "ready" not in program.text
    return program.text


def doctor(data):
    process = subprocess.run([binary(), "doctor", "--data", data, "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0"], env=CLEAN,
                             capture_output=True, text=True, timeout=60)
    return process.returncode, process.stdout


@pytest.fixture
def left(belay, folder):
    """A folder that a server has left, with its own account and key."""
    server = belay(preset=False)
    assert server.stop() == 0
    return server


def files(data):
    return {path.name: path.read_bytes() for path in data.iterdir() if path.is_file() and path.name != "belay.lock"}


def remove(data):
    for path in data.glob(DATABASE + "*"):
        path.unlink()


def remove_all_but_log(data):
    (data / DATABASE).unlink()
    (data / (DATABASE + "-wal")).write_bytes(b"what is left")


def empty(data):
    remove(data)
    (data / DATABASE).touch()


def without_tables(data):
    remove(data)
    with sqlite3.connect(data / DATABASE) as database:
        database.execute("PRAGMA user_version = 1")
    database.close()


def without_accounts(data):
    with sqlite3.connect(data / DATABASE) as database:
        for table in ("credentials", "numbers", "accounts"):
            database.execute(f"DELETE FROM {table}")
    database.close()


@pytest.mark.parametrize("lose", [remove, remove_all_but_log, empty, without_tables, without_accounts])
def test_a_lost_database_is_not_made_anew_without_a_word(left, folder, lose):
    data = left.data
    lose(data)
    before = files(data)
    words = refused(data, folder / "refused.log")
    assert "--new-database" in words and left.credentials["BELAY_ACCOUNT_ID"] in words, words
    if lose is not without_accounts:
        assert files(data) == before, "nothing is touched"
        status, text = doctor(data)
        assert status == 1 and "--new-database" in text, text

    left.arguments += ["--new-database"]
    known = left.credentials
    left.start()
    assert left.credentials == known, "clients find the account and the key that they know"
    assert left.rest.get("").status == 200
    assert left.stop() == 0
    # It is for one start: the next one has a database, and the flag would replace it.
    assert "replaces none" in refused(data, folder / "again.log", "--new-database")
    left.arguments.remove("--new-database")
    left.start()
    assert left.credentials == known


def test_a_new_folder_and_one_whose_first_start_was_cut_short_need_no_flag(belay, folder):
    data = folder / "server1" / "data"
    data.mkdir(parents=True)
    (data / DATABASE).touch()
    (data / "belay.lock").write_text("1\n")
    server = belay(preset=False)
    assert server.rest.get("").status == 200


def text(path):
    path.write_text("This is no database. " * 1000)


def of_another_program(path):
    path.unlink()
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE notes (text TEXT)")
    database.close()


def of_a_later_version(path):
    with sqlite3.connect(path) as database:
        database.execute("INSERT INTO grdb_migrations (identifier) VALUES ('999 from the future')")
    database.close()


def cut_off(path):
    os.truncate(path, path.stat().st_size // 2)


def overwritten(path):
    with open(path, "r+b") as file:
        file.seek(4096 * 2)
        file.write(b"\x5a" * 4096)


@pytest.mark.parametrize("harm, words", [
    (text, "not Belay's"), (of_another_program, "not Belay's"), (of_a_later_version, "newer version"),
    (cut_off, "damaged"), (overwritten, "damaged")])
def test_a_database_that_is_not_ours_or_not_whole_is_told(left, folder, harm, words):
    harm(left.data / DATABASE)
    before = (left.data / DATABASE).read_bytes()
    for flag in ([], ["--new-database"]):
        said = refused(left.data, folder / f"refused{len(flag)}.log", *flag)
        assert words in said and DATABASE in said, said
    assert (left.data / DATABASE).read_bytes() == before
    status, said = doctor(left.data)
    assert status == 1 and words in said, said


def test_another_server_s_database_is_told(left, folder):
    other = Belay(folder / "other", preset=False)
    assert other.stop() == 0
    shutil.copy(other.data / DATABASE, left.data / DATABASE)
    said = refused(left.data, folder / "refused.log")
    assert "does not know the account" in said and left.credentials["BELAY_ACCOUNT_ID"] in said, said
    assert left.data.joinpath("credentials").read_text().count(left.credentials["BELAY_API_KEY"]) == 1


def test_missing_credentials_are_told(left, folder):
    (left.data / "credentials").unlink()
    status, said = doctor(left.data)
    assert "credentials is missing" in said, said
    program = serve(left.data, folder / "serve.log")
    try:
        program.wait_for("Belay is ready", 30)
        assert "belay key new --account" in program.text and left.credentials["BELAY_ACCOUNT_ID"] in program.text
    finally:
        assert program.stop() == 0


def test_one_folder_one_server_whatever_is_removed_from_it(belay, folder):
    server = belay()
    data = server.data
    (data / "belay.lock").unlink()
    assert "in use" in refused(data, folder / "lock.log")
    link = folder / "link"
    link.symlink_to(data)
    assert "in use" in refused(link, folder / "link.log")
    # The same database in another folder.
    other = folder / "other"
    other.mkdir()
    os.link(data / DATABASE, other / DATABASE)
    assert "in use" in refused(other, folder / "other.log")

    (data / DATABASE).rename(data / "away")
    assert "in use" in refused(data, folder / "database.log")
    answer = {}

    def is_told():
        answer["ready"] = server.rest.raw("GET", "/ready", authorized=False)
        return answer["ready"].status == 503 and b"removed or replaced" in answer["ready"].body

    eventually(is_told, 10, lambda: f"the server says that its database is gone: {answer}")
    (data / "away").rename(data / DATABASE)
    eventually(lambda: server.rest.raw("GET", "/ready", authorized=False).status == 200, 10, "and that it is back")
