import Hummingbird
import JSON
import Telephony

/// `~/Carrier` (ours): the simulated carrier has somebody call in.
struct CarrierRoutes: Sendable {
    let services: APIServices

    /// Who calls, where nobody is named: a number of the carrier's, 500 555 1000.
    private static let caller = "+15005551000"
    private static let longestSpeech = 1000
    private static let mostPresses = 32

    var routes: [Route] { [.account(.post, "/Carrier/Calls", "dial-in", dial)] }

    @Sendable private func dial(_ exchange: APIExchange, _ account: Account) async throws -> Response {
        var fields = try await exchange.fields()
        let to = fields.phoneNumber("to")
        let from = fields.phoneNumber("from") ?? PhoneNumber(Self.caller)
        let say = fields.text("say", maximumLength: Self.longestSpeech)
        let presses = Self.presses(&fields)
        if !fields.isPresent("to") { fields.missing("to", allowed: "a number of the account") }
        try fields.check()
        guard let to, let from else { throw APIError.internalFailure }
        guard services.directory.number(to, of: account.accountID) != nil else {
            throw APIError.numberNotOwned(to, field: "to", allowed: "a number that the account owns")
        }
        guard let carrier = services.carrier else {
            throw APIError.conflict("A trunk is configured: only the simulated carrier has people who call in.")
        }
        let made: DialledIn
        do {
            made = try await carrier.dial(
                DialInRequest(from: from, to: to, say: say, presses: presses), of: account.accountID)
        } catch {
            throw APIError.conflict("No call came in: \(error).")
        }
        return Answer.json(202) { writer in
            writer.object { object in
                object.member("callId", made.callID.text)
                object.member("recording", made.recording)
                object.member("sipCallId", made.sipCallID)
            }
        }
    }

    /// `1,2#`: 1, and then 2 and #.
    private static func presses(_ fields: inout BodyFields) -> [String] {
        guard let value = fields.value("press") else { return [] }
        let parts = value.string.map { $0.split(separator: ",").map(String.init) } ?? []
        guard !parts.isEmpty, parts.count <= mostPresses,
            parts.allSatisfy({ part in part.count <= 64 && part.allSatisfy { "0123456789*#".contains($0) } })
        else {
            return fields.malformed("press", value, "the keys 0-9, * and #, with commas between what is pressed apart")
                ?? []
        }
        return parts
    }
}
