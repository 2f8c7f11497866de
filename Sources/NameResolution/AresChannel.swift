import CCares
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The channels of c-ares and the loop that serves them; touched by one thread.
///
/// What befalls a connection of a channel befalls all that is asked on it: where a name server does not take TCP, c-ares
/// counts that as a failed try of every question. So all questions share a channel that keeps to UDP, and makes do with
/// what has come where an answer is cut off. What has to be asked again, over TCP or of further servers, is asked on a
/// channel of its own, which ends with its question.
final class AresChannel {
    /// Where the system says who its name servers are.
    private static let systemConfiguration = "/etc/resolv.conf"

    /// What a callback of c-ares finds its way back by.
    private final class Ticket {
        unowned let channel: AresChannel
        let number: UInt64
        init(channel: AresChannel, number: UInt64) {
            self.channel = channel
            self.number = number
        }
    }

    private struct Asked {
        var question: AresLookup.Question
        /// How it ended on the shared channel, once it is asked again.
        var first: CInt?
    }

    /// Takes cut answers, of up to 1,232 bytes (what passes unfragmented everywhere), and tells what a server says
    /// rather than trying the next.
    private static let sharedFlags = ARES_FLAG_IGNTC | ARES_FLAG_NOCHECKRESP | ARES_FLAG_EDNS
    private static let datagramBytes: CInt = 1232

    private let servers: String?
    private let bell: Bell
    /// The one that all questions share.
    private var channel: ares_channel?
    /// Of those that are asked again, by the question's number.
    private var own: [UInt64: ares_channel] = [:]
    /// When the system's configuration was last changed, as the channel read it.
    private var configured: timespec?
    private var waiting: [UInt64: Asked] = [:]
    /// To be asked again: not while c-ares calls back.
    private var again: [UInt64] = []
    private var nextNumber: UInt64 = 0
    /// What c-ares has not given back; more than `waiting` where a question's time has run out.
    private var underWay = 0

    init(servers: String?, bell: Bell) throws(NameServersError) {
        self.servers = servers
        self.bell = bell
        guard ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS else {
            throw NameServersError(description: "c-ares cannot begin")
        }
        try openShared()
    }

    deinit {
        if let channel { ares_destroy(channel) }
        for channel in own.values { ares_destroy(channel) }
    }

    /// Serves until `takeQuestions`, which is told whether nobody waits for an answer, gives nil.
    func run(_ takeQuestions: (Bool) -> [AresLookup.Question]?) {
        while let questions = takeQuestions(waiting.isEmpty) {
            if !questions.isEmpty { readConfigurationAgain() }
            for question in questions { ask(question) }
            askAgain()
            wait()
            expire()
            closeOwn()
        }
        if let channel { ares_destroy(channel) }
        channel = nil
    }

    // MARK: The channel

    private func openShared() throws(NameServersError) {
        configured = servers == nil ? Self.modification(of: Self.systemConfiguration) : nil
        channel = try open(flags: Self.sharedFlags)
    }

    private func open(flags: CInt) throws(NameServersError) -> ares_channel {
        var options = ares_options()
        options.flags = flags
        options.timeout = CInt(AresLookup.firstTry.nanoseconds / 1_000_000)
        options.tries = AresLookup.tries
        options.ednspsz = Self.datagramBytes
        var opened: ares_channel?
        let status = ares_init_options(
            &opened, &options, ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ)
        guard status == ARES_SUCCESS, let opened else {
            throw NameServersError(description: "c-ares cannot begin: \(Self.words(for: status))")
        }
        if let servers {
            let status = ares_set_servers_ports_csv(opened, servers)
            guard status == ARES_SUCCESS else {
                ares_destroy(opened)
                throw NameServersError(
                    description: "\(servers) is no list of name servers: ADDRESS or ADDRESS:PORT, comma-separated")
            }
        }
        return opened
    }

