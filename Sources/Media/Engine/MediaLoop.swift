internal import CMedia
internal import Synchronization
internal import Telephony

/// What runs on a media thread.
///
///     asleep ──command──▶ commands, then the slot of each millisecond that has passed ──▶ timer, 1 ms ──▶ (again)
///        ▲                                                                                    │
///        └──────────────────────────── no session left that ticks ────────────────────────────┘
///
/// A tick is a millisecond of the monotonic clock. Ticks that were missed are made up for, up to `maximumBacklog`; what
/// is beyond is skipped in whole rounds of the wheel, so that no session misses more than another, and the sessions'
/// timestamps jump accordingly.
final class MediaLoop {
    /// Ticks that are made up for: more would be a burst that no jitter buffer takes.
    static let maximumBacklog: Int64 = 100
    private static let nanosecondsPerTick: Int64 = 1_000_000

    private let thread: MediaThread
    private let configuration: MediaConfiguration
    private let onEvents: @Sendable ([MediaEvent]) -> Void
    private let onEnded: @Sendable (MediaSessionID) -> Void
    private let workspace: MediaWorkspace
    private let timer: Int32

    private var sessions: [MediaSessionID: MediaSession] = [:]
    private var wheel = SlotWheel<MediaSession>()
    private var commands: [MediaCommand] = []
    /// The tick that runs next; meaningful while the timer is armed.
    private var nextTick: Int64 = 0
    private var isArmed = false
    private var ticksByLateness = [UInt64](repeating: 0, count: MediaFigures.latenessBounds.count + 1)

    init(
        thread: MediaThread, configuration: MediaConfiguration, writer: RecordingWriter,
        onEvents: @escaping @Sendable ([MediaEvent]) -> Void, onEnded: @escaping @Sendable (MediaSessionID) -> Void
    ) throws(MediaFailure) {
        self.thread = thread
        self.configuration = configuration
        self.onEvents = onEvents
        self.onEnded = onEnded
        workspace = try MediaWorkspace(figures: thread.figures, writer: writer)
        timer = cmedia_timer_create()
        guard timer >= 0 else { throw MediaFailure("creating a timer", errno: Int(timer)) }
    }

    deinit {
        if timer >= 0 { _ = cmedia_close(timer) }
    }

    func run() {
        // Not granted to everybody; a packet is then as late as the machine is busy.
        _ = cmedia_thread_prefer()
        while true {
            workspace.takeTime()
            if !isArmed { nextTick = workspace.monotonic / Self.nanosecondsPerTick }
            let isStopping = thread.takeCommands(into: &commands)
            for command in commands { execute(command) }
            if isStopping { break }

            runDueTicks()
            flush()

            if wheel.count > 0 {
                arm()
                _ = cmedia_timer_wait(timer)
            } else {
                disarm()
                thread.sleepUntilCommanded()
            }
        }
        for id in sessions.keys.sorted(by: { $0.rawValue < $1.rawValue }) { execute(.close(id)) }
        flush()
    }

    // MARK: Ticks

    private func runDueTicks() {
        guard wheel.count > 0 else { return }
        let due = workspace.monotonic / Self.nanosecondsPerTick
        nextTick = Self.firstToRun(from: nextTick, notBefore: due - Self.maximumBacklog + 1)
        while nextTick <= due {
            let slot = wheel[nextTick]
            if !slot.isEmpty {
                workspace.takeTime()
                record(lateNanoseconds: workspace.monotonic - nextTick * Self.nanosecondsPerTick)
                for session in slot { session.tick(nextTick, workspace) }
            }
            nextTick += 1
        }
    }

    /// The first tick, in whole rounds from the one that is next, that is not before the oldest one to be made up for.
    static func firstToRun(from tick: Int64, notBefore oldest: Int64) -> Int64 {
        let round = Int64(MediaFrame.milliseconds)
        return tick >= oldest ? tick : tick + (oldest - tick + round - 1) / round * round
    }

    private func record(lateNanoseconds: Int64) {
        let milliseconds = Double(lateNanoseconds) / 1_000_000
        let bounds = MediaFigures.latenessBounds
        ticksByLateness[bounds.firstIndex { milliseconds <= $0 } ?? bounds.count] &+= 1
        if milliseconds > Double(MediaFrame.milliseconds) {
            thread.figures.lateTicks.wrappingAdd(1, ordering: .relaxed)
        }
    }

    private func arm() {
        guard !isArmed else { return }
        isArmed = cmedia_timer_arm(timer, nextTick * Self.nanosecondsPerTick, Self.nanosecondsPerTick) == 0
    }

    private func disarm() {
        guard isArmed else { return }
        _ = cmedia_timer_arm(timer, 0, 0)
        isArmed = false
    }

    private func flush() {
        workspace.publish()
        thread.figures.publish(ticksByLateness)
        thread.figures.cpuNanoseconds.store(
            UInt64(clamping: cmedia_thread_cpu_nanoseconds()), ordering: .relaxed)
        guard !workspace.events.isEmpty else { return }
        let batch = workspace.events
        workspace.events.removeAll()
        onEvents(batch)
    }

    // MARK: Commands

    private func execute(_ command: MediaCommand) {
        switch command {
        case .open(let id, let opening, let localAddress):
            open(id, opening, at: localAddress)
        case .connect(let id, let route, let deadLineSeconds):
            guard let session = sessions[id] else { return }
            session.connect(route, deadLineSeconds: deadLineSeconds, workspace)
            if session.slot == nil, session.isConnected { session.slot = wheel.add(session, next: nextTick) }
        case .play(let id, let playback, let clip, let loop):
            sessions[id]?.play(playback, clip, loop: loop, workspace)
        case .stopPlaying(let id, let playback):
            sessions[id]?.stopPlaying(playback, workspace)
        case .sendDigits(let id, let digits, let steps):
            sessions[id]?.sendDigits(digits, steps, workspace)
        case .stopDigits(let id, let digits):
            sessions[id]?.stopDigits(digits)
        case .record(let id, let target):
            sessions[id]?.record(target, workspace)
        case .stopRecording(let id, let path):
            sessions[id]?.stopRecording(path, workspace)
        case .observeSpeech(let id, let observation):
            sessions[id]?.observeSpeech(observation)
        case .observeAnswerer(let id, let configuration):
            sessions[id]?.observeAnswerer(configuration)
        case .detectDigitsInBand(let id, let isOn):
            sessions[id]?.detectDigitsInBand(isOn)
        case .close(let id):
            guard let session = sessions.removeValue(forKey: id) else { return }
            if let slot = session.slot { wheel.remove(session, from: slot) }
            thread.figures.sessions.wrappingAdd(-1, ordering: .relaxed)
            onEnded(id)
            session.close(workspace)
        }
    }

    private func open(_ id: MediaSessionID, _ opening: MediaOpening, at localAddress: String) {
        do {
            let session = try MediaSession(id, opening, at: localAddress, configuration, workspace)
            sessions[id] = session
            thread.figures.sessions.wrappingAdd(1, ordering: .relaxed)
            workspace.events.append(.opened(id, port: session.port))
        } catch {
            onEnded(id)
            workspace.events.append(.openFailed(id, reason: error.description, takenPort: error.takenPort))
        }
    }
}
