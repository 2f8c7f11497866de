import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Why nothing came back over HTTP, in words for a person.
enum ConnectionFailure {
    /// Goes on from "no answer from …: ".
    static func words(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if let failure = error.connectionErrors.first { return words(failure.error) }
            return "the name \(error.host) has no address"
        case let error as IOError: return words(errno: error.errnoCode)
        case ChannelError.connectTimeout: return "nothing there takes connections"
        case ChannelError.ioOnClosedChannel, ChannelError.eof: return "the connection was closed without an answer"
        case is HTTPParserError: return "what answers there does not speak HTTP"
        case let error as HTTPClientError: return words(error)
        case is SocketAddressError: return "its host has no address"
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            return "its certificate is for another name"
        case is NIOSSLError where "\(error)".contains("CERTIFICATE_VERIFY_FAILED"):
            return "its certificate is not trusted; name one of an authority of your own with --webhook-ca FILE"
        case is NIOSSLError: return "TLS could not be set up: does it speak TLS?"
        default: return "\(error)"
        }
    }

    private static func words(_ error: HTTPClientError) -> String {
        switch error {
        case .connectTimeout: "nothing there takes connections"
        case .readTimeout, .deadlineExceeded: "it takes connections, and does not answer"
        case .remoteConnectionClosed, .uncleanShutdown: "the connection was closed without an answer"
        case .tlsHandshakeTimeout: "it does not speak TLS"
        default: "\(error)"
        }
    }

    private static func words(errno code: CInt) -> String {
        switch code {
        case ENOENT: "the server's socket is not there, so that none runs"
        case ECONNREFUSED: "the connection was refused, so that no program listens there"
        case ENETUNREACH, EHOSTUNREACH: "no way leads to that host from here"
        case ECONNRESET, EPIPE: "the connection was closed without an answer"
        case ETIMEDOUT: "nothing there takes connections"
        default: String(cString: strerror(code))
        }
    }
}
