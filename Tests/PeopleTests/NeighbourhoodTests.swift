import People
import SDP
import SIP
import Testing

/// A caller and a neighbourhood without a network between them: what one sends, the other has at once.
private struct Street {
    static let callerAddress = TransportAddress("192.0.2.1:5060")
    static let calleeAddress = TransportAddress("192.0.2.2:5060")

    var caller: UserAgent
    var neighbourhood: Neighbourhood
    var random = RandomSource(seed: 1)
    var now = Instant.zero
    /// What the caller's user agent told, but datagrams and traces.
    var told: [UserAgentEffect] = []
    /// What the neighbourhood wanted, but datagrams.
    var wanted: [NeighbourhoodEffect] = []
    let callee: TransportAddress
    let here: TransportAddress
    let session = SessionID(rawValue: 1)
    /// The media engine is slow: `mediaOpened` comes only when the test says so.
    var opensMediaAtOnce = true

    init(_ behaviour: Behaviour, rtpPorts: ClosedRange<UInt16> = 30_000...30_001) throws {
        here = try #require(Self.callerAddress)
        callee = try #require(Self.calleeAddress)
        caller = UserAgent(configuration: UserAgentConfiguration(localAddress: here, tracesMessages: false))
        neighbourhood = Neighbourhood(
            configuration: NeighbourhoodConfiguration(
                userAgent: UserAgentConfiguration(node: 9, localAddress: callee, tracesMessages: false),
                mediaAddress: "192.0.2.2", rtpPorts: rtpPorts),
            directory: OneKindOfPeople(behaviour), random: RandomSource(seed: 2))
    }

    mutating func call() {
        let audio = LocalAudio(address: "192.0.2.1", port: 20_000, sessionID: 1, sessionVersion: 1)
        let invitation = Invitation(
            destination: callee, requestURI: SIPURI(user: "+15551230000", host: "192.0.2.2"),
            from: NameAddress(uri: SIPURI(user: "+15550000001", host: "192.0.2.1")),
            to: NameAddress(uri: SIPURI(user: "+15551230000", host: "192.0.2.2")), offer: audio.offer.bytes)
        withCaller { agent, now, random, effects in
            agent.invite(SessionID(rawValue: 1), invitation, now: now, random: &random, into: &effects)
        }
    }

    mutating func end() {
        withCaller { agent, now, random, effects in
            agent.end(SessionID(rawValue: 1), now: now, random: &random, into: &effects)
        }
    }

    /// Lets the clock run.
    mutating func wait(milliseconds: Int64) {
        let end = now + .milliseconds(milliseconds)
        while let next = [caller.nextDeadline, neighbourhood.nextDeadline].compactMap(\.self).min(), next <= end {
            now = max(now, next)
            withNeighbourhood { $0.fireTimers(now: $1, into: &$2) }
            withCaller { $0.fireTimers(now: $1, random: &$2, into: &$3) }
        }
        now = end
    }

    mutating func withNeighbourhood(_ body: (inout Neighbourhood, Instant, inout [NeighbourhoodEffect]) -> Void) {
        var effects: [NeighbourhoodEffect] = []
        body(&neighbourhood, now, &effects)
        let source = callee
        for effect in effects {
            switch effect {
            case .send(let bytes, _):
                withCaller { $0.receive(bytes, from: source, now: $1, random: &$2, into: &$3) }
            case .openMedia(let id, _, _):
                wanted.append(effect)
                if opensMediaAtOnce { withNeighbourhood { $0.mediaOpened(id, now: $1, into: &$2) } }
            case .closeMedia(let id):
                wanted.append(effect)
                neighbourhood.mediaClosed(id)
            default: wanted.append(effect)
            }
        }
    }

    private mutating func withCaller(
        _ body: (inout UserAgent, Instant, inout RandomSource, inout [UserAgentEffect]) -> Void
    ) {
        var effects: [UserAgentEffect] = []
        body(&caller, now, &random, &effects)
        let source = here
        for effect in effects {
            switch effect {
            case .send(let bytes, _): withNeighbourhood { $0.receive(bytes, from: source, now: $1, into: &$2) }
            case .recordChanged: break
            default: told.append(effect)
            }
        }
    }

    var outcome: UserAgentEffect? { told.last }
}

@Suite("A neighbourhood")
struct NeighbourhoodTests {
    @Test("A call is answered with media that both agree on, and ended by the callee")
    func answers() throws {
        var street = try Street(
            .answers(after: 1000...1000, Conversation([.utter(.speech("Hello"))], ending: .hangsUp(after: 2000...2000)))
        )
        street.call()
        street.wait(milliseconds: 999)
        #expect(street.told == [.progressed(street.session, .ringing, body: nil)])
        street.wait(milliseconds: 1)
        guard case .answered(_, let body)? = street.told.last else {
            Issue.record("not answered: \(street.told)")
            return
        }
        let audio = LocalAudio(address: "192.0.2.1", port: 20_000, sessionID: 1, sessionVersion: 1)
        let agreement = try audio.agreement(answer: body)
        #expect(agreement.remoteAddress == "192.0.2.2")
        #expect(agreement.remotePort == 30_000)
        #expect(agreement.codec == .pcmu)
        let id = SessionID.firstIncoming
        #expect(street.wanted.contains(.openMedia(id, port: 30_000, preparing: [.speech("Hello")])))
        #expect(street.wanted.last == .utter(id, .speech("Hello")))
        street.wait(milliseconds: 2000)
        #expect(street.outcome == .ended(street.session, .remoteHangUp))
        #expect(street.wanted.last == .closeMedia(id))
        street.wait(milliseconds: 40_000)
        #expect(street.neighbourhood.isIdle)
    }

