import Crypto
package import Telephony

/// The value of the `FreeClimb-Signature` header (docs/contract/webhooks.md#signature).
package enum WebhookSignature {
    package static let headerName = "FreeClimb-Signature"

    /// `t=<unix seconds>,v1=<hex>`, with one more `,v1=<hex>` for each further secret: HMAC-SHA256 over the seconds,
    /// a full stop and the body, keyed with the secret's whole text.
    package static func header(body: [UInt8], secrets: [String], now: Timestamp) -> String {
        let seconds = String(now.seconds)
        let prefix = Array("\(seconds).".utf8)
        var value = Array("t=\(seconds)".utf8)
        for secret in secrets {
            var authentication = HMAC<SHA256>(key: SymmetricKey(data: Array(secret.utf8)))
            authentication.update(data: prefix)
            authentication.update(data: body)
            value.append(contentsOf: ",v1=".utf8)
            for byte in authentication.finalize() {
                value.append(hexadecimal[Int(byte >> 4)])
                value.append(hexadecimal[Int(byte & 0xF)])
            }
        }
        return String(decoding: value, as: UTF8.self)
    }

    private static let hexadecimal = Array("0123456789abcdef".utf8)
}
