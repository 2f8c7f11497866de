import JSON
import SDP
import SIP
import Telephony

extension CallMachine {
    /// No line, or no pace, has let it be dialled yet.
    var awaitsTurn: Bool {
        switch phase {
        case .accepted, .queued: true
        case .incoming, .opening, .ringing, .connected, .over: false
        }
    }

    /// The request was taken.
    mutating func accept(expectedWaitSeconds: Double, now: Moment, into directives: inout [CallDirective]) {
        var metadata: [String: JSONValue] = [
            "from": .string(call.from), "to": .string(call.to),
            "callConnectUrl": JSONValue(callConnectURL?.description),
            "timeout": JSONValue(ringTimeoutSeconds), "sendDigits": shownSendDigits,
            "applicationId": JSONValue(call.applicationID?.text),
        ]
        if let ifMachine {
            metadata["ifMachine"] = .string(ifMachine.kind.rawValue)
            metadata["ifMachineUrl"] = JSONValue(ifMachine.url?.description)
        }
        if let machineBeepSeconds { metadata["ifMachineBeepSeconds"] = JSONValue(machineBeepSeconds) }
        if expectedWaitSeconds > 0 {
            metadata["expectedWaitSeconds"] = .integer(Int64(expectedWaitSeconds.rounded(.up)))
        }
        directives.append(.store(.saveCall(call)))
        note(.info, .request, "Call accepted", metadata, now, &directives)
        for remark in remarks { note(.warning, .request, remark, [:], now, &directives) }
        directives.append(.awaitCommit(.creation))
        directives.append(.saveRecord)
    }

    /// Its turn has come: the intent to dial goes to disk while the port is bound.
    ///
    /// - Parameters:
    ///   - port: nil where there is none: the call is about to fail.
    ///   - joinsAcceptance: the intent goes into the transaction of the acceptance (ARCHITECTURE.md#gates); a turn that
    ///     comes later, even where that transaction is still on its way, waits for its own.
    mutating func dial(
        port: UInt16?, joinsAcceptance: Bool, configuration: ExchangeConfiguration, random: inout RandomSource,
        into directives: inout [CallDirective]
    ) {
        let isAccepted: Bool
        switch phase {
        case .accepted: isAccepted = false
        case .queued: isAccepted = true
        case .incoming, .opening, .ringing, .connected, .over: return
        }
        if !joinsAcceptance { directives.append(.awaitCommit(.turn)) }
        let audio = LocalAudio(
            address: configuration.mediaAddress, port: port ?? 0, sessionID: random.next() >> 2, sessionVersion: 1)
        let trunk = configuration.trunk
        let address = SIPAddress(call.to)
        let callee =
            address.map { SIPURI(user: $0.dialledUser, host: $0.host, port: $0.port) }
            ?? SIPURI(user: call.to, host: trunk.host, port: trunk.port)
        let invitation = Invitation(
            destination: trunk.address,
            requestURI: callee,
            from: NameAddress(uri: SIPURI(user: call.from, host: configuration.localHost)),
            to: NameAddress(uri: callee),
            offer: audio.offer.bytes, identifiers: identifiers)
        self.invitation = invitation
        phase = .opening(
            Opening(
                isAccepted: isAccepted, isCommitted: false, awaitsTurn: !joinsAcceptance, isMediaOpen: false, end: nil))
        sessionRecord = SessionRecord(invitation: invitation, identifiers: identifiers)
        directives.append(.saveRecord)
        if let port { openMedia(port, audio, &random, &directives) }
    }

    /// Another port, in place of one that could not be bound; nobody has been told of it yet.
    mutating func changePort(to port: UInt16, random: inout RandomSource, into directives: inout [CallDirective]) {
        guard var audio = localAudio else { return releaseTaken(port, &directives) }
        audio.port = port
        switch phase {
        case .opening:
            invitation?.offer = audio.offer.bytes
        case .incoming(var incoming):
            // What could be answered with one port can be with another.
            guard let reply = try? audio.reply(to: incoming.offer) else { return releaseTaken(port, &directives) }
            incoming.sdp = reply.sdp
            phase = .incoming(incoming)
        case .accepted, .queued, .ringing, .connected, .over: return releaseTaken(port, &directives)
        }
        openMedia(port, audio, &random, &directives)
    }

    private func releaseTaken(_ port: UInt16, _ directives: inout [CallDirective]) {
        directives.append(.releasePort(port))
    }

    private mutating func openMedia(
        _ port: UInt16, _ audio: LocalAudio, _ random: inout RandomSource, _ directives: inout [CallDirective]
    ) {
        self.port = port
        localAudio = audio
        directives.append(
            .effect(
                .openMedia(
                    media,
                    MediaOpening(
                        port: port, synchronizationSource: UInt32(truncatingIfNeeded: random.next()),
                        firstSequenceNumber: UInt16(truncatingIfNeeded: random.next()),
                        firstTimestamp: UInt32(truncatingIfNeeded: random.next())))))
    }

