"""`min-free-mb` is kept by everybody who writes what can be done without: live calls' rows need what is left."""

import struct

import pytest

from harness.far_end import Person
from harness.server import NUMBER
from harness.small_disk import SmallDisk
from harness.steps import application, place
from harness.waiting import eventually
from harness.webhook_app import Reply

MEGABYTE = 1 << 20
DISK, RESERVE, FILE = 60 * MEGABYTE, 20 * MEGABYTE, 12 * MEGABYTE
NO_ROOM = "disk has no room"


def wav(size):
    """Silence, 8 kHz, one channel, 16 bits."""
    body = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16) + b"data" + struct.pack("<I", size)
    return b"RIFF" + struct.pack("<I", len(body) + size) + body + bytes(size)


@pytest.fixture
def small(belay, far_end, folder):
    """A server on a small disk, and the disk."""
    disk = SmallDisk(folder, folder / "server1" / "data", DISK)
    far = far_end(decide=lambda number: Person())
    server = belay(trunk=far.trunk, env=disk.env | {"BELAY_MIN_FREE_MB": str(RESERVE // MEGABYTE)})
    yield server, disk
    (disk.data / "filler").unlink(missing_ok=True)


def fill(disk):
    """Somebody else's file, which leaves half of the reserve."""
    with open(disk.data / "filler", "wb") as file:
        left = disk.free - RESERVE // 2
        while left > 0:
            left -= file.write(b"\xff" * min(left, MEGABYTE))


def messages(server, call):
    return [entry["message"] for entry in server.rest.logs(call)]


@pytest.mark.parametrize("announced", [True, False], ids=["with a length", "in chunks"])
def test_downloads_leave_the_reserve(small, app, announced):
    """Six files of which three fit, as they are fetched and as they are decoded. Whoever finds no room hears nothing, and is told."""
    server, disk = small
    body = wav(FILE)
    chunked = b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nConnection: close\r\n\r\n" + body
    reply = Reply(200, body, {"Content-Type": "audio/wav"}) if announced else Reply(raw=chunked)
    lowest = disk.free

    def play(number):
        script = [{"Play": {"file": app.answer(f"/{number}.wav", reply)}}, {"Pause": {"length": 60000}}]
        return server.rest.place(from_=NUMBER, to=f"+1312555030{number}",
                                 applicationId=application(server, app, script, f"/connect{number}"))

    calls = [play(number) for number in range(6)]

    def settled(call):
        """It plays all that there is, or has gone on to the next command."""
        nonlocal lowest
        lowest = min(lowest, disk.free)
        return any(message.startswith(("PerCL Play failed", "PerCL Pause")) for message in messages(server, call))

    eventually(lambda: sum(map(settled, calls)) >= 3, 20, "those that found no room go on")
    refused = [call for call in calls if settled(call)]
    for call in refused:
        assert NO_ROOM in str(server.rest.logs(call)), server.rest.logs(call)
    assert lowest >= RESERVE, f"{(RESERVE - lowest) / MEGABYTE:.1f} MB of the reserve were taken"
    # The server takes calls as before; what is kept for convenience goes before anybody is refused.
    assert server.rest.raw("GET", "/ready", authorized=False).status == 200
    for call in calls:
        server.rest.post(f"/Calls/{call}", {"status": "completed"})
    for call in calls:
        server.wait_until_ended(call)
    # A file goes with its last holder: a session that is being closed, or a decoder that is not done yet.
    server.wait_until_idle()

    def heard_at_last():
        kept = {path.name for path in (disk.data / "cache/audio").iterdir()}
        call = play(9)
        eventually(lambda: "PerCL Play failed" in messages(server, call)
                   or any(path.name not in kept and path.stat().st_size == len(body)
                          for path in (disk.data / "cache/audio").iterdir()), 10, lambda: messages(server, call))
        if "PerCL Play failed" not in messages(server, call):
            return call
        server.rest.post(f"/Calls/{call}", {"status": "completed"})
        server.wait_until_ended(call)
        return None

    last = eventually(heard_at_last, 10, "what nobody holds any more makes room")
    assert disk.free >= RESERVE
    server.rest.post(f"/Calls/{last}", {"status": "completed"})
    assert server.wait_until_ended(last)["callEndedReason"] == "appHangup"


def test_a_recording_ends_before_the_reserve_does(small, app):
    """What was recorded so far is kept; the call goes on, and new ones are refused until there is room again."""
    server, disk = small
    call = place(server, app, [{"StartRecordCall": {}}, {"Pause": {"length": 60000}}])
    folder = disk.data / "recordings"
    eventually(lambda: sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) > 8000, 10, "half a second is recorded")
    fill(disk)
    eventually(lambda: server.rest.raw("GET", "/ready", authorized=False).status == 503, 10, "the server says so")
    refused = server.rest.post("/Calls", {"from": NUMBER, "to": "+13125550399", "callConnectUrl": app.url("/connect")})
    assert refused.status == 503, refused
    assert server.rest.call(call)["status"] == "inProgress"
    server.rest.post(f"/Calls/{call}", {"status": "completed"})
    ended = server.wait_until_ended(call)
    assert ended["callEndedReason"] == "appHangup", ended
    eventually(lambda: NO_ROOM in str(server.rest.logs(call)), 5, lambda: server.rest.logs(call))
    recordings = server.rest.get("/Recordings").json["recordings"]
    assert len(recordings) == 1 and 0 < recordings[0]["durationSec"] <= ended["duration"] + 1, recordings
    (disk.data / "filler").unlink()
    eventually(lambda: server.rest.raw("GET", "/ready", authorized=False).status == 200, 10, "there is room again")
    server.wait_until_ended(place(server, app, to="+13125550398"))
