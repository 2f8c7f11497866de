"""More calls than the server can take (`overload-ms`): new ones are refused at once, a live one does not notice.

The burst is made of closed loops: each asker waits for its answer before it asks again, as customers' programs do. The
calls are to a busy number of the carrier's, so that they end by themselves and send no media. How long an answer took
is told by the wire: the askers themselves wait for the machine's processor. So does the server, where others use the
machine too: half of the refusals must be there in time whatever it does, nine in ten in so much of it as the server had.
"""

import contextlib
import threading
import time
from collections import Counter
from pathlib import Path

import numpy
from scipy.io import wavfile

from harness.carrier import PREFIX
from harness.instruments import Burst, compose
from harness.rest import Client
from harness.server import NUMBER
from harness.steps import application
from harness.waiting import eventually
from harness.webhook_app import HANGUP, Reply

ASKERS = 8
BURST_SECONDS = 4.0
# The live call speaks through the burst, and for a while in which nothing else goes on.
TONE_SECONDS = 11
REFUSED_WITHIN_SECONDS = 0.100
LONGEST_GAP_SECONDS = 0.040
PACKET_SECONDS = 0.020
# A machine that stops everything for a moment in the burst, and in no other moment, is not the server's fault.
TRIES = 3
BUSY, SILENT = PREFIX + "0486", PREFIX + "0010"


def burst(server, connect, seconds=BURST_SECONDS):
    """Asks for calls from several sides; returns the answers, and when it began and ended by the wall clock."""
    answers, faults = [], []
    began = time.time()

    def ask():
        client = Client(server.http, server.rest.account, server.rest.key, timeout=30)
        try:
            while time.time() - began < seconds:
                answers.append(client.post("/Calls", {"from": NUMBER, "to": BUSY, "applicationId": connect}))
        except OSError as error:
            faults.append(repr(error))

    threads = [threading.Thread(target=ask) for _ in range(ASKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds + 60)
    assert not faults, faults
    return answers, began, time.time()


def processor_seconds(server):
    """What the server's threads have had of the processors so far, and how long they waited for one (proc(5))."""
    had, waited = 0, 0
    for path in Path(f"/proc/{server.program.pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):
            running, waiting, _ = map(int, path.read_text().split())
            had, waited = had + running / 1e9, waited + waiting / 1e9
    return had, waited


def check_answers(server, app, answers):
    """Accepted ones are there and come to their end; of the others each says when to come again. Returns the counts."""
    statuses = Counter(answer.status for answer in answers)
    assert statuses.keys() <= {202, 503}, statuses
    for answer in answers:
        if answer.status == 503:
            assert int(answer.headers["retry-after"]) >= 1 and answer.json["code"] == 55, (answer.headers, answer)
    accepted = {answer.json["callId"] for answer in answers if answer.status == 202}
    assert len(accepted) == statuses[202]
    eventually(lambda: not server.rest.all_calls(active="true"), 30, "every call ends")
    ended = {call["callId"]: call["status"] for call in server.rest.all_calls(to=BUSY)}
    assert ended.keys() == accepted, "what was refused made no call, and what was accepted made one"
    assert set(ended.values()) == {"busy"}, Counter(ended.values())
    for call in accepted:
        app.wait_for(call, "callStatus", 30)
    return statuses


def test_refused_at_once(belay, app, capture, folder):
    samples = compose([Burst(0, TONE_SECONDS, 700, -15)], TONE_SECONDS)
    wavfile.write(folder / "tone.wav", 8000, (samples * 32767).astype(numpy.int16))
    tone = app.answer("/tone.wav", Reply(200, (folder / "tone.wav").read_bytes(), {"Content-Type": "audio/wav"}))
    app.answer("/live", [{"Play": {"file": tone}}])
    for attempt in range(TRIES):
        server = belay(arguments=["--overload-ms", "5"])
        connect = application(server, app, HANGUP)
        wire = capture(filter=f"udp or tcp port {server.http_address[1]}")
        fetched = len(app.fetches)
        live = server.rest.place(from_=NUMBER, to=SILENT, callConnectUrl=app.url("/live"), applicationId=connect)
        eventually(lambda: len(app.fetches) > fetched and app.fetches[-1].finished, 20, "the live call speaks")
        before = processor_seconds(server)
        answers, began, ended = burst(server, connect)
        had, waited = (now - then for now, then in zip(processor_seconds(server), before))
        ending = app.wait_for(live, "callStatus", 2 * TONE_SECONDS).json
        wire.finish()
        assert ending["callEndedReason"] == "appHangup", ending

        statuses = check_answers(server, app, answers)
        assert statuses[503], f"no call was refused: {statuses}"
        times = [seconds for status, seconds in wire.http_answers(server.http_address[1]) if status == 503]
        assert len(times) == statuses[503]
        median, most, slowest = (float(numpy.percentile(times, part)) for part in (50, 90, 100))

        port = wire.media_port(server.sip[1])
        sent = numpy.array([when for when, _ in wire.departures([port])[port]])
        gaps, in_burst = numpy.diff(sent), (sent[1:] >= began) & (sent[:-1] <= ended)
        assert in_burst.sum() > 50 and (~in_burst).sum() > 50, "the live call is heard in the burst, and after it"
        worst, usual = gaps[in_burst].max(), gaps[~in_burst].max()
        print(f"{dict(statuses)}; 503 after {1000 * median:.1f} ms, 90 % {1000 * most:.1f}, all {1000 * slowest:.1f}; "
              f"had the processor for {had:.1f} s, waited for it {waited:.1f} s; "
              f"longest gap {1000 * worst:.1f} ms, without the burst {1000 * usual:.1f} ms")
        faults = []
        if max(median, most * had / (had + waited)) > REFUSED_WITHIN_SECONDS:
            faults.append(f"half is refused within {1000 * median:.0f} ms, nine in ten within {1000 * most:.0f} ms")
        if worst > max(LONGEST_GAP_SECONDS, usual + PACKET_SECONDS):
            faults.append(f"the live call has a gap of {1000 * worst:.0f} ms")
        if not faults:
            return
    assert not faults, faults


def test_never_refused(belay, app):
    """`overload-ms` 0."""
    server = belay(arguments=["--overload-ms", "0"])
    answers, _, _ = burst(server, application(server, app, HANGUP), seconds=2.0)
    statuses = check_answers(server, app, answers)
    assert statuses.keys() == {202} and statuses[202] >= ASKERS, statuses
