import SIP

/// What an observer on the wire demands of Belay as a caller (RFC 3261 §9.1, §13.2.2.4, §15, §17.1.1). The first ACK of a
/// 2xx may wait for the disk.
struct SignallingCheck {
    private struct Dialog: Hashable {
        let callID: String
        let farTag: String
    }

    private struct Story {
        let number: String
        let branch: String
        // Of this life:
        var inviteSentAt: Instant?
        var restoredAt: Instant?
        var heardProvisional = false
        var firstFinalAt: Instant?
        var cancelSentAt: Instant?
        /// Of `answeringTags` those that this life has seen.
        var tagsKnownToAnswer: Set<String> = []
        /// Of those the ones that this life has acknowledged.
        var tagsAcknowledged: Set<String> = []
        /// The others, with when they answered: their ACK waits for the disk.
        var tagsAwaitingACK: [String: Instant] = [:]

        // Of all lives:
        var hasFinal = false
        var answeringTags: [String] = []
        var acknowledgedTags: [String] = []
    }

    private struct Hangup {
        /// Of this life: each request that was sent, to tell its retransmissions.
        var branches: [String] = []
        /// A request was sent that may have ended the dialog.
        var isSent = false
        var isReceived = false
        var hasCrossed = false
    }

    private var stories: [String: Story] = [:]
    private var callIDsByNumber: [String: String] = [:]
    private var order: [String] = []
    private var hangups: [Dialog: Hangup] = [:]
    private var hangupOrder: [Dialog] = []
    /// Transactions linger for 64·T1 and 32 s; an answer after that is nobody's.
    private let linger = Duration.seconds(31)
    /// The disk gets 16·T1, and then a turn of the clock.
    private let longestWaitForDisk = Duration.seconds(9)

    func hasInvited(_ number: String) -> Bool { callIDsByNumber[number] != nil }

    func hasCanceled(_ callID: String) -> Bool { stories[callID]?.cancelSentAt != nil }

    func number(of callID: String) -> String? { stories[callID]?.number }

    // MARK: What Belay sends

    mutating func sent(
        _ message: Sighting, now: Instant
    ) throws(Violation) {
        guard message.isRequest else { return }
        switch message.method {
        case .invite: try sentInvite(message, now)
        case .cancel: try sentCancel(message, now)
        case .ack: try sentACK(message, now)
        case .bye: try sentBye(message)
        default: throw Violation("requests", "\(message.method) is not for a caller of this version")
        }
    }

    private mutating func sentInvite(_ message: Sighting, _ now: Instant) throws(Violation) {
        if let callID = callIDsByNumber[message.number], callID != message.callID {
            throw Violation("no call is dialled twice", "\(message.number) as \(callID) and as \(message.callID)")
        }
        guard let story = stories[message.callID] else {
            callIDsByNumber[message.number] = message.callID
            order.append(message.callID)
            stories[message.callID] = Story(
                number: message.number, branch: message.branch, inviteSentAt: now)
            return
        }
        guard story.branch == message.branch else {
            throw Violation("no call is dialled twice", "\(message.number) under two branches")
        }
        guard story.inviteSentAt != nil else {
            throw Violation("no call is dialled twice", "\(message.number) is dialled again after a restart")
        }
        guard !story.heardProvisional, story.firstFinalAt == nil else {
            throw Violation("RFC 3261 §17.1.1.2", "INVITE to \(message.number) is repeated after a response")
        }
    }

    private mutating func sentCancel(_ message: Sighting, _ now: Instant) throws(Violation) {
        guard var story = stories[message.callID] else {
            // The INVITE was stored, and the crash came before it left: the far end will say 481.
            return
        }
        guard message.branch == story.branch else {
            throw Violation("RFC 3261 §9.1", "CANCEL to \(message.number) has another branch than the INVITE")
        }
        guard story.inviteSentAt == nil || story.heardProvisional else {
            throw Violation("RFC 3261 §9.1", "CANCEL to \(message.number) before any provisional response")
        }
        if story.cancelSentAt == nil { story.cancelSentAt = now }
        stories[message.callID] = story
    }

    /// True of the first ACK of a 2xx in this life, which the disk must know the dialog of.
    func isFirstACK(_ message: Sighting) -> Bool {
        stories[message.callID]?.tagsAwaitingACK[message.toTag] != nil
    }

    /// A 2xx has come whose ACK waits for the disk.
    var owesACK: Bool { stories.values.contains { !$0.tagsAwaitingACK.isEmpty } }

    func concluded() throws(Violation) {
        for callID in order {
            guard let story = stories[callID], let tag = story.tagsAwaitingACK.keys.min() else { continue }
            throw Violation("ACK for every final response", "none for the 2xx of \(story.number), tag \(tag)")
        }
    }

    private mutating func sentACK(_ message: Sighting, _ now: Instant) throws(Violation) {
        guard stories[message.callID]?.hasFinal == true else {
            throw Violation("RFC 3261 §13.2.2.4", "ACK to \(message.number) without a final response")
        }
        if let answered = stories[message.callID]?.tagsAwaitingACK.removeValue(forKey: message.toTag) {
            guard now - answered <= longestWaitForDisk else {
                throw Violation("ACK for every final response", "that to \(message.number) took \(now - answered)")
            }
        }
        if stories[message.callID]?.answeringTags.contains(message.toTag) == true {
            stories[message.callID]?.tagsAcknowledged.insert(message.toTag)
        }
        if stories[message.callID]?.answeringTags.contains(message.toTag) == true,
            stories[message.callID]?.acknowledgedTags.contains(message.toTag) == false
        {
            stories[message.callID]?.acknowledgedTags.append(message.toTag)
        }
    }

