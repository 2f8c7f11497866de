import CCares
package import NIOCore
import NIOPosix
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Asks `/etc/hosts` and the name servers through c-ares: any number of names at once, on one thread that waits for
/// all of them together, so that a server that does not answer holds up nobody but whoever asks it.
///
/// All of c-ares is touched by that thread alone. It sleeps in `poll` until a server answers, time runs out, or a new
/// question rings its bell.
package final class AresLookup: NameLookup {
    /// A question that is not answered by then fails, whatever c-ares goes on to try.
    package static let defaultDeadline = TimeAmount.seconds(5)
    /// Each server is asked twice, the second time for twice as long.
    static let firstTry = TimeAmount.milliseconds(1500)
    static let tries: CInt = 2

    struct Question: Sendable {
        var name: String
        var deadline: NIODeadline
        var completion: @Sendable (Result<NameAnswer, NameFailure>) -> Void
    }

    private struct Inbox {
        var questions: [Question] = []
        var isClosed = false
    }

    private let inbox = Mutex(Inbox())
    private let bell: Bell
    private let deadline: TimeAmount
    private let thread: NIOThreadPool

    /// - Parameters:
    ///   - servers: who is asked instead of those of `/etc/resolv.conf`: `ADDRESS` or `ADDRESS:PORT`, comma-separated.
    ///   - deadline: how long a question may take.
    /// - Throws: ``NameServersError`` where the servers are no such list, or c-ares cannot begin.
    package init(servers: String? = nil, deadline: TimeAmount = AresLookup.defaultDeadline) throws(NameServersError) {
        self.deadline = deadline
        bell = try Bell()
        let channel = try AresChannel(servers: servers, bell: bell)
        thread = NIOThreadPool(numberOfThreads: 1)
        thread.start()
        let start = Start(channel: channel)
        thread.submit { [self] _ in
            start.channel.run { isIdle in self.takeQuestions(isIdle) }
        }
    }

    package func lookUp(_ name: String, completion: @escaping @Sendable (Result<NameAnswer, NameFailure>) -> Void) {
        let question = Question(name: name, deadline: .now() + deadline, completion: completion)
        let isClosed = inbox.withLock { inbox in
            if !inbox.isClosed { inbox.questions.append(question) }
            return inbox.isClosed
        }
        guard !isClosed else { return completion(.failure(.notResolved("the server is stopping"))) }
        bell.ring()
    }

    package func close() {
        inbox.withLock { $0.isClosed = true }
        bell.ring()
        thread.shutdownGracefully { _ in }
    }

    /// What was asked since the last time; nil when the thread is to end.
    private func takeQuestions(_ isIdle: Bool) -> [Question]? {
        inbox.withLock { inbox in
            defer { inbox.questions.removeAll(keepingCapacity: true) }
            return inbox.isClosed && isIdle && inbox.questions.isEmpty ? nil : inbox.questions
        }
    }

    /// Carries the channel to its thread, and nowhere else.
    private final class Start: @unchecked Sendable {
        let channel: AresChannel
        init(channel: AresChannel) { self.channel = channel }
    }
}

/// The name servers cannot be asked at all.
package struct NameServersError: Error, CustomStringConvertible {
    package let description: String
}

/// Wakes a thread that sleeps in `poll`.
final class Bell: Sendable {
    /// Readable while it rings.
    let descriptor: CInt
    private let rope: CInt

    init() throws(NameServersError) {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw NameServersError(description: "no descriptor is left for look-ups") }
        (descriptor, rope) = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
    }

    deinit {
        _ = Self.close(descriptor)
        _ = Self.close(rope)
    }

    /// A full pipe rings already.
    func ring() {
        var byte: UInt8 = 1
        _ = write(rope, &byte, 1)
    }

    func silence() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while read(descriptor, &bytes, bytes.count) == bytes.count {}
    }

    private static func close(_ descriptor: CInt) -> CInt {
        #if canImport(Glibc)
            Glibc.close(descriptor)
        #elseif canImport(Musl)
            Musl.close(descriptor)
        #else
            Darwin.close(descriptor)
        #endif
    }
}
