import Foundation
import NIOCore
import SIPTransport

/// Why an address cannot be listened on, in words: who holds it, and which option chooses another.
enum BindFailure {
    static func words(_ error: any Error, port: Int, _ kind: PortHolders.Kind, option: String) -> String {
        guard isInUse(error) else { return "\(reason(error)); choose another address with \(option)" }
        return "the port is in use, \(holder(of: port, kind)); stop that, or choose another port with \(option)"
    }

    static func holder(of port: Int, _ kind: PortHolders.Kind) -> String {
        let port = UInt16(clamping: port)
        return PortHolders.look(for: kind, in: port...port, held: [port]).words(for: port)
    }

    /// For a person: the system's words without the library's.
    static func reason(_ error: any Error) -> String {
        if error is SocketAddressError { return "the host has no address" }
        guard let error = error as? IOError else { return "\(error)" }
        return switch error.errnoCode {
        case EADDRNOTAVAIL: "this machine has no such address"
        case EACCES: "this user may not listen there (ports below 1024 are the system's)"
        default: String(cString: strerror(error.errnoCode))
        }
    }

    private static func isInUse(_ error: any Error) -> Bool { (error as? IOError)?.errnoCode == EADDRINUSE }
}
