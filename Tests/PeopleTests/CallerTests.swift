import People
import SDP
import SIP
import Testing

@Suite("Somebody who calls")
struct CallerTests {
    private struct Caller {
        var person: Person
        var random = RandomSource(seed: 7)

        init(_ conversation: Conversation) { person = Person(calling: conversation, patience: 9000...9000) }

        mutating func hears(_ input: PersonInput) -> [PersonEffect] {
            var effects: [PersonEffect] = []
            person.handle(input, random: &random, into: &effects)
            return effects
        }
    }

    private let silence = Conversation(
        ending: .hangsUpWhenSpokenTo(silence: 1000...1000, patience: 30_000...30_000))

    @Test("Has not been spoken to before there was anybody: patience runs from the answer on")
    func unspoken() {
        var caller = Caller(silence)
        _ = caller.hears(.dialled)
        #expect(caller.hears(.acknowledged) == [.disarm(.decide), .arm(.hangUp, afterMilliseconds: 30_000)])
        var listener = Caller(Conversation([.hearSpeech(quiet: 700...700, within: 8000...8000)], ending: .waits))
        _ = listener.hears(.dialled)
        #expect(listener.hears(.acknowledged) == [.disarm(.decide), .arm(.step, afterMilliseconds: 8000)])
    }

    @Test("Has been spoken to by an announcement before the answer")
    func spoken() {
        var caller = Caller(silence)
        _ = caller.hears(.dialled)
        #expect(caller.hears(.voiceStarted) == [] && caller.hears(.voiceEnded) == [])
        #expect(caller.hears(.acknowledged) == [.disarm(.decide), .arm(.hangUp, afterMilliseconds: 1000)])
    }

    @Test("Dials once, is answered once, and does nothing once gone")
    func once() {
        var caller = Caller(Conversation([.press("1")], ending: .waits))
        #expect(caller.hears(.acknowledged) == [], "nobody has been called")
        #expect(caller.hears(.dialled) == [.arm(.decide, afterMilliseconds: 9000)])
        #expect(caller.hears(.dialled) == [])
        #expect(caller.hears(.acknowledged) == [.disarm(.decide), .press("1")])
        #expect(caller.hears(.acknowledged) == [] && caller.hears(.timerFired(.decide)) == [])
        #expect(!caller.person.isGone)
        #expect(caller.hears(.hungUp) == PersonTimer.allCases.map { .disarm($0) })
        #expect(caller.person.isGone)
        #expect(caller.hears(.hungUp) == [] && caller.hears(.pressed) == [] && caller.hears(.dialled) == [])
    }

    @Test("A step goes on with what it waits for, and with nothing else")
    func steps() {
        let hello = Utterance.speech("Hello")
        var caller = Caller(Conversation([.press("1"), .utter(hello), .wait(50...50), .press("2")], ending: .waits))
        _ = caller.hears(.dialled)
        _ = caller.hears(.acknowledged)
        #expect(caller.hears(.uttered) == [] && caller.hears(.timerFired(.step)) == [])
        #expect(caller.hears(.pressed) == [.utter(hello)])
        #expect(caller.hears(.pressed) == [] && caller.hears(.timerFired(.step)) == [])
        #expect(caller.hears(.uttered) == [.arm(.step, afterMilliseconds: 50)])
        #expect(caller.hears(.uttered) == [] && caller.hears(.pressed) == [])
        #expect(caller.hears(.timerFired(.step)) == [.press("2")])
        #expect(caller.hears(.pressed) == [] && caller.hears(.pressed) == [])
    }

    @Test("Who is called does not dial")
    func called() {
        var person = Person(.ringsForEver)
        var random = RandomSource(seed: 1)
        var effects: [PersonEffect] = []
        person.handle(.dialled, random: &random, into: &effects)
        #expect(effects == [])
        person.handle(.invited, random: &random, into: &effects)
        person.handle(.invited, random: &random, into: &effects)
        #expect(effects == [.ring], "and is called once")
    }
}

/// Two neighbourhoods without a network between them: what one sends, the other has at once. Whatever is owed to a
/// neighbourhood is given once, and only what is.
private struct Village {
    static let from = "+15550000001"
    static let to = "+15551230000"

