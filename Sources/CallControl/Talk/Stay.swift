import JSON
import PerCL
import SIP
import Telephony

/// A call's stay in a conference: on which terms it is there, and what it has typed of the sequence that asks for a script.
struct Stay: Sendable {
    let command: AddToConference
    let since: Instant
    /// The latest keys, as many as the sequence has.
    private var typed: [Character] = []
    /// When it began to talk, while it does.
    var talkingSince: Instant?

    init(_ command: AddToConference, since: Instant) {
        self.command = command
        self.since = since
    }

    var conferenceID: ConferenceID { command.conferenceID }

    func seconds(_ now: Instant) -> Int { (now - since).wholeSeconds }

    /// The sequence, and whom it asks, where this key was the last of it.
    mutating func typed(_ key: Character) -> (digits: String, url: WebURL)? {
        guard command.allowCallControl, let sequence = command.callControlSequence, !sequence.isEmpty,
            let url = command.callControlURL
        else { return nil }
        typed.append(key)
        if typed.count > sequence.count { typed.removeFirst(typed.count - sequence.count) }
        guard String(typed) == sequence else { return nil }
        typed.removeAll()
        return (sequence, url)
    }

    // MARK: What may run meanwhile

    /// The first command of a script that does not run in a conference (docs/contract/percl.md#call-control); nil where it
    /// may run whole.
    static func forbidden(in script: Script) -> Command? {
        script.commands.first { !allows($0) }
    }

    private static func allows(_ command: Command) -> Bool {
        switch command {
        case .addToConference, .createConference, .getDigits, .hangup, .outDial, .pause, .play, .recordUtterance,
            .redirect, .removeFromConference, .say, .sendDigits, .setDTMFPassThrough, .setListen, .setTalk,
            .startRecordCall, .terminateConference:
            true
        case .audioStream, .dequeue, .enqueue, .getSpeech, .park, .playEarlyMedia, .reject, .sms, .transcribeUtterance,
            .unpark:
            false
        }
    }

    /// It listens to its caller alone, which nobody can who has others on the line
    /// (docs/contract/percl.md#call-control).
    static func listensAlone(_ script: Script) -> Command? {
        script.commands.first { command in
            switch command {
            case .getDigits, .recordUtterance: true
            default: false
            }
        }
    }
}
