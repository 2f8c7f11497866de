/// Something that sounds on the line: what is said, or what a machine plays.
package enum Utterance: Hashable, Sendable {
    /// - Parameter language: as the Say command names it.
    case speech(String, language: String = "en-US")
    /// An answering machine's: 1000 Hz for 400 ms.
    case beep
    /// The tone by which a fax machine answers (CED, ITU-T T.30 §4.3.3.2): 2100 Hz for 3 s.
    case faxAnswer
    /// The network's before a recorded announcement (ITU-T E.180 §8): 950, 1400 and 1800 Hz, 330 ms each.
    case informationTones
    /// What a caller hears while it rings in North America: 440 and 480 Hz for 2 s.
    case ringback
}
