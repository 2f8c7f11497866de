/// What a message's body says to this user agent, which understands session descriptions and nothing else
/// (RFC 3261 §7.4, §20.11; RFC 5621; RFC 2046 §5.1).
///
/// A description is found wherever it stands: alone, or as a part of multipart bodies within each other. Of several the
/// first is taken, and of the forms of a multipart/alternative the last (RFC 2046 §5.1.4). That of an early session
/// (RFC 3959), which is another than the call's, is none.
struct MessageBody: Equatable, Sendable {
    /// Why a request must be refused: its sender insists on something that is not understood.
    enum Obstacle: Equatable, Sendable {
        case mediaType
        case encoding
    }

    private(set) var sessionDescription: [UInt8]?
    private(set) var obstacle: Obstacle?

    private var partsLeft = SIPLimits.bodyParts

    init(_ headers: SIPHeaders, _ body: [UInt8]) {
        guard !body.isEmpty else { return }
        // What nearly every message has, without a look inside.
        if headers[.contentType] == "application/sdp", !headers.contains(.contentDisposition),
            !headers.contains(.contentEncoding)
        {
            sessionDescription = body
            return
        }
        sessionDescription = read(
            BodyPart(
                type: headers[.contentType], disposition: headers[.contentDisposition],
                encoding: headers[.contentEncoding], content: body[...]),
            depth: 0
        ).map(Array.init)
    }

    /// The session description in a part, or in the parts within it.
    private mutating func read(_ part: BodyPart, depth: Int) -> ArraySlice<UInt8>? {
        let type = part.mediaType
        guard part.isPlain else {
            // Content-Encoding: what it holds cannot be seen, so that its type does not matter (RFC 3261 §20.12).
            if !part.mayBePassedOver(isWhole: depth == 0 || type == Self.sdp) { obstacle = obstacle ?? .encoding }
            return nil
        }
        if type == Self.sdp || (type == nil && (depth == 0 || part.looksLikeDescription)) {
            if part.isOfSession { return part.content }
        } else if let type, type.hasPrefix("multipart/"), depth < SIPLimits.bodyDepth {
            return readParts(of: part, isAlternative: type == "multipart/alternative", depth: depth)
        }
        if !part.mayBePassedOver(isWhole: depth == 0) { obstacle = obstacle ?? .mediaType }
        return nil
    }

    private mutating func readParts(
        of part: BodyPart, isAlternative: Bool, depth: Int
    ) -> ArraySlice<UInt8>? {
        let earlierObstacle = obstacle
        var found: ArraySlice<UInt8>?
        for inner in MultipartReader.parts(of: part.content, boundary: part.boundary, atMost: partsLeft) {
            partsLeft -= 1
            let description = read(BodyPart(inner), depth: depth + 1)
            if isAlternative { found = description ?? found } else { found = found ?? description }
        }
        // Of alternatives one is enough, whatever the others ask for.
        if isAlternative, found != nil { obstacle = earlierObstacle }
        return found
    }

    private static let sdp = "application/sdp"
}

extension SIPHeaders {
    /// Whether the body can be read only by who knows its encoding (RFC 3261 §20.12).
    var isBodyEncoded: Bool {
        all(.contentEncoding).contains { encoding in
            !encoding.withWindow { $0.trimmed.isEmpty || $0.trimmed.equalsIgnoringCase("identity") }
        }
    }
}

extension SIPLimits {
    /// Parts of a body, with all that are within each other; real ones have two or three. Further ones are not read.
    static let bodyParts = 32
    /// How deep multipart bodies may lie within each other.
    static let bodyDepth = 4
}

/// One body, or one part of it, with what its header fields say.
private struct BodyPart {
    private let type: String?
    private let disposition: String?
    private let encoding: String?
    let content: ArraySlice<UInt8>

    init(type: String?, disposition: String?, encoding: String?, content: ArraySlice<UInt8>) {
        self.type = type
        self.disposition = disposition
        self.encoding = encoding
        self.content = content
    }

    init(_ bytes: ArraySlice<UInt8>) {
        let (fields, content) = MultipartReader.fields(of: bytes)
        self.init(
            type: fields[.contentType], disposition: fields[.contentDisposition], encoding: fields[.contentEncoding],
            content: content)
    }

    /// `application/sdp`, in lower case and without parameters; nil where nothing is said. Blanks may stand around the
    /// slash (RFC 3261 §25.1, SLASH).
    var mediaType: String? {
        guard let type else { return nil }
        let words = type.utf8.prefix { $0 != UInt8(ascii: ";") }.filter { !$0.isSpacing }
        return words.isEmpty ? nil : String(decoding: words.map(\.lowercased), as: UTF8.self)
    }

    var boundary: String? { type.flatMap { Self.parameter("boundary", of: $0) } }

    var isPlain: Bool {
        guard let encoding else { return true }
        return encoding.withWindow { $0.trimmed.isEmpty || $0.trimmed.equalsIgnoringCase("identity") }
    }

    /// A session description says by itself what it is for (RFC 3261 §20.11), unless it is that of an early session.
    var isOfSession: Bool {
        guard let disposition else { return true }
        let word = disposition.utf8.prefix { $0 != UInt8(ascii: ";") }.filter { !$0.isSpacing }.map(\.lowercased)
        return !word.elementsEqual("early-session".utf8)
    }

    var looksLikeDescription: Bool { content.drop { $0.isSpacing }.starts(with: "v=".utf8) }

    /// Whether a request may be taken although this is not understood.
    ///
    /// - Parameter isWhole: it is the whole body, or the description itself.
    ///
    /// Deviation from RFC 3261 §20.11: a part among others that does not say how it is to be handled may be passed over,
    /// where the default would be `required`. Gateways add ISUP and the like without a word, and complain of no callee
    /// that does not read it.
    func mayBePassedOver(isWhole: Bool) -> Bool {
        switch disposition.flatMap({ Self.parameter("handling", of: $0) })?.asciiLowercased {
        case "optional": true
        case "required": false
        default: !isWhole
        }
    }

    /// A parameter's value without quotes.
    private static func parameter(_ name: StaticString, of value: String) -> String? {
        value.withWindow { window in
            for part in window.split(at: UInt8(ascii: ";")).dropFirst() {
                guard let equals = part.firstIndex(of: UInt8(ascii: "="), from: part.start),
                    part.window(part.start, equals).trimmed.equalsIgnoringCase(name)
                else { continue }
                let value = part.window(equals + 1, part.end).trimmed
                guard value[value.start] == UInt8(ascii: "\"") else { return value.text }
                let end = value.firstIndex(of: UInt8(ascii: "\""), from: value.start + 1) ?? value.end
                return value.window(value.start + 1, end).text
            }
            return nil
        }
    }
}

extension SIPHeaders {
    /// See ``MessageBody``.
    func sessionDescription(_ body: [UInt8]) -> [UInt8]? { MessageBody(self, body).sessionDescription }
}
