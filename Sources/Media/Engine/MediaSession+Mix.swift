internal import Telephony

/// A session as a member of a mix.
extension MediaSession {
    /// Takes a place; it has none elsewhere.
    ///
    /// - Parameter tick: the thread's next one.
    func join(_ mix: Mix, _ membership: MixMembership, at tick: Int64) {
        member = mix.add(id, membership, at: tick)
    }

    func changeMembership(_ membership: MixMembership, _ workspace: MediaWorkspace) {
        member?.change(membership, &workspace.mixEvents)
    }

    /// Gives its place up, and is a plain call.
    ///
    /// - Returns: what is to ride in its slot beside it, until its voice is gone.
    func leaveMix(_ workspace: MediaWorkspace) -> MixFarewell? {
        guard let member else { return nil }
        self.member = nil
        member.endTalk(&workspace.mixEvents)
        member.mix.remove(member)
        return member.farewell()
    }

    /// Puts what its peer says into the mix, as far as it is to be heard there. Silence is not even decoded.
    func talk(in member: MixMember, _ route: MediaRoute, _ frame: HeardFrame, _ workspace: MediaWorkspace) {
        member.beginTick(isAway: sending.isOccupied || !route.sendsMedia)
        var meanSquare = 0.0
        if !member.mayTalk || !route.isTwoWay || receiving?.isKeyHeard == true {
            member.stop()
        } else if frame.absent >= MediaFrame.samples {
            member.lose()
        } else if receiving?.isSilence(workspace) == true {
            member.pause()
        } else {
            if !frame.isDecoded { receiving?.decode(workspace) }
            // Safe, here and below: the workspace outlives the turn, and nobody keeps what is in it.
            unsafe member.say(workspace.heard.span)
            if member.isObserved { unsafe meanSquare = SignalLevel.meanSquare(UnsafeBufferPointer(workspace.heard)) }
        }
        if member.isObserved { member.observe(meanSquare: meanSquare, &workspace.mixEvents) }
    }

    /// The keys that its peer has pressed in this tick go to the others, where it is a member whose keys do.
    func passDigits(_ workspace: MediaWorkspace) {
        if let member { member.mix.pass(workspace.digits, from: member) }
        workspace.digits.removeAll(keepingCapacity: true)
    }
}