    @Test("An answer waits until the port is bound")
    func answerWaitsForMedia() throws {
        var street = try Street(.answers(after: 0...0, Conversation(ending: .waits)))
        street.opensMediaAtOnce = false
        street.call()
        #expect(street.told == [])
        street.withNeighbourhood { $0.mediaOpened(.firstIncoming, now: $1, into: &$2) }
        guard case .answered? = street.outcome else {
            Issue.record("not answered: \(street.told)")
            return
        }
    }

    @Test("A port that another program holds is passed over, however many there are", arguments: [1, 16, 40, 199])
    func passesOverTakenPorts(taken: Int) throws {
        var street = try Street(.answers(after: 0...0, Conversation(ending: .waits)), rtpPorts: 30_000...30_399)
        street.opensMediaAtOnce = false
        street.call()
        for _ in 0..<taken {
            #expect(street.told == [])
            street.withNeighbourhood { $0.mediaOpenFailed(.firstIncoming, now: $1, into: &$2) }
        }
        street.withNeighbourhood { $0.mediaOpened(.firstIncoming, now: $1, into: &$2) }
        guard case .answered(_, let body)? = street.outcome else {
            Issue.record("not answered: \(street.told)")
            return
        }
        let ports = street.wanted.compactMap { effect -> UInt16? in
            if case .openMedia(_, let port, _) = effect { port } else { nil }
        }
        #expect(Set(ports).count == taken + 1)
        let agreement = try LocalAudio(
            address: "192.0.2.1", port: 20_000, sessionID: 1, sessionVersion: 1
        ).agreement(answer: body)
        #expect(agreement.remotePort == ports.last)
    }

    @Test("Without a port the call is refused with 503, and nothing is left over")
    func refusesWithoutMedia() throws {
        var street = try Street(.answers(after: 0...0, Conversation(ending: .waits)), rtpPorts: 30_000...30_003)
        street.opensMediaAtOnce = false
        street.call()
        // The range has two ports; each is tried.
        street.withNeighbourhood { $0.mediaOpenFailed(.firstIncoming, now: $1, into: &$2) }
        #expect(street.told == [])
        street.withNeighbourhood { $0.mediaOpenFailed(.firstIncoming, now: $1, into: &$2) }
        let ports = street.wanted.compactMap { effect -> UInt16? in
            if case .openMedia(_, let port, _) = effect { port } else { nil }
        }
        #expect(ports.sorted() == [30_000, 30_002])
        #expect(
            street.outcome
                == .failed(street.session, .response(.serviceUnavailable, reason: "Service Unavailable")))
        street.wait(milliseconds: 40_000)
        #expect(street.neighbourhood.isIdle)
    }

    @Test("Nobody answers where nobody is, not even the network")
    func neverResponds() throws {
        var street = try Street(.neverResponds)
        street.call()
        street.wait(milliseconds: 40_000)
        #expect(street.told == [.failed(street.session, .timedOut)])
        #expect(street.wanted == [])
    }

    @Test("CANCEL and 200 cross: the caller must hang up the call that it did not want")
    func answersAsCanceled() throws {
        var street = try Street(.answersAsCanceled(Conversation(ending: .waits)))
        street.call()
        street.wait(milliseconds: 500)
        street.end()
        #expect(street.outcome == .failed(street.session, .canceled))
        street.wait(milliseconds: 40_000)
        #expect(street.wanted.contains { if case .answered = $0 { true } else { false } })
        #expect(street.neighbourhood.isIdle)
        #expect(street.caller.gauges.isIdle)
    }

    @Test("Two BYEs cross, and both sides are done")
    func byesCross() throws {
        var street = try Street(.answers(after: 0...0, Conversation(ending: .hangsUpWithTheOther)))
        street.call()
        street.wait(milliseconds: 500)
        street.end()
        street.wait(milliseconds: 40_000)
        #expect(street.neighbourhood.isIdle)
        #expect(street.caller.gauges.isIdle)
    }

    @Test("A cancelled call rings no longer")
    func canceled() throws {
        var street = try Street(.ringsForEver)
        street.call()
        street.wait(milliseconds: 500)
        street.end()
        #expect(street.outcome == .failed(street.session, .canceled))
        street.wait(milliseconds: 40_000)
        #expect(street.neighbourhood.isIdle)
    }
}
