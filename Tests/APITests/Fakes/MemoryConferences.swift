import API
import Synchronization
import Telephony

/// Answers as it is told to, keeps what it was asked, and reads from what was put there.
final class MemoryConferences: ConferenceService {
    private struct State {
        var asked: [ConferenceRequest] = []
        var requestIDs: [RequestID] = []
        var replies: [ConferenceReply] = []
        var conferences: [Conference] = []
        var entries: [JournalEntry] = []
        var failure: APIError?
    }

    private let state = Mutex(State())

    /// What it will answer, in order.
    func prepare(_ replies: ConferenceReply...) { state.withLock { $0.replies += replies } }

    /// In order of creation.
    func add(_ conference: Conference) { state.withLock { $0.conferences.append(conference) } }

    /// Of a room's story, in order.
    func add(_ entry: JournalEntry) { state.withLock { $0.entries.append(entry) } }

    /// Nothing can be read from here on.
    func failReading(with error: APIError) { state.withLock { $0.failure = error } }

    var asked: [ConferenceRequest] { state.withLock { $0.asked } }

    var requestIDs: [RequestID] { state.withLock { $0.requestIDs } }

    func ask(_ request: ConferenceRequest, of account: AccountID, by requestID: RequestID) async -> ConferenceReply {
        state.withLock { state in
            state.asked.append(request)
            state.requestIDs.append(requestID)
            if !state.replies.isEmpty { return state.replies.removeFirst() }
            guard case .create(let conference) = request else { return .noConference }
            state.conferences.append(conference)
            return .conference(conference)
        }
    }

    func conference(_ id: ConferenceID, of account: AccountID) async throws(APIError) -> Conference? {
        try state.withLock { state throws(APIError) in
            if let failure = state.failure { throw failure }
            return state.conferences.first { $0.conferenceID == id && $0.accountID == account }
        }
    }

    func conferences(of account: AccountID, _ filter: ConferenceFilter, after cursor: PageCursor?)
        async throws(APIError) -> Page<Conference>
    {
        try state.withLock { state throws(APIError) in
            if let failure = state.failure { throw failure }
            let matching = state.conferences.filter { $0.accountID == account && filter.lets($0) }
            return MemoryPages.page(
                of: matching.enumerated().map { (Int64($0.offset + 1), $0.element) }, after: cursor)
        }
    }

    func story(of room: RoomID, account: AccountID, after cursor: PageCursor?)
        async throws(APIError) -> Page<JournalEntry>
    {
        try state.withLock { state throws(APIError) in
            if let failure = state.failure { throw failure }
            let entries = state.entries.filter { $0.room == room && $0.accountID == account }
            return MemoryPages.page(of: entries.map { (Int64($0.sequence), $0) }, after: cursor)
        }
    }
}
