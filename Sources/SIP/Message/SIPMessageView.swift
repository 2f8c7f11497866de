/// What routing and matching need to know of a message, read in place: nothing is copied or allocated, a field is two
/// 16-bit offsets. It lives only inside the closure of `withView`, because its bytes do: for this package alone, since a
/// copy that escapes would read memory that is no longer the message's.
///
/// The view checks the shape of the message (RFC 3261 §7) and the fields that every message must have; it does not
/// take addresses apart. What outlives the closure is an owning `SIPMessage`.
package struct SIPMessageView {
    /// A stretch of the message's bytes.
    package struct Slice: Equatable, Sendable {
        package let start: UInt16
        package let end: UInt16

        static let none = Slice(start: 0, end: 0)

        package var isEmpty: Bool { start == end }

        init(start: UInt16, end: UInt16) {
            self.start = start
            self.end = end
        }

        init(_ window: ByteWindow) {
            // Fits: a message is at most `SIPLimits.messageBytes` long.
            start = UInt16(truncatingIfNeeded: window.start)
            end = UInt16(truncatingIfNeeded: window.end)
        }
    }

    package enum Kind: Equatable, Sendable {
        case request(SIPMethod)
        case response(StatusCode)
    }

    let bytes: ByteWindow
    package let kind: Kind
    package let firstLine: Slice
    /// Empty in a response.
    package let requestURI: Slice
    /// The first Via value, without the values after a comma.
    package private(set) var topVia = Slice.none
    package private(set) var branch = Slice.none
    /// Host and port of the topmost Via as written.
    package private(set) var sentBy = Slice.none
    package private(set) var received = Slice.none
    /// The value of `rport`; empty where it has none. See `asksForReceivedPort`.
    package private(set) var receivedPort = Slice.none
    /// True where the topmost Via has `rport`, with or without a value (RFC 3581).
    package private(set) var asksForReceivedPort = false
    package private(set) var callID = Slice.none
    package private(set) var from = Slice.none
    package private(set) var fromTag = Slice.none
    package private(set) var to = Slice.none
    package private(set) var toTag = Slice.none
    package private(set) var cseqNumber: UInt32 = 0
    package private(set) var cseqMethod = SIPMethod.invite
    package private(set) var maxForwards: UInt8?
    package private(set) var contentLength: Int?
    /// Where the body begins.
    package private(set) var bodyStart = 0

    /// Reads `message` and lets `body` look at it.
    package static func withView<Result>(
        of message: [UInt8], _ body: (SIPMessageView) throws(SIPParseError) -> Result
    ) throws(SIPParseError) -> Result {
        // Safe as long as the view does not leave `body`, which is this room's own code: it is `package`.
        let outcome: Swift.Result<Result, SIPParseError> = unsafe message.withUnsafeBufferPointer { bytes in
            do throws(SIPParseError) {
                return unsafe .success(try body(try SIPMessageView(ByteWindow(bytes))))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// The text of a slice.
    package func text(_ slice: Slice) -> String {
        bytes.window(Int(slice.start), Int(slice.end)).text
    }

    /// Length of the body: by Content-Length, or up to the end where there is none (RFC 3261 §18.3, UDP).
    package var bodyCount: Int { contentLength ?? (bytes.end - bodyStart) }

    init(_ bytes: ByteWindow) throws(SIPParseError) {
        var scanner = try HeaderScanner(bytes)
        self.bytes = bytes
        let line = try FirstLine(scanner.firstLine)
        firstLine = Slice(scanner.firstLine)
        switch line {
        case .request(let method, let uri):
            kind = .request(SIPMethod(window: method))
            requestURI = Slice(uri)
        case .response(let status, _):
            kind = .response(status)
            requestURI = .none
        }
        var seen = Seen()
        while let field = try scanner.next() { try read(field, &seen) }
        bodyStart = scanner.position
        guard seen == .required else { throw SIPParseError(.missingField, in: seen.firstMissing) }
        guard bodyCount <= bytes.end - bodyStart else {
            throw SIPParseError(.bodyTooShort, in: "Content-Length", at: bodyStart)
        }
        if case .request(let method) = kind, method != cseqMethod {
            throw SIPParseError(.methodMismatch, in: "CSeq")
        }
    }

    /// Which of the fields that every message must have were there (RFC 3261 §8.1.1; Max-Forwards is forgiven).
    private struct Seen: OptionSet {
        let rawValue: UInt8
        static let via = Seen(rawValue: 1)
        static let from = Seen(rawValue: 2)
        static let to = Seen(rawValue: 4)
        static let callID = Seen(rawValue: 8)
        static let cseq = Seen(rawValue: 16)
        static let required = Seen(rawValue: 31)

        var firstMissing: String {
            if !contains(.via) { return "Via" }
            if !contains(.from) { return "From" }
            if !contains(.to) { return "To" }
            return contains(.callID) ? "CSeq" : "Call-ID"
        }
    }

    @inline(__always)
    private mutating func read(_ field: HeaderScanner.Field, _ seen: inout Seen) throws(SIPParseError) {
        let name = field.name
        switch (name.count, name[name.start].lowercased) {
        case (1, UInt8(ascii: "v")), (3, UInt8(ascii: "v")):
            guard name.count == 1 || name.equalsIgnoringCase("Via") else { return }
            if !seen.contains(.via) { try readVia(field.value) }
            seen.insert(.via)
        case (1, UInt8(ascii: "f")), (4, UInt8(ascii: "f")):
            guard name.count == 1 || name.equalsIgnoringCase("From") else { return }
            try once(.from, &seen, "From", field)
            from = Slice(field.value)
            fromTag = Self.tag(of: field.value)
        case (1, UInt8(ascii: "t")), (2, UInt8(ascii: "t")):
            guard name.count == 1 || name.equalsIgnoringCase("To") else { return }
            try once(.to, &seen, "To", field)
            to = Slice(field.value)
            toTag = Self.tag(of: field.value)
        case (1, UInt8(ascii: "i")), (7, UInt8(ascii: "c")):
            guard name.count == 1 || name.equalsIgnoringCase("Call-ID") else { return }
            try once(.callID, &seen, "Call-ID", field)
            guard !field.value.isEmpty else { throw SIPParseError(.missingField, in: "Call-ID") }
            callID = Slice(field.value)
        case (4, UInt8(ascii: "c")):
            guard name.equalsIgnoringCase("CSeq") else { return }
            try once(.cseq, &seen, "CSeq", field)
            let cseq = try CSeq(window: field.value)
            cseqNumber = cseq.number
            cseqMethod = cseq.method
        case (1, UInt8(ascii: "l")), (14, UInt8(ascii: "c")):
            guard name.count == 1 || name.equalsIgnoringCase("Content-Length") else { return }
            guard let length = field.value.number(limit: UInt64(SIPLimits.messageBytes)) else {
                throw SIPParseError(.badNumber, in: "Content-Length", at: field.value.start)
            }
            guard contentLength == nil || contentLength == Int(length) else {
                throw SIPParseError(.repeatedField, in: "Content-Length", at: field.value.start)
            }
            contentLength = Int(length)
        case (12, UInt8(ascii: "m")):
            guard name.equalsIgnoringCase("Max-Forwards") else { return }
            guard let hops = field.value.number(limit: SIPLimits.maxForwards) else {
                throw SIPParseError(.badNumber, in: "Max-Forwards", at: field.value.start)
            }
            guard maxForwards == nil else {
                throw SIPParseError(.repeatedField, in: "Max-Forwards", at: field.value.start)
            }
            maxForwards = UInt8(truncatingIfNeeded: hops)
        default: break
        }
    }

    private func once(
        _ bit: Seen, _ seen: inout Seen, _ name: String, _ field: HeaderScanner.Field
    ) throws(SIPParseError) {
        guard seen.insert(bit).inserted else {
            throw SIPParseError(.repeatedField, in: name, at: field.value.start)
        }
    }

    /// Finds the parameters of the first Via value without building it.
    private mutating func readVia(_ value: ByteWindow) throws(SIPParseError) {
        let end = value.firstIndex(of: UInt8(ascii: ","), from: value.start) ?? value.end
        let first = value.window(value.start, end).trimmed
        topVia = Slice(first)
        var semicolon = first.firstIndex(of: UInt8(ascii: ";"), from: first.start) ?? first.end
        let protocolAndHost = first.window(first.start, semicolon).trimmed
        var host = protocolAndHost.end
        while host > protocolAndHost.start, !protocolAndHost[host - 1].isSpacing { host -= 1 }
        guard host > protocolAndHost.start, host < protocolAndHost.end else {
            throw SIPParseError(.badVia, in: "Via", at: first.start)
        }
        sentBy = Slice(first.window(host, protocolAndHost.end))
        while semicolon < first.end {
            let next = first.firstIndex(of: UInt8(ascii: ";"), from: semicolon + 1) ?? first.end
            let parameter = first.window(semicolon + 1, next).trimmed
            let equals = parameter.firstIndex(of: UInt8(ascii: "="), from: parameter.start) ?? parameter.end
            let name = parameter.window(parameter.start, equals).trimmed
            let content = parameter.window(equals + 1, parameter.end).trimmed
            if name.equalsIgnoringCase("branch") {
                branch = Slice(content)
            } else if name.equalsIgnoringCase("received") {
                received = Slice(content)
            } else if name.equalsIgnoringCase("rport") {
                asksForReceivedPort = true
                receivedPort = Slice(content)
            }
            semicolon = next
        }
    }

    /// The value of `tag` of a From or To. The parameters begin after the angle bracket, or in a bare address after
    /// its first semicolon.
    private static func tag(of value: ByteWindow) -> Slice {
        var position = value.start
        if value[position] == UInt8(ascii: "\"") {
            position += 1
            while position < value.end, value[position] != UInt8(ascii: "\"") {
                position += value[position] == UInt8(ascii: "\\") ? 2 : 1
            }
            position += 1
        }
        if let close = value.firstIndex(of: UInt8(ascii: ">"), from: position) { position = close }
        while let semicolon = value.firstIndex(of: UInt8(ascii: ";"), from: position) {
            let end = value.firstIndex(of: UInt8(ascii: ";"), from: semicolon + 1) ?? value.end
            let parameter = value.window(semicolon + 1, end).trimmed
            if let equals = parameter.firstIndex(of: UInt8(ascii: "="), from: parameter.start),
                parameter.window(parameter.start, equals).trimmed.equalsIgnoringCase("tag")
            {
                return Slice(parameter.window(equals + 1, parameter.end).trimmed)
            }
            position = end
        }
        return .none
    }
}
