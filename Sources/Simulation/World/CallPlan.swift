import People
import SIP
import Telephony

/// What a seed has in store for one call: who makes it, who answers, what the customer's application says.
struct CallPlan {
    /// How the customer's application answers a request for a script.
    enum Manner: CaseIterable {
        case says, saysAndPlays, pauses, hangsUp, redirectsOnce, redirectsForEver, playsForEver
        case slow, never, refused, refusedOnce, breaks, breaksWithin, status500, noContent, emptyScript, notJSON
        case invalidScript, unsupported, tooLarge
        /// GetDigits, RecordUtterance under StartRecordCall, SendDigits.
        case asks, records, dials
    }

    /// How it takes notifications.
    enum Notices { case taken, takenLate, takenAfterFailures(Int), neverTaken }

    /// What listening for a machine comes to.
    struct Listening {
        let handling: MachineHandling
        /// Milliseconds after the answer.
        let after: Int
        let answerer: Answerer
        /// Milliseconds after that until the beep; nil: none comes.
        let beepAfter: Int?
    }

    let number: String
    let arrival: Instant
    let behaviour: Behaviour
    /// What the second branch of a forking proxy does; nil: the call is not forked.
    let forkBehaviour: Behaviour?
    let manner: Manner
    let notices: Notices
    let hasStatusCallback: Bool
    let sendDigits: DigitString?
    let ringTimeoutSeconds: Int
    /// Milliseconds after the 202.
    let updates: [(after: Int, CallUpdate)]
    /// Milliseconds after the answer.
    let fallsSilentAfter: Int?
    /// Nil: nobody listens.
    let listening: Listening?
    /// In the scenario `rooms`, in place of a manner; nil in any other.
    let room: RoomPlan?

    static func number(of index: Int) -> String { "+1555\(1_000_000 + index)" }

    /// The call that a number belongs to.
    static func index(of number: String) -> Int? {
        guard number.hasPrefix("+1555"), let value = Int(number.dropFirst(5)), value >= 1_000_000 else { return nil }
        return value - 1_000_000
    }

