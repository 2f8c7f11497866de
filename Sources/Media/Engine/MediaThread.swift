internal import CMedia
internal import Synchronization

/// One media thread as others see it: an inbox, and figures. What runs on it is `MediaLoop`.
///
/// The thread always sleeps in exactly one read: of its timer while sessions run, of its bell while there are none.
/// A command posted meanwhile rings the bell only in the second case; otherwise it is found at the next tick, within
/// a millisecond, and posting costs no call of the system.
final class MediaThread: Sendable {
    private struct Inbox {
        var commands: [MediaCommand] = []
        var isAsleep = false
        var isStopping = false
    }

    private struct Handles {
        var bell: Int32 = -1
        var thread: UInt = 0
    }

    /// What the thread's body is started with.
    private final class Start {
        let thread: MediaThread
        let loop: MediaLoop

        init(thread: MediaThread, loop: MediaLoop) {
            self.thread = thread
            self.loop = loop
        }
    }

    let number: Int
    let figures = ThreadFigures()
    private let configuration: MediaConfiguration
    private let writer: RecordingWriter
    private let inbox = Mutex(Inbox())
    private let handles = Mutex<Handles?>(nil)

    init(number: Int, configuration: MediaConfiguration, writer: RecordingWriter) {
        self.number = number
        self.configuration = configuration
        self.writer = writer
    }

    func start(
        onMixEvents: @escaping @Sendable ([MixEvent]) -> Void, onEvents: @escaping @Sendable ([MediaEvent]) -> Void,
        onEnded: @escaping @Sendable (MediaSessionID) -> Void
    ) throws(MediaFailure) {
        let bell = cmedia_bell_create()
        guard bell >= 0 else { throw MediaFailure("creating a wake-up", errno: Int(bell)) }
        let loop = try MediaLoop(
            thread: self, configuration: configuration, writer: writer, onMixEvents: onMixEvents, onEvents: onEvents,
            onEnded: onEnded)
        var thread: UInt = 0
        handles.withLock { $0 = Handles(bell: bell) }
        // Safe: retained once, taken once by the thread, or released where there is none.
        let start = unsafe Unmanaged.passRetained(Start(thread: self, loop: loop))
        let error = unsafe cmedia_thread_start(
            "media-\(number)",
            { context in
                guard let context = unsafe context else { return }
                unsafe Unmanaged<Start>.fromOpaque(context).takeRetainedValue().loop.run()
            }, unsafe start.toOpaque(), &thread)
        guard error == 0 else {
            unsafe start.release()
            handles.withLock { $0 = nil }
            _ = cmedia_close(bell)
            throw MediaFailure("starting a media thread", errno: Int(error))
        }
        handles.withLock { $0?.thread = thread }
    }

    /// - Returns: false where the thread ends, or has ended: what was posted before is carried out, this is not.
    @discardableResult
    func post(_ command: MediaCommand) -> Bool {
        let mustRing = inbox.withLock { inbox -> Bool? in
            guard !inbox.isStopping else { return nil }
            inbox.commands.append(command)
            defer { inbox.isAsleep = false }
            return inbox.isAsleep
        }
        if mustRing == true { ring() }
        return mustRing != nil
    }

    /// Ends the thread and waits for it.
    func stop() {
        let mustRing = inbox.withLock { inbox in
            inbox.isStopping = true
            defer { inbox.isAsleep = false }
            return inbox.isAsleep
        }
        if mustRing { ring() }
        guard let ended = handles.withLock({ $0.take() }) else { return }
        _ = cmedia_thread_join(ended.thread)
        _ = cmedia_close(ended.bell)
    }

    private func ring() {
        guard let bell = handles.withLock({ $0?.bell }) else { return }
        _ = cmedia_bell_ring(bell)
    }

    // MARK: The loop's side

    /// Exchanges the inbox's commands for the emptied array of the last time; true where the thread is to end.
    ///
    /// Whoever is posting is not waited for, as it may have lost its core in the middle: the next tick finds what it
    /// posted. Before the thread goes to sleep `sleepUntilCommanded` does look.
    func takeCommands(into commands: inout [MediaCommand]) -> Bool {
        commands.removeAll(keepingCapacity: true)
        return inbox.withLockIfAvailable { inbox in
            swap(&inbox.commands, &commands)
            return inbox.isStopping
        } ?? false
    }

    /// Sleeps until a command comes; at once awake where one is there.
    func sleepUntilCommanded() {
        let maySleep = inbox.withLock { inbox in
            guard inbox.commands.isEmpty, !inbox.isStopping else { return false }
            inbox.isAsleep = true
            return true
        }
        guard maySleep, let bell = handles.withLock({ $0?.bell }) else { return }
        _ = cmedia_bell_wait(bell)
    }
}