    enum Side { case caller, callee }

    let here: TransportAddress
    let there: TransportAddress
    var caller: Neighbourhood
    var callee: Neighbourhood
    var now = Instant.zero
    /// What each wanted, but datagrams.
    var wanted: [Side: [NeighbourhoodEffect]] = [.caller: [], .callee: []]
    var datagrams = 0
    /// Whether the caller's media opens at once.
    var opensMedia = true
    /// The caller's sessions whose media was asked for and neither opened nor refused.
    var owed: Set<SessionID> = []

    init(_ behaviour: Behaviour, ports: ClosedRange<UInt16> = 30_000...30_001) throws {
        here = try #require(TransportAddress("192.0.2.1:5060"))
        there = try #require(TransportAddress("192.0.2.2:5060"))
        func neighbourhood(_ node: UInt16, _ address: TransportAddress, _ ports: ClosedRange<UInt16>) -> Neighbourhood {
            Neighbourhood(
                configuration: NeighbourhoodConfiguration(
                    userAgent: UserAgentConfiguration(node: node, localAddress: address, tracesMessages: false),
                    mediaAddress: address.address.hostText, rtpPorts: ports),
                directory: OneKindOfPeople(behaviour), random: RandomSource(seed: UInt64(node)))
        }
        caller = neighbourhood(1, here, ports)
        callee = neighbourhood(2, there, 40_000...40_007)
    }

    mutating func call(_ conversation: Conversation, patience: Int = 60_000) -> SessionID? {
        let call = OutwardCall(
            from: Self.from, to: Self.to, destination: there, conversation: conversation,
            patience: patience...patience)
        var id: SessionID?
        at(.caller) { id = $0.call(call, now: $1, into: &$2) }
        return id
    }

    mutating func mediaOpened(_ id: SessionID) {
        if owed.remove(id) == nil { Issue.record("media of \(id) was not asked for") }
        at(.caller) { $0.mediaOpened(id, now: $1, into: &$2) }
    }

    mutating func mediaOpenFailed(_ id: SessionID) {
        if owed.remove(id) == nil { Issue.record("media of \(id) was not asked for") }
        at(.caller) { $0.mediaOpenFailed(id, now: $1, into: &$2) }
    }

    mutating func wait(milliseconds: Int64) {
        let end = now + .milliseconds(milliseconds)
        while let next = [caller.nextDeadline, callee.nextDeadline].compactMap(\.self).min(), next <= end {
            now = max(now, next)
            at(.caller) { $0.fireTimers(now: $1, into: &$2) }
            at(.callee) { $0.fireTimers(now: $1, into: &$2) }
        }
        now = end
    }

    mutating func at(_ side: Side, _ body: (inout Neighbourhood, Instant, inout [NeighbourhoodEffect]) -> Void) {
        var effects: [NeighbourhoodEffect] = []
        if side == .caller { body(&caller, now, &effects) } else { body(&callee, now, &effects) }
        let (source, other) = side == .caller ? (here, Side.callee) : (there, .caller)
        for effect in effects {
            if case .send(let bytes, _) = effect {
                datagrams += 1
                at(other) { $0.receive(bytes, from: source, now: $1, into: &$2) }
                continue
            }
            wanted[side]?.append(effect)
            switch effect {
            case .openMedia(let id, _, _):
                if side == .callee {
                    at(.callee) { $0.mediaOpened(id, now: $1, into: &$2) }
                } else {
                    owed.insert(id)
                    if opensMedia { mediaOpened(id) }
                }
            case .closeMedia(let id):
                if side == .caller { caller.mediaClosed(id) } else { callee.mediaClosed(id) }
            default: break
            }
        }
    }

    func ports(_ side: Side) -> [UInt16] {
        (wanted[side] ?? []).compactMap { if case .openMedia(_, let port, _) = $0 { port } else { nil } }
    }

    /// Where a side's media goes.
    func peers(_ side: Side) -> [UInt16] {
        (wanted[side] ?? []).compactMap {
            if case .connectMedia(_, let agreement) = $0 { agreement.remotePort } else { nil }
        }
    }

