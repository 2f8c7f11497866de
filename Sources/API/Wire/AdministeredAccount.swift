import JSON
import Telephony

/// An account as its operator sees it: with its rules, and with a key or secret where it has just been made.
struct AdministeredAccount {
    let account: Account
    var apiKey: String?
    var signingSecret: String?

    var json: JSONValue {
        let rules = account.rules
        let homeCountries = rules.homeCountries?.countries ?? []
        var members: [String: JSONValue] = [
            "accountId": .string(account.accountID.text), "alias": JSONValue(account.alias),
            "label": JSONValue(account.label), "type": .string(account.kind.rawValue),
            "status": .string(account.status.rawValue), "revision": JSONValue(account.revision),
            "dateCreated": .string(account.dateCreated.iso8601), "dateUpdated": .string(account.dateUpdated.iso8601),
            "callsPerSecond": rules.callsPerSecond.map(JSONValue.number) ?? .null,
            "callsAtOnce": JSONValue(rules.callsAtOnce), "callsPerDay": JSONValue(rules.callsPerDay),
            "minutesPerDay": JSONValue(rules.minutesPerDay),
            "allowedPrefixes": .array(rules.allowedPrefixes.map(JSONValue.string)),
            "refusedPrefixes": .array(rules.refusedPrefixes.map(JSONValue.string)),
            "callsAtOnceByPrefix": .object(rules.callsAtOnceByPrefix.mapValues { .integer(Int64($0)) }),
            "homeCountries": .array(homeCountries.map { .string($0.text) }),
            "allowsInternational": .bool(rules.allowsInternational),
            "verifiedNumbers": .array(rules.verifiedNumbers.map { .string($0.text) }),
        ]
        if let apiKey { members["apiKey"] = .string(apiKey) }
        if let signingSecret { members["signingSecret"] = .string(signingSecret) }
        return .object(members)
    }
}
