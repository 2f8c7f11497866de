import JSON
import Telephony

/// One PerCL command with its attributes (docs/contract/percl.md#commands).
package enum Command: Hashable, Sendable {
    case addToConference(AddToConference)
    case audioStream(AudioStream)
    case createConference(CreateConference)
    case dequeue(Dequeue)
    case enqueue(Enqueue)
    case getDigits(GetDigits)
    case getSpeech(GetSpeech)
    case hangup(Hangup)
    case outDial(OutDial)
    case park(Park)
    case pause(Pause)
    case play(Play)
    case playEarlyMedia(PlayEarlyMedia)
    case recordUtterance(RecordUtterance)
    case redirect(Redirect)
    case reject(Reject)
    case removeFromConference(RemoveFromConference)
    case say(Say)
    case sendDigits(SendDigits)
    case setDTMFPassThrough(SetDTMFPassThrough)
    case setListen(SetListen)
    case setTalk(SetTalk)
    case sms(Sms)
    case startRecordCall(StartRecordCall)
    case terminateConference(TerminateConference)
    case transcribeUtterance(TranscribeUtterance)
    case unpark(Unpark)

    /// Which command, by its name as scripts write it.
    package enum Kind: String, CaseIterable, Sendable {
        case addToConference = "AddToConference"
        case audioStream = "AudioStream"
        case createConference = "CreateConference"
        case dequeue = "Dequeue"
        case enqueue = "Enqueue"
        case getDigits = "GetDigits"
        case getSpeech = "GetSpeech"
        case hangup = "Hangup"
        case outDial = "OutDial"
        case park = "Park"
        case pause = "Pause"
        case play = "Play"
        case playEarlyMedia = "PlayEarlyMedia"
        case recordUtterance = "RecordUtterance"
        case redirect = "Redirect"
        case reject = "Reject"
        case removeFromConference = "RemoveFromConference"
        case say = "Say"
        case sendDigits = "SendDigits"
        case setDTMFPassThrough = "SetDTMFPassThrough"
        case setListen = "SetListen"
        case setTalk = "SetTalk"
        case sms = "Sms"
        case startRecordCall = "StartRecordCall"
        case terminateConference = "TerminateConference"
        case transcribeUtterance = "TranscribeUtterance"
        case unpark = "Unpark"
    }

    /// Decodes `{"Name": {attributes}}`.
    /// - Parameters:
    ///   - allowed: the commands that may stand here; nil: all.
    ///   - hints: what is taken although it is not as it should be is appended.
    init(
        _ element: JSONValue, index: Int, allowed: Set<Kind>?, path: String = "", hints: inout ScriptHints
    ) throws(ScriptError) {
        func wrong(_ explanation: String, command: String? = nil) -> ScriptError {
            ScriptError(index: index, command: command, field: path.isEmpty ? nil : path, explanation: explanation)
        }
        guard case .object(let members) = element else {
            throw wrong("must be an object with one key, the command's name, not \(element.kind)")
        }
        guard members.count == 1, let (name, value) = members.first else {
            let keys = members.keys.sorted().prefix(5).joined(separator: ", ")
            throw wrong("must have exactly one key, the command's name; it has \(members.count) (\(keys))")
        }
        let kind = Kind(rawValue: name)
        if let allowed, kind.map({ !allowed.contains($0) }) ?? true {
            let names = allowed.map(\.rawValue).sorted().joined(separator: ", ")
            throw wrong("must be one of \(names), not \(name)", command: name)
        }
        // Commands without attributes come as {} and, from hand-written scripts, as null.
        let attributes: [String: JSONValue]
        switch value {
        case .object(let members): attributes = members
        case .null: attributes = [:]
        default: throw wrong("must have an object of attributes, not \(value.kind)", command: name)
        }
        guard let kind else {
            let meant =
                NearestName.of(name, among: Kind.allCases.map(\.rawValue)).map { "did you mean \($0)?" }
                ?? "names are written as in \"Say\" and \"GetDigits\""
            throw wrong("is no PerCL command; \(meant)", command: name)
        }
        let reader = AttributeReader(index: index, command: name, path: path, attributes: attributes, hints: hints)
        self = try Self.decode(kind, reader)
        hints = reader.finish()
    }

    private static func decode(_ kind: Kind, _ reader: AttributeReader) throws(ScriptError) -> Command {
        switch kind {
        case .addToConference: .addToConference(try AddToConference(reader))
        case .audioStream: .audioStream(try AudioStream(reader))
        case .createConference: .createConference(try CreateConference(reader))
        case .dequeue: .dequeue(try Dequeue(reader))
        case .enqueue: .enqueue(try Enqueue(reader))
        case .getDigits: .getDigits(try GetDigits(reader))
        case .getSpeech: .getSpeech(try GetSpeech(reader))
        case .hangup: .hangup(try Hangup(reader))
        case .outDial: .outDial(try OutDial(reader))
        case .park: .park(try Park(reader))
        case .pause: .pause(try Pause(reader))
        case .play: .play(try Play(reader))
        case .playEarlyMedia: .playEarlyMedia(try PlayEarlyMedia(reader))
        case .recordUtterance: .recordUtterance(try RecordUtterance(reader))
        case .redirect: .redirect(try Redirect(reader))
        case .reject: .reject(try Reject(reader))
        case .removeFromConference: .removeFromConference(try RemoveFromConference(reader))
        case .say: .say(try Say(reader))
        case .sendDigits: .sendDigits(try SendDigits(reader))
        case .setDTMFPassThrough: .setDTMFPassThrough(try SetDTMFPassThrough(reader))
        case .setListen: .setListen(try SetListen(reader))
        case .setTalk: .setTalk(try SetTalk(reader))
        case .sms: .sms(try Sms(reader))
        case .startRecordCall: .startRecordCall(try StartRecordCall(reader))
        case .terminateConference: .terminateConference(try TerminateConference(reader))
        case .transcribeUtterance: .transcribeUtterance(try TranscribeUtterance(reader))
        case .unpark: .unpark(try Unpark(reader))
        }
    }

    /// The command's name as scripts write it.
    package var name: String { kind.rawValue }

    package var kind: Kind {
        switch self {
        case .addToConference: .addToConference
        case .audioStream: .audioStream
        case .createConference: .createConference
        case .dequeue: .dequeue
        case .enqueue: .enqueue
        case .getDigits: .getDigits
        case .getSpeech: .getSpeech
        case .hangup: .hangup
        case .outDial: .outDial
        case .park: .park
        case .pause: .pause
        case .play: .play
        case .playEarlyMedia: .playEarlyMedia
        case .recordUtterance: .recordUtterance
        case .redirect: .redirect
        case .reject: .reject
        case .removeFromConference: .removeFromConference
        case .say: .say
        case .sendDigits: .sendDigits
        case .setDTMFPassThrough: .setDTMFPassThrough
        case .setListen: .setListen
        case .setTalk: .setTalk
        case .sms: .sms
        case .startRecordCall: .startRecordCall
        case .terminateConference: .terminateConference
        case .transcribeUtterance: .transcribeUtterance
        case .unpark: .unpark
        }
    }
}