    /// How a side's calls ended, in order.
    func partings(_ side: Side) -> [NeighbourhoodEffect] {
        (wanted[side] ?? []).filter { if case .left = $0 { true } else { false } }
    }
}

@Suite("Somebody of a neighbourhood calls")
struct OutwardCallTests {
    private let picksUp = Behaviour.answers(after: 0...0, Conversation(ending: .waits))
    private let one = SessionID(rawValue: 1)

    private func left(_ id: SessionID, _ parting: Parting) -> NeighbourhoodEffect {
        .left(id, number: Village.from, digitsHeard: "", parting)
    }

    @Test("The port is bound, the INVITE leaves, whoever picks up is talked to, and the end is told once")
    func calls() throws {
        var village = try Village(.answers(after: 1000...1000, Conversation(ending: .waits)))
        let talk = Conversation([.press("42"), .utter(.beep)], ending: .hangsUp(after: 3000...3000))
        #expect(village.call(talk) == one)
        guard case .called(one, number: Village.from, let callID)? = village.wanted[.caller]?.first else {
            Issue.record("not called: \(village.wanted)")
            return
        }
        #expect(village.wanted[.caller]?.dropFirst() == [.openMedia(one, port: 30_000, preparing: [.beep])])
        #expect(village.caller.callCount == 1 && village.caller.isAlive(one) && !village.caller.isIdle)
        #expect(
            village.wanted[.callee]?.first == .called(.firstIncoming, number: Village.to, callID: callID),
            "one Call-ID on both sides")
        village.wait(milliseconds: 999)
        #expect(village.wanted[.caller]?.count == 2)
        village.wait(milliseconds: 1)
        #expect(
            village.wanted[.caller]?.dropFirst(3) == [.answered(one, number: Village.from), .press(one, "42")])
        #expect(village.peers(.caller) == village.ports(.callee) && village.peers(.callee) == [30_000])
        village.at(.caller) { $0.pressed(SessionID(rawValue: 1), now: $1, into: &$2) }
        #expect(village.wanted[.caller]?.last == .utter(one, .beep))
        village.wait(milliseconds: 2999)
        #expect(village.partings(.caller) == [])
        village.wait(milliseconds: 1)
        #expect(
            village.wanted[.caller]?.suffix(2) == [
                left(one, .ended(.localHangUp(confirmed: true))), .closeMedia(one),
            ])
        #expect(
            village.partings(.callee) == [
                .left(.firstIncoming, number: Village.to, digitsHeard: "", .ended(.remoteHangUp))
            ])
        #expect(village.caller.callCount == 0 && !village.caller.isAlive(one))
        village.wait(milliseconds: 40_000)
        #expect(village.caller.isIdle && village.callee.isIdle)
        #expect(village.partings(.caller).count == 1)
    }

    @Test("Nobody picks up: patience ends, the call is taken back, and nothing is left over")
    func unanswered() throws {
        var village = try Village(.ringsForEver)
        _ = village.call(Conversation(ending: .waits), patience: 5000)
        village.wait(milliseconds: 4999)
        #expect(village.partings(.caller) == [])
        village.wait(milliseconds: 1)
        #expect(village.partings(.caller) == [left(one, .failed(.canceled))])
        #expect(village.wanted[.caller]?.last == .closeMedia(one))
        village.wait(milliseconds: 40_000)
        #expect(village.caller.isIdle && village.callee.isIdle)
    }

    @Test("A refusal is told with its status")
    func refused() throws {
        var village = try Village(.busy())
        _ = village.call(Conversation(ending: .waits))
        #expect(village.partings(.caller) == [left(one, .failed(.response(.busyHere, reason: "Busy Here")))])
        village.wait(milliseconds: 40_000)
        #expect(village.caller.isIdle)
    }

    @Test("A port that another program holds is passed over, and the offer names the one that is bound")
    func passesOver() throws {
        var village = try Village(picksUp, ports: 30_000...30_003)
        village.opensMedia = false
        _ = village.call(Conversation(ending: .waits))
        #expect(village.datagrams == 0, "nothing leaves before the port is bound")
        village.mediaOpenFailed(one)
        #expect(village.datagrams == 0 && village.ports(.caller).sorted() == [30_000, 30_002])
        village.mediaOpened(one)
        #expect(village.peers(.callee) == [village.ports(.caller)[1]])
        // What comes behind that concerns nobody.
        let datagrams = village.datagrams
        village.at(.caller) { $0.mediaOpened(SessionID(rawValue: 1), now: $1, into: &$2) }
        village.at(.caller) { $0.mediaOpenFailed(SessionID(rawValue: 1), now: $1, into: &$2) }
        #expect(village.datagrams == datagrams && village.ports(.caller).count == 2 && village.caller.isAlive(one))
    }

    @Test("Where every port is another program's the call fails, its port is given back, and nobody is called")
    func noPort() throws {
        var village = try Village(picksUp)
        village.opensMedia = false
        _ = village.call(Conversation(ending: .waits))
        #expect(village.call(Conversation(ending: .waits)) == nil, "the only port is in use")
        village.mediaOpenFailed(one)
        #expect(village.partings(.caller) == [left(one, .failed(.transportFailed("no RTP port")))])
        #expect(village.datagrams == 0 && village.caller.isIdle)
        village.opensMedia = true
        #expect(village.call(Conversation(ending: .waits)) == SessionID(rawValue: 2))
        #expect(village.peers(.caller).count == 1)
    }

    @Test("Who hears nothing hangs up; all hang up in the order of their calls")
    func hangUp() throws {
        var village = try Village(picksUp, ports: 30_000...30_005)
        for _ in 0..<3 { _ = village.call(Conversation(ending: .waits)) }
        let (two, three) = (SessionID(rawValue: 2), SessionID(rawValue: 3))
        village.at(.caller) { $0.peerFellSilent(SessionID(rawValue: 2), now: $1, into: &$2) }
        #expect(village.partings(.caller) == [left(two, .ended(.localHangUp(confirmed: true)))])
        #expect(village.caller.callCount == 2)
        village.at(.callee) { $0.hangUpAll(now: $1, into: &$2) }
        #expect(
            village.partings(.caller).dropFirst() == [
                left(one, .ended(.remoteHangUp)), left(three, .ended(.remoteHangUp)),
            ])
        village.wait(milliseconds: 40_000)
        #expect(village.caller.isIdle && village.callee.isIdle)
    }

    @Test("What is heard reaches the one who hears it, and the digits are told at the end")
    func hears() throws {
        var village = try Village(
            .answers(
                after: 0...0,
                Conversation([.hearDigits("7", within: 9000...9000), .utter(.beep)], ending: .waits)),
            ports: 30_000...30_003)
        for _ in 0..<2 { _ = village.call(Conversation(ending: .waits)) }
        let second = SessionID(rawValue: SessionID.firstIncoming.rawValue + 1)
        for digit in "57" { village.at(.callee) { $0.digitHeard(second, digit, now: $1, into: &$2) } }
        #expect(
            village.wanted[.callee]?.filter { if case .utter = $0 { true } else { false } } == [.utter(second, .beep)])
        village.at(.callee) { $0.hangUpAll(now: $1, into: &$2) }
        let digits = village.partings(.callee).map { effect -> String? in
            if case .left(_, _, let digits, _) = effect { digits } else { nil }
        }
        #expect(digits == ["", "57"])
    }

    @Test("An expectation that is missed is told, and the one who had it hangs up")
    func misses() throws {
        let step = Conversation.Step.hearDigits("7", within: 4000...4000)
        var village = try Village(.answers(after: 0...0, Conversation([step], ending: .waits)))
        _ = village.call(Conversation(ending: .waits))
        village.wait(milliseconds: 3999)
        #expect(village.partings(.callee) == [])
        village.wait(milliseconds: 1)
        #expect(village.wanted[.callee]?.contains(.missed(.firstIncoming, number: Village.to, step)) == true)
        #expect(
            village.partings(.callee) == [
                .left(.firstIncoming, number: Village.to, digitsHeard: "", .ended(.localHangUp(confirmed: true)))
            ])
        #expect(village.partings(.caller) == [left(one, .ended(.remoteHangUp))])
    }
}
