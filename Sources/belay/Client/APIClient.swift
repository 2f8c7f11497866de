import API
import AsyncHTTPClient
import Foundation
import JSON
import NIOCore
import NIOHTTP1

/// The server's REST API, as its command line uses it. Paths begin after the host.
struct APIClient: Sendable {
    /// Who waits sits before a terminal, or is a test: where no server is, that is told within a second, and one that
    /// takes the connection and stays silent is not waited for much longer.
    /// On loopback a connection is made or refused at once, and only this process can be late: it is not hurried.
    private static let connecting = TimeAmount.milliseconds(900)
    private static let connectingHere = TimeAmount.seconds(10)
    private static let silence = TimeAmount.seconds(10)
    /// For a whole answer, and for a whole file.
    private static let patience = TimeAmount.seconds(30)
    private static let filePatience = TimeAmount.minutes(10)
    private static let longestAnswer = 64 << 20
    private static let longestFile = 1 << 30

    // Both live as long as the process.
    private static let http = makeHTTP(connecting: connecting, silence: silence)
    private static let httpHere = makeHTTP(connecting: connectingHere, silence: silence)
    // A feed is silent between its signs of life; three that do not come are a connection that is lost.
    private static let feedSilence = TimeAmount.seconds(Int64(3 * Feed.beatSeconds))
    private static let feedHTTP = makeHTTP(connecting: connecting, silence: feedSilence)
    private static let feedHTTPHere = makeHTTP(connecting: connectingHere, silence: feedSilence)

    private static func makeHTTP(connecting: TimeAmount, silence: TimeAmount) -> HTTPClient {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: connecting, read: silence))
        // A refused connection is tried again by default, until the whole patience is used up.
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Who asks.
    enum Authorization: Sendable {
        case account(id: String, key: String)
        case `operator`(token: String)
        /// For what anybody may ask.
        case nobody
    }

    let server: ServerAddress
    /// The account that paths name.
    let account: String
    let authorization: Authorization
    /// What the data folder or the environment tells of the account; nil for the operator.
    var identity: ServerAccess.Identity?
    /// Where the key or token was found, in words that go on a sentence.
    var credentialsOrigin = ""

    /// The path of something of the account's.
    func path(_ path: String) -> String { "/apiserver/Accounts/\(account)\(path)" }

    func get(_ path: String) async throws -> JSONValue { try await json("GET", path, nil) }

    func post(_ path: String, _ body: JSONValue) async throws -> JSONValue { try await json("POST", path, body) }

    func text(_ path: String) async throws -> String {
        String(decoding: try await send("GET", path, nil), as: UTF8.self)
    }

    func delete(_ path: String) async throws { _ = try await send("DELETE", path, nil) }

    /// A file, as it is.
    func file(_ path: String) async throws -> [UInt8] {
        try await send("GET", path, nil, patience: Self.filePatience, longest: Self.longestFile)
    }

    /// Every item of a list, over all its pages, as the server orders them.
    /// - Parameter limit: no more than so many.
    func items(_ path: String, _ name: String, limit: Int = .max) async throws -> [JSONValue] {
        try await items(from: try await get(path), name, limit: limit)
    }

    /// The account's log as far as the query lets it through, newest first.
    func logs(_ pql: String, limit: Int) async throws -> [JSONValue] {
        try await items(from: try await post(path("/Logs"), ["pql": .string(pql)]), "logs", limit: limit)
    }

    /// A page's items, and those of the pages behind it.
    private func items(from first: JSONValue, _ name: String, limit: Int) async throws -> [JSONValue] {
        var page = first
        var found: [JSONValue] = []
        while true {
            if case .array(let items)? = page[name] { found += items }
            guard let next = page["nextPageUri"]?.string, found.count < limit else { break }
            page = try await get("/apiserver" + next)
        }
        return Array(found.prefix(limit))
    }

    /// Opens a feed (docs/contract/feed.md#the-form).
    ///
    /// - Parameter last: the id of the last event that came of it.
    /// - Returns: nil where the server has no such feed, as one of an earlier version, or none to spare.
    /// - Throws: ``FeedConnection/Lost`` where there is no connection.
    func feed(_ path: String, behind last: String?) async throws -> FeedConnection? {
        var request = request("GET", path)
        if let last { request.headers.add(name: "Last-Event-ID", value: last) }
        let response: HTTPClientResponse
        do {
            response = try await (server.isHere ? Self.feedHTTPHere : Self.feedHTTP).execute(
                request, timeout: Self.patience)
        } catch {
            throw FeedConnection.Lost(reason: unreachable(error))
        }
        switch response.status.code {
        case 200 where response.headers.first(name: "Content-Type") == ServerSentEvent.mediaType:
            return FeedConnection(response.body)
        case 200, 404, 405, 429, 503: return nil
        default:
            let answer = try? await response.body.collect(upTo: Self.longestAnswer)
            throw refusal(response.status.code, answer.map { Array($0.readableBytesView) } ?? [])
        }
    }

    private func json(_ method: String, _ path: String, _ body: JSONValue?) async throws -> JSONValue {
        let bytes = try await send(method, path, body)
        guard !bytes.isEmpty else { return .null }
        do { return try JSONValue(parsing: bytes) } catch { throw isNoBelay("its answer is not JSON") }
    }

    private func send(
        _ method: String, _ path: String, _ body: JSONValue?, patience: TimeAmount = Self.patience,
        longest: Int = Self.longestAnswer
    ) async throws -> [UInt8] {
        var request = request(method, path)
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body.bytes))
        }
        let response: HTTPClientResponse
        let answer: [UInt8]
        do {
            response = try await (server.isHere ? Self.httpHere : Self.http).execute(request, timeout: patience)
            answer = Array((try await response.body.collect(upTo: longest)).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw ClientError("\(server) answered with more than \(longest >> 20) MiB")
        } catch {
            throw unreachable(error)
        }
        guard (200..<300).contains(response.status.code) else { throw refusal(response.status.code, answer) }
        return answer
    }

    private func request(_ method: String, _ path: String) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: server.url + path)
        request.method = .init(rawValue: method)
        switch authorization {
        case .account(let id, let key): request.setBasicAuth(username: id, password: key)
        case .operator(let token): request.headers.add(name: "Authorization", value: "Bearer \(token)")
        case .nobody: break
        }
        return request
    }

    /// Nothing came back, or not to its end.
    func unreachable(_ error: any Error) -> ClientError {
        ClientError(
            "no server answers at \(server): \(ConnectionFailure.words(error)). Is `belay serve` running? The "
                + "address is \(server.origin)")
    }

    /// What the server answers is not what a Belay would.
    func isNoBelay(_ what: String) -> ClientError {
        ClientError("what answers at \(server) is no Belay: \(what). The address is \(server.origin)")
    }

    private func refusal(_ status: UInt, _ answer: [UInt8]) -> ClientError {
        guard let message = (try? JSONValue(parsing: answer))?["message"]?.string else {
            let lines = String(decoding: answer.prefix(200), as: UTF8.self).split(whereSeparator: \.isNewline)
            let text = lines.first ?? ""
            return ClientError(
                "what answers at \(server) is no Belay of this version: \(status) \(text). The address is "
                    + server.origin)
        }
        guard status == 401 else { return ClientError("\(status): \(message)") }
        let who =
            switch authorization {
            case .account(let id, _): "the account \(id.isEmpty ? "that was named" : id) and its key"
            case .operator: "the operator's token"
            case .nobody: "nobody"
            }
        return ClientError("\(status): \(message) \(server) was shown \(who), \(credentialsOrigin)")
    }
}
