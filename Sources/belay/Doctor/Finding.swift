/// One thing that the doctor looked at.
struct Finding {
    enum Verdict {
        case well
        /// It works, and something should be known.
        case doubtful
        /// It will not work.
        case wrong
    }

    var verdict: Verdict
    var what: String
    /// What to do about it; empty where all is well.
    var remedy = ""

    static func well(_ what: String) -> Finding { Finding(verdict: .well, what: what) }
    static func doubtful(_ what: String, _ remedy: String) -> Finding {
        Finding(verdict: .doubtful, what: what, remedy: remedy)
    }
    static func wrong(_ what: String, _ remedy: String) -> Finding {
        Finding(verdict: .wrong, what: what, remedy: remedy)
    }

    var text: TerminalText {
        let mark =
            switch verdict {
            case .well: Terminal.paint("✓", .green)
            case .doubtful: Terminal.paint("!", .yellow)
            case .wrong: Terminal.paint("✗", .red)
            }
        return remedy.isEmpty ? "\(mark) \(what)" : "\(mark) \(what)\n    \(remedy)"
    }
}
