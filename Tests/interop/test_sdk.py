"""The official Python SDK, unmodified, against this server: the newest, and the oldest with `--compat sdk-5.1`."""

import json
import os
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import freeclimb
import pytest
from freeclimb.utils.request_verifier import RequestVerifier

from conftest import ALL_WEBHOOKS
from harness.far_end import Person
from harness.server import NUMBER, REPOSITORY
from harness.steps import place
from harness.waiting import eventually
from harness.webhook_app import HANGUP
from harness.webhook_model import NO_MODEL

OLD_PYTHON = REPOSITORY / ".venv-sdk51" / "bin" / "python"
HERE = os.path.dirname(os.path.abspath(__file__))


def session(server):
    configuration = freeclimb.Configuration(
        host=server.http + "/apiserver", username=server.credentials["BELAY_ACCOUNT_ID"],
        password=server.credentials["BELAY_API_KEY"])
    return freeclimb.DefaultApi(freeclimb.ApiClient(configuration))


@pytest.fixture
def carrier(far_end, belay):
    """A far end that answers, but rings for ever when the number ends in 9; and a server that dials it."""
    far = far_end(decide=lambda number: Person(answers=None) if number.endswith("9") else Person())
    return belay(trunk=far.trunk)


def test_makes_gets_lists_cancels_completes(carrier, app):
    api = session(carrier)
    made = api.create_an_application(freeclimb.ApplicationRequest(
        alias="sdk", call_connect_url=app.answer("/connect", [{"Pause": {"length": 60000}}]),
        status_callback_url=app.url("/status")))
    assert made.application_id.startswith("AP")

    call = api.make_a_call(freeclimb.MakeCallRequest(
        var_from=NUMBER, to="+13125550142", application_id=made.application_id))
    assert call.status == freeclimb.CallStatus.QUEUED and call.call_id.startswith("CA")
    assert call.direction == freeclimb.CallDirection.OUTBOUND_API
    app.wait_for(call.call_id, "outDialApiConnect")
    assert api.get_a_call(call.call_id).status == freeclimb.CallStatus.IN_PROGRESS
    api.update_a_live_call(call.call_id, freeclimb.UpdateCallRequest(status=freeclimb.UpdateCallRequestStatus.COMPLETED))
    app.wait_for(call.call_id, "callStatus")
    ended = api.get_a_call(call.call_id)
    assert ended.status == freeclimb.CallStatus.COMPLETED and ended.duration >= 1

    ringing = api.make_a_call(freeclimb.MakeCallRequest(
        var_from=NUMBER, to="+13125550149", application_id=made.application_id))
    carrier.wait_for_status(ringing.call_id, "ringing")
    active = api.list_calls(active=True)
    assert [c.call_id for c in active.calls] == [ringing.call_id]
    api.update_a_live_call(ringing.call_id, freeclimb.UpdateCallRequest(status=freeclimb.UpdateCallRequestStatus.CANCELED))
    app.wait_for(ringing.call_id, "callStatus")
    assert api.get_a_call(ringing.call_id).status == freeclimb.CallStatus.CANCELED
    listed = api.list_calls(status=freeclimb.CallStatus.CANCELED)
    assert [c.call_id for c in listed.calls] == [ringing.call_id]
    assert [c.call_id for c in api.list_calls().calls] == [ringing.call_id, call.call_id]
    assert api.list_calls(to="+13125550142").total == 1

    logs = api.list_call_logs(call.call_id)
    assert logs.total == len(logs.logs) and logs.total > 0
    assert all(entry.call_id == call.call_id for entry in logs.logs)
    with pytest.raises(freeclimb.exceptions.NotFoundException):
        api.update_a_live_call(call.call_id, freeclimb.UpdateCallRequest(status=freeclimb.UpdateCallRequestStatus.COMPLETED))


def test_follows_pages(carrier, app):
    api = session(carrier)
    application = api.create_an_application(freeclimb.ApplicationRequest(
        call_connect_url=app.answer("/connect", HANGUP), status_callback_url=app.url("/status")))
    made = [api.make_a_call(freeclimb.MakeCallRequest(
        var_from=NUMBER, to=f"+131255{number:05}", application_id=application.application_id)).call_id
        for number in (10 * n for n in range(105))]
    page = api.list_calls()
    assert (page.total, page.page, page.num_pages, page.page_size, page.start, page.end) == (105, 0, 2, 100, 0, 99)
    following = api.get_next_page(page)
    assert (following.page, following.start, following.end, following.next_page_uri) == (1, 100, 104, None)
    assert [c.call_id for c in page.calls + following.calls] == made[::-1]
    for call in made:
        app.wait_for(call, "callStatus", seconds=30)


