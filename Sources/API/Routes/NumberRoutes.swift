import Hummingbird
import JSON
import Telephony

/// `~/IncomingPhoneNumbers` (docs/contract/rest.md#numbers): "to buy" a number is to register it.
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

    /// What no number here has, whatever its other side.
    private static let lacking = [
        "capabilities.sms", "capabilities.tollFree", "capabilities.tenDLC", "capabilities.shortCode", "hasCampaign",
        "offnet",
    ]

    @Sendable private func list(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        var reader = exchange.queryReader()
        var filter = NumberFilter(
            alias: reader.text("alias"), applicationID: reader.identifier("applicationId"),
            hasApplication: reader.flag("hasApplication") ?? false)
        let pattern = reader.pattern("phoneNumber")
        let country = reader.text("country")
        var isWithout = Self.lacking.filter { reader.flag($0) == true }
        isWithout += ["region", "tfn.campaignId"].filter { reader.text($0) != nil }
        // Every number here has voice, none has SMS, whatever the SDKs' defaults ask for.
        for name in ["voiceEnabled", "smsEnabled", "capabilities.voice"] { _ = reader.flag(name) }
        let cursor = reader.cursor()
        try reader.check()
        if pattern != nil || country != nil {
            filter.choose = { [text = pattern?.text] numbers in
                let pattern = text.flatMap(NumberPattern.init)
                return Set(
                    numbers.filter { number in
                        (pattern?.matches(number) ?? true)
                            && (country.map { $0 == NumberingPlan.origin(of: number)?.region } ?? true)
                    })
            }
        }
        let page =
            isWithout.isEmpty
            ? try await services.directory.numbers(of: account.accountID, matching: filter, after: cursor)
            : Page(items: [], total: 0, start: 0, next: nil)
        let resource = PageResource(
            page, path: "/Accounts/\(account.accountID)/IncomingPhoneNumbers",
            filters: [
                ("alias", filter.alias), ("applicationId", filter.applicationID?.text),
                ("hasApplication", filter.hasApplication ? "true" : nil), ("phoneNumber", pattern?.text),
                ("country", country),
            ])
        return Answer.json(200) { writer in
            resource.write(to: &writer, name: "incomingPhoneNumbers") { NumberResource(number: $1).write(to: &$0) }
        }
    }

    @Sendable private func buy(_ exchange: APIExchange, _ account: Account) async throws -> Response {
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

    @Sendable private func get(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        let id = try Self.numberID(exchange)
        guard let number = services.directory.number(id, of: account.accountID) else { throw Self.noNumber(id.text) }
        return Answer.json(200) { NumberResource(number: number).write(to: &$0) }
    }

    @Sendable private func update(_ exchange: APIExchange, _ account: Account) async throws -> Response {
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

    @Sendable private func delete(_ exchange: APIExchange, _ account: Account) async throws -> Response {
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

    private static func numberID(_ exchange: APIExchange) throws(APIError) -> PhoneNumberID {
        let text = exchange.parameters.get("phoneNumberId") ?? ""
        guard let id = PhoneNumberID(text) else { throw noNumber(text) }
        return id
    }

    private static func noNumber(_ text: String) -> APIError {
        .notFound(text, PhoneNumberKind.self, "The account has no number")
    }
}
