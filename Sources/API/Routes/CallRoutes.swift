import HTTPTypes
import Hummingbird
import JSON
import MessageDigests
import Telephony

/// `~/Calls`: makes calls, shows and lists them, and ends them (docs/contract/calls.md#make-a-call,
/// docs/contract/calls.md#list-calls, docs/contract/calls.md#cancel-and-hang-up).
struct CallRoutes: Sendable {
    let services: APIServices
    let compatibility: Compatibility
    /// Calls go out through a trunk.
    let refusesCarrierNumbers: Bool

    var routes: [Route] {
        [
            .account(.get, "/Calls", "list-calls", list),
            .account(.post, "/Calls", "make-a-call", make),
            .account(.get, "/Calls/{callId}", "get-a-call", get),
            .account(.post, "/Calls/{callId}", "update-a-live-call", update),
            .account(.get, "/Calls/{callId}/Logs", "list-call-logs", logs),
        ]
    }

    // MARK: Make a Call

    @Sendable private func make(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        do {
            let members = try await exchange.members()
            let key = try idempotencyKey(exchange, members)
            if let key, let made = try await callMade(by: key, account) { return repeated(made) }
            var request = try await callRequest(
                MakeCallBody(BodyFields(members, remarks: exchange.remarks), requestID: exchange.requestID), exchange,
                account)
            request.idempotency = key
            do { return answer(try await services.calls.makeCall(request)) } catch .keyInUse {
                // The same request came twice at once, and the other one was quicker.
                guard let key, let made = try await callMade(by: key, account) else { throw CallRefusal.keyInUse }
                return repeated(made)
            }
        } catch let refusal as CallRefusal {
            throw noted(APIError(refusal), exchange, account)
        } catch let error as APIError {
            throw noted(error, exchange, account)
        }
    }

    private func answer(_ made: MadeCall) -> Response {
        var response = answer(made.call)
        if made.expectedWaitSeconds > 0, let name = Self.expectedWaitHeader {
            response.headers[name] = String(made.expectedWaitSeconds)
        }
        return response
    }

    private func repeated(_ call: Call) -> Response {
        var response = answer(call)
        if let name = Self.replayedHeader { response.headers[name] = "true" }
        return response
    }

    private func answer(_ call: Call) -> Response {
        Answer.json(compatibility.madeCallStatus) { CallResource(call: call).write(to: &$0) }
    }

    /// Seconds that the call is expected to wait for its turn (ours).
    private static let expectedWaitHeader = HTTPField.Name("Belay-Expected-Wait")

    // MARK: Requests that come twice (docs/contract/rest.md#idempotency)

    private static let keyHeader = HTTPField.Name("Idempotency-Key")
    private static let replayedHeader = HTTPField.Name("Idempotent-Replayed")
    private static let longestKey = 255

