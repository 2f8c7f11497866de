import AsyncHTTPClient
import Foundation
import JSON
import NIOCore
import NIOHTTP1

/// The server's REST API, as its command line uses it. Paths begin after the host.
struct APIClient: Sendable {
    private static let patience = TimeAmount.seconds(30)
    private static let longestAnswer = 64 << 20

    /// Who asks.
    enum Authorization: Sendable {
        case account(id: String, key: String)
        case `operator`(token: String)
    }

    let server: String
    /// The account that paths name.
    let account: String
    let authorization: Authorization
    /// What the data folder or the environment tells of the account; nil for the operator.
    var identity: ServerAccess.Identity?

    /// The path of something of the account's.
    func path(_ path: String) -> String { "/apiserver/Accounts/\(account)\(path)" }

    func get(_ path: String) async throws -> JSONValue { try await json("GET", path, nil) }

    func post(_ path: String, _ body: JSONValue) async throws -> JSONValue { try await json("POST", path, body) }

    func delete(_ path: String) async throws { _ = try await send("DELETE", path, nil) }

    /// A file, as it is.
    func file(_ path: String) async throws -> [UInt8] { try await send("GET", path, nil) }

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

    private func json(_ method: String, _ path: String, _ body: JSONValue?) async throws -> JSONValue {
        let bytes = try await send(method, path, body)
        guard !bytes.isEmpty else { return .null }
        return try JSONValue(parsing: bytes)
    }

    private func send(_ method: String, _ path: String, _ body: JSONValue?) async throws -> [UInt8] {
        var request = HTTPClientRequest(url: server + path)
        request.method = .init(rawValue: method)
        switch authorization {
        case .account(let id, let key): request.setBasicAuth(username: id, password: key)
        case .operator(let token): request.headers.add(name: "Authorization", value: "Bearer \(token)")
        }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body.bytes))
        }
        let response: HTTPClientResponse
        let answer: [UInt8]
        do {
            response = try await HTTPClient.shared.execute(request, timeout: Self.patience)
            answer = Array((try await response.body.collect(upTo: Self.longestAnswer)).readableBytesView)
        } catch {
            throw ClientError("no answer from \(server) (\(error)); is `belay serve` running there?")
        }
        guard (200..<300).contains(response.status.code) else {
            let message = (try? JSONValue(parsing: answer))?["message"]?.string
            throw ClientError(
                "\(response.status.code): \(message ?? String(decoding: answer.prefix(200), as: UTF8.self))")
        }
        return answer
    }
}
