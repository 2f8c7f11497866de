/// A session description (RFC 8866): what one side offers or answers.
public struct SessionDescription: Hashable, Sendable {
    /// `o=`: who made the description, and which version of it this is (RFC 8866 §5.2).
    public struct Origin: Hashable, Sendable {
        public var username: String
        public var sessionID: UInt64
        public var sessionVersion: UInt64
        public var address: ConnectionAddress

        public init(username: String = "-", sessionID: UInt64, sessionVersion: UInt64, address: ConnectionAddress) {
            self.username = username
            self.sessionID = sessionID
            self.sessionVersion = sessionVersion
            self.address = address
        }
    }

    /// Nil where a peer left it out, or wrote one that cannot be read: nothing here depends on it.
    public var origin: Origin?
    public var sessionName: String
    /// All `c=` of the session part; more than one is not legal there (RFC 8866 §5.7), and seen.
    public var connections: [ConnectionAddress]
    public var attributes: [Attribute]
    public var media: [MediaDescription]

    public init(
        origin: Origin?, sessionName: String = "-", connection: ConnectionAddress?, attributes: [Attribute] = [],
        media: [MediaDescription]
    ) {
        self.origin = origin
        self.sessionName = sessionName
        connections = connection.map { [$0] } ?? []
        self.attributes = attributes
        self.media = media
    }
}

/// `c=`: a network address (RFC 8866 §5.7). A host name is kept as it is; multicast suffixes are dropped.
public struct ConnectionAddress: Hashable, Sendable {
    public enum Family: String, Sendable { case ipv4 = "IP4", ipv6 = "IP6" }

    public var family: Family
    public var host: String

    public init(family: Family, host: String) {
        self.family = family
        self.host = host
    }

    /// An address in text; one with a colon is IPv6.
    public init(host: String) {
        self.init(family: host.utf8.contains(UInt8(ascii: ":")) ? .ipv6 : .ipv4, host: host)
    }

    /// RFC 3264 §8.4 and RFC 2543: `0.0.0.0` (or `::`) was the old way to put a stream on hold.
    public var isUnspecified: Bool { host == "0.0.0.0" || host == "::" }
}

/// `a=name` or `a=name:value` (RFC 8866 §5.13).
public struct Attribute: Hashable, Sendable {
    public var name: String
    public var value: String?

    public init(_ name: String, _ value: String? = nil) {
        self.name = name
        self.value = value
    }

    /// Names compare without case here, although RFC 8866 §5.13 tells them apart: no two that are in use differ by it.
    func isNamed(_ other: String) -> Bool { name == other || name.lowercased() == other }
}

/// `m=` and the lines that belong to it (RFC 8866 §5.14).
public struct MediaDescription: Hashable, Sendable {
    public var media: String
    /// 0: the stream is refused, or removed (RFC 3264 §6, §8.2).
    public var port: UInt16
    public var transport: String
    public var formats: [String]
    /// A stream may be sent to several addresses (RFC 8866 §5.7); none: the session's holds.
    public var connections: [ConnectionAddress]
    public var attributes: [Attribute]

    public init(
        media: String, port: UInt16, transport: String, formats: [String], connection: ConnectionAddress? = nil,
        attributes: [Attribute] = []
    ) {
        self.media = media
        self.port = port
        self.transport = transport
        self.formats = formats
        connections = connection.map { [$0] } ?? []
        self.attributes = attributes
    }

    public func hasAttribute(_ name: String) -> Bool { attributes.contains { $0.isNamed(name) } }

    /// The first value of an attribute.
    public func value(of name: String) -> String? { attributes.first { $0.isNamed(name) }?.value }
}

/// Which way media flows, seen by whoever made the description (RFC 8866 §6.7).
public enum MediaDirection: String, Sendable, Hashable, Codable {
    case sendrecv, sendonly, recvonly, inactive

    public var sends: Bool { self == .sendrecv || self == .sendonly }
    public var receives: Bool { self == .sendrecv || self == .recvonly }

    /// The most that an answerer may do with an offer of this direction, without limits of its own
    /// (RFC 3264 §6.1).
    public var mirrored: MediaDirection {
        switch self {
        case .sendrecv: .sendrecv
        case .sendonly: .recvonly
        case .recvonly: .sendonly
        case .inactive: .inactive
        }
    }
}
