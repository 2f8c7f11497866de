extension SessionDescription {
    /// The text of the description, lines in the order of RFC 8866 §5, each ended by CRLF.
    public var bytes: [UInt8] {
        var text = "v=0\r\n"
        let origin = origin ?? Origin(sessionID: 0, sessionVersion: 0, address: ConnectionAddress(host: "0.0.0.0"))
        text += "o=\(origin.username) \(origin.sessionID) \(origin.sessionVersion) \(origin.address.line)\r\n"
        text += "s=\(sessionName)\r\n"
        for connection in connections { text += "c=\(connection.line)\r\n" }
        text += "t=0 0\r\n"
        for attribute in attributes { text += attribute.line }
        for description in media {
            text += "m=\(description.media) \(description.port) \(description.transport)"
            for format in description.formats { text += " \(format)" }
            text += "\r\n"
            for connection in description.connections { text += "c=\(connection.line)\r\n" }
            for attribute in description.attributes { text += attribute.line }
        }
        return Array(text.utf8)
    }
}

extension ConnectionAddress {
    fileprivate var line: String { "IN \(family.rawValue) \(host)" }
}

extension Attribute {
    fileprivate var line: String {
        if let value { "a=\(name):\(value)\r\n" } else { "a=\(name)\r\n" }
    }
}
