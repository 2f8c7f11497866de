import Media
import Synchronization

/// Collects an engine's events; a test waits for one instead of sleeping.
final class EventLog: Sendable {
    private struct Waiter {
        let matches: @Sendable (MediaEvent) -> Bool
        let continuation: CheckedContinuation<MediaEvent, Never>
    }

    private struct State {
        var events: [MediaEvent] = []
        var waiters: [Waiter] = []
    }

    private let state = Mutex(State())

    func append(_ events: [MediaEvent]) {
        let ready = state.withLock { state -> [(Waiter, MediaEvent)] in
            state.events += events
            var ready: [(Waiter, MediaEvent)] = []
            state.waiters.removeAll { waiter in
                guard let event = events.first(where: waiter.matches) else { return false }
                ready.append((waiter, event))
                return true
            }
            return ready
        }
        for (waiter, event) in ready { waiter.continuation.resume(returning: event) }
    }

    var all: [MediaEvent] { state.withLock { $0.events } }

    /// The first event that matches, past or future. A test's time limit ends a wait in vain.
    func first(_ matches: @escaping @Sendable (MediaEvent) -> Bool) async -> MediaEvent {
        await withCheckedContinuation { continuation in
            let past = state.withLock { state -> MediaEvent? in
                if let event = state.events.first(where: matches) { return event }
                state.waiters.append(Waiter(matches: matches, continuation: continuation))
                return nil
            }
            if let past { continuation.resume(returning: past) }
        }
    }

    /// Waits until so many events match.
    func count(_ wanted: Int, _ matches: @escaping @Sendable (MediaEvent) -> Bool) async {
        while true {
            let events = all
            guard events.filter(matches).count < wanted else { return }
            await changed(since: events.count)
        }
    }

    private func changed(since count: Int) async {
        _ = await withCheckedContinuation { (continuation: CheckedContinuation<MediaEvent, Never>) in
            let past = state.withLock { state -> MediaEvent? in
                if state.events.count > count { return state.events.last }
                state.waiters.append(Waiter(matches: { _ in true }, continuation: continuation))
                return nil
            }
            if let past { continuation.resume(returning: past) }
        }
    }

    func port(of id: MediaSessionID) async -> UInt16 {
        let event = await first { event in
            switch event {
            case .opened(id, _), .openFailed(id, _, _): true
            default: false
            }
        }
        if case .opened(_, let port) = event { return port }
        return 0
    }

    func report(of id: MediaSessionID) async -> MediaReport {
        if case .closed(_, let report) = await first({ if case .closed(id, _) = $0 { true } else { false } }) {
            return report
        }
        return MediaReport()
    }
}
