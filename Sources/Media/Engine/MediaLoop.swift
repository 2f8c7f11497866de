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

    let thread: MediaThread
    private let configuration: MediaConfiguration
    private let onMixEvents: @Sendable ([MixEvent]) -> Void
    private let onEvents: @Sendable ([MediaEvent]) -> Void
    let onEnded: @Sendable (MediaSessionID) -> Void
    let workspace: MediaWorkspace
    private let timer: Int32

    var sessions: [MediaSessionID: MediaSession] = [:]
    var mixes: [MixID: Mix] = [:]
    /// Sessions that are on their way here, with what is to be done once they have come.
    var expected: [MediaSessionID: [MediaCommand]] = [:]
    var wheel = SlotWheel<SlotRider>()
    private var commands: [MediaCommand] = []
    /// The tick that runs next; meaningful while the timer is armed.
    private(set) var nextTick: Int64 = 0
    private var isArmed = false
    private var ticksByLateness = [UInt64](repeating: 0, count: MediaFigures.latenessBounds.count + 1)

    init(
        thread: MediaThread, configuration: MediaConfiguration, writer: RecordingWriter,
        onMixEvents: @escaping @Sendable ([MixEvent]) -> Void, onEvents: @escaping @Sendable ([MediaEvent]) -> Void,
        onEnded: @escaping @Sendable (MediaSessionID) -> Void
    ) throws(MediaFailure) {
        self.thread = thread
        self.configuration = configuration
        self.onMixEvents = onMixEvents
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
        for id in mixes.keys.sorted() { execute(.mix(.close(id))) }
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
                record(nextTick)
                for rider in slot {
                    rider.tick(nextTick, workspace)
                    if rider.isOver, let slot = rider.slot { wheel.remove(rider, from: slot) }
                }
            }
            nextTick += 1
        }
    }

    /// The first tick, in whole rounds from the one that is next, that is not before the oldest one to be made up for.
    static func firstToRun(from tick: Int64, notBefore oldest: Int64) -> Int64 {
        let round = Int64(MediaFrame.milliseconds)
        return tick >= oldest ? tick : tick + (oldest - tick + round - 1) / round * round
    }

    /// Counts how late a tick begins.
    func record(_ tick: Int64) {
        let milliseconds = Double(workspace.monotonic - tick * Self.nanosecondsPerTick) / 1_000_000
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
        tellEvents()
    }

    func tellEvents() {
        if !workspace.events.isEmpty { onEvents(workspace.takeEvents()) }
        if !workspace.mixEvents.isEmpty {
            let batch = workspace.mixEvents
            workspace.mixEvents.removeAll()
            onMixEvents(batch)
        }
    }

    // MARK: Commands

    func execute(_ command: MediaCommand) {
        if !expected.isEmpty, let id = command.session, expected[id] != nil {
            expected[id]?.append(command)
            return
        }
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
            guard let session = letGo(of: id) else { return }
            end(session)
        case .mix(let command):
            execute(command)
        case .move(let command):
            execute(command)
        }
    }

    /// Takes a session off this thread: out of its mix, and out of the wheel.
    func letGo(of id: MediaSessionID) -> MediaSession? {
        guard let session = sessions.removeValue(forKey: id) else { return nil }
        leaveMix(session)
        if let slot = session.slot { wheel.remove(session, from: slot) }
        return session
    }

    func end(_ session: MediaSession) {
        thread.figures.sessions.wrappingAdd(-1, ordering: .relaxed)
        onEnded(session.id)
        session.close(workspace)
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
