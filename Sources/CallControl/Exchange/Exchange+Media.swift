import SIP
import Telephony

extension Exchange {
    /// What the media of a call tells.
    mutating func mediaEvent(_ input: Input) {
        switch input {
        case .mediaOpened(let media):
            withCall(of: media) { call, turn in call.withLeg(&turn) { leg, _ in leg.mediaOpened() } }
        case .mediaOpenFailed(let media, let explanation, let isPortTaken):
            withCall(of: media) { call, turn in
                call.mediaOpenFailed(explanation, isPortTaken: isPortTaken, isLast: false, &turn)
            }
        case .playbackEnded(let media, let playback, let result):
            withCall(of: media) { call, turn in
                call.advance(&turn) { run, memory, steps in
                    run.playbackEnded(playback, result, &memory, into: &steps)
                }
            }
        case .digitsSent(let media, let dialling):
            withCall(of: media) { call, turn in call.digitsSent(dialling, &turn) }
        case .keyPressed(let media, let key):
            withCall(of: media) { call, turn in
                call.withTalk(&turn) { talk, leg, dossier, turn in talk.keyPressed(key, &leg, &dossier, &turn) }
            }
        case .digitReceived(let media, let digit, let milliseconds):
            withCall(of: media) { call, turn in
                call.withTalk(&turn) { talk, _, dossier, turn in
                    talk.digitReceived(digit, milliseconds: milliseconds, &dossier, &turn)
                    return nil
                }
            }
        case .voiceStarted(let media): voiceChanged(media, isSpeaking: true)
        case .voiceEnded(let media): voiceChanged(media, isSpeaking: false)
        case .answererFound(let media, let finding):
            withCall(of: media) { call, turn in
                call.withTalk(&turn) { talk, leg, dossier, turn in talk.found(finding, &leg, &dossier, &turn) }
            }
        case .recordingEnded(let media, let recording, let milliseconds, let failure):
            withCall(of: media) { call, turn in
                call.recordingEnded(recording, milliseconds: milliseconds, failure: failure, &turn)
            }
        case .peerMoved(let media, let from, let to):
            withCall(of: media) { call, turn in call.withDossier { $0.noteMove(from: from, to: to, &turn) } }
        case .peerElsewhere(let media, let source, let described):
            withCall(of: media) { call, turn in
                call.withDossier { $0.noteElsewhere(source, described: described, &turn) }
            }
        case .peerSilent(let media, let silence):
            withCall(of: media) { call, turn in call.withLeg(&turn) { leg, _ in leg.peerSilent(silence) } }
        case .mediaClosed(let media, let figures):
            withCall(of: media) { call, turn in call.mediaClosed(figures, &turn) }
        default: break
        }
    }

    private mutating func voiceChanged(_ media: MediaHandle, isSpeaking: Bool) {
        withCall(of: media) { call, turn in
            call.advance(&turn) { run, _, steps in run.voiceChanged(isSpeaking: isSpeaking, into: &steps) }
        }
    }

    /// A host that an offer, or a later description, names has these addresses, or none.
    mutating func mediaNameResolved(_ question: NameQuestion, _ addresses: [IPAddress]) {
        if let route = invitations[question.session]?.route {
            invitations[question.session]?.addresses = addresses
            takeIn(question.session, route)
            return
        }
        withCall(of: question.session) { call, turn in
            call.withLeg(&turn) { leg, turn in leg.nameResolved(question, addresses, &turn) }
        }
    }
}
