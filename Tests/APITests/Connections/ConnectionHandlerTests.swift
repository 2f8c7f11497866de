import HTTPTypes
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Synchronization
import Telephony
import Testing

@testable import API

@Suite("How long a connection is waited for")
struct ConnectionHandlerTests {
    /// A connection in virtual time.
    private final class Connection {
        let channel: EmbeddedChannel

        init(_ connections: Connections) throws {
            channel = EmbeddedChannel(handler: ConnectionHandler(connections))
            try channel.connect(to: try SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
        }

        convenience init() throws { try self.init(ConnectionHandlerTests.connections()) }

        var isOpen: Bool { channel.isActive }

        func wait(_ seconds: Int64) { channel.embeddedEventLoop.advanceTime(by: .seconds(seconds)) }

        func receive(_ part: HTTPRequestPart) throws { try channel.writeInbound(part) }

        func receiveHead() throws {
            try receive(.head(HTTPRequest(method: .post, scheme: "http", authority: "localhost", path: "/")))
        }

        func receiveRequest() throws {
            try receiveHead()
            try receive(.end(nil))
        }

        /// Bytes that complete nothing.
        func receiveBytes() { channel.pipeline.fireChannelReadComplete() }

        func answer() throws {
            try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok)))
            try channel.writeOutbound(HTTPResponsePart.end(nil))
        }

        func beginStream() throws {
            let head = HTTPResponse(status: .ok, headerFields: [.contentType: "text/event-stream"])
            try channel.writeOutbound(HTTPResponsePart.head(head))
        }

        func setTaken(_ isTaken: Bool) {
            channel.isWritable = isTaken
            channel.pipeline.fireChannelWritabilityChanged()
        }

        func sent() throws -> [HTTPResponsePart] {
            var parts: [HTTPResponsePart] = []
            while let part = try channel.readOutbound(as: HTTPResponsePart.self) { parts.append(part) }
            return parts
        }
    }

    private static func connections(total: Int = 100) -> Connections {
        Connections(
            limits: ConnectionLimits(total: total, perSource: total),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test("Who says nothing has as long as a head may take")
    func silent() throws {
        let connection = try Connection()
        connection.wait(9)
        #expect(connection.isOpen)
        connection.wait(3)
        #expect(!connection.isOpen)
    }

    @Test("A head that comes byte by byte has its time and no more")
    func slowHead() throws {
        let connection = try Connection()
        for _ in 0..<9 {
            connection.receiveBytes()
            connection.wait(1)
        }
        #expect(connection.isOpen)
        for _ in 0..<3 {
            connection.receiveBytes()
            connection.wait(1)
        }
        #expect(!connection.isOpen)
    }

    @Test("The time of a second head begins with its first byte, not with the wait before it")
    func laterHead() throws {
        let connection = try Connection()
        try connection.receiveRequest()
        try connection.answer()
        connection.wait(50)
        #expect(connection.isOpen)
        connection.receiveBytes()
        connection.wait(9)
        #expect(connection.isOpen)
        connection.receiveBytes()
        connection.wait(3)
        #expect(!connection.isOpen)
    }

    @Test(
        "A body that comes byte by byte has its time and no more, be it answered meanwhile or not",
        arguments: [true, false])
    func slowBody(_ isAnswered: Bool) throws {
        let connection = try Connection()
        try connection.receiveHead()
        if isAnswered { try connection.answer() }
        for _ in 0..<29 {
            try connection.receive(.body(ByteBuffer(string: "x")))
            connection.wait(1)
        }
        #expect(connection.isOpen)
        for _ in 0..<3 {
            try connection.receive(.body(ByteBuffer(string: "x")))
            connection.wait(1)
        }
        #expect(!connection.isOpen)
    }

    @Test("An answer that takes long to make is waited for as long as it takes")
    func slowAnswer() throws {
        let connection = try Connection()
        try connection.receiveRequest()
        connection.wait(600)
        #expect(connection.isOpen)
        try connection.answer()
        connection.wait(59)
        #expect(connection.isOpen, "between requests the time begins with the answer")
        connection.wait(9)
        #expect(!connection.isOpen)
    }

    @Test("An answer that nobody takes ends the connection; one that is taken slowly does not")
    func unreadAnswer() throws {
        let connection = try Connection()
        try connection.receiveRequest()
        connection.setTaken(false)
        connection.wait(29)
        connection.setTaken(true)
        connection.setTaken(false)
        connection.wait(29)
        #expect(connection.isOpen)
        connection.wait(3)
        #expect(!connection.isOpen)
    }

    @Test("Whose output was closed, and who does not close his, is not waited for")
    func halfClosed() {
        let start = NIODeadline.uptimeNanoseconds(0)
        var clock = RequestClock(limits: ConnectionLimits(), openedAt: start)
        clock.headCame(start)
        clock.bodyEnded(start)
        #expect(clock.deadline == nil)
        clock.outputClosed(start + .seconds(1))
        clock.outputClosed(start + .seconds(2))
        #expect(clock.deadline?.at == start + .seconds(3))
        #expect(clock.deadline?.expiry == .linger)
    }

    @Test("Where every place is being answered, the first request of a further one is answered 503 at once")
    func refused() throws {
        let connections = Self.connections(total: 1)
        let first = try Connection(connections)
        try first.receiveRequest()
        let second = try Connection(connections)
        try second.receiveRequest()
        let sent = try second.sent()
        guard case .head(let head) = try #require(sent.first) else { Issue.record("no head"); return }
        #expect(head.status == .serviceUnavailable)
        #expect(head.headerFields[.retryAfter] == "1")
        #expect(head.headerFields[.connection] == "close")
        guard case .body(let body) = try #require(sent.dropFirst().first) else { Issue.record("no body"); return }
        #expect(String(buffer: body).contains(#""code":55"#))
        #expect(head.headerFields[.contentLength] == String(body.readableBytes))
        #expect(try second.channel.readInbound(as: HTTPRequestPart.self) == nil, "the request is not carried out")
        second.wait(3)
        #expect(!second.isOpen)
        #expect(first.isOpen)
    }

    @Test("Where one only waits, a further one has its place")
    func displaced() throws {
        let connections = Self.connections(total: 1)
        let first = try Connection(connections)
        try first.receiveRequest()
        try first.answer()
        let second = try Connection(connections)
        #expect(!first.isOpen)
        try second.receiveRequest()
        #expect(try second.channel.readInbound(as: HTTPRequestPart.self) != nil)
    }

    @Test("One whose answer is not taken only waits, too")
    func displacedWhileStuck() throws {
        let connections = Self.connections(total: 1)
        let first = try Connection(connections)
        try first.receiveRequest()
        first.setTaken(false)
        let second = try Connection(connections)
        #expect(!first.isOpen)
        #expect(second.isOpen)
    }

    /// docs/contract/feed.md#limits.
    @Test("A stream of events may be silent for hours, and gives its place to whoever comes")
    func stream() throws {
        let connections = Self.connections(total: 1)
        let first = try Connection(connections)
        try first.receiveRequest()
        try first.beginStream()
        first.wait(7_200)
        #expect(first.isOpen)
        // That it could not be written to for a moment makes it nothing else.
        first.setTaken(false)
        first.setTaken(true)
        let second = try Connection(connections)
        #expect(!first.isOpen)
        try second.receiveRequest()
        #expect(try second.channel.readInbound(as: HTTPRequestPart.self) != nil)
    }

    @Test("A stream that nobody takes ends; one that has ended closes its connection, and serves nothing more")
    func endOfStream() throws {
        let stuck = try Connection()
        try stuck.receiveRequest()
        try stuck.beginStream()
        stuck.setTaken(false)
        stuck.wait(29)
        #expect(stuck.isOpen)
        stuck.wait(3)
        #expect(!stuck.isOpen)

        let ended = try Connection()
        try ended.receiveRequest()
        try ended.beginStream()
        try ended.channel.writeOutbound(HTTPResponsePart.end(nil))
        while try ended.channel.readInbound(as: HTTPRequestPart.self) != nil {}
        try ended.receiveRequest()
        #expect(try ended.channel.readInbound(as: HTTPRequestPart.self) == nil, "RFC 9112 §9.6")
        // A channel of tests has no half that could be closed.
        #expect(!ended.isOpen)
    }

    @Test(
        "That the far end sends nothing more is told once, whichever way it ends, and at once where that is so already",
        arguments: [true, false])
    func inputOver(_ isHalf: Bool) throws {
        let connection = try Connection(), told = Atomic(0)
        func watch() {
            ConnectionHandler.whenInputIsOver(on: connection.channel) { told.add(1, ordering: .relaxed) }
            connection.channel.embeddedEventLoop.run()
        }
        watch()
        try connection.receiveRequest()
        #expect(told.load(ordering: .relaxed) == 0)
        if isHalf { connection.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
        #expect(told.load(ordering: .relaxed) == (isHalf ? 1 : 0))
        if isHalf {
            watch()
            #expect(told.load(ordering: .relaxed) == 2)
        }
        try connection.channel.close().wait()
        connection.channel.embeddedEventLoop.run()
        #expect(told.load(ordering: .relaxed) == (isHalf ? 2 : 1))
    }

    @Test("A closed connection gives its place back, and the reasons are counted")
    func counted() throws {
        let connections = Self.connections(total: 1)
        for _ in 0..<3 {
            let connection = try Connection(connections)
            connection.wait(12)
            #expect(!connection.isOpen)
        }
        var text = MetricsText()
        connections.write(to: &text)
        #expect(text.text.contains("belay_http_connections 0\n"))
        #expect(text.text.contains("belay_http_closed_total{reason=\"head\"} 3\n"))
        #expect(text.text.contains("belay_http_closed_total{reason=\"displaced\"} 0\n"))
    }
}
