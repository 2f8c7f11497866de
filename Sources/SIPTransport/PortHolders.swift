internal import FoundationEssentials
internal import Glibc
package import SIP

/// Who holds ports of this machine, as Linux tells it: `/proc/net` lists the sockets with their users (proc(5)), the
/// links in `/proc/PID/fd` say whose they are. Other users' programs may not be looked into without privileges; then
/// the user is all that is said.
package struct PortHolders: Sendable {
    package enum Kind: Sendable {
        case udp
        /// Listening only.
        case tcp

        fileprivate var tables: [String] {
            switch self {
            case .udp: ["/proc/net/udp", "/proc/net/udp6"]
            case .tcp: ["/proc/net/tcp", "/proc/net/tcp6"]
            }
        }
    }

    /// A line of one of the tables.
    package struct Socket: Hashable, Sendable {
        package var address: IPAddress
        package var port: UInt16
        package var userID: UInt32
        package var inode: UInt64

        /// Whether it keeps others from the same port at that address: a socket of all addresses does at each of them.
        func isInTheWay(of other: IPAddress) -> Bool {
            address == other || [address, other].contains { $0.bytes.allSatisfy { $0 == 0 } }
        }
    }

    private let sockets: [UInt16: Socket]
    /// By inode.
    private let programs: [UInt64: String]
    private let userNames: [UInt32: String]

    /// Looks now; what it costs grows with the number of this machine's programs (some milliseconds), so that it is
    /// nothing for a thread that others wait for.
    ///
    /// - Parameters:
    ///   - held: those of the ports that are known to be held, because they could not be bound: they are looked for until
    ///     each has been seen.
    ///   - address: where the ports are wanted; nil: anywhere.
    package static func look(
        for kind: Kind, in ports: ClosedRange<UInt16>, held: Set<UInt16> = [], at address: IPAddress? = nil
    ) -> PortHolders {
        let found = wholly(held: held) {
            kind.tables.flatMap { sockets(in: text(of: $0), kind) }.filter { socket in
                ports.contains(socket.port) && address.map(socket.isInTheWay) ?? true
            }
        }
        return PortHolders(
            sockets: found, programs: found.isEmpty ? [:] : programs(holding: Set(found.map(\.inode))),
            userNames: found.isEmpty ? [:] : userNames(in: text(of: "/etc/passwd")))
    }

    /// All that `read` finds, in readings until one of them has nothing new and none of the held ports is missing.
    ///
    /// Linux hands a table out a page at a time, and finds the next page's beginning by counting: where a socket of an
    /// earlier page has been closed meanwhile, one that is there all the time is left out, also twice in a row where
    /// many are opened and closed.
    package static func wholly(held: Set<UInt16> = [], _ read: () -> [Socket]) -> [Socket] {
        var found: [Socket] = []
        var known: Set<Socket> = []
        var missing = held
        // A port that is held may be nobody's who is seen from here: another container's, or free again.
        for reading in 1...mostReadings {
            let new = read().filter { known.insert($0).inserted }
            found += new
            missing.subtract(new.map(\.port))
            if new.isEmpty, reading > 1, missing.isEmpty { break }
        }
        return found
    }

    private static let mostReadings = 50

    package init(sockets: [Socket], programs: [UInt64: String], userNames: [UInt32: String]) {
        self.sockets = Dictionary(sockets.map { ($0.port, $0) }) { first, _ in first }
        self.programs = programs
        self.userNames = userNames
    }

    /// `freeswitch (pid 812)`, or `a program of user asterisk`; nil where nobody is seen to hold it.
    package func holder(of port: UInt16) -> String? {
        guard let socket = sockets[port] else { return nil }
        if let program = programs[socket.inode] { return program }
        return
            "a program of user \(userNames[socket.userID] ?? "\(socket.userID)") that may not be looked into from here"
    }

    private static let unseen = "a program that is not seen from here"

    /// What a message says of the holder.
    package func words(for port: UInt16) -> String { "held by \(holder(of: port) ?? Self.unseen)" }

    /// Who holds these ports and how many of them each has, the greatest first.
    package func count(of ports: Set<UInt16>) -> [(holder: String, ports: Int)] {
        var counts: [String: Int] = [:]
        for port in ports { counts[holder(of: port) ?? Self.unseen, default: 0] += 1 }
        return counts.map { ($0.key, $0.value) }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
    }

    // MARK: What Linux tells

    /// Lines of `sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode …`; numbers are
    /// hexadecimal but for uid and inode.
    package static func sockets(in table: String, _ kind: Kind) -> [Socket] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            let words = line.split(separator: " ")
            guard words.count >= 10, let (address, port) = local(words[1]), let user = UInt32(words[7]),
                let inode = UInt64(words[9])
            else { return nil }
            // 0A: TCP_LISTEN. What is connected from such a port stands in nobody's way.
            if case .tcp = kind, words[3] != "0A" { return nil }
            return Socket(address: address, port: port, userID: user, inode: inode)
        }
    }

    /// Of `0100007F:4000`: the address in words of 32 bits as the machine keeps them, the port in plain digits.
    private static func local(_ text: Substring) -> (IPAddress, UInt16)? {
        let parts = text.split(separator: ":")
        guard parts.count == 2, parts[0].count % 8 == 0, let port = UInt16(parts[1], radix: 16) else { return nil }
        var bytes: [UInt8] = []
        var rest = parts[0]
        while !rest.isEmpty {
            guard let word = UInt32(rest.prefix(8), radix: 16) else { return nil }
            withUnsafeBytes(of: word) { bytes.append(contentsOf: $0) }
            rest = rest.dropFirst(8)
        }
        return IPAddress(bytes: bytes).map { ($0, port) }
    }

    private static func programs(holding inodes: Set<UInt64>) -> [UInt64: String] {
        let files = FileManager.default
        var programs: [UInt64: String] = [:]
        for process in (try? files.contentsOfDirectory(atPath: "/proc")) ?? [] where UInt32(process) != nil {
            let folder = "/proc/\(process)/fd"
            // Another user's: its links may not be read.
            guard let links = try? files.contentsOfDirectory(atPath: folder) else { continue }
            for link in links {
                guard let target = try? files.destinationOfSymbolicLink(atPath: "\(folder)/\(link)"),
                    let inode = inode(of: target), inodes.contains(inode), programs[inode] == nil
                else { continue }
                let name = text(of: "/proc/\(process)/comm").split(separator: "\n").first ?? "a program"
                programs[inode] = "\(name) (pid \(process))"
            }
        }
        return programs
    }

    /// Of `socket:[12345]`.
    private static func inode(of link: String) -> UInt64? {
        guard link.hasPrefix("socket:["), link.hasSuffix("]") else { return nil }
        return UInt64(link.dropFirst("socket:[".count).dropLast())
    }

    private static func userNames(in passwd: String) -> [UInt32: String] {
        var names: [UInt32: String] = [:]
        for line in passwd.split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            if fields.count > 2, let id = UInt32(fields[2]), names[id] == nil { names[id] = String(fields[0]) }
        }
        return names
    }

    /// Empty where it cannot be read: there is no such file on another system.
    ///
    /// Read until nothing comes any more. Linux hands out a page of a table at a time, and Foundation takes the first
    /// reading that is shorter than it asked for to be the end of a file that tells no size.
    private static func text(of path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return String(decoding: text, as: UTF8.self) }
            text += piece.prefix(count)
        }
    }
}