def test_lists_and_filters_the_account_s_logs(carrier, app):
    """`filter_logs` and `list_all_account_logs`; `get_next_page` follows a search's pages with GET."""
    api = session(carrier)
    application = api.create_an_application(freeclimb.ApplicationRequest(
        call_connect_url=app.answer("/connect", HANGUP), status_callback_url=app.url("/status")))
    made = [api.make_a_call(freeclimb.MakeCallRequest(
        var_from=NUMBER, to=f"+131255{number:05}", application_id=application.application_id)).call_id
        for number in range(20, 120, 10)]
    for call in made:
        app.wait_for(call, "callStatus", seconds=30)
    # Then the last lines of their logs are written.
    eventually(lambda: carrier.gauge("belay_calls_live") == 0 == carrier.gauge("belay_outbox_depth"), 20, "every call is over")
    with pytest.raises(freeclimb.exceptions.BadRequestException):
        api.make_a_call(freeclimb.MakeCallRequest(var_from=NUMBER, to="tomorrow", application_id=application.application_id))

    newest = api.list_all_account_logs()
    assert newest.start == 0 and newest.end == len(newest.logs) - 1 == 99
    assert newest.logs[0].timestamp == max(entry.timestamp for entry in newest.logs)
    refused = api.filter_logs(freeclimb.FilterLogsRequest(pql='level = "WARNING" AND metadata.code = 9'))
    assert [(entry.call_id, entry.level) for entry in refused.logs] == [(None, freeclimb.LogLevel.WARNING)]

    one = api.filter_logs(freeclimb.FilterLogsRequest(pql=f'callId="{made[3]}"'))
    assert one.total == len(one.logs) == len(carrier.rest.logs(made[3]))
    assert all(entry.call_id == made[3] for entry in one.logs)
    begun = next(entry for entry in one.logs if entry.metadata["sequence"] == 1)
    same = api.filter_logs(freeclimb.FilterLogsRequest(pql=f'requestId = "{begun.request_id}"'))
    assert [entry.to_dict() for entry in same.logs] == [entry.to_dict() for entry in one.logs]

    sought = " OR ".join(f'callId = "{call}"' for call in made)
    page = api.filter_logs(freeclimb.FilterLogsRequest(pql=f"({sought}) AND timestamp > 2020-06-22T19:42:53.376Z"))
    found = list(page.logs)
    while page.next_page_uri is not None:
        page = api.get_next_page(page)
        assert page.start == len(found)
        found += page.logs
    assert len(found) == page.total > 100
    assert sorted({entry.call_id for entry in found}) == sorted(made)
    assert [entry.timestamp for entry in found] == sorted((entry.timestamp for entry in found), reverse=True)
    # Of one call the order is the call's own.
    assert [entry.metadata["sequence"] for entry in found if entry.call_id == made[0]] \
        == [entry["metadata"]["sequence"] for entry in reversed(carrier.rest.logs(made[0]))]

    with pytest.raises(freeclimb.exceptions.BadRequestException) as wrong:
        api.filter_logs(freeclimb.FilterLogsRequest(pql="level = 'info'"))
    answer = json.loads(wrong.value.body)
    assert answer["code"] == 5 and answer["details"]["fields"][0]["offset"] == 8, answer


def test_manages_applications(belay):
    api = session(belay())
    made = api.create_an_application(freeclimb.ApplicationRequest(alias="first", voice_url="https://example.com/voice"))
    assert (made.alias, made.voice_url, made.call_connect_url, made.revision) == ("first", "https://example.com/voice", None, 1)
    changed = api.update_an_application(made.application_id, freeclimb.ApplicationRequest(alias="second"))
    assert (changed.alias, changed.voice_url, changed.revision) == ("second", "https://example.com/voice", 2)
    assert api.get_an_application(made.application_id).alias == "second"
    assert [a.application_id for a in api.list_applications(alias="second").applications] == [made.application_id]
    assert api.list_applications(alias="third").total == 0
    api.delete_an_application(made.application_id)
    with pytest.raises(freeclimb.exceptions.NotFoundException):
        api.get_an_application(made.application_id)


