internal import Synchronization

/// Sessions that come from another media thread, and that go to one.
///
/// A session takes its slot with it: ticks have the same numbers on all threads, so that its packets and its peer's jitter
/// buffer notice nothing. A tick of it that neither thread has run is made up for.
extension MediaLoop {
    func execute(_ command: MoveCommand) {
        switch command {
        case .expect(let id): expected[id] = []
        case .handOver(let id, let target): handOver(id, to: target)
        case .arrive(let moving): arrive(moving.session)
        case .neverArrives(let id): carryOutWhatWaited(for: id)
        }
    }

    private func handOver(_ id: MediaSessionID, to target: MediaThread) {
        guard let session = letGo(of: id) else {
            target.post(.move(.neverArrives(id)))
            return
        }
        // What has happened to it here is told before the other thread has anything to tell.
        tellEvents()
        let sockets = session.sockets
        guard target.post(.move(.arrive(MovingSession(session: session)))) else {
            // That thread has ended meanwhile: there is nobody else to close the session.
            end(session)
            return
        }
        thread.figures.sessions.wrappingAdd(-1, ordering: .relaxed)
        thread.figures.sockets.wrappingAdd(-sockets, ordering: .relaxed)
    }

    private func arrive(_ session: MediaSession) {
        sessions[session.id] = session
        thread.figures.sessions.wrappingAdd(1, ordering: .relaxed)
        thread.figures.sockets.wrappingAdd(session.sockets, ordering: .relaxed)
        if let slot = session.slot {
            wheel.put(session, in: slot)
            makeUp(session)
        }
        carryOutWhatWaited(for: session.id)
    }

    private func makeUp(_ session: MediaSession) {
        guard let last = session.lastTick else { return }
        let round = Int64(MediaFrame.milliseconds)
        var tick = Self.firstToRun(from: last + round, notBefore: nextTick - Self.maximumBacklog)
        while tick < nextTick {
            record(tick)
            session.tick(tick, workspace)
            tick += round
        }
    }

    /// Where it has left again meanwhile, what comes after waits for its return; where it never came, for nothing.
    private func carryOutWhatWaited(for id: MediaSessionID) {
        guard let waiting = expected.removeValue(forKey: id) else { return }
        for command in waiting { execute(command) }
    }
}