    /// A laptop changes its network: the servers are read again when the system's configuration has changed. Between
    /// questions only, since a channel that ends takes its questions along.
    private func readConfigurationAgain() {
        guard servers == nil, underWay == 0, let now = Self.modification(of: Self.systemConfiguration),
            now.tv_sec != configured?.tv_sec || now.tv_nsec != configured?.tv_nsec
        else { return }
        let former = channel
        // With the former servers where the new ones cannot be read.
        guard (try? openShared()) != nil, let former else { return }
        ares_destroy(former)
    }

    private static func modification(of path: String) -> timespec? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        #if canImport(Darwin)
            return status.st_mtimespec
        #else
            return status.st_mtim
        #endif
    }

    // MARK: Questions

    private func ask(_ question: AresLookup.Question) {
        guard let channel else {
            return question.completion(.failure(.notResolved("the server is stopping")))
        }
        let number = nextNumber
        nextNumber += 1
        waiting[number] = Asked(question: question)
        ask(question.name, number, on: channel)
    }

    private func ask(_ name: String, _ number: UInt64, on channel: ares_channel) {
        underWay += 1
        var hints = ares_addrinfo_hints()
        hints.ai_family = AF_UNSPEC
        let ticket = Unmanaged.passRetained(Ticket(channel: self, number: number))
        ares_getaddrinfo(
            channel, name, nil, &hints,
            { context, status, _, list in
                defer { if let list { ares_freeaddrinfo(list) } }
                guard let context else { return }
                let ticket = Unmanaged<Ticket>.fromOpaque(context).takeRetainedValue()
                ticket.channel.answered(ticket.number, status, list)
            }, ticket.toOpaque())
    }

    private func answered(_ number: UInt64, _ status: CInt, _ list: UnsafeMutablePointer<ares_addrinfo>?) {
        underWay -= 1
        guard let asked = waiting[number] else { return }
        if asked.first == nil, Self.isAskedAgain(status) {
            waiting[number]?.first = status
            return again.append(number)
        }
        waiting[number] = nil
        asked.question.completion(Self.result(status, list, first: asked.first))
    }

    /// Asks each on a channel of its own, which goes over to TCP where an answer is cut off, and on to the next server
    /// where one fails.
    private func askAgain() {
        for number in again {
            guard let name = waiting[number]?.question.name else { continue }
            do {
                let channel = try open(flags: 0)
                own[number] = channel
                ask(name, number, on: channel)
            } catch {
                waiting.removeValue(forKey: number)?.question.completion(.failure(.notResolved(error.description)))
            }
        }
        again = []
    }

    /// Closes the channels whose questions are over.
    private func closeOwn() {
        for (number, channel) in own where waiting[number] == nil {
            own[number] = nil
            ares_destroy(channel)
        }
    }

    /// Tells those whose time has run out; what c-ares still finds is nobody's.
    private func expire() {
        let now = NIODeadline.now()
        for (number, asked) in waiting where asked.question.deadline <= now {
            waiting[number] = nil
            asked.question.completion(.failure(.notResolved(Self.words(for: CInt(ARES_ETIMEOUT), first: asked.first))))
        }
    }

    // MARK: Waiting

    private func wait() {
        let channels = (channel.map { [$0] } ?? []) + own.values
        var polled = [pollfd(fd: bell.descriptor, events: Int16(POLLIN), revents: 0)]
        var owners: [ares_channel] = []
        for channel in channels {
            for socket in Self.sockets(of: channel) {
                polled.append(socket)
                owners.append(channel)
            }
        }
        let ready = poll(&polled, nfds_t(polled.count), patience(channels))
        if polled[0].revents != 0 { bell.silence() }
        if ready > 0 {
            for (socket, channel) in zip(polled.dropFirst(), owners) where socket.revents != 0 {
                let isReadable = socket.revents & Int16(POLLIN | POLLERR | POLLHUP) != 0
                let isWritable = socket.revents & Int16(POLLOUT) != 0
                ares_process_fd(
                    channel, isReadable ? socket.fd : ARES_SOCKET_BAD, isWritable ? socket.fd : ARES_SOCKET_BAD)
            }
        }
        // Also where nothing is ready: what has run out of time is tried again.
        for channel in channels { ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD) }
    }

    private static func sockets(of channel: ares_channel) -> [pollfd] {
        var sockets = [ares_socket_t](repeating: -1, count: Int(ARES_GETSOCK_MAXNUM))
        let interest = ares_getsock(channel, &sockets, CInt(sockets.count))
        return sockets.enumerated().compactMap { index, socket in
            // ARES_GETSOCK_READABLE and ARES_GETSOCK_WRITABLE, which are macros.
            let reads = interest & (1 << CInt(index)) != 0
            let writes = interest & (1 << CInt(index + sockets.count)) != 0
            guard reads || writes else { return nil }
            return pollfd(fd: socket, events: Int16((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)), revents: 0)
        }
    }

    /// Milliseconds until c-ares or a question's deadline wants attention; -1 where nothing does.
    private func patience(_ channels: [ares_channel]) -> CInt {
        var milliseconds: Int64?
        for channel in channels {
            var room = timeval()
            guard let wait = ares_timeout(channel, nil, &room) else { continue }
            let left = Int64(wait.pointee.tv_sec) * 1000 + Int64(wait.pointee.tv_usec) / 1000 + 1
            milliseconds = min(milliseconds ?? left, left)
        }
        if let deadline = waiting.values.map(\.question.deadline).min() {
            let left = max(0, (deadline - .now()).nanoseconds / 1_000_000 + 1)
            milliseconds = min(milliseconds ?? left, left)
        }
        return CInt(milliseconds ?? -1)
    }

    // MARK: Answers

    /// Where a server is in trouble, or an answer may have been cut off: without addresses, or in the midst of a record.
    private static func isAskedAgain(_ status: CInt) -> Bool {
        switch status {
        case ARES_ENODATA, ARES_EBADRESP, ARES_EFORMERR, ARES_ESERVFAIL, ARES_ENOTIMP, ARES_EREFUSED: true
        default: false
        }
    }

    private static func result(
        _ status: CInt, _ list: UnsafeMutablePointer<ares_addrinfo>?, first: CInt?
    ) -> Result<NameAnswer, NameFailure> {
        switch status {
        case ARES_SUCCESS: break
        case ARES_ENOTFOUND, ARES_ENODATA: return .failure(.noSuchName)
        default: return .failure(.notResolved(words(for: status, first: first)))
        }
        var answer = NameAnswer(addresses: [])
        var entry = list?.pointee.nodes
        while let node = entry?.pointee {
            if let socketAddress = node.ai_addr,
                let address = HostAddress(socketAddress, length: Int(node.ai_addrlen)),
                !answer.addresses.contains(address)
            {
                answer.addresses.append(address)
            }
            answer.lifetimeSeconds = min(answer.lifetimeSeconds ?? .max, max(0, Int(node.ai_ttl)))
            entry = node.ai_next
        }
        return answer.addresses.isEmpty ? .failure(.noSuchName) : .success(answer)
    }

    /// Of a question that was asked again: c-ares, which tries all servers then, does not tell what they said.
    private static func words(for status: CInt, first: CInt?) -> String {
        guard let first, status == ARES_ECONNREFUSED || status == ARES_ETIMEOUT else { return words(for: status) }
        switch first {
        case ARES_ENODATA, ARES_EBADRESP:
            return status == ARES_ETIMEOUT
                ? words(for: status) : "its answer exceeds a datagram, and its name server does not take TCP"
        default: return words(for: first)
        }
    }

    private static func words(for status: CInt) -> String {
        switch status {
        case ARES_ETIMEOUT: "its name servers did not answer in time"
        case ARES_ECONNREFUSED: "no name server could be reached"
        case ARES_ESERVFAIL: "its name server failed (SERVFAIL)"
        case ARES_EREFUSED: "the name server refuses to answer (REFUSED)"
        case ARES_EBADNAME: "it is no host name"
        case ARES_ENOTIMP: "its name server does not take the question (NOTIMP)"
        case ARES_EFORMERR: "its name server does not understand the question (FORMERR)"
        case ARES_EBADRESP: "its name server's answer makes no sense"
        case ARES_EDESTRUCTION, ARES_ECANCELLED: "the server is stopping"
        default: String(cString: ares_strerror(status))
        }
    }
}