    init(index: Int, arrival: Instant, random: inout RandomSource) {
        number = Self.number(of: index)
        self.arrival = arrival
        func chance(_ percent: Int, _ random: inout RandomSource) -> Bool {
            Int.random(in: 0..<100, using: &random) < percent
        }
        let conversation = Self.conversation(&random)
        let pickUp = Int.random(in: 100...6_000, using: &random)
        var fork: Behaviour?
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<48: behaviour = .answers(after: pickUp...pickUp, conversation)
        case 48..<54: behaviour = .answers(after: 0...0, conversation)
        case 54..<59: behaviour = .busy(after: chance(50, &random) ? 0...0 : pickUp...pickUp)
        case 59..<63: behaviour = .declines(after: pickUp...pickUp)
        case 63..<65: behaviour = .isNotFound
        case 65..<68: behaviour = .isUnavailable
        case 68..<70: behaviour = .isTrunkError
        case 70..<72: behaviour = .rejects(StatusCode(302) ?? .decline, after: 0...200)
        case 72..<79: behaviour = .ringsForEver
        case 79..<82: behaviour = .neverResponds
        case 82..<92: behaviour = .answersAsCanceled(conversation)
        default:
            behaviour = .answers(after: pickUp...pickUp, conversation)
            // The second answer is on its way when the first arrives.
            fork = .answers(after: max(1, pickUp - 30)...(pickUp + 30), Self.conversation(&random))
        }
        forkBehaviour = fork
        manner = Self.manner(&random)
        notices =
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<80: .taken
            case 80..<88: .takenLate
            case 88..<98: .takenAfterFailures(Int.random(in: 1...4, using: &random))
            default: .neverTaken
            }
        hasStatusCallback = chance(90, &random)
        sendDigits =
            chance(15, &random)
            ? try? DigitString(["1", "1234#", "{2}12{3}*"].randomElement(using: &random) ?? "1") : nil
        ringTimeoutSeconds = [2, 5, 8, 20].randomElement(using: &random) ?? 20
        updates = Self.updates(pickUp: pickUp, &random)
        fallsSilentAfter = chance(12, &random) ? Int.random(in: 200...8_000, using: &random) : nil
        listening = chance(35, &random) ? Self.listening(&random) : nil
        room = nil
    }

    /// Of the scenario `rooms`: most answer, and stay for long enough to meet somebody.
    init(index: Int, arrival: Instant, room: RoomPlan, random: inout RandomSource) {
        number = Self.number(of: index)
        self.arrival = arrival
        self.room = room
        func chance(_ percent: Int, _ random: inout RandomSource) -> Bool {
            Int.random(in: 0..<100, using: &random) < percent
        }
        let conversation = Self.meeting(&random)
        let pickUp = Int.random(in: 100...3_000, using: &random)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<90: behaviour = .answers(after: pickUp...pickUp, conversation)
        case 90..<94: behaviour = .busy()
        case 94..<96: behaviour = .ringsForEver
        default: behaviour = .answersAsCanceled(conversation)
        }
        forkBehaviour = nil
        manner = .says
        notices =
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<85: .taken
            case 85..<92: .takenLate
            case 92..<99: .takenAfterFailures(Int.random(in: 1...3, using: &random))
            default: .neverTaken
            }
        hasStatusCallback = chance(90, &random)
        sendDigits = chance(5, &random) ? try? DigitString("{2}12{3}*") : nil
        ringTimeoutSeconds = [5, 8, 20].randomElement(using: &random) ?? 20
        var updates: [(after: Int, CallUpdate)] = []
        if room.errand == .parks || chance(15, &random) {
            updates.append((Int.random(in: 2_000...20_000, using: &random), .inProgress))
        }
        if chance(12, &random) { updates.append((Int.random(in: 0...25_000, using: &random), .completed)) }
        self.updates = updates
        fallsSilentAfter = chance(4, &random) ? Int.random(in: 200...20_000, using: &random) : nil
        listening = chance(10, &random) ? Self.listening(&random) : nil
    }

    /// Of somebody who waits, and talks to others: types what asks for call control, and goes when it is over, or before.
    private static func meeting(_ random: inout RandomSource) -> Conversation {
        var steps: [Conversation.Step] = []
        if Int.random(in: 0..<100, using: &random) < 60 {
            steps = [.wait(1_500...14_000), .press("1" + RoomPlan.controlSequence)]
        }
        let ending: Conversation.Ending =
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<12: .hangsUp(after: 500...6_000)
            case 12..<60: .hangsUp(after: 6_000...40_000)
            case 60..<70: .hangsUpWithTheOther
            default: .waits
            }
        return Conversation(steps, ending: ending)
    }

    private static func listening(_ random: inout RandomSource) -> Listening {
        let url = WebURL("https://app.example/machine")
        let isHangup = Int.random(in: 0..<3, using: &random) == 0
        let answerer: Answerer =
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<6: .answeringMachine
            case 6..<7: .faxModem
            case 7..<9: .human
            default: .undecided
            }
        return Listening(
            handling: isHangup ? .hangup : url.map(MachineHandling.redirect) ?? .hangup,
            after: Int.random(in: 20...6_000, using: &random), answerer: answerer,
            beepAfter: Int.random(in: 0..<3, using: &random) == 0 ? nil : Int.random(in: 20...5_000, using: &random))
    }

    private static func conversation(_ random: inout RandomSource) -> Conversation {
        var steps: [Conversation.Step] = []
        if Int.random(in: 0..<10, using: &random) == 0 { steps = [.wait(100...4_000), .press("42#")] }
        let ending: Conversation.Ending =
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<2: .hangsUp(after: 0...300)
            case 2..<4: .hangsUp(after: 300...15_000)
            case 4..<6: .hangsUpWhenSpokenTo(silence: 200...2_000, patience: 5_000...30_000)
            case 6..<8: .hangsUpWithTheOther
            default: .waits
            }
        return Conversation(steps, ending: ending)
    }

    private static func manner(_ random: inout RandomSource) -> Manner {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<13: .says
        case 13..<18: .asks
        case 18..<22: .records
        case 22..<24: .dials
        case 24..<30: .saysAndPlays
        case 30..<33: .pauses
        case 33..<37: .hangsUp
        case 37..<44: .playsForEver
        case 44..<46: .unsupported
        case 46..<54: .redirectsOnce
        case 54..<57: .redirectsForEver
        case 57..<62: .playsForEver
        case 62..<68: .slow
        case 68..<71: .never
        case 71..<74: .refused
        case 74..<77: .refusedOnce
        case 77..<79: .breaks
        case 79..<81: .breaksWithin
        case 81..<84: .status500
        case 84..<87: .noContent
        case 87..<90: .emptyScript
        case 90..<93: .notJSON
        case 93..<96: .invalidScript
        case 96..<98: .unsupported
        default: .tooLarge
        }
    }

    private static func updates(pickUp: Int, _ random: inout RandomSource) -> [(after: Int, CallUpdate)] {
        let update = [CallUpdate.canceled, .completed].randomElement(using: &random) ?? .canceled
        switch Int.random(in: 0..<100, using: &random) {
        // At once, when not even a 100 has come.
        case 0..<6: return [(Int.random(in: 0...30, using: &random), update)]
        // In the instant of the answer.
        case 6..<15: return [(max(0, pickUp + Int.random(in: -60...60, using: &random)), update)]
        case 15..<20: return [(Int.random(in: 0...15_000, using: &random), update)]
        // Twice.
        case 20..<23:
            let after = Int.random(in: 0...8_000, using: &random)
            return [(after, update), (after + Int.random(in: 0...200, using: &random), .completed)]
        default: return []
        }
    }
}
