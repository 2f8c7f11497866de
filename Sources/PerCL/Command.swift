import JSON
import Telephony

/// One PerCL command with its attributes (docs/contract/percl.md#commands).
package enum Command: Hashable, Sendable, Codable {
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

    /// Decodes `{"Name": {attributes}}`.
    /// - Parameters:
    ///   - allowed: the commands that may stand here; nil: all.
    ///   - hints: what is taken although it is not as it should be is appended.
    init(
        _ element: JSONValue, index: Int, allowed: Set<String>?, path: String = "", hints: inout ScriptHints
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
        if let allowed, !allowed.contains(name) {
            throw wrong("must be one of \(allowed.sorted().joined(separator: ", ")), not \(name)", command: name)
        }
        // Commands without attributes come as {} and, from hand-written scripts, as null.
        let attributes: [String: JSONValue]
        switch value {
        case .object(let members): attributes = members
        case .null: attributes = [:]
        default: throw wrong("must have an object of attributes, not \(value.kind)", command: name)
        }
        guard let decode = Self.decoders[name] else {
            let meant =
                NearestName.of(name, among: Self.decoders.keys).map { "did you mean \($0)?" }
                ?? "names are written as in \"Say\" and \"GetDigits\""
            throw wrong("is no PerCL command; \(meant)", command: name)
        }
        let reader = AttributeReader(index: index, command: name, path: path, attributes: attributes, hints: hints)
        self = try decode(reader)
        hints = reader.finish()
    }

    private typealias Decoder = @Sendable (AttributeReader) throws(ScriptError) -> Command

    private static let decoders: [String: Decoder] = [
        AddToConference.name: { (r) throws(ScriptError) in .addToConference(try AddToConference(r)) },
        AudioStream.name: { (r) throws(ScriptError) in .audioStream(try AudioStream(r)) },
        CreateConference.name: { (r) throws(ScriptError) in .createConference(try CreateConference(r)) },
        Dequeue.name: { (r) throws(ScriptError) in .dequeue(try Dequeue(r)) },
        Enqueue.name: { (r) throws(ScriptError) in .enqueue(try Enqueue(r)) },
        GetDigits.name: { (r) throws(ScriptError) in .getDigits(try GetDigits(r)) },
        GetSpeech.name: { (r) throws(ScriptError) in .getSpeech(try GetSpeech(r)) },
        Hangup.name: { (r) throws(ScriptError) in .hangup(try Hangup(r)) },
        OutDial.name: { (r) throws(ScriptError) in .outDial(try OutDial(r)) },
        Park.name: { (r) throws(ScriptError) in .park(try Park(r)) },
        Pause.name: { (r) throws(ScriptError) in .pause(try Pause(r)) },
        Play.name: { (r) throws(ScriptError) in .play(try Play(r)) },
        PlayEarlyMedia.name: { (r) throws(ScriptError) in .playEarlyMedia(try PlayEarlyMedia(r)) },
        RecordUtterance.name: { (r) throws(ScriptError) in .recordUtterance(try RecordUtterance(r)) },
        Redirect.name: { (r) throws(ScriptError) in .redirect(try Redirect(r)) },
        Reject.name: { (r) throws(ScriptError) in .reject(try Reject(r)) },
        RemoveFromConference.name: { (r) throws(ScriptError) in .removeFromConference(try RemoveFromConference(r)) },
        Say.name: { (r) throws(ScriptError) in .say(try Say(r)) },
        SendDigits.name: { (r) throws(ScriptError) in .sendDigits(try SendDigits(r)) },
        SetDTMFPassThrough.name: { (r) throws(ScriptError) in .setDTMFPassThrough(try SetDTMFPassThrough(r)) },
        SetListen.name: { (r) throws(ScriptError) in .setListen(try SetListen(r)) },
        SetTalk.name: { (r) throws(ScriptError) in .setTalk(try SetTalk(r)) },
        Sms.name: { (r) throws(ScriptError) in .sms(try Sms(r)) },
        StartRecordCall.name: { (r) throws(ScriptError) in .startRecordCall(try StartRecordCall(r)) },
        TerminateConference.name: { (r) throws(ScriptError) in .terminateConference(try TerminateConference(r)) },
        TranscribeUtterance.name: { (r) throws(ScriptError) in .transcribeUtterance(try TranscribeUtterance(r)) },
        Unpark.name: { (r) throws(ScriptError) in .unpark(try Unpark(r)) },
    ]

    /// The command's name as scripts write it.
    package var name: String {
        switch self {
        case .addToConference: AddToConference.name
        case .audioStream: AudioStream.name
        case .createConference: CreateConference.name
        case .dequeue: Dequeue.name
        case .enqueue: Enqueue.name
        case .getDigits: GetDigits.name
        case .getSpeech: GetSpeech.name
        case .hangup: Hangup.name
        case .outDial: OutDial.name
        case .park: Park.name
        case .pause: Pause.name
        case .play: Play.name
        case .playEarlyMedia: PlayEarlyMedia.name
        case .recordUtterance: RecordUtterance.name
        case .redirect: Redirect.name
        case .reject: Reject.name
        case .removeFromConference: RemoveFromConference.name
        case .say: Say.name
        case .sendDigits: SendDigits.name
        case .setDTMFPassThrough: SetDTMFPassThrough.name
        case .setListen: SetListen.name
        case .setTalk: SetTalk.name
        case .sms: Sms.name
        case .startRecordCall: StartRecordCall.name
        case .terminateConference: TerminateConference.name
        case .transcribeUtterance: TranscribeUtterance.name
        case .unpark: Unpark.name
        }
    }
}
