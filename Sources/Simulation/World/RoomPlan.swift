import SIP

/// What a call of the scenario `rooms` is to do with others: what its application says, whenever it is asked.
struct RoomPlan {
    /// What the first script wants.
    enum Errand {
        case enqueues, parks
        /// Makes a conference, and goes into it.
        case convenes
        /// Goes into one that there is, or was.
        case joins
    }

    /// What is said to waitUrl.
    enum WaitManner {
        case pauses, plays, asks, redirects, empty, noContent
        /// Dequeue or Unpark, at once or after a while.
        case leaves, leavesLater
        case hangsUp
        case slow, fails
        /// A command that does not run there.
        case forbidden
    }

    /// What is said when it comes out of a queue, a conference, or the parking.
    enum Sequel { case hangsUp, says, enqueues, parks, joins, empty, fails }

    /// What is said to callControlUrl.
    enum Control { case says, mutes, leaves, terminates, moves, asks, empty, slow, forbidden }

    /// No application sends a call further on than so often.
    static let mostTurns = 4
    /// What a participant types to be asked what it wants.
    static let controlSequence = "*7"

    let errand: Errand
    /// Which of the scene's queues.
    let queue: Int
    let waitManner: WaitManner
    let sequel: Sequel
    let control: Control
    let startsConference: Bool
    let talks: Bool
    let listens: Bool
    let allowsControl: Bool
    /// Where it goes on when it leaves a conference; without, it is hung up.
    let hasLeaveURL: Bool
    /// Of all its commands that take one.
    let hasNotificationURL: Bool
    // Of a conference that it makes:
    let hasStatusCallback: Bool
    let hasMusic: Bool
    let isRecorded: Bool

    init(_ scene: RoomScene, _ random: inout RandomSource) {
        func chance(_ percent: Int, _ random: inout RandomSource) -> Bool {
            Int.random(in: 0..<100, using: &random) < percent
        }
        let isInRush = scene.isRush && chance(70, &random)
        errand = isInRush ? .enqueues : Self.errand(&random)
        queue = isInRush ? 0 : Int.random(in: 0..<RoomScene.queueCount, using: &random)
        waitManner = isInRush ? .pauses : Self.waitManner(&random)
        sequel = Self.sequel(&random)
        control = Self.control(&random)
        startsConference = chance(60, &random)
        talks = chance(85, &random)
        listens = chance(90, &random)
        allowsControl = chance(60, &random)
        hasLeaveURL = chance(65, &random)
        hasNotificationURL = chance(75, &random)
        hasStatusCallback = chance(80, &random)
        hasMusic = chance(60, &random)
        isRecorded = chance(50, &random)
    }

    private static func errand(_ random: inout RandomSource) -> Errand {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<30: .enqueues
        case 30..<42: .parks
        case 42..<54: .convenes
        default: .joins
        }
    }

    private static func waitManner(_ random: inout RandomSource) -> WaitManner {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<35: .pauses
        case 35..<48: .plays
        case 48..<54: .asks
        case 54..<58: .redirects
        case 58..<63: .empty
        case 63..<67: .noContent
        case 67..<72: .leaves
        case 72..<82: .leavesLater
        case 82..<85: .hangsUp
        case 85..<90: .slow
        case 90..<96: .fails
        default: .forbidden
        }
    }

    private static func sequel(_ random: inout RandomSource) -> Sequel {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<20: .hangsUp
        case 20..<40: .says
        case 40..<55: .enqueues
        case 55..<65: .parks
        case 65..<90: .joins
        case 90..<95: .empty
        default: .fails
        }
    }

    private static func control(_ random: inout RandomSource) -> Control {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<20: .says
        case 20..<32: .mutes
        case 32..<50: .leaves
        case 50..<56: .terminates
        case 56..<75: .moves
        case 75..<82: .asks
        case 82..<88: .empty
        case 88..<95: .slow
        default: .forbidden
        }
    }
}
