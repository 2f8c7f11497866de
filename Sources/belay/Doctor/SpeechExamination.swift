import Media

/// Can Say speak, and is what speaks shut in?
struct SpeechExamination {
    func finding() async -> Finding {
        let trial = await SpeechTrial.run()
        switch trial.outcome {
        case .isSilent(let reason):
            return .wrong("Say has no voice: \(reason)", "apt-get install --reinstall espeak-ng")
        case .speaks:
            guard trial.remarks.isEmpty else {
                return .doubtful(
                    "Say speaks, but " + trial.remarks.joined(separator: "; "),
                    "It is made of Linux's Landlock, seccomp and setrlimit; a container's own rules may keep them away."
                )
            }
            return .well(
                "Say speaks, through a program without network, files but its own, or unbounded memory and time")
        }
    }
}
