import Hummingbird
import JSON
import NIOCore
import Telephony

/// Events on their way out, written as the far end takes them.
struct EventOutput {
    /// So much is written at once, where so much is there.
    private static let chunk = 64 * 1024

    private var writer: any ResponseBodyWriter
    private var bytes: [UInt8] = []

    init(_ writer: any ResponseBodyWriter) { self.writer = writer }

    /// Waits for the far end where much is to be written.
    mutating func tell(_ event: ServerSentEvent) async throws {
        event.append(to: &bytes)
        if bytes.count >= Self.chunk { try await flush() }
    }

    /// A sign that the stream lives.
    mutating func beat() { bytes += ServerSentEvent.comment }

    /// Waits until the far end takes what was told.
    mutating func flush() async throws {
        guard !bytes.isEmpty else { return }
        try await writer.write(ByteBuffer(bytes: bytes))
        bytes.removeAll(keepingCapacity: true)
    }

    mutating func finish() async throws {
        try await flush()
        try await writer.finish(nil)
    }
}

/// The events of feeds (docs/contract/feed.md#events).
extension ServerSentEvent {
    /// - Parameter id: what a client resumes behind.
    static func log(_ entry: JournalEntry, id: String) -> ServerSentEvent {
        var writer = JSONWriter()
        LogEntryResource(entry: entry).write(to: &writer)
        return ServerSentEvent("log", id: id, data: writer.bytes)
    }

    static func call(_ call: Call) -> ServerSentEvent { ServerSentEvent("call", data: data(call)) }

    /// The call notes nothing more.
    static func end(_ call: Call) -> ServerSentEvent { ServerSentEvent("end", data: data(call)) }

    /// The listener did not keep up, and the stream ends.
    static let lagging = ServerSentEvent("lagging", data: Array("{}".utf8))

    /// Before what follows something is missing.
    static let gap = ServerSentEvent("gap", data: Array("{}".utf8))

    private static func data(_ call: Call) -> [UInt8] {
        var writer = JSONWriter()
        CallResource(call: call).write(to: &writer)
        return writer.bytes
    }
}