    private mutating func sentBye(_ message: Sighting) throws(Violation) {
        let dialog = Dialog(callID: message.callID, farTag: message.toTag)
        var hangup = note(dialog)
        guard !hangup.branches.contains(message.branch) else { return }
        guard !hangup.isSent else { throw Violation("nothing after BYE", "a second BYE to \(message.number)") }
        guard !hangup.isReceived else {
            throw Violation("nothing after BYE", "BYE to \(message.number) after the far end's own")
        }
        hangup.isSent = true
        hangup.branches.append(message.branch)
        hangups[dialog] = hangup
    }

    private mutating func note(_ dialog: Dialog) -> Hangup {
        if let hangup = hangups[dialog] { return hangup }
        hangupOrder.append(dialog)
        hangups[dialog] = Hangup()
        return Hangup()
    }

    // MARK: What reaches Belay

    /// - Returns: the final response of an INVITE that must be acknowledged at once.
    mutating func received(
        _ message: Sighting, now: Instant, counters: inout Counters
    ) -> Sighting? {
        if message.isRequest {
            guard message.method == .bye else { return nil }
            // In a request of the far end, its own tag stands in From.
            let dialog = Dialog(callID: message.callID, farTag: message.fromTag)
            var hangup = note(dialog)
            if hangup.isSent, !hangup.isReceived, !hangup.hasCrossed {
                hangup.hasCrossed = true
                counters.count(.byesCrossed)
            }
            hangup.isReceived = true
            hangups[dialog] = hangup
            return nil
        }
        guard message.method == .invite, var story = stories[message.callID] else { return nil }
        defer { stories[message.callID] = story }
        guard message.status >= 200 else {
            story.heardProvisional = true
            return nil
        }
        let isOwed = owesACK(story, now)
        countRaces(message, story, &counters)
        story.hasFinal = true
        if story.firstFinalAt == nil { story.firstFinalAt = now }
        if message.status < 300 {
            if !story.answeringTags.contains(message.toTag) { story.answeringTags.append(message.toTag) }
            // A BYE that left while the dialog was early, as far as this life knows, crossed the answer and may have
            // found nothing to end: one more is due.
            if story.tagsKnownToAnswer.insert(message.toTag).inserted {
                hangups[Dialog(callID: message.callID, farTag: message.toTag)]?.isSent = false
            }
            if isOwed, !story.tagsAcknowledged.contains(message.toTag) {
                story.tagsAwaitingACK[message.toTag] = story.tagsAwaitingACK[message.toTag] ?? now
                return nil
            }
        }
        return isOwed ? message : nil
    }

    private func owesACK(_ story: Story, _ now: Instant) -> Bool {
        func isWithin(_ start: Instant?) -> Bool { start.map { now - $0 < linger } ?? true }
        guard story.inviteSentAt != nil || story.restoredAt != nil else { return false }
        guard isWithin(story.firstFinalAt), isWithin(story.cancelSentAt), isWithin(story.restoredAt) else {
            return false
        }
        return story.heardProvisional || isWithin(story.inviteSentAt)
    }

    private func countRaces(_ message: Sighting, _ story: Story, _ counters: inout Counters) {
        if message.status < 300 {
            if story.answeringTags.contains(message.toTag) {
                counters.count(.answerRepeated)
            } else if !story.answeringTags.isEmpty {
                counters.count(.twoForksAnswered)
            }
        }
        guard story.cancelSentAt != nil, story.firstFinalAt == nil else { return }
        switch message.status {
        case 200..<300: counters.count(.cancelMetAnswer)
        case 487: counters.count(.cancelObeyed)
        default: counters.count(.cancelMetRefusal)
        }
    }

    // MARK: Crashes

    /// Dialogs that were acknowledged and that no record knows: a crash forgets them, and only the far end can end them.
    func dialogs(unknownTo knows: (_ number: String, _ tag: String) -> Bool) -> [(callID: String, tag: String)] {
        order.flatMap { callID -> [(callID: String, tag: String)] in
            guard let story = stories[callID] else { return [] }
            return story.acknowledgedTags.filter { tag in
                let hangup = hangups[Dialog(callID: callID, farTag: tag)]
                return hangup?.isReceived != true && !knows(story.number, tag)
            }.map { (callID, $0) }
        }
    }

    mutating func crashed() {
        for callID in order {
            stories[callID]?.inviteSentAt = nil
            stories[callID]?.restoredAt = nil
            stories[callID]?.heardProvisional = false
            stories[callID]?.firstFinalAt = nil
            stories[callID]?.cancelSentAt = nil
            stories[callID]?.tagsKnownToAnswer = []
            stories[callID]?.tagsAcknowledged = []
            stories[callID]?.tagsAwaitingACK = [:]
        }
        // A restored dialog is hung up whatever was sent before the crash.
        for dialog in hangupOrder { hangups[dialog] = Hangup() }
    }

    /// The server takes a call up again to end it.
    mutating func restored(number: String, now: Instant) {
        guard let callID = callIDsByNumber[number] else { return }
        stories[callID]?.restoredAt = now
    }
}