def test_filters_calls(carrier, app):
    """Every filter of `list_calls` that this version has, each by itself, and all of them together."""
    api = session(carrier)
    application = api.create_an_application(freeclimb.ApplicationRequest(
        call_connect_url=app.answer("/connect", [{"Pause": {"length": 60000}}]), status_callback_url=app.url("/status")))
    other = api.create_an_application(freeclimb.ApplicationRequest(
        call_connect_url=app.answer("/other", HANGUP), status_callback_url=app.url("/status")))
    parent = api.make_a_call(freeclimb.MakeCallRequest(
        var_from=NUMBER, to="+13125550101", application_id=application.application_id, send_digits="1{2}2", timeout=20,
        privacy_mode=True)).call_id
    app.wait_for(parent, "outDialApiConnect")
    child = api.make_a_call(freeclimb.MakeCallRequest(
        var_from=NUMBER, to="+13125550102", parent_call_id=parent, application_id=other.application_id)).call_id
    app.wait_for(child, "callStatus")
    carrier.wait_until_ended(child)
    now = datetime.now(UTC)
    before, after = (f"{now + timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S}" for minutes in (-1, 1))

    def ids(**filters):
        return {call.call_id for call in api.list_calls(**filters).calls}

    assert ids() == {parent, child}
    assert ids(active=True) == ids(status=freeclimb.CallStatus.IN_PROGRESS) == ids(to="+13125550101") == {parent}
    assert ids(parent_call_id=parent) == ids(application_id=[other.application_id]) == {child}
    assert ids(var_from=NUMBER) == ids(application_id=[other.application_id, application.application_id]) == {parent, child}
    assert ids(start_time=before) == {parent, child} and ids(start_time=after) == set()
    assert ids(end_time=after) == {child} and ids(end_time=before) == set()
    assert ids(used_audio_stream=False, web_rtc=False) == {parent, child}
    assert ids(active=False, to="+13125550102", var_from=NUMBER, status=freeclimb.CallStatus.COMPLETED, start_time=before,
               end_time=after, parent_call_id=parent, application_id=[other.application_id], web_rtc=False,
               used_audio_stream=False) == {child}
    for refused in ({"risk_score_min": 1}, {"risk_score_max": 9}, {"web_rtc": True}, {"used_audio_stream": True}):
        with pytest.raises(freeclimb.exceptions.BadRequestException):
            api.list_calls(**refused)
    assert api.get_a_call(child).parent_call_id == parent
    api.update_a_live_call(parent, freeclimb.UpdateCallRequest(status=freeclimb.UpdateCallRequestStatus.COMPLETED))
    app.wait_for(parent, "callStatus")


def test_keeps_recordings(carrier, app):
    """Every operation on recordings: by the call, all of them, one, its file in both ways, and gone."""
    api = session(carrier)
    call = api.make_a_call(freeclimb.MakeCallRequest(
        var_from=NUMBER, to="+13125550101",
        call_connect_url=app.answer("/connect", [{"StartRecordCall": {}}, {"Pause": {"length": 700}}]))).call_id
    carrier.wait_until_ended(call)
    [recording] = eventually(lambda: api.list_call_recordings(call).recordings, 10, "the call's recording")
    assert recording.call_id == call and recording.duration_sec == 1 and recording.conference_id is None
    identifier = recording.recording_id
    today, yesterday = (f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%d}" for days in (0, 1))
    assert [r.recording_id for r in api.list_recordings(call_id=call, date_created=today, start_time=yesterday).recordings] \
        == [identifier]
    assert api.list_recordings(end_time=yesterday).total == api.list_call_recordings(call, date_created=yesterday).total == 0
    assert api.get_a_recording(identifier).to_dict() == recording.to_dict()
    streamed, downloaded = api.stream_a_recording_file(identifier), api.download_a_recording_file(identifier)
    assert streamed == downloaded and streamed[:4] == b"RIFF" and len(streamed) > 8000
    api.delete_a_recording(identifier)
    for gone in api.stream_a_recording_file, api.download_a_recording_file:
        with pytest.raises(freeclimb.exceptions.NotFoundException) as missing:
            gone(identifier)
        assert json.loads(missing.value.body)["code"] == 77
    with pytest.raises(freeclimb.exceptions.NotFoundException) as missing:
        api.get_a_recording("RE" + "0" * 40)
    assert json.loads(missing.value.body)["code"] == 68


