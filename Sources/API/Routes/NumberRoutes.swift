import Hummingbird
import JSON
import Telephony

/// `~/IncomingPhoneNumbers` (spec §2.4): "to buy" a number is to register it.
struct NumberRoutes: Sendable {
    let services: APIServices
    /// Empty: any number may be registered.
    let offered: [PhoneNumber]

    var routes: [Route] {
        [
            .account(.get, "/IncomingPhoneNumbers", "list-incoming-numbers", list),
            .account(.post, "/IncomingPhoneNumbers", "buy-a-phone-number", buy),
            .account(.get, "/IncomingPhoneNumbers/{phoneNumberId}", "get-an-incoming-number", get),
            .account(.post, "/IncomingPhoneNumbers/{phoneNumberId}", "update-an-incoming-number", update),
            .account(.delete, "/IncomingPhoneNumbers/{phoneNumberId}", "delete-an-incoming-number", delete),
        ]
    }

    /// Filters that this version does not apply; a list that ignored them would be a wrong one.
    private static let unsupportedFilters = [
        "phoneNumber", "region", "country", "hasCampaign", "tfn.campaignId", "capabilities.sms",
        "capabilities.tollFree", "capabilities.tenDLC", "capabilities.shortCode",
    ]

    @Sendable private func list(_ exchange: Exchange, _ account: Account) async throws -> Response {
        var reader = QueryReader(exchange.query)
        let alias = reader.text("alias")
        let application: ApplicationID? = reader.identifier("applicationId")
        let hasApplication = reader.flag("hasApplication") ?? false
        // Every number here has voice, none has SMS, whatever the SDKs' defaults ask for.
        for name in ["voiceEnabled", "smsEnabled", "capabilities.voice", "offnet"] { _ = reader.flag(name) }
        let cursor = reader.cursor()
        reader.refuseUnsupported(Self.unsupportedFilters)
        try reader.check()
        let page = try await services.directory.numbers(
            of: account.accountID,
            matching: NumberFilter(alias: alias, applicationID: application, hasApplication: hasApplication),
            after: cursor)
        let resource = PageResource(
            page, path: "/Accounts/\(account.accountID)/IncomingPhoneNumbers",
            filters: [
                ("alias", alias), ("applicationId", application?.text),
                ("hasApplication", hasApplication ? "true" : nil),
            ])
        return Answer.json(200) { writer in
            resource.write(to: &writer, name: "incomingPhoneNumbers") { NumberResource(number: $1).write(to: &$0) }
        }
    }

    @Sendable private func buy(_ exchange: Exchange, _ account: Account) async throws -> Response {
        var fields = try await exchange.fields()
        let phone = fields.phoneNumber("phoneNumber")
        if !fields.isPresent("phoneNumber") { fields.missing("phoneNumber", allowed: BodyFields.numberForm) }
        let body = try NumberBody(fields)
        guard let phone else { throw APIError.internalFailure }
        try check(body, account)
        guard offered.isEmpty || offered.contains(phone) else {
            throw APIError.faults([
                .malformed(
                    "phoneNumber", given: .string(phone.text), allowed: "one that GET /AvailablePhoneNumbers lists")
            ])
        }
        let now = services.now()
        var number = OwnedNumber(
            phoneNumberID: services.identifiers.draw(PhoneNumberKind.self), accountID: account.accountID,
            phoneNumber: phone, created: now)
        body.apply(to: &number)
        guard try await services.directory.createNumber(number) else {
            throw APIError.conflict("The number \(phone) is registered already.")
        }
        return Answer.json(200) { NumberResource(number: number).write(to: &$0) }
    }

    @Sendable private func get(_ exchange: Exchange, _ account: Account) async throws -> Response {
        let id = try Self.numberID(exchange)
        guard let number = services.directory.number(id, of: account.accountID) else { throw Self.noNumber(id.text) }
        return Answer.json(200) { NumberResource(number: number).write(to: &$0) }
    }

    @Sendable private func update(_ exchange: Exchange, _ account: Account) async throws -> Response {
        let id = try Self.numberID(exchange)
        let body = try NumberBody(try await exchange.fields())
        try check(body, account)
        let now = services.now()
        let updated = try await services.directory.updateNumber(id, of: account.accountID) { number in
            body.apply(to: &number)
            number.revision += 1
            number.dateUpdated = now
        }
        guard let updated else { throw Self.noNumber(id.text) }
        return Answer.json(200) { NumberResource(number: updated).write(to: &$0) }
    }

    @Sendable private func delete(_ exchange: Exchange, _ account: Account) async throws -> Response {
        let id = try Self.numberID(exchange)
        guard try await services.directory.deleteNumber(id, of: account.accountID) else {
            throw Self.noNumber(id.text)
        }
        return Answer.empty(204)
    }

    private func check(_ body: NumberBody, _ account: Account) throws(APIError) {
        guard case .set(let id) = body.applicationID,
            services.directory.application(id, of: account.accountID) == nil
        else { return }
        throw .faults([.malformed("applicationId", given: .string(id.text), allowed: "an application of the account")])
    }

    private static func numberID(_ exchange: Exchange) throws(APIError) -> PhoneNumberID {
        let text = exchange.parameters.get("phoneNumberId") ?? ""
        guard let id = PhoneNumberID(text) else { throw noNumber(text) }
        return id
    }

    private static func noNumber(_ text: String) -> APIError {
        .notFound("The account has no number \(text.prefix(FieldFault.maximumShownLength)).")
    }
}