    private func idempotencyKey(
        _ exchange: APIExchange, _ members: [String: JSONValue]
    ) throws(APIError) -> IdempotencyKey? {
        guard let name = Self.keyHeader, let text = exchange.request.headers[name] else { return nil }
        guard (1...Self.longestKey).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw .faults([
                .malformed(
                    "Idempotency-Key", given: .string(text),
                    allowed: "1 to \(Self.longestKey) visible characters of ASCII")
            ])
        }
        // Few digits could be found again from a hash that they are in.
        var told = members
        if let isPrivate = told["privacyMode"], isPrivate != .bool(false) { told["sendDigits"] = .string(Mask.text) }
        return IdempotencyKey(
            text: text, fingerprint: MessageDigest.sha256.digest(of: JSONValue.object(told).bytes))
    }

    private func callMade(by key: IdempotencyKey, _ account: Account) async throws -> Call? {
        guard
            let made = try await services.calls.call(
                keyed: key.text, of: account.accountID, now: services.now())
        else { return nil }
        guard made.fingerprint == key.fingerprint else {
            throw APIError.conflict(
                "The Idempotency-Key was used within 24 hours for the call \(made.call.callID), with another body.")
        }
        return made.call
    }

    /// Checks what was asked against what the account has, and settles whose callConnectUrl it is
    /// (docs/contract/calls.md#connect-url).
    private func callRequest(
        _ body: MakeCallBody, _ exchange: APIExchange, _ account: Account
    ) async throws(APIError) -> CallRequest {
        if refusesCarrierNumbers, let number = body.to.number, CarrierNumber.isReserved(number) {
            throw .faults([
                .malformed(
                    "to", given: .string(body.to.text),
                    allowed: "any number but \(CarrierNumber.range): those are the simulated carrier's, which answers "
                        + "only where no trunk is configured")
            ])
        }
        let application = try body.applicationID.map { id throws(APIError) in
            guard let application = services.directory.application(id, of: account.accountID) else {
                throw .faults([
                    .malformed("applicationId", given: .string(id.text), allowed: "an application of the account")
                ])
            }
            return application
        }
        let parent = try await parent(body, account)
        let source = CallURLs(
            application: application, parent: parent,
            parentApplication: parent.flatMap { parent in
                parent.call.applicationID.flatMap { services.directory.application($0, of: account.accountID) }
            })
        var terms = body.terms
        terms.callConnectURL = terms.callConnectURL ?? source.callConnectURL
        terms.statusCallbackURL = source.statusCallbackURL
        guard terms.callConnectURL != nil else {
            throw .faults([
                .missing("callConnectUrl", allowed: "\(BodyFields.urlForm), here or \(source.whereElse)")
            ])
        }
        let number = services.directory.number(body.from, of: account.accountID)
        if number == nil { try await checkCallerHasCalled(body.from, account) }
        var request = CallRequest(
            terms, from: body.from, to: body.to, accountID: account.accountID, applicationID: body.applicationID,
            phoneNumberID: number?.phoneNumberID)
        request.parentCallID = body.parentCallID
        request.remarks = exchange.remarks.sentences
        return request
    }

    private func parent(_ body: MakeCallBody, _ account: Account) async throws(APIError) -> ParentCall? {
        guard let id = body.parentCallID else { return nil }
        guard let parent = await services.calls.parent(id, of: account.accountID) else {
            throw .faults([.malformed("parentCallId", given: .string(id.text), allowed: "a call of the account")])
        }
        guard parent.mayHaveChildren else {
            throw .conflict(
                "The parent \(id) is \(parent.call.status.rawValue); a parent is in progress, or came in and is ringing."
            )
        }
        return parent
    }

    /// A number that is not the account's must have been the To or From of a call that came in
    /// (docs/contract/calls.md#from).
    private func checkCallerHasCalled(_ number: PhoneNumber, _ account: Account) async throws(APIError) {
        let isKnown: Bool
        do { isKnown = try await services.calls.hasInboundCall(with: number, of: account.accountID) } catch {
            throw .internalFailure
        }
        guard isKnown else { throw .numberNotOwned(number, field: "from", allowed: Self.callerForm) }
    }

    /// Both of the rules for `from` (docs/contract/calls.md#from).
    private static let callerForm =
        "a number that the account owns (GET ~/IncomingPhoneNumbers lists them), or the To or From of a call that "
        + "came in to it"

    /// A refused call has no journal of its own, so the reason goes into the account's log.
    private func noted(_ error: APIError, _ exchange: APIExchange, _ account: Account) -> APIError {
        services.calls.note(
            JournalEntry(
                timestamp: services.now(), sequence: 0, level: .warning, scope: .request,
                accountID: account.accountID, callID: nil, requestID: exchange.requestID,
                message: "Make a Call was refused: \(error.message)",
                metadata: [
                    "status": .integer(Int64(error.status)), "code": .integer(Int64(error.code.rawValue)),
                    "details": error.details,
                ]))
        return error
    }

    // MARK: The others

    @Sendable private func get(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let id = try Self.callID(exchange)
        guard let call = try await services.calls.call(id, of: account.accountID) else { throw Self.noCall(id.text) }
        return Answer.json(200) { CallResource(call: call).write(to: &$0) }
    }

    /// Filters of the API that this version does not apply; a list that ignores them would be a wrong one.
    private static let unsupportedFilters = ["riskScoreMin", "riskScoreMax"]

    @Sendable private func list(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let query = exchange.query
        var reader = exchange.queryReader()
        var filter = CallFilter(
            to: reader.party("to"), from: reader.party("from"), status: reader.choice("status"),
            isActive: reader.flag("active") ?? false)
        filter.parentCallID = reader.identifier("parentCallId")
        filter.applicationIDs = reader.identifiers("applicationId", atMost: CallFilter.maximumApplications)
        filter.startedFrom = reader.span("startTime")?.lowerBound
        filter.endedUntil = reader.span("endTime")?.upperBound.advanced(byMicroseconds: -1)
        let cursor = reader.cursor()
        // The PHP SDK always sends these two as 0, which every call that there is satisfies.
        for name in ["usedAudioStream", "webRTC"] { reader.refuseTrue(name) }
        reader.refuseUnsupported(Self.unsupportedFilters)
        try reader.check()
        let page: Page<Call>
        do {
            page = try await services.calls.calls(of: account.accountID, matching: filter, after: cursor)
        } catch let slow as ListTooSlow {
            throw APIError(slow)
        }
        let resource = PageResource(
            page, path: "/Accounts/\(account.accountID)/Calls",
            filters: [
                ("to", filter.to), ("from", filter.from), ("status", filter.status?.rawValue),
                ("active", filter.isActive ? "true" : nil), ("parentCallId", filter.parentCallID?.text),
                ("startTime", query["startTime"]), ("endTime", query["endTime"]),
            ] + filter.applicationIDs.map { ("applicationId", $0.text) })
        return Answer.json(200) { writer in
            resource.write(to: &writer, name: "calls") { CallResource(call: $1).write(to: &$0) }
        }
    }

    @Sendable private func update(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let id = try Self.callID(exchange)
        var fields = try await exchange.fields()
        let change: CallUpdate? = fields.choice("status")
        if !fields.isPresent("status") { fields.missing("status", allowed: BodyFields.list(CallUpdate.self)) }
        try fields.check()
        guard let change else { throw APIError.internalFailure }
        try await services.calls.updateCall(id, of: account.accountID, to: change, requestID: exchange.requestID)
        return Answer.empty(202)
    }

    @Sendable private func logs(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let id = try Self.callID(exchange)
        var reader = exchange.queryReader()
        let cursor = reader.cursor()
        try reader.check()
        guard let page = try await services.calls.journal(of: id, account: account.accountID, after: cursor) else {
            throw Self.noCall(id.text)
        }
        let resource = PageResource(page, path: CallResource.uri(id, of: account.accountID) + "/Logs")
        return Answer.json(200) { writer in
            resource.write(to: &writer, name: "logs") { LogEntryResource(entry: $1).write(to: &$0) }
        }
    }

    private static func callID(_ exchange: APIExchange) throws(APIError) -> CallID {
        let text = exchange.parameters.get("callId") ?? ""
        guard let id = CallID(text) else { throw noCall(text) }
        return id
    }

    private static func noCall(_ text: String) -> APIError {
        .notFound(text, CallKind.self, "The account has no call")
    }
}
