"""The judge of what is told of queues and conferences: what must be true of their webhooks, whatever became of the server."""

#: Which status may follow which, each told once (docs/contract/percl.md#conferences).
FOLLOWS = {None: {"empty"}, "empty": {"populated", "terminated"}, "populated": {"inProgress", "empty"},
           "inProgress": {"empty"}, "terminated": set()}


def events(webhooks, *kinds):
    """Those of these kinds in the order of their sequence; what comes again is the same event."""
    first = {}
    for webhook in webhooks:
        if webhook.kind in kinds:
            first.setdefault(webhook.event, webhook)
    return sorted(first.values(), key=lambda webhook: webhook.sequence)


def statuses(webhooks):
    """What was told of one conference."""
    return [webhook.json["status"] for webhook in events(webhooks, "conferenceStatus")]


def conference_faults(webhooks):
    """Why what was told of one conference is not the way that one goes."""
    former = None
    for status in statuses(webhooks):
        if status not in FOLLOWS[former]:
            yield f"{status} is told after {former or 'nothing'}"
        former = status
    recordings = [webhook.json["recordingId"] for webhook in events(webhooks, "conferenceRecordingStatus")]
    if len(set(recordings)) < len(recordings):
        yield f"recordings are told of twice: {recordings}"
    if len(recordings) > statuses(webhooks).count("inProgress"):
        yield f"{len(recordings)} recordings of {statuses(webhooks).count('inProgress')} talks"


def _of_an_end(came, left, restarted_at):
    """How often somebody who came was told of as leaving, beside once.

    What is asked for a script (`inProgress`) does not wait for the disk: killed just then, the call is found there still, and
    told of again. Nothing of it is lost (docs/contract/webhooks.md#what-is-asked-and-told).
    """
    again = restarted_at is not None and len(left) == 2 and left[0].started < restarted_at < left[1].started \
        and left[0].json["callStatus"] == "inProgress"
    if len(left) != 1 and not again:
        yield f"came once, and was told of as leaving {len(left)} times"
    elif left and came.sequence > left[0].sequence:
        yield "was told of as leaving before it came"


def wait_faults(webhooks, restarted_at=None, gives_up=False):
    """Why what was told of one call's wait in a queue is not right.

    `restarted_at`: the server was killed, and started again then. `gives_up`: its far end hangs up.
    """
    came = events(webhooks, "addToQueueNotification")
    left = events(webhooks, "dequeue", "removeFromQueueNotification")
    results = [webhook.json["queueResult"] for webhook in left]
    if len(came) > 1:
        yield f"came into a queue {len(came)} times"
    if not came:
        if results not in ([], ["queueFull"]):
            yield f"left a queue without having come: {results}"
        return
    if {webhook.json["queueId"] for webhook in came + left} != {came[0].json["queueId"]}:
        yield "left another queue than it came into"
    yield from _of_an_end(came[0], left, restarted_at)
    wanted = {"hangup" if gives_up else "dequeued"}
    if restarted_at is not None and is_lost(webhooks):
        wanted |= {"systemError"}
    if not wanted.issuperset(results):
        yield f"left as {results}; wanted one of {sorted(wanted)}"


def stay_faults(webhooks, restarted_at=None):
    """Why what was told of one call's stay in a conference is not right."""
    came = events(webhooks, "addToConferenceNotification")
    left = events(webhooks, "leaveConference")
    if len(came) > 1:
        yield f"came into a conference {len(came)} times"
    if not came:
        if left:
            yield "left a conference without having come"
        return
    if {webhook.json["conferenceId"] for webhook in came + left} != {came[0].json["conferenceId"]}:
        yield "left another conference than it came into"
    yield from _of_an_end(came[0], left, restarted_at)


def is_lost(webhooks):
    """Whether the call ended with the server (docs/contract/calls.md#a-restart)."""
    return any(webhook.json["callEndedReason"] == "internalError" for webhook in events(webhooks, "callStatus"))
