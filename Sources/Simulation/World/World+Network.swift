import CallControl
import People
import SIP

/// Datagrams between Belay and the far ends: lost, doubled, overtaken, seen by the checks.
extension World {
    func sendFromBelay(_ bytes: [UInt8], _ destination: TransportAddress) throws(Violation) {
        trace.mix(13)
        trace.mix(bytes)
        guard let message = Sighting(bytes) else { throw Violation("SIP", "Belay sends what cannot be read") }
        trace.tell(now, "  sent \(message.summary)")
        guard let farEnd = Self.farEndAddresses.firstIndex(of: destination) else {
            throw Violation("SIP", "\(message.summary) goes to \(destination), where nobody is")
        }
        if message.isRequest {
            if message.method == .invite, !signalling.hasInvited(message.number) {
                try durability.inviting(
                    statuses.call(dialling: message.number), callID: message.callID, storage)
            }
            if message.method == .cancel, isAnsweringProvisional, !signalling.hasCanceled(message.callID) {
                counters.count(.cancelHeldUntilProvisional)
            }
            if message.method == .ack {
                acknowledged.append(message)
                try checkACK(message)
            }
        }
        try signalling.sent(message, now: now)
        post(.datagramAtFarEnd(farEnd, bytes))
        if farEnd == 0, message.isRequest, proxy.copies(message, isForked: isForked) {
            post(.datagramAtFarEnd(1, bytes))
        }
    }

    private func isForked(_ number: String) -> Bool {
        guard let index = CallPlan.index(of: number), plans.indices.contains(index) else { return false }
        return plans[index].forkBehaviour != nil
    }

    private func post(_ happening: Happening) {
        if isChosen(perMille: weather.lossPerMille) {
            counters.count(.datagramLost)
            trace.tell(now, "  (lost)")
            return
        }
        let copies = isChosen(perMille: weather.duplicationPerMille) ? 2 : 1
        if copies == 2 { counters.count(.datagramDuplicated) }
        for _ in 0..<copies {
            var arrival = now + .microseconds(draw(weather.delayMicroseconds))
            if isChosen(perMille: weather.lagPerMille) {
                counters.count(.datagramReordered)
                arrival = arrival + .milliseconds(draw(1...max(1, weather.lagMilliseconds)))
            }
            queue.schedule(happening, at: arrival)
        }
    }

    func receiveAtBelay(_ bytes: [UInt8], _ source: TransportAddress) throws(Violation) {
        // While it is down its datagrams reach nobody.
        guard subject != nil else { return }
        guard let message = Sighting(bytes) else { return try feed(.datagramReceived(bytes, from: source)) }
        trace.tell(now, "received \(message.summary)")
        if message.isRequest, message.method == .bye, let id = statuses.call(dialling: numberOfCall(message.callID)),
            webhooks.isFetching(id)
        {
            counters.count(.byeDuringFetch)
        }
        let owed = signalling.received(message, now: now, counters: &counters)
        acknowledged = []
        isAnsweringProvisional = !message.isRequest && message.method == .invite && message.status < 200
        defer { isAnsweringProvisional = false }
        let lifeBefore = life
        try feed(.datagramReceived(bytes, from: source))
        guard let owed, subject != nil, life == lifeBefore else { return }
        let isAcknowledged = acknowledged.contains { ack in
            ack.callID == owed.callID && ack.sequence == owed.sequence
                && (owed.status >= 300 || ack.toTag == owed.toTag)
        }
        guard isAcknowledged else {
            throw Violation("ACK for every final response", "none for \(owed.summary)")
        }
    }

    private func numberOfCall(_ callID: String) -> String { signalling.number(of: callID) ?? "" }

    func receiveAtFarEnd(_ index: Int, _ bytes: [UInt8]) throws(Violation) {
        trace.begin(5, at: now)
        try withFarEnd(index) { farEnd, now, effects in
            farEnd.receive(bytes, from: Self.belayAddress, now: now, into: &effects)
        }
    }

    func carryOut(_ effects: [NeighbourhoodEffect], at index: Int) throws(Violation) {
        for effect in effects {
            switch effect {
            case .send(let bytes, let destination):
                trace.mix(14)
                trace.mix(bytes)
                guard destination == Self.belayAddress else {
                    throw Violation("simulation", "a far end sends to \(destination)")
                }
                if let message = Sighting(bytes) {
                    trace.tell(now, "  far end \(index) sent \(message.summary)")
                    guard proxy.passes(message, from: index) else { continue }
                }
                post(.datagramAtBelay(bytes, from: Self.farEndAddresses[index]))
            case .openMedia(let session, let port, _):
                farCallsByPort[port] = FarCall(farEnd: index, session: session)
                try withFarEnd(index) { farEnd, now, effects in
                    farEnd.mediaOpened(session, now: now, into: &effects)
                }
            case .closeMedia(let session):
                queue.schedule(
                    .farMediaClosed(FarCall(farEnd: index, session: session)), at: after(milliseconds: 20))
            case .press(let session, let digits):
                guard let handle = media.handle(of: FarCall(farEnd: index, session: session)) else { continue }
                for (position, digit) in digits.enumerated() {
                    queue.schedule(
                        .media(life: life, handle, .digitReceived(digit)),
                        at: after(milliseconds: 100 + 200 * position))
                }
            case .called(let session, let number, let callID):
                farNumbers[FarCall(farEnd: index, session: session)] = number
                farCallsByCallID[callID, default: []].append(FarCall(farEnd: index, session: session))
            // Nobody here utters anything: nothing of Belay's core would understand it.
            case .connectMedia, .utter, .messageBegan, .messageEnded, .answered, .missed, .left: break
            }
        }
    }
}
