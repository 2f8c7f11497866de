import Hummingbird
import JSON
import Telephony

/// `~/Conferences` (docs/contract/rest.md#conferences).
struct ConferenceRoutes: Sendable {
    let services: APIServices

    var routes: [Route] {
        [
            .account(.get, "/Conferences", "list-conferences", list),
            .account(.post, "/Conferences", "create-a-conference", create),
            .account(.get, "/Conferences/{conferenceId}", "get-a-conference", get),
            .account(.post, "/Conferences/{conferenceId}", "update-a-conference", update),
        ]
    }

    @Sendable private func list(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        var reader = exchange.queryReader()
        let filter = ConferenceFilter(
            status: reader.choice("status"), alias: reader.text("alias"), created: reader.span("dateCreated"),
            updated: reader.span("dateUpdated"))
        let cursor = reader.cursor()
        try reader.check()
        let page = try await services.conferences.conferences(of: account.accountID, filter, after: cursor)
        let names = ["status", "alias", "dateCreated", "dateUpdated"]
        let resource = PageResource(
            page, path: "/Accounts/\(account.accountID)/Conferences", filters: names.map { ($0, exchange.query[$0]) })
        return Answer.json(200) { writer in
            resource.write(to: &writer, name: "conferences") { ConferenceResource(conference: $1).write(to: &$0) }
        }
    }

    @Sendable private func create(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let conference = try ConferenceBody(try await exchange.fields()).conference(
            services.identifiers.draw(ConferenceKind.self), of: account.accountID, created: services.now())
        switch await services.conferences.ask(.create(conference), of: account.accountID, by: exchange.requestID) {
        case .conference(let made): return Self.answer(made)
        case .tooMany:
            throw APIError.conflict(
                "The account has \(Conference.maximumCount) conferences that have not been terminated, as many as it may."
            )
        case .notStored: throw APIError.diskFailing
        case .participants, .participant, .removed, .noConference, .noParticipant: throw APIError.internalFailure
        }
    }

    @Sendable private func get(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        Self.answer(try await services.conference(exchange, of: account))
    }

    @Sendable private func update(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let id = try exchange.conferenceID()
        let change = try ConferenceUpdateBody(try await exchange.fields()).change
        switch await services.conferences.ask(.update(id, change), of: account.accountID, by: exchange.requestID) {
        case .conference: return Answer.empty(204)
        case .noConference:
            let conference = try await services.conference(exchange, of: account)
            guard conference.status == .terminated else { throw APIError.noConference(id.text) }
            // Apps end it from both of a talk's calls, and mean the one end.
            guard change.end != nil else {
                throw APIError.conflict("The conference \(id) has been terminated, and stays as it is.")
            }
            return Answer.empty(204)
        case .notStored: throw APIError.diskFailing
        case .participants, .participant, .removed, .noParticipant, .tooMany: throw APIError.internalFailure
        }
    }

    private static func answer(_ conference: Conference) -> Response {
        Answer.json(200) { ConferenceResource(conference: conference).write(to: &$0) }
    }
}

extension APIExchange {
    /// Of the conference that the path names, whether there is one or not.
    func conferenceID() throws(APIError) -> ConferenceID {
        let text = parameters.get("conferenceId") ?? ""
        guard let id = ConferenceID(text) else { throw .noConference(text) }
        return id
    }
}

extension APIServices {
    /// The account's conference that the path names, whatever has become of it.
    func conference(_ exchange: APIExchange, of account: Account) async throws(APIError) -> Conference {
        let id = try exchange.conferenceID()
        guard let conference = try await conferences.conference(id, of: account.accountID) else {
            throw .noConference(id.text)
        }
        return conference
    }
}
