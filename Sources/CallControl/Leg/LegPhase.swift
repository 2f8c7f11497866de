import SDP
import SIP
import Telephony

extension Leg {
    enum Phase: Sendable {
        /// No INVITE has left; it waits for its turn.
        case waiting(Waiting)
        /// Its turn has come; the INVITE waits for the disk and for the port.
        case opening(Opening)
        /// It came in, and has not been answered.
        case incoming(Incoming)
        /// The INVITE has left.
        case ringing(Ringing)
        case answered(Answered)
        case over(Settling)
    }

    struct Waiting: Sendable {
        /// Somebody has been told of the call, or is about to be.
        var isStored: Bool
    }

    struct Opening: Sendable {
        /// The acceptance is on disk: the client has been told of the call, or is about to be.
        var isAccepted: Bool
        /// The intent to dial is on disk.
        var isCommitted = false
        /// The intent to dial is a transaction of its own, behind that of the acceptance.
        let awaitsTurn: Bool
        var invitation: Invitation
        /// Nil where there was no port to be had.
        var port: MediaPort?
        /// It has ended before its acceptance was on disk: nobody may hear of the end before.
        var end: CallOutcome?
    }

    struct Incoming: Sendable {
        /// The caller's; nil where it made none.
        let offer: [UInt8]?
        /// Our answer to the caller's offer; our own offer where it made none.
        var sdp: [UInt8]
        let sources: MediaSources
        let longestCall: Duration
        /// Nil where the caller made no offer.
        let agreement: AudioAgreement?
        var port: MediaPort
        var isStored = false
        /// 180 has been sent, and the application asked.
        var rings = false
        /// 183 has been sent: what is played now is heard.
        var hasEarlyMedia = false
    }

    struct Ringing: Sendable {
        let port: MediaPort
    }

    struct Answered: Sendable {
        let port: UInt16?
        /// What its stream began with.
        let opening: MediaOpening?
        var audio: AudioNegotiation
        /// Digits that are going out by INFO.
        var digits: KeyReports?
    }

    /// What a leg that is over still waits for.
    struct Settling: Sendable {
        /// The far end has still to be told.
        var awaitsSession: Bool
        var awaitsMedia: Bool
        /// Its end is not on disk: the disk refused it.
        var awaitsStorage = false
        /// The call was never stored, so that nothing may be written of it.
        var isUnwritten = false
        /// Given back when its media is closed.
        var port: UInt16?
    }

    /// What an event of the leg means to the call.
    enum Fact: Equatable, Sendable {
        /// Everything is ready: the INVITE is to leave.
        case invites(Invitation)
        /// A call that came in is stored, and its port bound.
        case rings
        /// The port cannot be bound; another is to be tried.
        case portRefused(UInt16, explanation: String)
        case noPort(explanation: String)
        case described(AudioNegotiation.Outcome)
        case ended(CallOutcome, farEndKnows: Bool)
        /// The far end knows that it is over.
        case sessionOver
    }

    /// What is left to be said, and to be closed, when a leg is over.
    struct Farewell: Sendable {
        /// Of a caller who was not answered.
        let refusal: StatusCode?
        /// The far end has still to be told.
        let awaitsSession: Bool
    }
}

// MARK: Questions

extension Leg {
    /// No line, or no pace, has let it be dialled yet.
    var isWaiting: Bool { if case .waiting = phase { true } else { false } }

    var isOver: Bool { if case .over = phase { true } else { false } }

    var isAnswered: Bool { if case .answered = phase { true } else { false } }

    /// Nobody waits any more for what is left to be said or closed.
    var isSettled: Bool {
        guard case .over(let settling) = phase else { return false }
        return !settling.awaitsSession && !settling.awaitsMedia && !settling.awaitsStorage
    }

    /// It waits for its turn, on disk: a start would go on with it.
    var isUndialled: Bool {
        switch phase {
        case .waiting, .opening: true
        case .incoming, .ringing, .answered, .over: false
        }
    }

    /// An INVITE is about to leave, or has, and nobody has answered.
    var isDialling: Bool {
        switch phase {
        case .opening, .ringing: true
        case .waiting, .incoming, .answered, .over: false
        }
    }

    /// Of a call that goes out: it takes a line, from its turn until the far end knows that it is over.
    var takesLine: Bool {
        switch phase {
        case .waiting, .incoming: false
        case .opening, .ringing, .answered: true
        case .over(let settling): settling.awaitsSession
        }
    }

    /// The caller offered audio that may flow before the answer.
    var mayPlayEarly: Bool { if case .incoming(let incoming) = phase { incoming.agreement != nil } else { false } }
}
