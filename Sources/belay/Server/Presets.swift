import Telephony

/// Identity that the environment presets, so that clients need not read it from the data folder.
struct Presets {
    var accountID: AccountID?
    var apiKey: String?
    var signingSecret: String?
    var number: PhoneNumber?

    /// - Throws: `ConfigurationError` for one that is set and malformed.
    init(environment: [String: String]) throws {
        func parse<Value>(_ name: String, _ allowed: String, _ parse: (String) -> Value?) throws -> Value? {
            guard let text = environment[name], !text.isEmpty else { return nil }
            guard let value = parse(text) else {
                throw ConfigurationError(description: "\(name) is malformed; \(allowed) is needed")
            }
            return value
        }
        accountID = try parse("BELAY_ACCOUNT_ID", "AC and 40 hexadecimal digits") { AccountID($0) }
        apiKey = try parse("BELAY_API_KEY", "40 hexadecimal digits") { text in
            text.utf8.count == 40 && text.allSatisfy(\.isHexDigit) ? text : nil
        }
        signingSecret = try parse("BELAY_SIGNING_SECRET", "sigsec_ and 40 hexadecimal digits") { text in
            text.hasPrefix("sigsec_") && text.utf8.count == 47 && text.dropFirst(7).allSatisfy(\.isHexDigit)
                ? text : nil
        }
        number = try parse("BELAY_NUMBER", "a number in E.164 form such as +15551230000") { PhoneNumber($0) }
    }
}
