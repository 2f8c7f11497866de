/// One answered call: what is heard from its answer on, and what is true of it.
package struct Trial: Sendable {
    package enum Label: String, CaseIterable, Sendable {
        case human
        case machine
        case fax
        /// A special information tone and what is said after it.
        case information
        /// Nothing that is anybody: music, keys, the network's tones. No tone may be a verdict on it.
        case other
    }

    package var name: String
    package var label: Label
    /// What kind of answer of that label.
    package var kind: String
    package var source: String
    /// Before the line: 8 kHz.
    package var samples: [Int16]
    /// Where the first sound begins.
    package var firstSoundMilliseconds: Int
    /// Where beeps end.
    package var beepEnds: [Int]
    package var line: TrialLine

    package init(
        name: String, label: Label, kind: String, source: String, samples: [Int16], firstSoundMilliseconds: Int,
        beepEnds: [Int] = [], line: TrialLine = TrialLine()
    ) {
        self.name = name
        self.label = label
        self.kind = kind
        self.source = source
        self.samples = samples
        self.firstSoundMilliseconds = firstSoundMilliseconds
        self.beepEnds = beepEnds
        self.line = line
    }
}
