import SIP
import Telephony

/// What a seed of the scenario `rooms` has besides its calls: queues, and clients that ask for things over REST.
struct RoomScene {
    static let queueCount = 4
    /// Of these the first ones are made over REST; Enqueue makes the others.
    static let keptQueues = 2
    /// So many clients ask for the first in line at one instant.
    static let rushSize = 60

    /// Many wait in one queue, and are all asked for at once.
    let isRush: Bool
    let queueIDs: [QueueID]
    /// In order of their times.
    let agenda: [(at: Instant, deed: RoomDeed)]

    init(seed: UInt64, calls: Int, random: inout RandomSource) {
        isRush = seed % 2 == 0
        queueIDs = (0..<Self.queueCount).map { _ in QueueID(random: &random) }
        var agenda: [(at: Instant, deed: RoomDeed)] = []
        for index in 0..<Self.keptQueues { agenda.append((Self.instant(index), .createQueue(index))) }
        let end = (isRush ? 20_000 : 300 * calls) + 15_000
        let count = 120 + calls / 2
        for _ in 0..<count {
            let instant = Self.instant(Int.random(in: 500...end, using: &random))
            let deed = Self.deed(isRush: isRush, &random)
            agenda.append((instant, deed))
            // An end may be asked for from both of two calls.
            if case .terminateConference(let any) = deed, any % 2 == 0 { agenda.append((instant, deed)) }
        }
        if isRush {
            let instant = Self.instant(Int.random(in: 11_000...15_000, using: &random))
            agenda.append((instant, .readMembers(0)))
            for _ in 0..<Self.rushSize { agenda.append((instant, .serveFirst(0))) }
            agenda.append((instant, .readMembers(0)))
        }
        // A sort need not keep the order of equals.
        self.agenda = agenda.enumerated().sorted { one, other in
            one.element.at != other.element.at ? one.element.at < other.element.at : one.offset < other.offset
        }.map(\.element)
    }

    private static func instant(_ milliseconds: Int) -> Instant { .zero + .milliseconds(milliseconds) }

    /// Milliseconds between two calls.
    var pauses: ClosedRange<Int> { isRush ? 0...80 : 0...600 }

    private static func deed(isRush: Bool, _ random: inout RandomSource) -> RoomDeed {
        // In a rush the first queue is left alone until all of it is asked for.
        let queue = Int.random(in: (isRush ? 1 : 0)..<queueCount, using: &random)
        let any = Int.random(in: 0..<1000, using: &random)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<16: return .serveFirst(queue)
        case 16..<20: return .serve(queue, any)
        case 20..<24: return .changeQueue(queue, maxSize: Int.random(in: 1...6, using: &random))
        case 24..<27: return .changeQueue(queue, maxSize: CallQueue.usualSize)
        case 27..<30: return .readQueues
        case 30..<34: return .readQueue(queue)
        case 34..<40: return .readMembers(queue)
        case 40..<50: return .createConference(isRecorded: any % 2 == 0, hasMusic: any % 3 == 0)
        case 50..<58: return .renameConference(any)
        case 58..<65: return .emptyConference(any)
        case 65..<72: return .terminateConference(any)
        case 72..<80: return .readParticipants(any)
        case 80..<88: return .changeParticipant(any, talks: any % 2 == 0)
        case 88..<90: return .readParticipant(any)
        default: return .removeParticipant(any)
        }
    }
}

/// What a client asks for over REST (docs/contract/rest.md#queues, docs/contract/rest.md#conferences). A queue goes by its
/// number in the scene; a conference, a member and a participant by any number, which chooses among those there are.
enum RoomDeed: Hashable {
    case createQueue(Int)
    case changeQueue(Int, maxSize: Int)
    case readQueues
    case readQueue(Int)
    case readMembers(Int)
    case serveFirst(Int)
    case serve(Int, Int)
    case createConference(isRecorded: Bool, hasMusic: Bool)
    case renameConference(Int)
    case emptyConference(Int)
    case terminateConference(Int)
    case readParticipants(Int)
    case readParticipant(Int)
    case changeParticipant(Int, talks: Bool)
    case removeParticipant(Int)
}
