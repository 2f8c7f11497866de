import NIOCore
import NIOHTTP1
import NIOPosix

/// One account's way to the REST interface, over connections that are kept.
struct RESTClient: Sendable {
    let endpoint: Endpoint
    let account: String
    let key: String
    let group: MultiThreadedEventLoopGroup

    typealias Connection = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    /// An answer as far as the driver looks at it.
    struct Answer: Sendable {
        let status: Int
        let body: String
    }

    enum Fault: Error {
        /// The connection ended inside an answer.
        case connectionEnded
        /// `/metrics` was not answered with 200.
        case noMetrics(status: Int)
    }

    /// Opens a connection and gives it to `use`; closes it afterwards.
    func withConnection<Value: Sendable>(
        _ use:
            @Sendable (
                inout NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator,
                NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>
            ) async throws -> Value
    ) async throws -> Value {
        let connection: Connection = try await ClientBootstrap(group: group)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connect(host: endpoint.host, port: endpoint.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        return try await connection.executeThenClose { inbound, outbound in
            var answers = inbound.makeAsyncIterator()
            return try await use(&answers, outbound)
        }
    }

    /// The request for one call, as parts ready to be written.
    func makeCall(_ document: String) -> [HTTPClientRequestPart] {
        request(.POST, "/Calls", body: document)
    }

    /// One of the account's, as parts ready to be written.
    func request(_ method: HTTPMethod, _ path: String, body: String? = nil) -> [HTTPClientRequestPart] {
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: "/apiserver/Accounts/\(account)\(path)")
        let bytes = ByteBuffer(string: body ?? "")
        head.headers.add(name: "Host", value: "\(endpoint.host):\(endpoint.port)")
        head.headers.add(name: "Authorization", value: "Basic \(Base64.encode("\(account):\(key)"))")
        head.headers.add(name: "Content-Length", value: "\(bytes.readableBytes)")
        return [.head(head), .body(.byteBuffer(bytes)), .end(nil)]
    }

    /// Reads one whole answer.
    static func readAnswer(
        _ answers: inout NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator
    ) async throws -> Answer {
        var status = 0
        var body = ""
        while let part = try await answers.next() {
            switch part {
            case .head(let head): status = Int(head.status.code)
            case .body(let bytes): body += String(buffer: bytes)
            case .end: return Answer(status: status, body: body)
            }
        }
        throw Fault.connectionEnded
    }

    /// How many calls the server counts as completed since it started.
    func completedCalls() async throws -> Int { try await finishedCalls().completed }

    /// Calls that have ended since the server's start, by whether they were completed.
    func finishedCalls() async throws -> (completed: Int, others: Int) {
        let answer = try await withConnection { answers, outbound in
            var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/metrics")
            head.headers.add(name: "Host", value: "\(endpoint.host):\(endpoint.port)")
            try await outbound.write(.head(head))
            try await outbound.write(.end(nil))
            return try await Self.readAnswer(&answers)
        }
        guard answer.status == 200 else { throw Fault.noMetrics(status: answer.status) }
        var finished = (completed: 0, others: 0)
        for line in answer.body.split(separator: "\n") where line.hasPrefix("belay_calls_total{") {
            let count = line.split(separator: " ").last.flatMap { Int($0) } ?? 0
            if line.contains(#"status="completed""#) { finished.completed += count } else { finished.others += count }
        }
        return finished
    }
}
