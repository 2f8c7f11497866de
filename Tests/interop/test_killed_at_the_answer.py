"""kill -9 around an answer: whoever is told that a dialog stands is hung up after the restart (docs/decisions/0025)."""

import contextlib
import sqlite3

import pytest

from harness.scripted_peer import ScriptedPeer
from harness.steps import place

LONG = [{"Pause": {"length": 60000}}]


@pytest.fixture
def peer(endings):
    made = ScriptedPeer()
    endings.append(made.close)
    return made


@contextlib.contextmanager
def held_disk(server):
    """Another program holds the database: nothing that the server writes meanwhile is committed."""
    with contextlib.closing(sqlite3.connect(server.data / "belay.sqlite", isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("ROLLBACK")


def test_killed_between_a_200_and_its_commit(belay, peer, app):
    """No ACK has left, so that the callee repeats its 200, and the next process can end what that says."""
    app.unfinished_allowed = True
    # T1 is as it is in service: the ACK may be held for 8 s.
    server = belay(trunk=peer.trunk, t1_ms=500)
    call = place(server, app, LONG)
    invite = peer.expect("INVITE")
    with held_disk(server):
        peer.respond(invite, "200 OK", body=peer.description)
        # All the same the call is answered for everybody here.
        app.wait_for(call, "outDialApiConnect")
        server.kill()
    assert "ACK" not in peer.arrived()
    server.start()
    peer.respond(invite, "200 OK", body=peer.description)
    assert peer.expect("ACK").tag("to") == "far"
    bye = peer.expect("BYE")
    assert bye.tag("to") == "far"
    peer.respond(bye, "200 OK", contact=False)
    assert server.wait_until_ended(call)["callEndedReason"] == "internalError"


def test_killed_behind_the_ack(belay, peer, app):
    """The ACK has come, so that the next process knows of the dialog although nobody tells it anything."""
    app.unfinished_allowed = True
    server = belay(trunk=peer.trunk)
    call = place(server, app, LONG)
    invite = peer.expect("INVITE")
    peer.respond(invite, "200 OK", body=peer.description)
    peer.expect("ACK")
    server.kill()
    server.start()
    bye = peer.expect("BYE")
    assert bye.tag("to") == "far"
    peer.respond(bye, "200 OK", contact=False)
    assert server.wait_until_ended(call)["status"] == "completed"


def test_an_answer_is_acknowledged_when_the_disk_is_free_again(belay, peer, app):
    """A disk that is slow delays the ACK and nothing else."""
    server = belay(trunk=peer.trunk, t1_ms=500)
    call = place(server, app, LONG)
    invite = peer.expect("INVITE")
    with held_disk(server):
        peer.respond(invite, "200 OK", body=peer.description)
        app.wait_for(call, "outDialApiConnect")
        # Repeated, as it is after T1.
        peer.respond(invite, "200 OK", body=peer.description)
        assert "ACK" not in peer.arrived()
    peer.expect("ACK")
    server.rest.update(call, "completed")
    peer.respond(peer.expect("BYE"), "200 OK", contact=False)
    assert server.wait_until_ended(call)["status"] == "completed"
