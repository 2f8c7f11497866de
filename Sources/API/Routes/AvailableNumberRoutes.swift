import Hummingbird
import JSON
import Telephony

/// `/AvailablePhoneNumbers` (docs/contract/rest.md#offered-numbers): of the numbers that the configuration offers,
/// those that nobody has.
struct AvailableNumberRoutes: Sendable {
    let services: APIServices
    let offered: [PhoneNumber]

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/apiserver/AvailablePhoneNumbers", operation: "list-available-numbers",
                handler: .anyAccount(list))
        ]
    }

    @Sendable private func list(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        var reader = exchange.queryReader()
        let pattern = reader.pattern("phoneNumber")
        let country = reader.text("country")
        // No number here has one of these, and every number has voice, whatever the SDKs' defaults ask for.
        let isWithout = [
            "capabilities.sms", "capabilities.tollFree", "capabilities.tenDLC", "capabilities.shortCode",
        ].filter { reader.flag($0) == true }
        for name in ["voiceEnabled", "smsEnabled", "capabilities.voice"] { _ = reader.flag(name) }
        let region = reader.text("region")
        let start = reader.cursor()?.position ?? 0
        try reader.check()
        let numbers = offered.filter { number in
            isWithout.isEmpty && region == nil && !services.directory.isRegistered(number)
                && (country.map { $0 == NumberingPlan.origin(of: number)?.region } ?? true)
                && (pattern?.matches(number) ?? true)
        }
        let end = min(numbers.count, start + PageLimits.pageSize)
        let filters = exchange.query.names.filter { $0 != "cursor" }.map { (name: $0, value: exchange.query[$0]) }
        let resource = PageResource(
            Page(
                items: Array(numbers[min(start, end)..<end]), total: numbers.count, start: start,
                next: end < numbers.count ? PageCursor(after: 0, position: end) : nil),
            path: "/AvailablePhoneNumbers", filters: filters)
        return Answer.json(200) { writer in
            resource.write(to: &writer, name: "availablePhoneNumbers") { writer, number in
                writer.object { object in
                    object.member("alias", String?.none)
                    object.member("campaignId", String?.none)
                    object.member("capabilities", NumberResource.capabilities)
                    object.member("country", NumberingPlan.origin(of: number)?.region)
                    object.member("phoneNumber", number.text)
                    object.member("region", String?.none)
                    object.member("smsEnabled", false)
                    object.member("voiceEnabled", true)
                }
            }
        }
    }
}
