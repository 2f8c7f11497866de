import Hummingbird
import JSON
import Telephony

/// `~/Conferences/{conferenceId}/Participants` (docs/contract/rest.md#participants).
struct ParticipantRoutes: Sendable {
    let services: APIServices

    private static let path = "/Conferences/{conferenceId}/Participants"

    var routes: [Route] {
        [
            .account(.get, Self.path, "list-participants", list),
            .account(.get, Self.path + "/{callId}", "get-a-participant", get),
            .account(.post, Self.path + "/{callId}", "update-a-participant", update),
            .account(.delete, Self.path + "/{callId}", "remove-a-participant", remove),
        ]
    }

    @Sendable private func list(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let id = try exchange.conferenceID()
        var reader = exchange.queryReader()
        let filter = ParticipantFilter(
            talk: reader.flag("talk"), listen: reader.flag("listen"), dtmfPassThrough: reader.flag("dtmfPassThrough"))
        let cursor = reader.cursor()
        try reader.check()
        let page = try await page(.participants(id, filter, after: cursor), exchange, account)
        let names = ["talk", "listen", "dtmfPassThrough"]
        let resource = PageResource(
            page, path: ConferenceResource.uri(id, of: account.accountID) + "/Participants",
            filters: names.map { ($0, exchange.query[$0]) })
        return Answer.json(200) { writer in
            resource.write(to: &writer, name: "participants") { ParticipantResource(participant: $1).write(to: &$0) }
        }
    }

    @Sendable private func get(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let (id, call) = try Self.place(exchange)
        return try await answer(.participant(id, call), id, call, exchange, account)
    }

    @Sendable private func update(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let (id, call) = try Self.place(exchange)
        let change = try ParticipantBody(try await exchange.fields()).change
        return try await answer(.updateParticipant(id, call, change), id, call, exchange, account)
    }

    @Sendable private func remove(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let (id, call) = try Self.place(exchange)
        return try await answer(.removeParticipant(id, call), id, call, exchange, account)
    }

    // MARK: Steps

    /// Nobody is in a conference that has been terminated.
    private func page(
        _ request: ConferenceRequest, _ exchange: APIExchange, _ account: Account
    ) async throws(APIError) -> Page<Participant> {
        switch await services.conferences.ask(request, of: account.accountID, by: exchange.requestID) {
        case .participants(let page): return page
        case .noConference:
            _ = try await services.conference(exchange, of: account)
            return Page(items: [], total: 0, start: 0, next: nil)
        case .notStored: throw .diskFailing
        case .conference, .participant, .removed, .noParticipant, .tooMany: throw .internalFailure
        }
    }

    private func answer(
        _ request: ConferenceRequest, _ id: ConferenceID, _ call: CallID, _ exchange: APIExchange, _ account: Account
    ) async throws(APIError) -> Response {
        switch await services.conferences.ask(request, of: account.accountID, by: exchange.requestID) {
        case .participant(let participant):
            return Answer.json(200) { ParticipantResource(participant: participant).write(to: &$0) }
        case .removed: return Answer.empty(204)
        case .noParticipant: throw .noParticipant(call, in: id)
        case .noConference:
            _ = try await services.conference(exchange, of: account)
            throw .noParticipant(call, in: id)
        case .notStored: throw .diskFailing
        case .conference, .participants, .tooMany: throw .internalFailure
        }
    }

    private static func place(_ exchange: APIExchange) throws(APIError) -> (ConferenceID, CallID) {
        let id = try exchange.conferenceID()
        let text = exchange.parameters.get("callId") ?? ""
        guard let call = CallID(text) else {
            throw .notFound(text, CallKind.self, "The conference has no call", code: .conferenceNotFound)
        }
        return (id, call)
    }
}
