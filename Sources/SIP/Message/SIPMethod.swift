/// A request's method. Method names are case-sensitive (RFC 3261 §7.1): `invite` is an unknown method.
public enum SIPMethod: Hashable, Sendable {
    case invite
    case ack
    case bye
    case cancel
    case options
    case register
    case prack
    case subscribe
    case notify
    case publish
    case info
    case refer
    case message
    case update
    case other(String)

    public init(_ name: String) {
        self =
            switch name {
            case "INVITE": .invite
            case "ACK": .ack
            case "BYE": .bye
            case "CANCEL": .cancel
            case "OPTIONS": .options
            case "REGISTER": .register
            case "PRACK": .prack
            case "SUBSCRIBE": .subscribe
            case "NOTIFY": .notify
            case "PUBLISH": .publish
            case "INFO": .info
            case "REFER": .refer
            case "MESSAGE": .message
            case "UPDATE": .update
            default: .other(name)
            }
    }

    public var name: String {
        switch self {
        case .invite: "INVITE"
        case .ack: "ACK"
        case .bye: "BYE"
        case .cancel: "CANCEL"
        case .options: "OPTIONS"
        case .register: "REGISTER"
        case .prack: "PRACK"
        case .subscribe: "SUBSCRIBE"
        case .notify: "NOTIFY"
        case .publish: "PUBLISH"
        case .info: "INFO"
        case .refer: "REFER"
        case .message: "MESSAGE"
        case .update: "UPDATE"
        case .other(let name): name
        }
    }

    /// True for a method that some RFC of SIP defines: such a one is refused with 405, any other with 501
    /// (RFC 3261 §8.2.1, §21.5.2).
    public var isKnown: Bool {
        if case .other = self { false } else { true }
    }
}

extension SIPMethod: CustomStringConvertible {
    public var description: String { name }
}

extension SIPMethod: Codable {
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}

extension SIPMethod {
    /// Reads a method without making a string of the common ones.
    init(window: ByteWindow) {
        if window.equals("INVITE") {
            self = .invite
        } else if window.equals("ACK") {
            self = .ack
        } else if window.equals("BYE") {
            self = .bye
        } else if window.equals("CANCEL") {
            self = .cancel
        } else if window.equals("OPTIONS") {
            self = .options
        } else {
            self = SIPMethod(window.text)
        }
    }
}
