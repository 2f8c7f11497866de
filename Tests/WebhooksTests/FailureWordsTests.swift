import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NameResolution
import Telephony
import Testing

@testable import Webhooks

/// What an error of the library means: a second try at once hangs on it (docs/contract/webhooks.md#answers-with-a-script).
@Suite struct FailureWordsTests {
    private static let limits = RequestLimits(connect: .milliseconds(250), whole: .seconds(7))

    /// Whose text is whatever a library says.
    private struct Loud: Error, CustomStringConvertible { let description: String }

    private static func pin(_ scheme: String) throws -> PinnedClients.Pin {
        let url = try #require(WebURL("\(scheme)://hooks.example:8443/path?secret=1"))
        return PinnedClients.Pin(origin: Origin(url), address: .v4(0x7F00_0001))
    }

    private func failure(
        _ error: any Error, _ phase: RequestPhase, _ scheme: String = "http"
    ) throws -> WebhookFailure {
        let failure = WebhookFailure(error, phase: phase, to: try Self.pin(scheme), limits: Self.limits)
        #expect(failure.explanation.contains("hooks.example:8443"), "it names the host: \(failure)")
        #expect(!failure.explanation.contains("secret"), "and not the URL: \(failure)")
        return failure
    }

    @Test("While connecting, what ran out of time says of which time")
    func connectingTooLong() throws {
        for scheme in ["http", "https"] {
            let whole = try failure(HTTPClientError.deadlineExceeded, .connecting, scheme)
            #expect(whole.kind == .timeout && whole.explanation.contains("within 7 s"), "\(whole)")
            for error in [
                HTTPClientError.connectTimeout, HTTPClientError.tlsHandshakeTimeout,
                HTTPClientError.getConnectionFromPoolTimeout, ChannelError.connectTimeout(.seconds(1)),
            ] as [any Error] {
                let connect = try failure(error, .connecting, scheme)
                #expect(connect.kind == .timeout && connect.explanation.contains("within 250 ms"), "\(connect)")
                #expect(!connect.allowsImmediateRetry)
            }
        }
    }

    @Test("A kept connection that closes as a request is handed to it is closed before the answer")
    func stale() throws {
        for error in [HTTPClientError.remoteConnectionClosed, ChannelError.ioOnClosedChannel] as [any Error] {
            for scheme in ["http", "https"] {
                let stale = try failure(error, .connecting, scheme)
                #expect(stale.kind == .closedBeforeAnswer && stale.allowsImmediateRetry, "\(stale)")
            }
        }
    }

