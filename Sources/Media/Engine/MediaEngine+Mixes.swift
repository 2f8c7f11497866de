internal import Synchronization
package import Telephony

/// Mixes: what the participants of conferences hear of each other.
///
/// A mix and all of its members are on one thread. A session that joins one on another thread goes there at a tick, with
/// its sockets, its numbers and all that it does; what it is asked to do meanwhile waits there for it.
extension MediaEngine {
    /// What a mix without members counts beside sessions, where the least busy thread is looked for.
    private static let sessionsForAMix = 2

    /// Begins a mix, with `MixProgram.silence`.
    package func openMix(_ id: MixID) {
        state.withLock { state in
            guard state.phase == .running, state.mixes[id] == nil else { return }
            let loads = zip(state.sessionsByThread, state.mixesByThread).map { $0 + $1 * Self.sessionsForAMix }
            guard let least = loads.indices.min(by: { loads[$0] < loads[$1] }) else { return }
            state.mixes[id] = least
            state.mixesByThread[least] += 1
            threads[least].post(.mix(.open(id)))
        }
    }

    /// Ends a mix: its members are plain calls again, where they are. → `recordingEnded`, where it is recorded.
    package func closeMix(_ id: MixID) {
        state.withLock { state in
            guard let thread = state.mixes.removeValue(forKey: id) else { return }
            state.mixesByThread[thread] -= 1
            threads[thread].post(.mix(.close(id)))
        }
    }

    /// Makes a session a member, from its next tick on; it leaves another mix first. In the mix that it is in already it
    /// gets the membership alone. No effect where either is not there.
    ///
    /// While the session plays something, or sends digits of its own, it hears that instead of the mix, and is not heard
    /// there; and where its route is not two-way it is not heard.
    package func join(_ session: MediaSessionID, _ mix: MixID, _ membership: MixMembership) {
        state.withLock { state in
            guard state.phase == .running, let owner = state.owners[session], let home = state.mixes[mix]
            else { return }
            if owner != home {
                state.owners[session] = home
                state.sessionsByThread[owner] -= 1
                state.sessionsByThread[home] += 1
                // In this order: it is expected before it can come.
                threads[home].post(.move(.expect(session)))
                threads[owner].post(.move(.handOver(session, to: threads[home])))
            }
            threads[home].post(.mix(.join(session, mix, membership)))
        }
    }

    /// No effect where the session is no member.
    package func change(_ session: MediaSessionID, _ membership: MixMembership) {
        post(.mix(.change(session, membership)), to: session)
    }

    /// Makes a member a plain call again. No effect where it is no member.
    package func leave(_ session: MediaSessionID) {
        post(.mix(.leave(session)), to: session)
    }

    /// What those of its members who listen hear from here on.
    package func hear(_ mix: MixID, _ program: MixProgram) {
        post(.hear(mix, program), to: mix)
    }

    /// A beep of 200 ms over the talk, for everybody who hears it but that one, and in the recording. None where there is no
    /// talk; one that follows another within 300 ms is the same.
    package func beep(_ mix: MixID, except session: MediaSessionID? = nil) {
        post(.beep(mix, except: session), to: mix)
    }

    /// Starts the recording of all that is said in a mix, beeps included, in one channel; as a session's, it has ".part"
    /// behind its name until it is complete (`RecordingTarget`). → `recordingEnded`, also where another one begins.
    package func recordMix(_ mix: MixID, path: String) {
        post(.record(mix, path: path), to: mix)
    }

    /// Ends the recording, before the mix's own end does.
    package func stopRecordingMix(_ mix: MixID) {
        post(.stopRecording(mix), to: mix)
    }

    private func post(_ command: MixCommand, to mix: MixID) {
        state.withLock { state in
            guard let thread = state.mixes[mix] else { return }
            threads[thread].post(.mix(command))
        }
    }
}
