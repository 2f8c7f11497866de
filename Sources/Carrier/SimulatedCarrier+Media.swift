import Foundation
import Logging
import Media
import NIOCore
import People
import SDP
import SIP
import Synchronization
import Telephony

/// The carrier's ears and mouths.
extension SimulatedCarrier {
    func media(_ session: SessionID) -> MediaSessionID { MediaSessionID(rawValue: session.rawValue, epoch: 0) }

    /// Binds the port, and has said what may be said meanwhile, so that nobody is late with a hello.
    func open(_ session: SessionID, _ port: UInt16, _ utterances: [Utterance]) {
        engine?.open(
            media(session),
            MediaOpening(
                port: port,
                synchronizationSource: UInt32(
                    truncatingIfNeeded: (session.rawValue ^ session.rawValue >> 32) &* 2_654_435_761),
                firstSequenceNumber: port, firstTimestamp: UInt32(port)),
            at: configuration.listen.address.description)
        guard lines[session]?.clips == nil else { return }
        guard !utterances.isEmpty else {
            lines[session]?.clips = [:]
            return
        }
        Task { [self] in
            let clips = await voices.clips(for: utterances)
            eventLoop.execute { [self] in
                lines[session]?.clips = clips
                tellIfReady(session)
            }
        }
    }

    private func tellIfReady(_ session: SessionID) {
        guard let line = lines[session], line.isPortOpen, line.clips != nil else { return }
        tell(session) { $0.mediaOpened($1, now: $2, into: &$3) }
    }

    private func tell(
        _ session: SessionID,
        _ body: (inout Neighbourhood, SessionID, Instant, inout [NeighbourhoodEffect]) -> Void
    ) {
        step { network, now, effects in
            network.tell(session, into: &effects) { body(&$0, $1, now, &$2) }
        }
    }

    func connect(_ session: SessionID, _ agreement: AudioAgreement, _ now: Instant) {
        let id = media(session)
        engine?.connect(
            id,
            MediaRoute(
                remoteAddress: agreement.remoteAddress, remotePort: agreement.remotePort,
                rtcpMux: agreement.remoteRTCPPort == nil, remoteRTCPPort: agreement.remoteRTCPPort,
                payload: G711(agreement.codec), payloadType: agreement.payloadType,
                telephoneEventPayload: agreement.telephoneEventPayload, sendsMedia: agreement.direction.sends,
                receivesMedia: agreement.direction.receives))
        engine?.detectDigitsInBand(id, agreement.telephoneEventPayload == nil)
        guard let line = lines[session], line.connectedAt == nil else { return }
        lines[session]?.connectedAt = now
        engine?.record(id, RecordingTarget(path: line.recording.path))
        engine?.observeSpeech(id, SpeechObservation())
        nameRecording(session, line.recording)
    }

    /// Asks whose call it is, and links the recording by that name.
    private func nameRecording(_ session: SessionID, _ recording: CallRecording) {
        guard let names = names.withLock({ $0 }) else { return }
        Task { [self] in
            guard let name = await names(recording.callID) else { return }
            eventLoop.execute { [self] in
                lines[session]?.name = name
                do { try recording.link(as: name) } catch {
                    logger.warning("carrier: the recording \(recording.path) is not linked by its call: \(error)")
                }
            }
        }
    }

    func utter(_ session: SessionID, _ utterance: Utterance) {
        let clip = lines[session]?.clips?[utterance] ?? AudioClip(samples: [])
        engine?.play(media(session), PlaybackID(rawValue: nextPlayback), clip)
        nextPlayback += 1
    }

    /// 100 ms each, and 150 ms between two.
    func press(_ session: SessionID, _ digits: String) {
        engine?.sendDigits(
            media(session), DiallingID(rawValue: nextPlayback),
            digits.flatMap { [DigitStep.tone($0, milliseconds: 100), .wait(milliseconds: 150)] })
        nextPlayback += 1
    }

    private func forget(_ session: SessionID) {
        guard let line = lines.removeValue(forKey: session), let end = line.end else { return }
        if let outcome = line.outcome { end.succeed(outcome) } else { end.fail(CarrierCallFailure.notRunning) }
    }

    // MARK: What the engine tells

    func take(_ event: MediaEvent) {
        let session = SessionID(rawValue: event.session.rawValue)
        switch event {
        case .opened:
            lines[session]?.isPortOpen = true
            tellIfReady(session)
        case .openFailed(_, let reason, _):
            logger.info("carrier: no RTP port: \(reason)")
            tell(session) { $0.mediaOpenFailed($1, now: $2, into: &$3) }
            if !isAlive(session) { forget(session) }
        case .voiceStarted: tell(session) { $0.voiceStarted($1, now: $2, into: &$3) }
        case .voiceEnded: tell(session) { $0.voiceEnded($1, now: $2, into: &$3) }
        case .digitReceived(_, let digit, _): tell(session) { $0.digitHeard($1, digit, now: $2, into: &$3) }
        case .played: tell(session) { $0.uttered($1, now: $2, into: &$3) }
        case .digitsSent: tell(session) { $0.pressed($1, now: $2, into: &$3) }
        case .closed:
            forget(session)
            step { network, now, effects in
                network.tell(session, into: &effects) { neighbourhood, id, _ in neighbourhood.mediaClosed(id) }
            }
        case .digitPressed, .answererFound, .peerMoved, .peerElsewhere, .peerSilent: break
        case .recordingEnded(_, let path, let milliseconds, let failure):
            recordingEnded(session, path, milliseconds, failure)
        }
    }

    private func recordingEnded(_ session: SessionID, _ path: String, _ milliseconds: Int, _ failure: String?) {
        if let failure { return logger.warning("carrier: the recording \(path) failed: \(failure)") }
        logger.info("carrier: \(milliseconds) ms recorded in \(path)")
        do {
            guard let line = lines[session], let message = try line.recording.keepMessage() else { return }
            logger.info("carrier: the message is in \(message)")
            if let name = line.name { try line.recording.link(as: name, message: true) }
        } catch {
            logger.warning("carrier: the message in \(path) cannot be kept: \(error)")
        }
    }
}
