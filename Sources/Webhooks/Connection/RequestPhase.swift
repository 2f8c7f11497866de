import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Telephony

/// How far a request came: with it, an error that the library reports has one meaning.
enum RequestPhase: Hashable, Sendable {
    /// No byte of the request has left. For TLS this includes the handshake.
    case connecting
    /// The request's head has been sent.
    case sending
    /// The whole request has been sent.
    case sent
    /// The head of the answer has come.
    case answering(status: Int)

    /// The last byte of the request has left; an answer may have begun before.
    mutating func requestSent() {
        switch self {
        case .connecting, .sending: self = .sent
        case .sent, .answering: break
        }
    }
}

extension WebhookFailure {
    /// What an error of the HTTP library means in the phase in which it came: what happened, where, and what can be done.
    init(_ error: any Error, phase: RequestPhase, to pin: PinnedClients.Pin, limits: RequestLimits) {
        let host = pin.origin.name
        if error is ForbiddenConnection {
            self.init(kind: .forbiddenAddress, explanation: "\(host) led to an address that may not be reached")
            return
        }
        let isLate = error as? HTTPClientError == .deadlineExceeded
        switch phase {
        case .connecting:
            self.init(connectingTo: pin, error, limits)
        case .sending where isLate:
            self.init(
                kind: .timeout, explanation: "the request could not be sent to \(host) whole within \(limits.wholeText)"
            )
        case .sent where isLate:
            self.init(
                kind: .unanswered,
                explanation: "\(host) got the request and did not answer it within \(limits.wholeText); "
                    + "it must answer first and do what takes long afterwards")
        case .sending where Self.isMalformedAnswer(error), .sent where Self.isMalformedAnswer(error):
            // Bytes of an answer came, though none that is one: no second try.
            self.init(
                kind: .closedWithinAnswer,
                explanation: "\(host) answered with something that is not HTTP; does another program listen there, or "
                    + "is https meant?")
        case .sending, .sent:
            self.init(
                kind: .closedBeforeAnswer,
                explanation: "\(host) closed the connection before it answered; the app's own log may tell why")
        case .answering(let status) where isLate:
            self.init(
                kind: .unanswered,
                explanation: "\(host) began to answer (\(status)) and did not end within \(limits.wholeText); "
                    + "its answer must come whole in that time",
                status: status)
        case .answering(let status):
            self.init(
                kind: .closedWithinAnswer,
                explanation: "\(host) closed the connection before its answer (\(status)) was whole; does its "
                    + "Content-Length fit?",
                status: status)
        }
    }

    private init(connectingTo pin: PinnedClients.Pin, _ error: any Error, _ limits: RequestLimits) {
        let host = pin.origin.name
        let place = "\(host) (\(pin.address))"
        switch error {
        case let error as HTTPClientError where error == .deadlineExceeded:
            self.init(
                kind: .timeout,
                explanation: "no connection to \(place) within \(limits.wholeText); is a firewall between?")
        case let error as HTTPClientError
        where error == .connectTimeout || error == .tlsHandshakeTimeout || error == .getConnectionFromPoolTimeout:
            self.init(kind: .timeout, explanation: Self.noConnection(place, limits))
        case is ChannelError where Self.isConnectTimeout(error):
            self.init(kind: .timeout, explanation: Self.noConnection(place, limits))
        case _ where Self.isStale(error):
            self.init(
                kind: .closedBeforeAnswer,
                explanation: "\(host) closed the connection just as the request was to be sent")
        case let error as IOError where !(pin.origin.isTLS && Self.isBroken(error)):
            self.init(
                kind: .connect,
                explanation: "\(place) cannot be connected to: \(Self.reason(error.errnoCode)); does the app run, and "
                    + "listen on this port?")
        case is NIOConnectionError:
            self.init(
                kind: .connect,
                explanation: "\(place) cannot be connected to; does the app run, and listen on this port?")
        case _ where pin.origin.isTLS:
            self.init(kind: .tls, explanation: Self.noTLS(place, error))
        default:
            self.init(kind: .connect, explanation: "\(place) cannot be connected to: \(Self.brief(error))")
        }
    }

    private static func noConnection(_ place: String, _ limits: RequestLimits) -> String {
        "no connection to \(place) within \(limits.connectText); does the app run, and is a firewall between?"
    }

    private static func noTLS(_ place: String, _ error: any Error) -> String {
        let text = brief(error)
        // What BoringSSL makes of a server that answers in plain text.
        if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
            return "\(place) speaks no TLS on this port; is http:// meant?"
        }
        if text.contains("ALERT_PROTOCOL_VERSION") || text.contains("UNSUPPORTED_PROTOCOL") {
            return "\(place) speaks only versions of TLS that are not safe any more; it must offer TLS 1.2 or 1.3"
        }
        if text.contains("CERTIFICATE_REQUIRED") || text.contains("ALERT_BAD_CERTIFICATE") {
            return "\(place) wants a certificate of its clients, which webhooks do not have"
        }
        return "TLS with \(place) could not be set up: \(text)"
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

    /// One line, of bounded length: a library's error can be long.
    private static func brief(_ error: any Error) -> String {
        String("\(error)".prefix(200).map { $0.isNewline ? " " : $0 })
    }
}
