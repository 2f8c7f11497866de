import SIP
import Telephony

/// Whom a URI names. Networks hang all kinds of things on a number: routing (`;npdi;rn=`, RFC 4694; `;tgrp=`, RFC 4904),
/// what is known of a caller (`;cpc=`, `;verstat=`), a subaddress (`;isub=`, RFC 3966 §5.4). The number is the number.
enum Party: Equatable {
    case number(PhoneNumber)
    /// Somebody without a number.
    case name(String)
    /// Nobody: who it is is not said, or not known.
    case withheld

    /// What stands for a caller who is not named, in `from` (RFC 3261 §8.1.1.3 has the word for it).
    static let anonymous = "anonymous"

    init(_ uri: AnyURI, _ forms: NumberForms) {
        let parts = (uri.subscriber ?? "").split(separator: ";", omittingEmptySubsequences: false)
        let user = parts.first.map(String.init) ?? ""
        // A number in front of such a host is one that somebody forgot to take away.
        guard !user.isEmpty, !Self.isNowhere(uri.host) else {
            self = .withheld
            return
        }
        if let number = forms.number(user, context: Self.context(parts.dropFirst())) {
            self = .number(number)
        } else {
            self = Self.wordsForNobody.contains(user.lowercased()) ? .withheld : .name(user)
        }
    }

    /// As webhooks and the call's row say it.
    var text: String {
        switch self {
        case .number(let number): number.text
        case .name(let name): name
        case .withheld: Self.anonymous
        }
    }

    var number: PhoneNumber? {
        switch self {
        case .number(let number): number
        case .name, .withheld: nil
        }
    }

    /// What networks write where RFC 3323 has `anonymous`: presentation restricted, or no number at hand.
    private static let wordsForNobody: Set<String> = [
        "anonymous", "restricted", "unavailable", "unknown", "private", "withheld", "blocked", "nobody",
    ]

    /// `anonymous.invalid` (RFC 3323 §4.1.1.3), `unknown.invalid` and their like: names that no host has (RFC 2606 §2).
    private static func isNowhere(_ host: String?) -> Bool { host?.lowercased().hasSuffix(".invalid") ?? false }

    /// `phone-context`, where it is the beginning of a number rather than a domain (RFC 3966 §5.1.5).
    private static func context(_ parameters: ArraySlice<Substring>) -> String? {
        for parameter in parameters {
            let parts = parameter.split(separator: "=", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == "phone-context", parts[1].hasPrefix("+") {
                return String(parts[1])
            }
        }
        return nil
    }
}
