/// Where a message goes to or came from: transport, address, port.
public struct TransportAddress: Hashable, Sendable {
    public var transport: TransportProtocol
    public var address: IPAddress
    public var port: UInt16

    public init(transport: TransportProtocol = .udp, address: IPAddress, port: UInt16) {
        self.transport = transport
        self.address = address
        self.port = port
    }

    /// Reads `127.0.0.1:5060`, `[::1]:5060`, either also with the transport before it: `tcp:127.0.0.1:5060`.
    /// A missing port is the transport's default. Host names are not resolved here: nil.
    public init?(_ text: String, transport: TransportProtocol = .udp) {
        var transport = transport
        var rest = text[...]
        for named in [TransportProtocol.udp, .tcp, .tls] where rest.hasPrefix(named.rawValue + ":") {
            transport = named
            rest = rest.dropFirst(named.rawValue.count + 1)
        }
        var host = rest
        var port: UInt16?
        if rest.hasPrefix("[") {
            guard let close = rest.firstIndex(of: "]") else { return nil }
            host = rest[...close]
            let after = rest[rest.index(after: close)...]
            if !after.isEmpty {
                guard after.hasPrefix(":"), let number = UInt16(after.dropFirst()) else { return nil }
                port = number
            }
        } else if let colon = rest.firstIndex(of: ":"), rest[rest.index(after: colon)...].firstIndex(of: ":") == nil {
            guard let number = UInt16(rest[rest.index(after: colon)...]) else { return nil }
            host = rest[..<colon]
            port = number
        }
        guard let address = IPAddress(host) else { return nil }
        self.init(transport: transport, address: address, port: port ?? transport.defaultPort)
    }
}

extension TransportAddress: CustomStringConvertible {
    /// `127.0.0.1:5060`, `[::1]:5060`
    public var description: String { "\(address.hostText):\(port)" }
}

extension TransportAddress: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = TransportAddress(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not a transport address: \(text)")
        }
        self = value
    }

    /// `udp:127.0.0.1:5060`
    var recorded: String { "\(transport.rawValue):\(description)" }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(recorded)
    }
}
