import FoundationEssentials
import JSON
import SIP
import Telephony

extension CallRecord {
    /// A record of version 1, which had no parts: a server that is brought up to date takes over what the older one left.
    ///
    /// - Parameter version: of the record; any but 1 is thrown as none that this code reads.
    static func ofFirstVersion(_ bytes: [UInt8], _ version: Int) throws -> CallRecord {
        guard version == 1, case .object(var members) = try JSONValue(parsing: bytes),
            let phase = members.removeValue(forKey: "phase")?.string,
            let legPhase = legPhase(phase, isIncoming: members["call"]?["direction"]?.string == "inbound")
        else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: [], debugDescription: "record version \(version); \(currentVersion) is read, and 1"))
        }
        var leg: [String: JSONValue] = [
            "version": JSONValue(LegRecord.currentVersion), "phase": .string(legPhase.rawValue),
        ]
        leg["session"] = members.removeValue(forKey: "session")
        if let wait = members.removeValue(forKey: "wait") {
            members["talk"] = [
                "version": JSONValue(TalkRecord.currentVersion), "typedAhead": "", "redirects": 0, "isDialling": false,
                "wait": wait,
            ]
        }
        members["leg"] = .object(leg)
        members["node"] = 0
        members["version"] = JSONValue(currentVersion)
        return try JSONDecoder().decode(CallRecord.self, from: Data(JSONValue.object(members).bytes))
    }

    /// What version 1 called a call's phase. One that had been dialled had an INVITE out, or was about to.
    private static func legPhase(_ phase: String, isIncoming: Bool) -> LegRecord.Phase? {
        switch phase {
        case "queued": .waiting
        case "dialling": isIncoming ? .incoming : .ringing
        case "connected": .answered
        case "over": .over
        default: nil
        }
    }
}
