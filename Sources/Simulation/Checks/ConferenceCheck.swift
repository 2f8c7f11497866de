import JSON
import Telephony

/// The order of a conference's states, as they are stored and as they are told (docs/contract/percl.md#conferences,
/// docs/contract/webhooks.md#conferencestatus): each is told, once, and none follows upon the end.
struct ConferenceCheck {
    private struct Told {
        var sequence = 0
        var status: Conference.Status?
    }

    private struct Story {
        /// As this life has stored it, committed or on the way.
        var issued: Conference?
        var committed: Conference?
        /// As far as this life has told.
        var told = Told()
        var committedTold = Told()
        /// A transaction about it failed, so that the disk cannot tell the whole of it.
        var hasLosses = false
    }

    private var stories: [ConferenceID: Story] = [:]
    /// In the order in which they were first heard of.
    private var order: [ConferenceID] = []
    private var seen: Set<EventID> = []
    /// On disk, of conferences that want to be told of them, in the order in which they began.
    private var recordings: [(id: RecordingID, conference: ConferenceID)] = []
    private var knownRecordings: Set<RecordingID> = []
    private var toldRecordings: Set<RecordingID> = []

    /// As this life has it; nil where it knows of none.
    func latest(_ id: ConferenceID) -> Conference? { stories[id]?.issued }

    func hasLosses(_ id: ConferenceID) -> Bool { stories[id]?.hasLosses ?? false }

    /// One transaction: what is told in it, and then the rows, which stand as they are at its end.
    mutating func stored(_ operations: [StorageOperation]) throws(Violation) {
        for operation in operations {
            if case .saveNotification(let pending) = operation { try told(pending.webhook) }
        }
        for operation in operations {
            if case .saveConference(let conference, _) = operation { try stored(conference) }
        }
    }

    private mutating func told(_ webhook: Webhook) throws(Violation) {
        guard let (id, status) = Self.status(in: webhook), seen.insert(webhook.eventID).inserted else { return }
        var story = known(id)
        guard story.hasLosses || Self.isStep(from: story.told.status, to: status) else {
            throw Violation(
                "statuses in order",
                "\(id) is told to be \(status), after \(story.told.status.map { "\($0)" } ?? "nothing")")
        }
        story.told = Told(sequence: webhook.eventSequence, status: status)
        stories[id] = story
    }

    private mutating func stored(_ conference: Conference) throws(Violation) {
        let id = conference.conferenceID
        var story = known(id)
        if let earlier = story.issued {
            guard earlier.status != .terminated || conference.status == .terminated else {
                throw Violation("statuses in order", "\(id) was terminated and becomes \(conference.status)")
            }
            guard conference == earlier || story.hasLosses || conference.revision > earlier.revision else {
                throw Violation(
                    "statuses in order", "\(id) goes from revision \(earlier.revision) to \(conference.revision)")
            }
            guard conference.dateCreated == earlier.dateCreated else {
                throw Violation("statuses in order", "\(id) forgets when it began")
            }
        } else {
            guard conference.status == .empty, conference.revision == 1 else {
                throw Violation(
                    "statuses in order", "\(id) begins as \(conference.status), revision \(conference.revision)")
            }
        }
        guard conference.statusCallbackURL == nil || story.hasLosses || story.told.status == conference.status else {
            throw Violation("everybody is told", "\(id) is \(conference.status), and nobody is told")
        }
        story.issued = conference
        stories[id] = story
    }

    private mutating func known(_ id: ConferenceID) -> Story {
        if let story = stories[id] { return story }
        order.append(id)
        return Story()
    }

    mutating func committed(_ operation: StorageOperation) {
        switch operation {
        case .saveConference(let conference, _): stories[conference.conferenceID]?.committed = conference
        case .saveRecording(let recording):
            guard case .conference(let id) = recording.owner, stories[id]?.committed?.statusCallbackURL != nil,
                knownRecordings.insert(recording.recordingID).inserted
            else { return }
            recordings.append((recording.recordingID, id))
        case .saveNotification(let pending):
            if let recording = Self.recording(in: pending.webhook) { toldRecordings.insert(recording) }
            guard let (id, status) = Self.status(in: pending.webhook) else { return }
            // What was refused at first is stored again, behind what came after it.
            guard pending.webhook.eventSequence > stories[id]?.committedTold.sequence ?? 0 else { return }
            stories[id]?.committedTold = Told(sequence: pending.webhook.eventSequence, status: status)
        default: break
        }
    }

    mutating func lost(_ operation: StorageOperation) {
        switch operation {
        case .saveConference(let conference, _): stories[conference.conferenceID]?.hasLosses = true
        case .saveNotification(let pending):
            if let id = pending.webhook.owner.conferenceID { stories[id]?.hasLosses = true }
        default: break
        }
    }

    /// It could not be stored: it never was.
    mutating func forget(_ id: ConferenceID) { stories[id]?.issued = nil }

    /// The next life knows what the disk knows.
    mutating func crashed() {
        for id in order {
            guard var story = stories[id] else { continue }
            story.issued = story.committed
            story.told = story.committedTold
            stories[id] = story
        }
    }

    /// Everything is over, and every conference has been terminated at last.
    func concluded(_ storage: ModelStorage) throws(Violation) {
        for (conference, record) in storage.conferences {
            guard conference.status == .terminated, record == nil else {
                throw Violation("statuses in order", "\(conference.conferenceID) is left \(conference.status)")
            }
        }
        for (recording, conference) in recordings where !toldRecordings.contains(recording) {
            guard hasLosses(conference) else {
                throw Violation("everybody is told", "nobody is told of \(recording) of \(conference)")
            }
        }
    }

    /// What a conferenceRecordingStatus tells of; nil for any other webhook.
    private static func recording(in webhook: Webhook) -> RecordingID? {
        guard webhook.requestType == "conferenceRecordingStatus" else { return nil }
        return (try? JSONValue(parsing: webhook.body))?["recordingId"]?.string.flatMap { RecordingID($0) }
    }

    /// What a conferenceStatus tells; nil for any other webhook.
    private static func status(in webhook: Webhook) -> (ConferenceID, Conference.Status)? {
        guard webhook.requestType == "conferenceStatus", let id = webhook.owner.conferenceID,
            let text = (try? JSONValue(parsing: webhook.body))?["status"]?.string
        else { return nil }
        return Conference.Status(rawValue: text).map { (id, $0) }
    }

    private static func isStep(from earlier: Conference.Status?, to later: Conference.Status) -> Bool {
        switch (earlier, later) {
        case (nil, .empty), (.empty, .populated), (.empty, .terminated): true
        case (.populated, .inProgress), (.populated, .empty), (.inProgress, .empty): true
        default: false
        }
    }
}
