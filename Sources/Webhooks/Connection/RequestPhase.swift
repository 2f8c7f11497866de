import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Telephony

/// How far a request came: with it, an error that the library reports has one meaning.
enum RequestPhase: Sendable {
    /// No byte of the request has left. For TLS this includes the handshake.
    case connecting
    /// The request has been sent, at least in part.
    case sent
    /// The head of the answer has come.
    case answering
}

extension WebhookFailure {
    /// What an error of the HTTP library means in the phase in which it came.
    init(_ error: any Error, phase: RequestPhase, to pin: PinnedClients.Pin, limits: RequestLimits) {
        let host = pin.origin.name
        switch (error, phase) {
        case (is ForbiddenConnection, _):
            self.init(kind: .forbiddenAddress, explanation: "\(host) led to an address that may not be reached")
        case (let error as HTTPClientError, _) where error == .deadlineExceeded:
            self.init(
                kind: .timeout,
                explanation: phase == .connecting
                    ? "no connection to \(host) within \(limits.wholeText)"
                    : "no whole answer from \(host) within \(limits.wholeText)")
        case (let error as HTTPClientError, .connecting)
        where error == .connectTimeout || error == .tlsHandshakeTimeout || error == .getConnectionFromPoolTimeout:
            self.init(
                kind: .timeout,
                explanation: "no connection to \(host) (\(pin.address)) within \(limits.connectText)")
        case (is ChannelError, .connecting) where Self.isConnectTimeout(error):
            self.init(
                kind: .timeout,
                explanation: "no connection to \(host) (\(pin.address)) within \(limits.connectText)")
        case (_, .connecting) where Self.isStale(error):
            self.init(
                kind: .closedBeforeAnswer,
                explanation: "\(host) closed the connection just as the request was to be sent")
        case (let error as IOError, .connecting) where !(pin.origin.isTLS && Self.isBroken(error)):
            self.init(
                kind: .connect,
                explanation: "\(host) (\(pin.address)) cannot be connected to: \(Self.reason(error.errnoCode))")
        case (is NIOConnectionError, .connecting):
            self.init(kind: .connect, explanation: "\(host) (\(pin.address)) cannot be connected to")
        case (_, .connecting) where pin.origin.isTLS:
            self.init(
                kind: .tls, explanation: "TLS with \(host) (\(pin.address)) could not be set up: \(Self.brief(error))")
        case (_, .connecting):
            self.init(
                kind: .connect, explanation: "\(host) (\(pin.address)) cannot be connected to: \(Self.brief(error))")
        case (_, .sent) where Self.isMalformedAnswer(error):
            // Bytes of an answer came, though none that is one: no second try.
            self.init(
                kind: .closedWithinAnswer, explanation: "\(host) answered with something that is not HTTP")
        case (_, .sent):
            self.init(kind: .closedBeforeAnswer, explanation: "\(host) closed the connection before it answered")
        case (_, .answering):
            self.init(
                kind: .closedWithinAnswer, explanation: "\(host) closed the connection before its answer was whole")
        }
    }

    private static func isConnectTimeout(_ error: any Error) -> Bool {
        if case .connectTimeout? = error as? ChannelError { return true }
        return false
    }

    /// A kept connection was closed when the request was handed to it, before anything of it was written.
    private static func isStale(_ error: any Error) -> Bool {
        if let error = error as? HTTPClientError { return error == .remoteConnectionClosed }
        if case .ioOnClosedChannel? = error as? ChannelError { return true }
        return false
    }

    /// The connection stood and broke, which `connect` itself never reports.
    private static func isBroken(_ error: IOError) -> Bool {
        error.errnoCode == ECONNRESET || error.errnoCode == EPIPE
    }

    /// llhttp's errors; an answer that ends too early is none of them while its head has not come.
    private static func isMalformedAnswer(_ error: any Error) -> Bool {
        guard let error = error as? HTTPParserError else { return false }
        return error != .invalidEOFState
    }

    private static func reason(_ code: CInt) -> String { String(cString: strerror(code)) }

    /// One line, of bounded length: a certificate's error can be long.
    private static func brief(_ error: any Error) -> String {
        String("\(error)".prefix(200).map { $0.isNewline ? " " : $0 })
    }
}
