import Foundation
import Telephony

/// Where a server is, and who said so.
struct ServerAddress: CustomStringConvertible {
    /// Where `belay serve` listens when nobody says otherwise.
    static let standard = "http://127.0.0.1:8080"
    /// In the data folder: the address of the server that started there last.
    static let fileName = "address"
    /// There: where the operator is answered, a URL, or ``inSocket``.
    static let operatorName = "BELAY_ADMIN_SERVER"
    static let inSocket = "socket"

    /// Without a slash at the end.
    let url: String
    /// In words that go on from "the address is ".
    let origin: String

    /// The path of a Unix socket; nil for what has a host.
    private var socket: String?

    var description: String { socket ?? url }

    /// On loopback.
    var isHere: Bool {
        if socket != nil { return true }
        guard let host = URL(string: url)?.host(percentEncoded: false) else { return false }
        return host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }

    /// What another command needs to reach the same server; empty where it finds it by itself.
    let option: String

    /// - Parameter name: of the option or variable that gave it.
    /// - Throws: `ClientError` for what is no URL.
    init(_ text: String, from name: String) throws {
        var text = text
        while text.hasSuffix("/") { text.removeLast() }
        // What the SDKs are given as their host.
        if text.hasSuffix("/apiserver") { text.removeLast("/apiserver".count) }
        guard let url = WebURL(text) else {
            throw ClientError("\(name) is \"\(text)\"; a server's URL such as \(Self.standard) is needed")
        }
        socket = nil
        self.url = url.text
        origin = "\(name)'s"
        option = name.hasPrefix("--") ? " --server \(url.text)" : ""
    }

    /// The folder's; where it has none, the standard one.
    ///
    /// - Parameter isNamed: by an option, so that the next command needs it too.
    init(ofFolder folder: String, isNamed: Bool = false) {
        socket = nil
        option = isNamed ? " --data \(folder)" : ""
        if let url = ServerAccess.lines(of: "\(folder)/\(Self.fileName)")["BELAY_SERVER"] {
            (self.url, origin) = (url, "that of the server that started last in \(folder)")
        } else {
            (url, origin) = (Self.standard, "the standard one, since \(folder) names none")
        }
    }

    /// Where the folder's operator is answered.
    init(ofOperatorIn folder: String, isNamed: Bool = false) {
        self.init(ofFolder: folder, isNamed: isNamed)
        switch ServerAccess.lines(of: "\(folder)/\(Self.fileName)")[Self.operatorName] {
        case Self.inSocket?:
            let path = OperatorSocket.path(in: folder)
            let encoded = path.utf8.map { String(format: "%%%02X", $0) }.joined()
            self = ServerAddress(url: "http+unix://\(encoded)", origin: origin, option: option, socket: path)
        case let url?: self = ServerAddress(url: url, origin: origin, option: option, socket: nil)
        case nil: break
        }
    }

    private init(url: String, origin: String, option: String, socket: String?) {
        self.url = url
        self.origin = origin
        self.option = option
        self.socket = socket
    }
}
