// swift-format-ignore-file: NeverForceUnwrap
// Constants of the tests: one that is malformed fails every test at once.

import Foundation
import NIOCore
import NIOPosix
import NameResolution
import Telephony
import Testing

@testable import Webhooks

@Suite("Redirects on the way to audio (RFC 9110 §15.4)")
struct RedirectionTests {
    @Test(
        "Where a Location leads, relative ones included (RFC 3986 §5)",
        arguments: [
            ("http://a/x/y.wav", "http://b/z", "http://b/z"), ("http://a/x/y.wav", "/z", "http://a/z"),
            ("http://a/x/y.wav", "z", "http://a/x/z"), ("http://a/x/y.wav", "../z?q=1", "http://a/z?q=1"),
            ("http://a/x/y.wav", "?q", "http://a/x/y.wav?q"), ("https://a/x", "//b/z", "https://b/z"),
            ("http://a/x", "https://a/x", "https://a/x"), ("http://a/x", "/z#part", "http://a/z"),
            ("http://a/x", "/my file.wav", "http://a/my%20file.wav"),
            ("http://a/x", "/a\tb\u{7F}~.wav", "http://a/a%09b%7F~.wav"),
            ("http://a/x", "/t\u{F6}ne.wav", "http://a/t%C3%B6ne.wav"), ("http://a:8080/x", "/z", "http://a:8080/z"),
            // User and password stay with their origin, and go to no other.
            ("http://u:p@a/x", "/z", "http://u:p@a/z"), ("http://u:p@a/x", "http://a/z", "http://u:p@a/z"),
            ("http://u:p@a/x", "http://b/z", "http://b/z"), ("http://u:p@a/x", "http://a:81/z", "http://a:81/z"),
            ("http://u:p@a/x", "https://a/z", "https://a/z"), ("http://u:p@a/x", "http://v:q@b/z", "http://v:q@b/z"),
        ])
    func targets(_ from: String, _ location: String, _ target: String) throws {
        #expect(try Redirection.target(of: location, from: WebURL(from)!).text == target)
    }

    @Test(
        "Where no one goes",
        arguments: [
            ("https://a/x", "http://a/x"), ("http://a/x", "ftp://a/x"), ("http://a/x", "http://a:0/x"),
            ("http://a/x", "file:///etc/passwd"), ("http://a/x", "http://[::1%25lo]/"),
        ])
    func refused(_ from: String, _ location: String) {
        #expect(throws: Redirection.Refusal.self) { try Redirection.target(of: location, from: WebURL(from)!) }
    }

    @Test("Why no one goes there is told: the place without TLS, and what is wrong with one that is none")
    func reasons() {
        let open = #expect(throws: Redirection.Refusal.self) {
            try Redirection.target(of: "http://b/z", from: WebURL("https://a/x")!)
        }
        #expect(open == .fromTLS(to: "http://b/z") && open?.description.contains("from https to http://b/z") == true)
        let long = "ftp://b/" + String(repeating: "z", count: 1000)
        let none = #expect(throws: Redirection.Refusal.self) {
            try Redirection.target(of: long, from: WebURL("https://a/x")!)
        }
        guard case .malformed(let location, _) = none else {
            Issue.record("\(String(describing: none))")
            return
        }
        #expect(location == long.prefix(200))
    }

    private static func fetch(
        _ path: String, addressGuard: AddressGuard = Sample.loopback, _ script: @escaping ScriptedServer.Script
    ) async throws -> (Result<String, AudioFetchError>, [ReceivedRequest]) {
        let server = try await ScriptedServer(script)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("belay-audio-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let fetcher = try AudioFetcher(
            .init(folder: folder), group: MultiThreadedEventLoopGroup.singleton, addressGuard: addressGuard,
            resolver: NameResolver { _ throws(NameFailure) in throw .noSuchName }, now: { Sample.time })
        let result: Result<String, AudioFetchError>
        do throws(AudioFetchError) {
            let audio = try await fetcher.fetch(WebURL("http://u:p@127.0.0.1:\(server.port)\(path)")!)
            result = .success((try? String(contentsOfFile: audio.path, encoding: .utf8)) ?? "")
        } catch {
            result = .failure(error)
        }
        await fetcher.close()
        await server.stop()
        return (result, server.requests)
    }

    @Test("Each kind of redirect is followed to the file", arguments: [301, 302, 303, 307, 308])
    func followed(_ status: Int) async throws {
        let (result, requests) = try await Self.fetch("/a") { request in
            request.line.contains("/b.wav")
                ? [ScriptedServer.answer(body: "sound")]
                : [ScriptedServer.answer("\(status) Elsewhere", headers: ["Location: b.wav?sig=1"], body: "text")]
        }
        #expect(result == .success("sound"))
        #expect(requests.map(\.line) == ["GET /a HTTP/1.1", "GET /b.wav?sig=1 HTTP/1.1"])
        #expect(requests.allSatisfy { $0.headers["authorization"] == "Basic dTpw" })
    }

    @Test("A few hops are followed, and a circle ends")
    func bounded() async throws {
        let (result, requests) = try await Self.fetch("/a") { _ in
            [ScriptedServer.answer("302 Found", headers: ["Location: /a"])]
        }
        guard case .failure(.redirect(302, let reason)) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(reason.contains("\(Redirection.maximumHops + 1)th"))
        #expect(requests.count == Redirection.maximumHops + 1)
    }

    @Test("Each hop passes the address guard")
    func guarded() async throws {
        let (result, requests) = try await Self.fetch("/a") { _ in
            [ScriptedServer.answer("302 Found", headers: ["Location: http://169.254.169.254/latest/meta-data"])]
        }
        guard case .failure(.unreachable(let failure)) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(failure.kind == .forbiddenAddress)
        #expect(requests.count == 1)
    }
}
