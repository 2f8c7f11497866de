import MessageDigests
package import Telephony

/// The value of the `FreeClimb-Signature` header (docs/contract/webhooks.md#signature).
package enum WebhookSignature {
    package static let headerName = "FreeClimb-Signature"

    /// `t=<unix seconds>,v1=<hex>`, with one more `,v1=<hex>` for each further secret: HMAC-SHA256 over the seconds,
    /// a full stop and the body, keyed with the secret's whole text.
    package static func header(body: [UInt8], secrets: [String], now: Timestamp) -> String {
        let seconds = String(now.seconds)
        let signed = Array("\(seconds).".utf8) + body
        var value = Array("t=\(seconds)".utf8)
        for secret in secrets {
            let code = MessageDigest.sha256.authentication(of: signed, key: Array(secret.utf8))
            value.append(contentsOf: ",v1=".utf8)
            value.append(contentsOf: MessageDigest.hexadecimal(code).utf8)
        }
        return String(decoding: value, as: UTF8.self)
    }
}
