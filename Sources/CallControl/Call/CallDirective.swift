import PerCL
import SIP
import Telephony

/// What one call wants of the exchange: small steps, carried out in order.
enum CallDirective: Equatable, Sendable {
    case effect(Effect)
    /// Into the transaction that this input makes.
    case store(StorageOperation)
    /// The call's record, as it is at the end of this input, goes into the same transaction.
    case saveRecord
    /// The call wants to hear when this input's transaction is on disk.
    case awaitCommit(CallCommit)
    case session(SessionOrder)
    /// The user agent need not wait for a record: there is none any more.
    case recordStored(RecordHold)
    /// Makes the child call that OutDial asked for, which this call's caller may make.
    case makeChild(OutDial, PhoneNumberID?)
    case room(RoomOrder)
    /// Another RTP port, in place of one that could not be bound.
    case changePort(from: UInt16, explanation: String)
    /// Gives the RTP port back.
    case releasePort(UInt16)
    case arm(CallTimer, after: Duration)
    case disarm(CallTimer)
    case retryLater(Webhook, wasAnswered: Bool)
    /// A notification's story is over, with its first attempt.
    case notificationEnded(NotificationEnd)
    /// It leaves the dial queue without having been dialled.
    case withdraw
    /// It owes nothing any more and may be forgotten.
    case settled
}

/// Why a call waits for a commit.
enum CallCommit: Hashable, Sendable {
    /// It was accepted: the 202 waits, and with it the INVITE where its turn has come already.
    case creation
    /// Its turn came after a wait: the INVITE waits.
    case turn
    /// The end that the disk refused before.
    case end
    /// It was canceled before its turn came: the 202 of that waits.
    case cancellation
    /// A notification may leave.
    case notification(EventID)
    /// The call waits, in a queue or parked, or is in a conference: nothing is held up for it, but a crash is to find
    /// it.
    case wait
    /// The record knows the session's dialog as it is now: what tells the far end of it may leave.
    case dialog(SessionID, RecordHold)
}

enum CallTimer: Hashable, Sendable, CaseIterable {
    /// `timeout` of Make a Call, from the first INVITE on.
    case ring
    /// A Pause command.
    case pause
    /// GetDigits: for the first key, or the next.
    case keys
    /// RecordUtterance: nobody speaks.
    case silence
    /// RecordUtterance: the longest length.
    case utterance
    /// The next digit that goes out by INFO, or the end of the last.
    case keyReport
    /// A machine's beep, before ifMachineUrl's script may speak.
    case beep
    /// A waitUrl is asked again.
    case waiting
    /// The longest a call may last from its answer on (docs/contract/calls.md#longest-call).
    case longestCall
    /// The disk refused the call's end.
    case storing
}
