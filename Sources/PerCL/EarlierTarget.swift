import JSON

/// Whom a command names in the manner of earlier versions of the API, in which a script could act on other calls, and
/// other conferences, than its own. Today it acts on the call that runs it
/// (docs/contract/percl.md#whom-a-command-is-for).
package enum EarlierTarget: Hashable, Sendable {
    /// `callId`, as it was given.
    case call(String)
    /// `conferenceId`, as it was given.
    case conference(String)

    package var field: String {
        switch self {
        case .call: Self.callID
        case .conference: Self.conferenceID
        }
    }

    package var text: String {
        switch self {
        case .call(let text), .conference(let text): text
        }
    }

    static let callID = "callId"
    static let conferenceID = "conferenceId"
}

extension AttributeReader {
    /// `callId` of earlier versions: nil where it says nothing.
    func earlierCall() -> EarlierTarget? { passedOver(EarlierTarget.callID).map { .call($0) } }

    /// `conferenceId` of earlier versions, where a command has none today: nil where it says nothing.
    func earlierConference() -> EarlierTarget? { passedOver(EarlierTarget.conferenceID).map { .conference($0) } }

    private func passedOver(_ field: String) -> String? {
        passOver(field)
        guard let value = attributes[field], value != .null, value != .string("") else { return nil }
        return value.string ?? String(decoding: value.bytes, as: UTF8.self)
    }
}

extension Command {
    /// Nil where it names nobody.
    package var earlierTarget: EarlierTarget? {
        switch self {
        case .addToConference(let add): add.earlierTarget
        case .removeFromConference(let remove): remove.earlierTarget
        case .setDTMFPassThrough(let set): set.earlierTarget
        case .setListen(let set): set.earlierTarget
        case .setTalk(let set): set.earlierTarget
        case .terminateConference(let terminate): terminate.earlierTarget
        case .audioStream, .createConference, .dequeue, .enqueue, .getDigits, .getSpeech, .hangup, .outDial, .park,
            .pause, .play, .playEarlyMedia, .recordUtterance, .redirect, .reject, .say, .sendDigits, .sms,
            .startRecordCall, .transcribeUtterance, .unpark:
            nil
        }
    }
}
