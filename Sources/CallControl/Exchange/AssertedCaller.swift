import SIP
import Telephony

/// Who calls as the network vouches for it: P-Asserted-Identity (RFC 3325 §9.1), or the Remote-Party-ID that came
/// before it. Only a trunk that is trusted says something by them.
struct AssertedCaller {
    let party: Party

    /// Nil where the network vouches for nobody.
    init?(_ headers: SIPHeaders, _ forms: NumberForms) {
        if Self.isPrivate(headers) {
            party = .withheld
            return
        }
        // A SIP URI and a tel URI of one caller may stand side by side (RFC 3325 §9.1): the number counts.
        let asserted = Self.addresses(headers, "P-Asserted-Identity").map { Party($0.uri, forms) }
        if let first = asserted.first(where: { $0.number != nil }) ?? asserted.first {
            party = first
            return
        }
        for address in Self.addresses(headers, "Remote-Party-ID")
        where (address.parameters["party"] ?? "calling").lowercased() == "calling" {
            let privacy = (address.parameters["privacy"] ?? "off").lowercased()
            party = privacy == "off" ? Party(address.uri, forms) : .withheld
            return
        }
        return nil
    }

    /// The caller asks that who they are be kept from whom they call (RFC 3323 §4.2, RFC 3325 §9.3).
    private static func isPrivate(_ headers: SIPHeaders) -> Bool {
        headers.values(SIPHeaderName("Privacy")).contains { value in
            value.split(separator: ";").contains { word in
                ["id", "user", "header"].contains(word.lowercased().filter { $0 != " " })
            }
        }
    }

    private static func addresses(_ headers: SIPHeaders, _ name: String) -> [NameAddress] {
        headers.values(SIPHeaderName(name)).compactMap { try? NameAddress(leniently: $0) }
    }
}