def test_buys_from_what_is_offered(belay):
    api = session(belay(arguments=["--offered-numbers", "+13125550177,+442079460103"]))

    def available(**filters):
        return [one.phone_number for one in api.list_available_numbers(**filters).available_phone_numbers]

    assert available() == ["+13125550177", "+442079460103"]
    assert available(phone_number=r"\+1\d{10}") == available(country="US") == ["+13125550177"]
    assert api.buy_a_phone_number(freeclimb.BuyIncomingNumberRequest(phone_number="+13125550177")).country == "US"
    assert available() == ["+442079460103"]
    with pytest.raises(freeclimb.exceptions.BadRequestException) as refused:
        api.buy_a_phone_number(freeclimb.BuyIncomingNumberRequest(phone_number="+13125550178"))
    assert "AvailablePhoneNumbers" in json.loads(refused.value.body)["message"]


def test_manages_numbers(belay):
    api = session(belay())
    application = api.create_an_application(freeclimb.ApplicationRequest(alias="numbers")).application_id
    bought = api.buy_a_phone_number(freeclimb.BuyIncomingNumberRequest(phone_number="+13125550177", alias="desk"))
    assert (bought.phone_number, bought.alias, bought.application_id) == ("+13125550177", "desk", None)
    assert bought.capabilities.voice and not bought.capabilities.sms
    number = bought.phone_number_id
    changed = api.update_an_incoming_number(number, freeclimb.IncomingNumberRequest(alias="front", application_id=application))
    assert (changed.alias, changed.application_id, changed.revision) == ("front", application, 2)
    assert api.get_an_incoming_number(number).to_dict() == changed.to_dict()

    def numbers(**filters):
        return [one.phone_number for one in api.list_incoming_numbers(**filters).incoming_phone_numbers]

    assert numbers() == ["+13125550177", NUMBER]
    assert numbers(alias="front") == numbers(application_id=application) == numbers(has_application=True) == ["+13125550177"]
    assert numbers(alias="desk") == []
    assert numbers(phone_number=r"^\+1312\d*77$") == numbers(phone_number="0177", country="US", alias="front") == ["+13125550177"]
    assert numbers(country="US", capabilities_voice=True) == ["+13125550177", NUMBER]
    assert numbers(country="GB") == numbers(region="IL") == numbers(capabilities_sms=True) == numbers(offnet=True) == []
    assert numbers(has_campaign=True) == numbers(tfn_campaign_id="C1") == numbers(capabilities_toll_free=True) == []
    with pytest.raises(freeclimb.exceptions.BadRequestException) as refused:
        numbers(phone_number="(1+)+")
    assert "phoneNumber" in json.loads(refused.value.body)["message"]
    with pytest.raises(freeclimb.exceptions.ApiException) as taken:
        api.buy_a_phone_number(freeclimb.BuyIncomingNumberRequest(phone_number="+13125550177"))
    assert (taken.value.status, json.loads(taken.value.body)["code"]) == (409, 108)
    api.delete_an_incoming_number(number)
    with pytest.raises(freeclimb.exceptions.NotFoundException):
        api.get_an_incoming_number(number)
    assert numbers() == [NUMBER]


def test_reads_and_changes_the_account(belay):
    server = belay()
    api = session(server)
    assert api.update_an_account(freeclimb.AccountRequest(alias="Acme", label="production")) is None
    account = api.get_an_account()
    assert account.account_id == server.credentials["BELAY_ACCOUNT_ID"]
    assert (account.alias, account.label, account.revision) == ("Acme", "production", 2)
    assert (account.type, account.status) == (freeclimb.AccountType.FULL, freeclimb.AccountStatus.ACTIVE)
    assert account.api_key is None, "an apiKey is never returned (docs/contract/rest.md#authentication)"


