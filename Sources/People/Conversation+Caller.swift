extension Conversation {
    /// Of somebody who calls a service: hears it out, says what there is to say; then presses each row of digits once the
    /// next prompt has been heard out; stays until hung up on.
    ///
    /// - Parameter digits: rows of 0-9, `*`, `#`, A-D.
    package static func calling(
        saying text: String? = nil, language: String = "en-US", pressing digits: [String] = []
    ) -> Conversation {
        let hear = Step.hearSpeech(quiet: 700...700, within: 30_000...30_000)
        var steps: [Step] = []
        if let text { steps += [hear, .utter(.speech(text, language: language))] }
        for row in digits { steps += [hear, .press(row)] }
        return CarrierTable.stays(steps)
    }
}
