import HTTPTypes
import HummingbirdTesting
import Telephony
import Testing

@testable import API

/// Whose wrong keys are counted together, where a proxy speaks for many (SECURITY.md).
@Suite struct ForwardedSourceTests {
    private static let proxies: Set<String> = ["127.0.0.1", "::1", "10.0.0.1"]

    /// How many of 21 wrong keys were slowed: twenty of one source are answered at once.
    private func slowed(
        trusting proxies: Set<String> = proxies, _ forwardedFor: @escaping @Sendable (Int) -> [String]
    ) async throws -> String? {
        let test = try TestServer(wrongKeysPerMinute: 30, isTrustedProxy: { proxies.contains($0) })
        let name = try #require(HTTPField.Name("X-Forwarded-For"))
        return try await test.server.application.test(.live) { client in
            for number in 0..<21 {
                var headers = HTTPFields()
                headers[values: name] = forwardedFor(number)
                let reply = try await TestServer.send(
                    client, .get, test.base, authorization: TestServer.basic(test.account.text, "wrong"),
                    headers: headers)
                #expect(reply.status == 401)
            }
            // Behind an answer that was slowed the connection is closed.
            let port = try #require(client.port)
            let ask =
                "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(TestServer.operatorToken)\r\n"
                + "Connection: close\r\n\r\n"
            let name = "\nbelay_http_slowed_total "
            let metrics = try await RawClient.exchange(port: port, sending: [ask]) { text in
                text.contains(name) && text.contains("reason=\"missing\"} ") && text.hasSuffix("\n")
            }
            #expect(metrics.contains("belay_http_unauthorized_total{reason=\"wrongKey\"} 21\n"))
            #expect(metrics.contains("belay_http_unauthorized_total{reason=\"missing\"} 0\n"))
            return metrics.split(separator: "\n").first { $0.hasPrefix(name.dropFirst()) }
                .map { String($0.dropFirst(name.count - 1)) }
        }
    }

    @Test("A trusted proxy's clients are told apart by what it wrote itself, which stands at the right")
    func client() async throws {
        #expect(try await slowed { ["192.0.2.\($0)"] } == "0")
        #expect(try await slowed { ["192.0.2.7, 198.51.100.\($0)"] } == "0")
        // What stands left of it is its client's word.
        #expect(try await slowed { ["192.0.2.\($0), 198.51.100.7"] } == "1")
    }

    @Test("Proxies behind one another are passed over; several fields are one, in their order (RFC 9110 §5.3)")
    func chain() async throws {
        #expect(try await slowed { ["192.0.2.\($0),\t10.0.0.1"] } == "0")
        #expect(try await slowed { ["198.51.100.7", "192.0.2.\($0)"] } == "0")
    }

    @Test("What is no address ends the reading: then it is the proxy's own")
    func nonsense() async throws {
        #expect(try await slowed { ["192.0.2.\($0), unknown"] } == "1")
    }

    @Test("Who is no trusted proxy writes what it wants, and is counted as itself")
    func stranger() async throws { #expect(try await slowed(trusting: []) { ["192.0.2.\($0)"] } == "1") }
}
