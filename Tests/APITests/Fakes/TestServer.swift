import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSON
import Logging
import NIOCore
import Telephony
import Testing

@testable import API

/// A whole API over services in memory, with one account, its key and one number.
struct TestServer: Sendable {
    static let key = "0123456789abcdef0123456789abcdef01234567"
    static let operatorToken = "fedcba9876543210fedcba9876543210fedcba98"
    static let start = Timestamp(microseconds: 1_728_486_303_358_921)

    let account: AccountID
    let number: PhoneNumber
    let phoneNumberID: PhoneNumberID
    let directory = MemoryDirectory()
    let calls: MemoryCalls
    let feed: Feed
    let queues = MemoryQueues()
    let conferences = MemoryConferences()
    let recordings: MemoryRecordings
    let health = FakeHealth()
    let carrier = FakeCarrier()
    let administration: FakeAdministration
    let server: APIServer

    init(
        compatibility: Compatibility = .current, publicURL: WebURL? = nil, hasTrunk: Bool = false,
        offered: [PhoneNumber] = [], connections: ConnectionLimits = ConnectionLimits(),
        administration place: APIConfiguration.Place = .shared, metrics: APIConfiguration.Place = .shared,
        isMetricsOpen: Bool = false, wrongKeysPerMinute: Int = 0, feeds: FeedLimits = FeedLimits(),
        isTrustedProxy: @escaping @Sendable (String) -> Bool = { _ in false },
        onBound: @escaping @Sendable (Int) async -> Void = { _ in }
    ) throws {
        var random = SystemRandomNumberGenerator()
        account = AccountID(random: &random)
        number = try #require(PhoneNumber("+13125550100"))
        phoneNumberID = PhoneNumberID(random: &random)
        calls = MemoryCalls(now: { Self.start })
        feed = Feed(limits: feeds)
        recordings = try MemoryRecordings()
        administration = FakeAdministration(directory: directory)
        directory.add(
            Account(accountID: account, kind: .full, status: .active, created: Self.start), key: Self.key)
        directory.add(
            OwnedNumber(phoneNumberID: phoneNumberID, accountID: account, phoneNumber: number, created: Self.start))
        server = APIServer(
            services: APIServices(
                calls: calls, feed: feed, queues: queues, conferences: conferences, recordings: recordings,
                directory: directory, health: health, administration: administration, status: FakeStatus(),
                carrier: carrier,
                now: { Self.start }),
            configuration: APIConfiguration(
                compatibility: compatibility, publicURL: publicURL, refusesCarrierNumbers: hasTrunk,
                offeredNumbers: offered,
                operatorTokenHash: Authenticator.hash(ofKey: Self.operatorToken.utf8), connections: connections,
                administration: place, metrics: metrics, isMetricsOpen: isMetricsOpen,
                wrongKeysPerMinute: wrongKeysPerMinute, isTrustedProxy: isTrustedProxy),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            bound: APIServer.Bound(main: onBound))
    }

    /// What `~` stands for.
    var base: String { "/apiserver/Accounts/\(account)" }

    var authorization: String { Self.basic(account.text, Self.key) }

    static func basic(_ user: String, _ password: String) -> String {
        "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
    }

    /// A body of Make a Call that is right in every field.
    var goodCall: [String: JSONValue] {
        ["from": .string(number.text), "to": "+13125550199", "callConnectUrl": "http://127.0.0.1:9/connect"]
    }

    /// Stores it, and tells of it, as the runtime does.
    func commit(_ operations: StorageOperation...) {
        calls.apply(operations)
        feed.committed(operations)
    }

    func makeApplication(callConnectURL: String? = nil, statusCallbackURL: String? = nil) async throws -> ApplicationID
    {
        var random = SystemRandomNumberGenerator()
        var application = Telephony.Application(
            applicationID: ApplicationID(random: &random), accountID: account, created: Self.start)
        application.callConnectURL = callConnectURL.flatMap { WebURL($0) }
        application.statusCallbackURL = statusCallbackURL.flatMap { WebURL($0) }
        try await directory.createApplication(application)
        return application.applicationID
    }

    /// One request, in process, with the account's credentials unless told otherwise.
    func send(
        _ method: HTTPRequest.Method, _ path: String, body: String? = nil, authorization: String? = nil,
        headers: HTTPFields = [:]
    ) async throws -> Reply {
        try await server.application.test(.router) { client in
            try await Self.send(
                client, method, path, body: body, authorization: authorization ?? self.authorization, headers: headers)
        }
    }

    func send(_ method: HTTPRequest.Method, _ path: String, json: JSONValue) async throws -> Reply {
        try await send(method, path, body: json.text)
    }

    static func send(
        _ client: any TestClientProtocol, _ method: HTTPRequest.Method, _ path: String, body: String? = nil,
        authorization: String?, headers: HTTPFields = [:]
    ) async throws -> Reply {
        var headers = headers
        if let authorization, !authorization.isEmpty { headers[.authorization] = authorization }
        let response = try await client.execute(
            uri: path, method: method, headers: headers, body: body.map { ByteBuffer(string: $0) })
        return Reply(response)
    }
}

/// An answer, taken apart for tests.
struct Reply: Sendable {
    let status: Int
    let headers: HTTPFields
    let text: String

    init(_ response: TestResponse) {
        status = response.status.code
        headers = response.headers
        text = String(buffer: response.body)
    }

    var json: JSONValue { (try? JSONValue(parsing: text.utf8)) ?? .null }

    subscript(key: String) -> JSONValue? { json[key] }

    /// The error's code, nil for an answer that is none.
    var code: Int? {
        guard case .integer(let code) = json["code"] else { return nil }
        return Int(code)
    }

    var message: String { json["message"]?.string ?? "" }

    /// The fields that the error's details blame.
    var blamed: [String] {
        guard case .array(let faults) = json["details"]?["fields"] else { return [] }
        return faults.compactMap { $0["field"]?.string }
    }

    func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }
}

extension JSONValue {
    var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
    var elements: [JSONValue] { if case .array(let values) = self { values } else { [] } }
    var members: [String: JSONValue] { if case .object(let values) = self { values } else { [:] } }
}