def test_keeps_queues(carrier, app):
    api = session(carrier)
    made = api.create_a_queue(freeclimb.QueueRequest(alias="sales", max_size=25))
    assert made.queue_id.startswith("QU") and (made.alias, made.max_size, made.current_size) == ("sales", 25, 0)
    enqueue = {"Enqueue": {"queueId": made.queue_id, "waitUrl": app.answer("/wait", [{"Pause": {"length": 60000}}]),
                           "actionUrl": app.answer("/on", HANGUP)}}
    calls = [place(carrier, app, [enqueue], to=f"+1312555014{digit}") for digit in (1, 2)]
    for call in calls:
        app.wait_for(call, "queueWait")
    assert api.get_a_queue(made.queue_id).current_size == 2
    assert [queue.queue_id for queue in api.list_active_queues(alias="sales").queues] == [made.queue_id]
    members = api.list_members(made.queue_id)
    line = [member.call_id for member in members.queue_members]
    assert sorted(line) == sorted(calls) and [member.position for member in members.queue_members] == [1, 2]
    assert api.get_head_member(made.queue_id).call_id == line[0]
    assert api.get_a_member(made.queue_id, line[1]).position == 2
    assert api.dequeue_head_member(made.queue_id).call_id == line[0]
    assert api.dequeue_a_member(made.queue_id, line[1]).call_id == line[1]
    for call in calls:
        assert app.wait_for(call, "dequeue").json["queueResult"] == "dequeued"
        app.wait_for(call, "callStatus")
    with pytest.raises(freeclimb.exceptions.NotFoundException):
        api.get_head_member(made.queue_id)
    updated = api.update_a_queue(made.queue_id, freeclimb.QueueRequest(alias="support", max_size=25))
    assert (updated.alias, updated.max_size, updated.current_size) == ("support", 25, 0)


def test_keeps_conferences(carrier, app):
    """Every operation on conferences, and on who is in them; what is answered has each field in the SDK's own types."""
    api = session(carrier)
    made = api.create_a_conference(freeclimb.CreateConferenceRequest(
        alias="Monday", play_beep=freeclimb.PlayBeep.NEVER, record=True, status_callback_url=app.url("/conference")))
    identifier = made.conference_id
    assert identifier.startswith("CF") and (made.alias, made.play_beep, made.record, made.status, made.revision) \
        == ("Monday", freeclimb.PlayBeep.NEVER, True, freeclimb.ConferenceStatus.EMPTY, 1), made
    assert made.wait_url is made.action_url is None and made.status_callback_url == app.url("/conference")
    add = {"AddToConference": {"conferenceId": identifier, "notificationUrl": app.url("/in"),
                               "leaveConferenceUrl": app.answer("/left", HANGUP)}}
    calls = []
    for digit in (1, 2):
        calls.append(place(carrier, app, [add], to=f"+1312555014{digit}"))
        assert app.wait_for(calls[-1], "addToConferenceNotification").json["conferenceId"] == identifier
    assert api.get_a_conference(identifier).status == freeclimb.ConferenceStatus.IN_PROGRESS
    assert [one.conference_id for one in api.list_conferences(
        status="inProgress", alias="Monday", date_created=made.date_created).conferences] == [identifier]
    assert api.list_conferences(alias="Tuesday").total == 0

    def who(**filters):
        return [one.call_id for one in api.list_participants(identifier, **filters).participants]

    assert who() == who(talk=True, listen=True, dtmf_pass_through=False) == calls[::-1]
    muted = api.update_a_participant(identifier, calls[0], freeclimb.UpdateConferenceParticipantRequest(talk=False))
    assert (muted.call_id, muted.conference_id, muted.talk, muted.listen, muted.dtmf_pass_through, muted.start_conf_on_enter) \
        == (calls[0], identifier, False, True, False, True), muted
    assert who(talk=False) == [calls[0]] and who(talk=True) == [calls[1]]
    assert api.get_a_participant(identifier, calls[0]).to_dict() == muted.to_dict()
    assert api.remove_a_participant(identifier, calls[0]) is None
    assert app.wait_for(calls[0], "callStatus").json["callEndedReason"] == "appHangup"
    with pytest.raises(freeclimb.exceptions.NotFoundException) as missing:
        api.get_a_participant(identifier, calls[0])
    assert json.loads(missing.value.body)["code"] == 66
    assert api.update_a_conference(identifier, freeclimb.UpdateConferenceRequest(alias="Tuesday")) is None
    for _ in range(2):
        assert api.update_a_conference(identifier, freeclimb.UpdateConferenceRequest(
            status=freeclimb.UpdateConferenceRequestStatus.TERMINATED)) is None
    ended = api.get_a_conference(identifier)
    assert (ended.status, ended.alias) == (freeclimb.ConferenceStatus.TERMINATED, "Tuesday"), ended
    assert app.wait_for(calls[1], "callStatus").json["callEndedReason"] == "conferenceTerminated"
    recorded = app.wait_for(identifier, "conferenceRecordingStatus", 20).json
    [recording] = api.list_conference_recordings(identifier).recordings
    assert (recording.recording_id, recording.conference_id, recording.call_id, recording.duration_sec) \
        == (recorded["recordingId"], identifier, None, recorded["recordingDurationSec"]), recording
    assert api.list_recordings(conference_id=identifier).total == 1
    assert api.list_conference_recordings(identifier, call_id=calls[0]).total == 0
    with pytest.raises(freeclimb.exceptions.NotFoundException):
        api.get_a_conference("CF" + "0" * 40)


