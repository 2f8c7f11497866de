import JSON
import Telephony

/// The body of an account's creation and change by the operator: every field may be absent, and a null empties it.
struct AdministrationBody: Sendable {
    private let alias: BodyFields.Change<String>
    private let label: BodyFields.Change<String>
    private let kind: Account.Kind?
    private let status: Account.Status?
    private let callsPerSecond: BodyFields.Change<Double>
    private let callsAtOnce: BodyFields.Change<Int>
    private let callsPerDay: BodyFields.Change<Int>
    private let minutesPerDay: BodyFields.Change<Int>
    private let allowedPrefixes: BodyFields.Change<[String]>
    private let refusedPrefixes: BodyFields.Change<[String]>
    private let callsAtOnceByPrefix: BodyFields.Change<[String: Int]>
    private let homeCountries: BodyFields.Change<[Country]>
    private let allowsInternational: Bool?
    private let verifiedNumbers: BodyFields.Change<[PhoneNumber]>

    private static let mostCallsAtOnce = 1_000_000
    private static let mostCallsPerSecond = 10_000.0
    private static let mostPerDay = 100_000_000
    private static let prefixForm = "+ and 1 to 15 digits"

    /// - Throws: 400 that names every faulty field.
    init(_ fields: consuming BodyFields) throws(APIError) {
        alias = fields.change("alias") { $0.text("alias", maximumLength: AccountBody.maximumLength) }
        label = fields.change("label") { $0.text("label", maximumLength: AccountBody.maximumLength) }
        kind = fields.choice("type")
        status = fields.choice("status")
        callsPerSecond = fields.change("callsPerSecond") {
            $0.number("callsPerSecond", in: 0.001...Self.mostCallsPerSecond)
        }
        callsAtOnce = fields.change("callsAtOnce") {
            $0.integer("callsAtOnce", in: 1...Self.mostCallsAtOnce, unit: "calls")
        }
        callsPerDay = fields.change("callsPerDay") {
            $0.integer("callsPerDay", in: 0...Self.mostPerDay, unit: "calls")
        }
        minutesPerDay = fields.change("minutesPerDay") {
            $0.integer("minutesPerDay", in: 0...Self.mostPerDay, unit: "minutes")
        }
        allowedPrefixes = fields.change("allowedPrefixes") { Self.prefixes("allowedPrefixes", &$0) }
        refusedPrefixes = fields.change("refusedPrefixes") { Self.prefixes("refusedPrefixes", &$0) }
        callsAtOnceByPrefix = fields.change("callsAtOnceByPrefix") { fields in
            fields.members(
                "callsAtOnceByPrefix",
                allowed: "an object of at most \(AccountRules.maximumEntries) prefixes (\(Self.prefixForm)), each with "
                    + "a whole number of calls from 0 to \(Self.mostCallsAtOnce)",
                maximumCount: AccountRules.maximumEntries
            ) { prefix, value in
                guard Self.isPrefix(prefix), case .integer(let limit) = value,
                    (0...Int64(Self.mostCallsAtOnce)).contains(limit)
                else { return nil }
                return Int(limit)
            }
        }
        homeCountries = fields.change("homeCountries") { fields in
            fields.list(
                "homeCountries",
                allowed: "an array of at most \(AccountRules.maximumEntries) countries such as DE, or calling codes "
                    + "such as +49",
                maximumCount: AccountRules.maximumEntries
            ) { $0.string.flatMap { Country($0) } }
        }
        allowsInternational = fields.flag("allowsInternational")
        verifiedNumbers = fields.change("verifiedNumbers") { fields in
            fields.list(
                "verifiedNumbers", allowed: "an array of at most \(AccountRules.maximumEntries) numbers in E.164 form",
                maximumCount: AccountRules.maximumEntries
            ) { $0.string.flatMap { PhoneNumber($0) } }
        }
        try fields.check()
    }

    func apply(to account: inout Account) {
        account.alias = alias.applied(to: account.alias)
        account.label = label.applied(to: account.label)
        account.kind = kind ?? account.kind
        account.status = status ?? account.status
        var rules = account.rules
        rules.callsPerSecond = callsPerSecond.applied(to: rules.callsPerSecond)
        rules.callsAtOnce = callsAtOnce.applied(to: rules.callsAtOnce)
        rules.callsPerDay = callsPerDay.applied(to: rules.callsPerDay)
        rules.minutesPerDay = minutesPerDay.applied(to: rules.minutesPerDay)
        rules.allowedPrefixes = allowedPrefixes.applied(to: rules.allowedPrefixes) ?? []
        rules.refusedPrefixes = refusedPrefixes.applied(to: rules.refusedPrefixes) ?? []
        rules.callsAtOnceByPrefix = callsAtOnceByPrefix.applied(to: rules.callsAtOnceByPrefix) ?? [:]
        if let countries = homeCountries.applied(to: rules.homeCountries?.countries), !countries.isEmpty {
            rules.homeCountries = HomeCountries(countries)
        } else {
            rules.homeCountries = nil
        }
        rules.allowsInternational = allowsInternational ?? rules.allowsInternational
        rules.verifiedNumbers = Set(verifiedNumbers.applied(to: rules.verifiedNumbers) ?? []).sorted {
            $0.text < $1.text
        }
        account.rules = rules
    }

    private static func prefixes(_ name: String, _ fields: inout BodyFields) -> [String]? {
        fields.list(
            name, allowed: "an array of at most \(AccountRules.maximumEntries) prefixes, each \(prefixForm)",
            maximumCount: AccountRules.maximumEntries
        ) { value in value.string.flatMap { isPrefix($0) ? $0 : nil } }
    }

    private static func isPrefix(_ text: String) -> Bool {
        let digits = text.utf8.dropFirst()
        return text.utf8.first == UInt8(ascii: "+") && (1...PhoneNumber.digitCount.upperBound).contains(digits.count)
            && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
