internal import CMedia

/// A literal IP address and a port. An IPv4 address equals its IPv4-mapped form, so that one comparison serves both
/// families.
struct SocketAddress: Hashable, Sendable {
    /// The address without the port.
    struct Host: Hashable, Sendable {
        let high: UInt64
        let low: UInt64
        let scope: UInt32
    }

    let host: Host
    let port: UInt16

    init(host: Host, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Nil where the text is no literal address; a name is never resolved.
    init?(_ text: String, port: UInt16) {
        var address = cmedia_address()
        // Safe: both outlive the call.
        guard unsafe cmedia_address_parse(text, port, &address) == 0 else { return nil }
        self.init(address)
    }

    init(_ address: cmedia_address) {
        host = Host(high: address.high, low: address.low, scope: address.scope)
        port = address.port
    }

    var system: cmedia_address {
        cmedia_address(high: host.high, low: host.low, scope: host.scope, port: port)
    }

    /// False for port 0 and for the unspecified address, by which a description says "nowhere for now" (RFC 3264 §8.4);
    /// the system would take the latter for this host.
    var isSomewhere: Bool {
        port != 0 && !(host.high == 0 && (host.low == 0 || host.low == 0xFFFF_0000_0000))
    }

    func with(port: UInt16) -> SocketAddress {
        SocketAddress(host: host, port: port)
    }
}

extension SocketAddress: CustomStringConvertible {
    var description: String {
        var address = system
        // Safe: the text is ended by a 0 within the buffer (`cmedia_address_print`), and copied.
        let text = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer -> String in
            guard let base = buffer.baseAddress, unsafe cmedia_address_print(&address, base, buffer.count) == 0 else {
                return "?"
            }
            return unsafe String(cString: base)
        }
        return text.contains(":") ? "[\(text)]:\(port)" : "\(text):\(port)"
    }
}
