extension Command.Kind {
    /// The attributes that privacyMode hides wherever what a script says can be read later
    /// (docs/contract/privacy.md#what-privacymode-hides).
    package var privateAttributes: Set<String> {
        switch self {
        case .say: ["text"]
        case .play, .playEarlyMedia: ["file"]
        case .sendDigits: ["digits"]
        case .outDial: ["sendDigits"]
        case .sms: ["text"]
        // What GetDigits and their like keep private is what comes of them, which no script says.
        case .getDigits, .getSpeech, .recordUtterance, .transcribeUtterance: []
        case .addToConference, .audioStream, .createConference, .dequeue, .enqueue, .hangup, .park, .pause, .redirect,
            .reject, .removeFromConference, .setDTMFPassThrough, .setListen, .setTalk, .startRecordCall,
            .terminateConference, .unpark:
            []
        }
    }
}
