import Telephony

extension CallMachine {
    /// What the call's media tells goes to the part that it concerns.
    mutating func take(_ fact: MediaFact, _ turn: inout Turn) {
        switch fact {
        case .opened: withLeg(&turn) { leg, _ in leg.mediaOpened() }
        case .openFailed(let explanation, let isPortTaken):
            mediaOpenFailed(explanation, isPortTaken: isPortTaken, isLast: false, &turn)
        case .playbackEnded(let playback, let result):
            advance(&turn) { run, memory, steps in run.playbackEnded(playback, result, &memory, into: &steps) }
        case .digitsSent(let dialling): digitsSent(dialling, &turn)
        case .keyPressed(let key):
            withTalk(&turn) { talk, leg, dossier, turn in talk.keyPressed(key, &leg, &dossier, &turn) }
        case .digitReceived(let digit, let milliseconds):
            withTalk(&turn) { talk, _, dossier, turn in
                talk.digitReceived(digit, milliseconds: milliseconds, &dossier, &turn)
                return nil
            }
        case .talking(let isTalking):
            withTalk(&turn) { talk, _, _, turn in
                talk.talks(isTalking, &turn)
                return nil
            }
        case .voiceStarted: advance(&turn) { run, _, steps in run.voiceChanged(isSpeaking: true, into: &steps) }
        case .voiceEnded: advance(&turn) { run, _, steps in run.voiceChanged(isSpeaking: false, into: &steps) }
        case .answererFound(let finding):
            withTalk(&turn) { talk, leg, dossier, turn in talk.found(finding, &leg, &dossier, &turn) }
        case .recordingEnded(let recording, let milliseconds, let failure):
            recordingEnded(recording, milliseconds: milliseconds, failure: failure, &turn)
        case .peerMoved(let former, let present): withDossier { $0.noteMove(from: former, to: present, &turn) }
        case .peerElsewhere(let source, let described):
            withDossier { $0.noteElsewhere(source, described: described, &turn) }
        case .peerSilent(let silence): withLeg(&turn) { leg, _ in leg.peerSilent(silence) }
        case .closed(let figures): mediaClosed(figures, &turn)
        }
    }
}