    /// The transaction with the call's acceptance is on disk.
    mutating func acceptanceCommitted(
        now: Moment, random: inout RandomSource, into directives: inout [CallDirective]
    ) {
        switch phase {
        case .accepted: phase = .queued
        case .incoming(var incoming):
            incoming.isStored = true
            phase = .incoming(incoming)
            ringIfReady(now, &random, &directives)
        case .opening(var opening):
            opening.isAccepted = true
            if !opening.awaitsTurn { opening.isCommitted = true }
            phase = .opening(opening)
            if let end = opening.end {
                finish(end.outcome, isMediaOpen: end.isMediaOpen, now, &directives)
            } else {
                inviteIfReady(now, &directives)
            }
        case .queued, .ringing, .connected, .over: break
        }
    }

    /// The transaction with the intent to dial is on disk.
    mutating func turnCommitted(now: Moment, into directives: inout [CallDirective]) {
        guard case .opening(var opening) = phase else { return }
        opening.isCommitted = true
        phase = .opening(opening)
        inviteIfReady(now, &directives)
    }

    /// The intent to dial could not be stored: then nothing is dialled.
    mutating func turnNotCommitted(now: Moment, into directives: inout [CallDirective]) {
        guard case .opening = phase else { return }
        finish(CallOutcome(.failed, .internalError, "the intent to dial could not be stored"), now, &directives)
    }

    /// The call itself could not be stored: it never was. Its port is closed and forgotten.
    mutating func abandon(now: Moment, into directives: inout [CallDirective]) {
        var settling = Settling(awaitsSession: false, awaitsMedia: false)
        switch phase {
        case .accepted: directives.append(.withdraw)
        case .incoming:
            finish(CallOutcome(.failed, .internalError, "the call could not be stored"), now, &directives)
            return
        case .opening(let opening):
            settling.awaitsMedia = opening.end?.isMediaOpen ?? true
            settling.isUnwritten = true
        case .queued, .ringing, .connected, .over: return
        }
        phase = .over(settling)
        if settling.awaitsMedia { directives.append(.effect(.closeMedia(media))) } else { releasePort(&directives) }
        settle(&directives)
    }

    mutating func mediaOpened(now: Moment, random: inout RandomSource, into directives: inout [CallDirective]) {
        if case .incoming(var incoming) = phase {
            incoming.isMediaOpen = true
            phase = .incoming(incoming)
            ringIfReady(now, &random, &directives)
        }
        guard case .opening(var opening) = phase else { return }
        opening.isMediaOpen = true
        phase = .opening(opening)
        inviteIfReady(now, &directives)
    }

    /// - Parameters:
    ///   - isPortTaken: another program holds it; it says nothing of the next.
    ///   - isLast: there is no other port to try.
    mutating func mediaOpenFailed(
        _ explanation: String, isPortTaken: Bool = true, isLast: Bool = false, now: Moment,
        into directives: inout [CallDirective]
    ) {
        let mayTryAnother: Bool
        switch phase {
        case .opening(let opening): mayTryAnother = opening.end == nil
        case .incoming(let incoming): mayTryAnother = !incoming.isMediaOpen
        case .over: return mediaIsClosed(&directives)
        case .accepted, .queued, .ringing, .connected: return
        }
        portsFailed += 1
        if !isPortTaken { portsRefused += 1 }
        guard mayTryAnother, !isLast, portsRefused < Self.maximumPortsRefused, let port else {
            note(.error, .media, "No RTP port", ["explanation": .string(explanation)], now, &directives)
            return finish(
                CallOutcome(.failed, .internalError, "no RTP port: \(explanation)"), isMediaOpen: false, now,
                &directives)
        }
        if portsFailed <= Self.maximumPortsNoted {
            note(
                .warning, .media, "RTP port cannot be bound; another is taken",
                ["port": JSONValue(Int(port)), "explanation": .string(explanation)], now, &directives)
        }
        self.port = nil
        directives.append(.changePort(from: port, explanation: explanation))
    }

    mutating func inviteIfReady(_ now: Moment, _ directives: inout [CallDirective]) {
        guard case .opening(let opening) = phase, opening.isCommitted, opening.isMediaOpen, opening.end == nil,
            let invitation
        else { return }
        localAudio?.noteIssued(invitation.offer)
        phase = .ringing
        call.startTime = clock.reading(now)
        changeStatus(.ringing, "the INVITE leaves", now, &directives)
        directives.append(.saveRecord)
        directives.append(.arm(.ring, after: .seconds(ringTimeoutSeconds)))
        directives.append(.invite(invitation))
    }
}
