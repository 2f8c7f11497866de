internal import Telephony

/// The mixes of a media thread. All members of one are on it.
extension MediaLoop {
    func execute(_ command: MixCommand) {
        switch command {
        case .open(let id):
            if mixes[id] == nil { mixes[id] = Mix(id) }
        case .close(let id):
            close(id)
        case .join(let session, let mix, let membership):
            join(session, mix, membership)
        case .change(let session, let membership):
            sessions[session]?.changeMembership(membership, workspace)
        case .leave(let session):
            if let session = sessions[session] { leaveMix(session) }
        case .hear(let mix, let program):
            mixes[mix]?.hear(program, at: nextTick)
        case .beep(let mix, let session):
            mixes[mix]?.beep(at: nextTick, except: session)
        case .record(let mix, let path):
            guard let mix = mixes[mix] else { return }
            stopRecording(mix)
            let recorder = MixRecorder(mix, path: path, workspace.writer)
            recorder.slot = wheel.add(recorder, next: nextTick)
            mix.recorder = recorder
        case .stopRecording(let mix):
            if let mix = mixes[mix] { stopRecording(mix) }
        }
    }

    /// Whoever leaves is heard until the frame that it said last is over.
    func leaveMix(_ session: MediaSession) {
        guard let farewell = session.leaveMix(workspace), let slot = session.slot else { return }
        farewell.slot = slot
        wheel.insert(farewell, before: session, in: slot)
    }

    private func join(_ id: MediaSessionID, _ mix: MixID, _ membership: MixMembership) {
        guard let session = sessions[id], let mix = mixes[mix] else { return }
        if session.member?.mix === mix {
            session.changeMembership(membership, workspace)
        } else {
            leaveMix(session)
            session.join(mix, membership, at: nextTick)
        }
    }

    private func close(_ id: MixID) {
        guard let mix = mixes.removeValue(forKey: id) else { return }
        stopRecording(mix)
        for member in mix.members {
            // Nobody is left who would hear it run out.
            _ = sessions[member.session]?.leaveMix(workspace)
        }
    }

    private func stopRecording(_ mix: Mix) {
        guard let recorder = mix.recorder else { return }
        mix.recorder = nil
        if let slot = recorder.slot { wheel.remove(recorder, from: slot) }
        recorder.finish(workspace.writer)
    }
}
