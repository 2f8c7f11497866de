import Telephony

/// The conferences of all accounts that have not been terminated, and those that have and owe something still.
struct ConferenceTable: Sendable {
    private var rooms: [ConferenceID: ConferenceRoom] = [:]
    /// Of each account, not terminated.
    private var counts: [AccountID: Int] = [:]
    /// Which conference a call is in.
    private var places: [CallID: ConferenceID] = [:]
    /// Whose mix makes the recording.
    private var recordings: [RecordingID: ConferenceID] = [:]

    /// In an order that is the same in every process.
    var ids: [ConferenceID] { rooms.keys.sorted() }

    var count: Int { counts.values.reduce(0, +) }
    var participants: Int { places.count }
    var outboxDepth: Int { rooms.values.reduce(0) { $0 + $1.story.outbox.depth } }

    /// Of an account, not terminated.
    func count(of account: AccountID) -> Int { counts[account, default: 0] }

    /// The account's; nil where it has none of that identifier here.
    func room(_ id: ConferenceID, of account: AccountID) -> ConferenceRoom? {
        rooms[id].flatMap { $0.conference.accountID == account ? $0 : nil }
    }

    func contains(_ id: ConferenceID) -> Bool { rooms[id] != nil }

    func room(_ id: ConferenceID) -> ConferenceRoom? { rooms[id] }

    mutating func insert(_ room: ConferenceRoom) {
        rooms[room.conference.conferenceID] = room
        guard !room.isTerminated else { return }
        counts[room.conference.accountID, default: 0] += 1
    }

    /// Nil where there is none.
    mutating func change<Answer>(_ id: ConferenceID, _ change: (inout ConferenceRoom) -> Answer) -> Answer? {
        guard var room = rooms.removeValue(forKey: id) else { return nil }
        let wasTerminated = room.isTerminated
        let answer = change(&room)
        if room.isTerminated, !wasTerminated { countDown(room.conference.accountID) }
        rooms[id] = room
        return answer
    }

    mutating func remove(_ id: ConferenceID) {
        guard let room = rooms.removeValue(forKey: id) else { return }
        if !room.isTerminated { countDown(room.conference.accountID) }
    }

    private mutating func countDown(_ account: AccountID) {
        let left = counts[account, default: 1] - 1
        counts[account] = left > 0 ? left : nil
    }

    // MARK: Where calls are

    func place(of call: CallID) -> ConferenceID? { places[call] }

    mutating func set(_ call: CallID, in conference: ConferenceID) { places[call] = conference }

    /// It is in that conference no more; it may be in another one by now.
    mutating func unset(_ call: CallID, in conference: ConferenceID) {
        if places[call] == conference { places[call] = nil }
    }

    // MARK: Recordings

    mutating func begin(_ recording: RecordingID, of conference: ConferenceID) { recordings[recording] = conference }

    mutating func end(_ recording: RecordingID) -> ConferenceID? { recordings.removeValue(forKey: recording) }
}
