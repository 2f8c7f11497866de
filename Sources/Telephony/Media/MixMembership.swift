/// What a session may do in a mix.
package struct MixMembership: Hashable, Sendable {
    /// The others hear it.
    package var talks: Bool
    /// It hears the others, the music and the beeps.
    package var listens: Bool
    /// The keys that it presses are passed to the others, as events or tones. Nobody hears the tones themselves in either
    /// case.
    package var passesDigits: Bool
    /// It is told when it begins to talk, and when it is quiet again.
    package var observesTalk: Bool

    package init(
        talks: Bool = true, listens: Bool = true, passesDigits: Bool = false, observesTalk: Bool = false
    ) {
        self.talks = talks
        self.listens = listens
        self.passesDigits = passesDigits
        self.observesTalk = observesTalk
    }
}
