import Synchronization
import Telephony
import Testing

@testable import Media

/// What an engine tells of its mixes; a test waits for one event instead of sleeping.
final class MixLog: Sendable {
    private struct State {
        var events: [MixEvent] = []
        var waiters: [(matches: @Sendable (MixEvent) -> Bool, continuation: CheckedContinuation<MixEvent, Never>)] = []
    }

    private let state = Mutex(State())

    var all: [MixEvent] { state.withLock { $0.events } }

    func append(_ events: [MixEvent]) {
        let ready = state.withLock { state in
            state.events += events
            var ready: [(CheckedContinuation<MixEvent, Never>, MixEvent)] = []
            state.waiters.removeAll { waiter in
                guard let event = events.first(where: waiter.matches) else { return false }
                ready.append((waiter.continuation, event))
                return true
            }
            return ready
        }
        for (continuation, event) in ready { continuation.resume(returning: event) }
    }

    /// The first event that matches, past or future.
    func first(_ matches: @escaping @Sendable (MixEvent) -> Bool) async -> MixEvent {
        await withCheckedContinuation { continuation in
            let past = state.withLock { state -> MixEvent? in
                if let event = state.events.first(where: matches) { return event }
                state.waiters.append((matches, continuation))
                return nil
            }
            if let past { continuation.resume(returning: past) }
        }
    }
}

/// An engine with mixes, and what it tells; shut down with the test.
final class MixStation: Sendable {
    let log = EventLog()
    let mixLog = MixLog()
    let engine: MediaEngine

    init(threads: Int) throws {
        let (log, mixLog) = (log, mixLog)
        engine = MediaEngine(
            configuration: MediaConfiguration(threads: threads, jitterDelayMilliseconds: 200...200),
            onMixEvents: { mixLog.append($0) }, onEvents: { log.append($0) })
        try engine.start()
    }

    deinit {
        engine.shutDown()
    }

    func open(_ id: MediaSessionID) async -> UInt16 {
        engine.open(
            id,
            MediaOpening(
                port: 0, synchronizationSource: UInt32(truncatingIfNeeded: id.rawValue + 1000),
                firstSequenceNumber: 65_500, firstTimestamp: .max - 5000),
            at: "127.0.0.1")
        return await log.port(of: id)
    }

    /// Waits until the session has done all that was asked of it so far, and had a tick.
    func settle(_ id: MediaSessionID, _ number: UInt64) async {
        let playback = PlaybackID(rawValue: number)
        engine.play(id, playback, AudioClip(samples: []))
        _ = await log.first { $0 == .played(id, playback, .completed) }
    }
}

/// As `inTime`, of any engines: what is heard of one that was late says nothing of the rule. The last attempt counts in
/// any case.
func onTime<Result>(_ scenario: () async throws -> (Result, [MediaEngine])) async throws -> Result {
    for _ in 0..<5 {
        let (result, engines) = try await scenario()
        if engines.allSatisfy({ $0.figures.lateTicks == 0 }) { return result }
    }
    return try await scenario().0
}
