/// What the listeners of a mix hear.
package enum MixProgram: Sendable {
    /// Nothing, and nobody hears anybody.
    case silence
    /// The clip, over and over from now on, all of them the same place at the same time; nobody hears anybody. What is not
    /// there yet of a growing clip is silence, and so is the rest of one that failed.
    case music(AudioClip)
    /// Each other.
    case talk
}
