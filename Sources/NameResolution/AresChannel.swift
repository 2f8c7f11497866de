import CCares
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A c-ares channel and the loop that serves it; touched by one thread.
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

    private let servers: String?
    private let bell: Bell
    private var channel: ares_channel?
    /// When the system's configuration was last changed, as the channel read it.
    private var configured: timespec?
    private var waiting: [UInt64: AresLookup.Question] = [:]
    private var nextNumber: UInt64 = 0
    /// What c-ares has not given back; more than `waiting` where a question's time has run out.
    private var underWay = 0

    init(servers: String?, bell: Bell) throws(NameServersError) {
        self.servers = servers
        self.bell = bell
        guard ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS else {
            throw NameServersError(description: "c-ares cannot begin")
        }
        try open()
    }

    deinit {
        if let channel { ares_destroy(channel) }
    }

    /// Serves until `takeQuestions`, which is told whether nobody waits for an answer, gives nil.
    func run(_ takeQuestions: (Bool) -> [AresLookup.Question]?) {
        while let questions = takeQuestions(waiting.isEmpty) {
            if !questions.isEmpty { readConfigurationAgain() }
            for question in questions { ask(question) }
            wait()
            expire()
        }
        if let channel { ares_destroy(channel) }
        channel = nil
    }

    // MARK: The channel

    private func open() throws(NameServersError) {
        configured = servers == nil ? Self.modification(of: Self.systemConfiguration) : nil
        var options = ares_options()
        options.timeout = CInt(AresLookup.firstTry.nanoseconds / 1_000_000)
        options.tries = AresLookup.tries
        var opened: ares_channel?
        let status = ares_init_options(&opened, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES)
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
        channel = opened
    }

    /// A laptop changes its network: the servers are read again when the system's configuration has changed. Between
    /// questions only, since a channel that ends takes its questions along.
    private func readConfigurationAgain() {
        guard servers == nil, underWay == 0, let now = Self.modification(of: Self.systemConfiguration),
            now.tv_sec != configured?.tv_sec || now.tv_nsec != configured?.tv_nsec
        else { return }
        let former = channel
        // With the former servers where the new ones cannot be read.
        guard (try? open()) != nil, let former else { return }
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
        waiting[number] = question
        underWay += 1
        var hints = ares_addrinfo_hints()
        hints.ai_family = AF_UNSPEC
        let ticket = Unmanaged.passRetained(Ticket(channel: self, number: number))
        ares_getaddrinfo(
            channel, question.name, nil, &hints,
            { context, status, _, list in
                defer { if let list { ares_freeaddrinfo(list) } }
                guard let context else { return }
                let ticket = Unmanaged<Ticket>.fromOpaque(context).takeRetainedValue()
                ticket.channel.answered(ticket.number, AresChannel.result(status, list))
            }, ticket.toOpaque())
    }

    private func answered(_ number: UInt64, _ result: Result<NameAnswer, NameFailure>) {
        underWay -= 1
        waiting.removeValue(forKey: number)?.completion(result)
    }

    /// Tells those whose time has run out; what c-ares still finds is nobody's.
    private func expire() {
        let now = NIODeadline.now()
        for (number, question) in waiting where question.deadline <= now {
            waiting[number] = nil
            question.completion(.failure(.notResolved("its name servers did not answer in time")))
        }
    }

    // MARK: Waiting

    private func wait() {
        guard let channel else { return }
        var sockets = [ares_socket_t](repeating: -1, count: Int(ARES_GETSOCK_MAXNUM))
        let interest = ares_getsock(channel, &sockets, CInt(sockets.count))
        var polled = [pollfd(fd: bell.descriptor, events: Int16(POLLIN), revents: 0)]
        for (index, socket) in sockets.enumerated() {
            // ARES_GETSOCK_READABLE and ARES_GETSOCK_WRITABLE, which are macros.
            let reads = interest & (1 << CInt(index)) != 0
            let writes = interest & (1 << CInt(index + sockets.count)) != 0
            guard reads || writes else { continue }
            let events = (reads ? POLLIN : 0) | (writes ? POLLOUT : 0)
            polled.append(pollfd(fd: socket, events: Int16(events), revents: 0))
        }
        let ready = poll(&polled, nfds_t(polled.count), patience(channel))
        if polled[0].revents != 0 { bell.silence() }
        guard ready > 0, polled.count > 1 else {
            return ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD)
        }
        for socket in polled.dropFirst() {
            let isReadable = socket.revents & Int16(POLLIN | POLLERR | POLLHUP) != 0
            let isWritable = socket.revents & Int16(POLLOUT) != 0
            // Also where nothing is ready: what has run out of time is tried again.
            ares_process_fd(channel, isReadable ? socket.fd : ARES_SOCKET_BAD, isWritable ? socket.fd : ARES_SOCKET_BAD)
        }
    }

    /// Milliseconds until c-ares or a question's deadline wants attention; -1 where nothing does.
    private func patience(_ channel: ares_channel) -> CInt {
        var milliseconds: Int64?
        var room = timeval()
        if let wait = ares_timeout(channel, nil, &room) {
            milliseconds = Int64(wait.pointee.tv_sec) * 1000 + Int64(wait.pointee.tv_usec) / 1000 + 1
        }
        if let deadline = waiting.values.map(\.deadline).min() {
            let left = max(0, (deadline - .now()).nanoseconds / 1_000_000 + 1)
            milliseconds = min(milliseconds ?? left, left)
        }
        return CInt(milliseconds ?? -1)
    }

    // MARK: Answers

    private static func result(
        _ status: CInt, _ list: UnsafeMutablePointer<ares_addrinfo>?
    ) -> Result<NameAnswer, NameFailure> {
        switch status {
        case ARES_SUCCESS: break
        case ARES_ENOTFOUND, ARES_ENODATA: return .failure(.noSuchName)
        default: return .failure(.notResolved(words(for: status)))
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

    private static func words(for status: CInt) -> String {
        switch status {
        case ARES_ETIMEOUT: "its name servers did not answer in time"
        case ARES_ECONNREFUSED: "no name server could be reached"
        case ARES_ESERVFAIL: "its name server failed (SERVFAIL)"
        case ARES_EREFUSED: "the name server refuses to answer (REFUSED)"
        case ARES_EBADNAME: "it is no host name"
        case ARES_EBADRESP, ARES_EFORMERR, ARES_ENOTIMP: "its name server's answer makes no sense"
        case ARES_EDESTRUCTION, ARES_ECANCELLED: "the server is stopping"
        default: String(cString: ares_strerror(status))
        }
    }
}