def test_every_operation_of_what_this_version_has_is_run():
    """None of the SDK's operations on what this version has is forgotten above; a new SDK may bring more."""
    families = re.compile(
        r"_(call|calls|application|applications|number|numbers|account|recording|recordings|logs|file|queue|queues|member|members"
        r"|conference|conferences|participant|participants)(_|$)")
    names = {name for name in dir(freeclimb.DefaultApi) if not name.startswith("_") and families.search(name)
             and not name.endswith(("_with_http_info", "_without_preload_content"))}
    names |= {"buy_a_phone_number", "get_next_page"}
    source = Path(__file__).read_text()
    assert {name for name in names if f"api.{name}" not in source} == set()
    assert len(names) >= 44, names


def test_errors_are_the_sdk_s_own(belay):
    server = belay()
    api = session(server)
    with pytest.raises(freeclimb.exceptions.BadRequestException) as refused:
        api.make_a_call(freeclimb.MakeCallRequest(var_from=NUMBER, to="tomorrow", call_connect_url="http://127.0.0.1/x"))
    assert json.loads(refused.value.body)["code"] == 9
    with pytest.raises(freeclimb.exceptions.NotFoundException):
        api.get_a_call("CA" + "0" * 40)
    stranger = freeclimb.DefaultApi(freeclimb.ApiClient(freeclimb.Configuration(
        host=server.http + "/apiserver", username=server.credentials["BELAY_ACCOUNT_ID"], password="0" * 40)))
    with pytest.raises(freeclimb.exceptions.UnauthorizedException):
        stranger.get_an_account()


def test_verifier_accepts_our_signatures_and_no_others(carrier, app):
    call = carrier.rest.place(from_=NUMBER, to="+13125550142", callConnectUrl=app.answer("/connect", HANGUP))
    webhook = app.wait_for(call, "outDialApiConnect")
    header, body = webhook.headers["freeclimb-signature"], webhook.body.decode()
    RequestVerifier.verify_request_signature(body, header, carrier.secret)
    with pytest.raises(Exception, match="Unverified"):
        RequestVerifier.verify_request_signature(body[:-2] + '!}', header, carrier.secret)
    with pytest.raises(Exception, match="Unverified"):
        RequestVerifier.verify_request_signature(body, header, carrier.secret[:-1] + "x")
    carrier.wait_until_ended(call)


def test_old_sdk_with_compat(far_end, belay, app):
    """SDK 5.1.1 knows only a 200 as the answer to Make a Call; `--compat sdk-5.1` gives it one."""
    far = far_end(decide=lambda number: Person(answers=None) if number.endswith("9") else Person())
    server = belay(trunk=far.trunk, arguments=["--compat", "sdk-5.1"])
    app.answer("/connect", [{"Pause": {"length": 60000}}])
    done = subprocess.run(
        [OLD_PYTHON, os.path.join(HERE, "sdk51_session.py"), server.http + "/apiserver",
         server.credentials["BELAY_ACCOUNT_ID"], server.credentials["BELAY_API_KEY"], NUMBER,
         app.url("/connect"), app.url("/status")], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    for call in json.loads(done.stdout):
        app.wait_for(call, "callStatus")


@pytest.mark.whole_run
def test_both_sdks_accept_every_webhook_of_the_run(pytestconfig):
    book = pytestconfig.belay_folder / ALL_WEBHOOKS
    bodies = [json.loads(line) for line in book.read_text().splitlines()] if book.exists() else []
    assert bodies, "no test got a webhook"
    bodies = [body for body in bodies if json.loads(body)["requestType"] not in NO_MODEL]
    for body in bodies:
        assert freeclimb.Webhook.from_dict(json.loads(body)) is not None, body
    check = "import sys, json, freeclimb\n" \
            "for line in open(sys.argv[1]):\n" \
            "    body = json.loads(json.loads(line))\n" \
            f"    if body['requestType'] in {sorted(NO_MODEL)}: continue\n" \
            "    assert freeclimb.Webhook.from_dict(body) is not None, body\n"
    done = subprocess.run([OLD_PYTHON, "-c", check, str(book)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
