/// One event of a stream of them (https://html.spec.whatwg.org §9.2.5).
package struct ServerSentEvent: Hashable, Sendable {
    package static let mediaType = "text/event-stream"
    /// A line that means nothing: a sign that the stream lives.
    static let comment = Array(":\n\n".utf8)

    /// What kind of event it is; `message` where the stream does not say.
    package var name: String
    /// What a client that has had it resumes behind. Read, it is the latest that the stream has named.
    package var id: String?
    /// UTF-8.
    package var data: [UInt8]

    package init(_ name: String, id: String? = nil, data: [UInt8]) {
        self.name = name
        self.id = id
        self.data = data
    }

    /// Line ends in `name` and `id` are the caller's to keep out.
    func append(to bytes: inout [UInt8]) {
        bytes += "event: \(name)\n".utf8
        if let id { bytes += "id: \(id)\n".utf8 }
        for line in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            bytes += "data: ".utf8
            bytes += line
            bytes.append(UInt8(ascii: "\n"))
        }
        bytes.append(UInt8(ascii: "\n"))
    }
}

/// Reads a stream of events as it comes (https://html.spec.whatwg.org §9.2.6).
package struct ServerSentEventReader: Sendable {
    /// The stream has an event that is longer than any that a server sends.
    package struct TooLong: Error {}

    /// Of an event's data, and of a line.
    private static let longest = 4 << 20
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private var line: [UInt8] = []
    private var isFirstLine = true
    /// A line feed behind a carriage return ends no further line.
    private var endedWithReturn = false
    private var name = ""
    private var data: [UInt8] = []
    private var hasData = false
    private var lastID: String?

    package init() {}

    /// - Returns: the events that these bytes complete.
    package mutating func read(_ bytes: some Sequence<UInt8>) throws(TooLong) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\n") where endedWithReturn: endedWithReturn = false
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                endedWithReturn = byte == UInt8(ascii: "\r")
                if let event = try endLine() { events.append(event) }
            default:
                endedWithReturn = false
                line.append(byte)
                guard line.count <= Self.longest else { throw TooLong() }
            }
        }
        return events
    }

    private mutating func endLine() throws(TooLong) -> ServerSentEvent? {
        defer { line.removeAll(keepingCapacity: true) }
        if isFirstLine, line.starts(with: Self.byteOrderMark) { line.removeFirst(Self.byteOrderMark.count) }
        isFirstLine = false
        guard !line.isEmpty else { return endEvent() }
        let colon = line.firstIndex(of: UInt8(ascii: ":"))
        let field = line[..<(colon ?? line.endIndex)]
        var value = colon.map { line[($0 + 1)...] } ?? []
        if value.first == UInt8(ascii: " ") { value.removeFirst() }
        switch String(decoding: field, as: UTF8.self) {
        case "event": name = String(decoding: value, as: UTF8.self)
        case "data":
            if hasData { data.append(UInt8(ascii: "\n")) }
            hasData = true
            data += value
            guard data.count <= Self.longest else { throw TooLong() }
        case "id" where !value.contains(0): lastID = String(decoding: value, as: UTF8.self)
        // A comment has an empty name; the others are for who has asked for them.
        default: break
        }
        return nil
    }

    private mutating func endEvent() -> ServerSentEvent? {
        defer {
            name = ""
            data = []
            hasData = false
        }
        guard hasData else { return nil }
        return ServerSentEvent(name.isEmpty ? "message" : name, id: lastID, data: data)
    }
}
