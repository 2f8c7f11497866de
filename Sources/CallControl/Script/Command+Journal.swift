import JSON
import PerCL
import Telephony

extension Command {
    /// What the journal says of a command; private values are masked (docs/contract/privacy.md#the-mask).
    var journalMetadata: [String: JSONValue] {
        switch self {
        case .say(let say):
            [
                "text": .string(say.privacyMode ? Mask.text : say.text), "language": .string(say.language),
                "engine": JSONValue(say.engine.map { "\($0.name.rawValue); one voice speaks for every engine" }),
            ].filter { $0.value != .null }
        case .play(let play): ["file": .string(play.privacyMode ? Mask.text : play.file.description)]
        case .pause(let pause): ["length": JSONValue(pause.lengthMilliseconds)]
        case .redirect(let redirect): ["actionUrl": .string(redirect.actionURL.description)]
        case .hangup(let hangup): ["reason": JSONValue(hangup.reason)]
        case .getDigits(let get):
            [
                "actionUrl": .string(get.actionURL.description), "maxDigits": JSONValue(get.maxDigits),
                "minDigits": JSONValue(get.minDigits), "finishOnKey": .string(get.finishOnKey),
                "prompts": JSONValue(get.prompts.count),
            ]
        case .sendDigits(let send): ["digits": .string(send.privacyMode ? Mask.text : send.digits.text)]
        case .recordUtterance(let record):
            ["actionUrl": .string(record.actionURL.description), "maxLengthSec": JSONValue(record.maxLengthSeconds)]
        case .outDial(let dial):
            [
                "destination": .string(dial.destination.text), "callingNumber": .string(dial.callingNumber.text),
                "actionUrl": .string(dial.actionURL.description),
                "callConnectUrl": .string(dial.callConnectURL.description),
            ]
        case .reject(let reject): ["reason": JSONValue(reject.reason)]
        case .playEarlyMedia(let play): ["file": .string(play.file.description)]
        case .startRecordCall: [:]
        case .enqueue(let enqueue):
            [
                "queueId": .string(enqueue.queueID.text), "waitUrl": .string(enqueue.waitURL.description),
                "actionUrl": .string(enqueue.actionURL.description),
            ]
        case .park(let park):
            ["waitUrl": .string(park.waitURL.description), "actionUrl": .string(park.actionURL.description)]
        case .createConference(let create):
            [
                "actionUrl": .string(create.actionURL.description), "alias": JSONValue(create.alias),
                "playBeep": .string(create.playBeep.rawValue), "record": .bool(create.record),
                "waitUrl": JSONValue(create.waitURL?.description),
                "statusCallbackUrl": JSONValue(create.statusCallbackURL?.description),
            ].filter { $0.value != .null }
        case .addToConference(let add):
            [
                "conferenceId": .string(add.conferenceID.text), "startConfOnEnter": .bool(add.startConfOnEnter),
                "talk": .bool(add.talk), "listen": .bool(add.listen), "dtmfPassThrough": .bool(add.dtmfPassThrough),
                "leaveConferenceUrl": JSONValue(add.leaveConferenceURL?.description),
                "callControlUrl": JSONValue(add.callControlURL?.description),
            ].filter { $0.value != .null }
        case .setTalk(let set): ["talk": .bool(set.talk)]
        case .setListen(let set): ["listen": .bool(set.listen)]
        case .setDTMFPassThrough(let set): ["dtmfPassThrough": .bool(set.dtmfPassThrough)]
        case .dequeue, .unpark, .removeFromConference, .terminateConference: [:]
        // What this version does not run says no more than its name (docs/contract/percl.md#commands-that-this-version-does-not-run).
        case .audioStream, .getSpeech, .sms, .transcribeUtterance: [:]
        }
    }
}