    @Test(
        "Who refuses the connection is not connected to, over TLS too; who breaks it off while TLS is set up fails at TLS",
        arguments: [
            (ECONNREFUSED, "http", WebhookFailure.Kind.connect), (ECONNREFUSED, "https", .connect),
            (EHOSTUNREACH, "https", .connect), (ECONNRESET, "http", .connect), (EPIPE, "http", .connect),
            (ECONNRESET, "https", .tls), (EPIPE, "https", .tls),
        ])
    func connecting(_ code: CInt, _ scheme: String, _ kind: WebhookFailure.Kind) throws {
        let failed = try failure(IOError(errnoCode: code, reason: "connect"), .connecting, scheme)
        #expect(failed.kind == kind, "\(failed)")
        #expect(failed.explanation.contains("(127.0.0.1)"), "\(failed)")
        #expect(failed.allowsImmediateRetry == (kind == .connect))
        if kind == .connect { #expect(failed.explanation.contains(String(cString: strerror(code))), "\(failed)") }
    }

    @Test(
        "What TLS failed at is told so that somebody can mend it",
        arguments: [
            ("SSL error: WRONG_VERSION_NUMBER", "speaks no TLS on this port"),
            ("SSL error: HTTP_REQUEST", "speaks no TLS on this port"),
            ("TLSV1_ALERT_PROTOCOL_VERSION", "TLS 1.2 or 1.3"), ("UNSUPPORTED_PROTOCOL", "TLS 1.2 or 1.3"),
            ("TLSV1_CERTIFICATE_REQUIRED", "wants a certificate of its clients"),
            ("SSLV3_ALERT_BAD_CERTIFICATE", "wants a certificate of its clients"),
            ("SOMETHING_ELSE", "could not be set up: SOMETHING_ELSE"),
        ])
    func tls(_ text: String, _ words: String) throws {
        let failed = try failure(Loud(description: text), .connecting, "https")
        #expect(failed.kind == .tls && failed.explanation.contains(words), "\(failed)")
        #expect(!failed.allowsImmediateRetry)
        // Without TLS the same words mean nothing of TLS.
        let plain = try failure(Loud(description: text), .connecting, "http")
        #expect(plain.kind == .connect && plain.explanation.contains("cannot be connected to: \(text)"), "\(plain)")
    }

    @Test("A library's long error becomes one line of 200 characters at most")
    func brief() throws {
        let text = "line\n" + String(repeating: "x", count: 300)
        for scheme in ["http", "https"] {
            let failed = try failure(Loud(description: text), .connecting, scheme)
            #expect(!failed.explanation.contains("\n"), "\(failed)")
            #expect(failed.explanation.hasSuffix(": line " + String(repeating: "x", count: 195)), "\(failed)")
        }
    }

    @Test("Before the answer began: late is late, what is not HTTP is an answer, anything else closed it")
    func beforeTheAnswer() throws {
        let late = HTTPClientError.deadlineExceeded
        let sending = try failure(late, .sending)
        #expect(sending.kind == .timeout && sending.explanation.contains("whole within 7 s"), "\(sending)")
        let sent = try failure(late, .sent)
        #expect(sent.kind == .unanswered && sent.explanation.contains("within 7 s") && sent.status == nil, "\(sent)")
        for phase in [RequestPhase.sending, .sent] {
            let strange = try failure(HTTPParserError.invalidConstant, phase)
            #expect(strange.kind == .closedWithinAnswer && strange.explanation.contains("not HTTP"), "\(strange)")
            for error in [HTTPParserError.invalidEOFState, HTTPClientError.remoteConnectionClosed] as [any Error] {
                let closed = try failure(error, phase)
                #expect(closed.kind == .closedBeforeAnswer && closed.allowsImmediateRetry, "\(closed)")
            }
        }
    }

    @Test("Within the answer its status is told")
    func withinTheAnswer() throws {
        let late = try failure(HTTPClientError.deadlineExceeded, .answering(status: 502))
        #expect(late.kind == .unanswered && late.status == 502 && late.explanation.contains("(502)"), "\(late)")
        for error in [HTTPClientError.remoteConnectionClosed, HTTPParserError.invalidChunkSize] as [any Error] {
            let closed = try failure(error, .answering(status: 200))
            #expect(closed.kind == .closedWithinAnswer && closed.status == 200, "\(closed)")
            #expect(closed.explanation.contains("(200)") && !closed.allowsImmediateRetry, "\(closed)")
        }
    }

    @Test("A connection that led to a forbidden address is that, however far the request came")
    func forbidden() throws {
        for phase in [RequestPhase.connecting, .sending, .sent, .answering(status: 200)] {
            let forbidden = try failure(ForbiddenConnection(), phase, "https")
            #expect(forbidden.kind == .forbiddenAddress && !forbidden.allowsImmediateRetry, "\(forbidden)")
        }
    }

    @Test("A request that has been sent whole is sent, unless its answer has begun before")
    func sent() {
        for (before, after) in [
            (RequestPhase.connecting, RequestPhase.sent), (.sending, .sent), (.sent, .sent),
            (.answering(status: 413), .answering(status: 413)),
        ] {
            var phase = before
            phase.requestSent()
            #expect(phase == after)
        }
    }
}
