/// An address with an optional display name and parameters: From, To, Contact, Route (RFC 3261 §20.10).
public struct NameAddress: Hashable, Sendable {
    /// Without quotes and escapes; nil where there is none.
    public var displayName: String?
    public var uri: AnyURI
    /// Parameters of the header field, such as `tag`; those of the URI are in the URI.
    public var parameters: SIPParameters

    public init(displayName: String? = nil, uri: SIPURI, parameters: SIPParameters = SIPParameters()) {
        self.init(displayName: displayName, uri: .sip(uri), parameters: parameters)
    }

    public init(displayName: String? = nil, uri: AnyURI, parameters: SIPParameters = SIPParameters()) {
        self.displayName = displayName
        self.uri = uri
        self.parameters = parameters
    }

    public init(_ text: String) throws(SIPParseError) {
        self = try text.withWindow { window throws(SIPParseError) in
            try NameAddress(window: window.trimmed, element: "address")
        }
    }

    /// As above, and where that is no address, with a display name that ought to stand in quotes: a comma, brackets or
    /// anything else in it (RFC 4475 §3.1.2.15 leaves inferring the quotes to who reads it). For one address that no
    /// others stand beside, so that a comma separates nothing.
    public init(leniently text: String) throws(SIPParseError) {
        self = try text.withWindow { window throws(SIPParseError) in
            try NameAddress(alone: window.trimmed, element: "address")
        }
    }

    public var tag: String? {
        get { parameters["tag"] }
        set { parameters["tag"] = newValue }
    }

    /// See ``init(leniently:)``.
    init(alone window: ByteWindow, element: String) throws(SIPParseError) {
        do throws(SIPParseError) {
            self = try NameAddress(window: window, element: element)
        } catch {
            guard let open = window.lastIndex(of: UInt8(ascii: "<")) else { throw error }
            let name = window.window(window.start, open).trimmed
            var quotes = 0
            for index in name.start..<name.end {
                if name[index] == UInt8(ascii: "\"") { quotes += 1 }
                guard name[index].isSpacing || !name[index].isControl else { throw error }
            }
            // A quote that is not closed leaves open where the name ends (RFC 4475 §3.1.2.6).
            guard !name.isEmpty, quotes.isMultiple(of: 2) else { throw error }
            // Two addresses where one belongs: none of them is the one that is meant.
            let holdsAddress = name.firstIndex(of: UInt8(ascii: ":"), from: name.start) != nil
            let holdsAnother = [UInt8(ascii: "<"), UInt8(ascii: ",")].contains { byte in
                name.firstIndex(of: byte, from: name.start) != nil
            }
            guard !holdsAddress || !holdsAnother else { throw error }
            self = try NameAddress(window: window.window(open, window.end), element: element)
            displayName = name.text
        }
    }

    /// Of a From that names nobody: brackets with nothing in them, a display name alone, or nothing before the
    /// parameters. It stands for the address that RFC 3323 §4.1.1.3 gives to whoever is not named; nil for all else.
    init?(namingNobody window: ByteWindow, element: String) {
        let name: ByteWindow
        let rest: ByteWindow
        if let open = window.firstIndex(of: UInt8(ascii: "<"), from: window.start) {
            guard let close = window.firstIndex(of: UInt8(ascii: ">"), from: open),
                window.window(open + 1, close).trimmed.isEmpty
            else { return nil }
            (name, rest) = (window.window(window.start, open), window.window(close + 1, window.end))
        } else {
            let semicolon = window.firstIndex(of: UInt8(ascii: ";"), from: window.start) ?? window.end
            (name, rest) = (window.window(window.start, semicolon), window.window(semicolon, window.end))
        }
        // What holds one of these was meant for an address, or for several.
        for index in name.start..<name.end {
            let byte = name[index]
            guard byte != UInt8(ascii: ":"), byte != UInt8(ascii: "@"), byte != UInt8(ascii: ","),
                byte.isSpacing || !byte.isControl
            else { return nil }
        }
        guard let parameters = try? SIPParameters(window: rest.trimmed, element: element) else { return nil }
        self.init(uri: SIPURI(user: "anonymous", host: "anonymous.invalid"), parameters: parameters)
    }

    init(window: ByteWindow, element: String) throws(SIPParseError) {
        func fail(_ offset: Int) -> SIPParseError { SIPParseError(.badAddress, in: element, at: offset) }
        var position = window.start
        displayName = nil
        if window[position] == UInt8(ascii: "\"") {
            var name: [UInt8] = []
            position += 1
            while position < window.end, window[position] != UInt8(ascii: "\"") {
                if window[position] == UInt8(ascii: "\\") { position += 1 }
                name.append(window[position])
                position += 1
            }
            guard position < window.end else { throw fail(window.start) }
            position += 1
            displayName = String(decoding: name, as: UTF8.self)
            while window[position].isSpacing { position += 1 }
            guard window[position] == UInt8(ascii: "<") else { throw fail(position) }
        } else if let open = window.firstIndex(of: UInt8(ascii: "<"), from: window.start) {
            let name = window.window(window.start, open).trimmed
            for index in name.start..<name.end {
                // *(token LWS); bytes above 127 are let through for peers that forget the quotes.
                let byte = name[index]
                guard byte.isToken || byte.isSpacing || byte > 127 else { throw fail(index) }
            }
            if !name.isEmpty { displayName = name.text }
            position = open
        }
        if window[position] == UInt8(ascii: "<") {
            guard let close = window.firstIndex(of: UInt8(ascii: ">"), from: position) else { throw fail(position) }
            uri = try AnyURI(window: window.window(position + 1, close).trimmed, toleratesEmptyUser: true)
            parameters = try SIPParameters(window: window.window(close + 1, window.end).trimmed, element: element)
            return
        }
        // Without angle brackets every parameter belongs to the header field, and the URI may hold neither "," nor
        // "?" nor ";" (RFC 3261 §20.10). A ";" before the "@" is the user's all the same.
        let at = window.firstIndex(of: UInt8(ascii: "@"), from: position) ?? position
        let semicolon = window.firstIndex(of: UInt8(ascii: ";"), from: at) ?? window.end
        let address = window.window(position, semicolon).trimmed
        guard address.firstIndex(of: UInt8(ascii: "?"), from: address.start) == nil else { throw fail(address.start) }
        uri = try AnyURI(window: address, toleratesEmptyUser: true)
        parameters = try SIPParameters(window: window.window(semicolon, window.end), element: element)
    }
}

extension NameAddress: CustomStringConvertible {
    public var description: String {
        var text = ""
        append(to: &text)
        return text
    }

    func append(to text: inout String) {
        if let displayName {
            text += "\""
            for character in displayName.unicodeScalars where character.value >= 32 && character.value != 127 {
                if character == "\"" || character == "\\" { text += "\\" }
                text.unicodeScalars.append(character)
            }
            text += "\" "
        }
        text += "<"
        uri.append(to: &text)
        text += ">"
        parameters.append(to: &text)
    }
}

extension NameAddress: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do {
            try self.init(text)
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(error): \(text)")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
