import HTTPTypes
import Hummingbird
import Telephony

/// `~/Recordings`, of one call and of one conference (docs/contract/rest.md#recordings).
struct RecordingRoutes: Sendable {
    let services: APIServices

    var routes: [Route] {
        [
            .account(.get, "/Recordings", "list-recordings", list),
            .account(.get, "/Recordings/{recordingId}", "get-a-recording", get),
            .account(.delete, "/Recordings/{recordingId}", "delete-a-recording", delete),
            .account(.get, "/Recordings/{recordingId}/Stream", "stream-a-recording-file") { exchange, account in
                try await file(exchange, account, disposition: "inline")
            },
            .account(.get, "/Recordings/{recordingId}/Download", "download-a-recording-file") { exchange, account in
                try await file(exchange, account, disposition: "attachment")
            },
            .account(.get, "/Calls/{callId}/Recordings", "list-call-recordings", listOfCall),
            .account(
                .get, "/Conferences/{conferenceId}/Recordings", "list-conference-recordings", listOfConference),
        ]
    }

    @Sendable private func list(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        try await list(exchange, account, path: "/Accounts/\(account.accountID)/Recordings")
    }

    @Sendable private func listOfCall(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let text = exchange.parameters.get("callId") ?? ""
        guard let id = CallID(text), try await services.calls.call(id, of: account.accountID) != nil else {
            throw APIError.notFound(text, CallKind.self, "The account has no call")
        }
        return try await list(
            exchange, account, ofCall: id, path: CallResource.uri(id, of: account.accountID) + "/Recordings")
    }

    @Sendable private func listOfConference(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let id = try await services.conference(exchange, of: account).conferenceID
        return try await list(
            exchange, account, ofConference: id,
            path: ConferenceResource.uri(id, of: account.accountID) + "/Recordings")
    }

    /// Of whom the path says, or of all, or of those that the query names.
    private func list(
        _ exchange: APIExchange, _ account: Account, ofCall call: CallID? = nil,
        ofConference conference: ConferenceID? = nil, path: String
    ) async throws -> Response {
        var reader = exchange.queryReader()
        var filter = RecordingFilter(callID: call)
        filter.conferenceID = conference
        // The SDKs have this filter of a conference's too: those of one participant.
        if call == nil { filter.callID = reader.identifier("callId") }
        if call == nil, conference == nil { filter.conferenceID = reader.identifier("conferenceId") }
        let (created, start, end) = (reader.span("dateCreated"), reader.span("startTime"), reader.span("endTime"))
        filter.earliest = [created?.lowerBound, start?.lowerBound].compactMap(\.self).max()
        filter.latest = [created?.upperBound, end?.upperBound].compactMap(\.self).min()
        let cursor = reader.cursor()
        try reader.check()
        let page = try await services.recordings.recordings(of: account.accountID, matching: filter, after: cursor)
        let names = ["callId", "conferenceId", "dateCreated", "startTime", "endTime"].filter(reader.knows)
        let resource = PageResource(page, path: path, filters: names.map { ($0, exchange.query[$0]) })
        let now = services.now()
        return Answer.json(200) { writer in
            resource.write(to: &writer, name: "recordings") { RecordingResource($1, now: now).write(to: &$0) }
        }
    }

    @Sendable private func get(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let recording = try await recording(exchange, account)
        return Answer.json(200) { RecordingResource(recording, now: services.now()).write(to: &$0) }
    }

    @Sendable private func delete(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let recording = try await recording(exchange, account)
        guard recording.durationSeconds != nil else {
            throw APIError.conflict("The recording \(recording.recordingID) is still being made.")
        }
        if !recording.isDeleted { try await services.recordings.delete(recording, now: services.now()) }
        return Answer.empty(204)
    }

    private func file(_ exchange: APIExchange, _ account: Account, disposition: String) async throws -> Response {
        let recording = try await recording(exchange, account)
        guard !recording.isGone(at: services.now()), let file = try services.recordings.file(of: recording) else {
            throw APIError.recordingGone(recording.recordingID)
        }
        return try FileAnswer(
            file: file, type: "audio/wav",
            disposition: "\(disposition); filename=\"\(recording.recordingID).wav\""
        ).response(to: exchange)
    }

    private func recording(_ exchange: APIExchange, _ account: Account) async throws -> Recording {
        let text = exchange.parameters.get("recordingId") ?? ""
        guard let id = RecordingID(text),
            let recording = try await services.recordings.recording(id, of: account.accountID)
        else { throw APIError.noRecording(text) }
        return recording
    }
}
