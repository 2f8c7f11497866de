import Testing

@testable import SIP

/// Two user agents call each other; what may go wrong between them goes wrong.
@Suite("Whole calls between two user agents")
struct CallOverWireTests {
    enum Story: String, CaseIterable, Sendable {
        case callerHangsUp, calleeHangsUp, bothHangUp, calleeRejects, callerCancels, cancelMeetsAnswer
    }

    private func invitation() -> Invitation {
        Invitation(
            destination: Wire.callee, requestURI: SIPURI(user: "100", address: Wire.callee),
            from: NameAddress(uri: SIPURI(user: "a", address: Wire.caller)),
            to: NameAddress(uri: SIPURI(user: "100", address: Wire.callee)), offer: Bench.offer)
    }

    private func wire(_ story: Story, seed: UInt64 = 1) -> Wire {
        var wire = Wire(seed: seed)
        wire.react = { address, effect in
            switch (effect, story) {
            case (.invited(let id, _), .calleeRejects):
                return [(.milliseconds(10), .ring(id)), (.seconds(2), .reject(id, .busyHere))]
            case (.invited(let id, _), .callerCancels): return [(.milliseconds(10), .ring(id))]
            // The answer leaves 30 ms before the CANCEL can arrive.
            case (.invited(let id, _), .cancelMeetsAnswer):
                return [(.milliseconds(10), .ring(id)), (.milliseconds(2_985), .answer(id))]
            case (.invited(let id, _), _):
                return [(.milliseconds(10), .ring(id)), (.seconds(2), .answer(id))]
            case (.answered(let id, _), .callerHangsUp), (.answered(let id, _), .bothHangUp):
                return [(.seconds(5), .end(id))]
            case (.acknowledged(let id, _), .calleeHangsUp): return [(.seconds(5), .end(id))]
            case (.acknowledged(let id, _), .bothHangUp): return [(.milliseconds(4_975), .end(id))]
            default: return []
            }
        }
        wire.plan(.zero, at: Wire.caller, .invite(.one, invitation()))
        if story == .callerCancels || story == .cancelMeetsAnswer {
            wire.plan(.seconds(3), at: Wire.caller, .end(.one))
        }
        // Whatever gets lost: nobody rings or talks for ever.
        wire.plan(.seconds(60), at: Wire.caller, .end(.one))
        wire.plan(.seconds(90), at: Wire.callee, .end(.firstIncoming))
        return wire
    }

    /// What must be true after every run, whatever happened on the way.
    private func check(_ wire: Wire, _ what: String) {
        for address in [Wire.caller, Wire.callee] {
            #expect(wire.agent(address).gauges.isIdle, "\(what): \(address) keeps \(wire.agent(address).gauges)")
            let told = wire.told(address)
            let outcomes = told.filter(\.isOutcome)
            #expect(outcomes.count <= 1, "\(what): \(address) heard \(outcomes)")
            if address == Wire.caller { #expect(outcomes.count == 1, "\(what): the caller heard \(told)") }
            let wasInvited = told.contains { if case .invited = $0 { true } else { false } }
            if wasInvited { #expect(outcomes.count == 1, "\(what): the callee heard \(told)") }
            // An answered session ends, any other fails.
            let wasAnswered = told.contains { if case .answered = $0 { true } else { false } }
            for outcome in outcomes where address == Wire.caller {
                if case .ended = outcome { #expect(wasAnswered, "\(what)") } else { #expect(!wasAnswered, "\(what)") }
            }
        }
        checkMessages(wire, what)
    }

    /// A model of what is legal on the wire: who may send what when.
    private func checkMessages(_ wire: Wire, _ what: String) {
        var acknowledged: Set<UInt32> = []
        var cancelable = false
        for message in wire.messages {
            guard let cseq = try? message.headers.cseq(), let from = try? message.headers.from().tag else {
                Issue.record("\(what): unreadable message")
                continue
            }
            let isCallers = from.hasPrefix("n1-")
            switch message {
            case .response(let response):
                #expect(cseq.method != .ack, "\(what): an ACK was answered")
                if cseq.method == .invite, response.status.isProvisional { cancelable = true }
            case .request(let request):
                #expect(request.method == cseq.method, "\(what)")
                if request.method == .ack { acknowledged.insert(cseq.number) }
                // RFC 3261 §9.1
                if request.method == .cancel { #expect(cancelable, "\(what): CANCEL before a provisional response") }
                // RFC 3261 §15: the callee's BYE waits for the ACK, or for 64·T1 without one.
                if request.method == .bye, !isCallers {
                    #expect(!acknowledged.isEmpty || wire.now > Instant.zero + .seconds(32), "\(what): early BYE")
                }
            }
        }
    }

    /// Every final response to an INVITE was acknowledged.
    private func checkAcknowledgements(_ wire: Wire, _ what: String) {
        let finals = wire.messages.contains { message in
            guard case .response(let response) = message, response.status.isFinal else { return false }
            return (try? response.headers.cseq().method) == .invite
        }
        let acks = wire.messages.contains { message in
            if case .request(let request) = message { request.method == .ack } else { false }
        }
        #expect(finals && acks, "\(what)")
    }

    @Test("Undisturbed, every story ends as it should", arguments: Story.allCases)
    func undisturbed(story: Story) {
        var wire = wire(story)
        wire.run(until: Instant.zero + .seconds(300))
        check(wire, story.rawValue)
        checkAcknowledgements(wire, story.rawValue)
        let caller = wire.told(Wire.caller).last { $0.isOutcome }
        let callee = wire.told(Wire.callee).last { $0.isOutcome }
        switch story {
        case .callerHangsUp:
            #expect(caller == .ended(.one, .localHangUp(confirmed: true)))
            #expect(callee == .ended(.firstIncoming, .remoteHangUp))
        case .calleeHangsUp:
            #expect(caller == .ended(.one, .remoteHangUp))
            #expect(callee == .ended(.firstIncoming, .localHangUp(confirmed: true)))
        case .bothHangUp:
            #expect(caller == .ended(.one, .localHangUp(confirmed: true)))
            #expect(callee == .ended(.firstIncoming, .localHangUp(confirmed: true)))
        case .calleeRejects:
            #expect(caller == .failed(.one, .response(.busyHere, reason: "Busy Here")))
            #expect(callee == .failed(.firstIncoming, .rejected(.busyHere)))
        case .callerCancels:
            #expect(caller == .failed(.one, .canceled))
            #expect(callee == .failed(.firstIncoming, .canceledByPeer))
        case .cancelMeetsAnswer:
            #expect(caller == .failed(.one, .canceled))
            #expect(callee == .ended(.firstIncoming, .remoteHangUp))
        }
    }

    @Test("Each single message lost in turn: the call still ends right on both sides", arguments: Story.allCases)
    func eachMessageLost(story: Story) {
        var whole = wire(story)
        whole.run(until: Instant.zero + .seconds(300))
        let count = whole.sentCount
        #expect(count >= 5)
        for lost in 0..<count {
            var wire = wire(story)
            wire.fate = { number, _ in number == lost ? .lose : .deliver }
            wire.run(until: Instant.zero + .seconds(400))
            check(wire, "\(story.rawValue), message \(lost) lost")
            // One loss is always made good: the outcome is the same as without it.
            #expect(
                wire.told(Wire.caller).filter(\.isOutcome) == whole.told(Wire.caller).filter(\.isOutcome),
                "\(story.rawValue), message \(lost) lost")
        }
    }

    @Test("Each single message doubled in turn changes nothing", arguments: Story.allCases)
    func eachMessageDoubled(story: Story) {
        var whole = wire(story)
        whole.run(until: Instant.zero + .seconds(300))
        for doubled in 0..<whole.sentCount {
            var wire = wire(story)
            wire.fate = { number, _ in number == doubled ? .double : .deliver }
            wire.run(until: Instant.zero + .seconds(300))
            check(wire, "\(story.rawValue), message \(doubled) doubled")
            for address in [Wire.caller, Wire.callee] {
                #expect(
                    wire.told(address).filter(\.isOutcome) == whole.told(address).filter(\.isOutcome),
                    "\(story.rawValue), message \(doubled) doubled")
            }
        }
    }

    @Test("Everything lost from some message on: both sides still come to rest", arguments: Story.allCases)
    func lineCut(story: Story) {
        var whole = wire(story)
        whole.run(until: Instant.zero + .seconds(300))
        for cut in 0..<whole.sentCount {
            var wire = wire(story)
            wire.fate = { number, _ in number >= cut ? .lose : .deliver }
            wire.run(until: Instant.zero + .seconds(400))
            check(wire, "\(story.rawValue), cut from message \(cut)")
        }
    }

    @Test("A quarter of everything lost, doubled or held up, 200 seeds: every call comes to rest")
    func badNetwork() {
        for seed in 0..<200 as Range<UInt64> {
            let story = Story.allCases[Int(seed) % Story.allCases.count]
            var wire = wire(story, seed: seed)
            wire.fate = { number, _ in
                var random = RandomSource(seed: seed &* 1_000 &+ UInt64(number))
                switch random.next() % 12 {
                case 0: return .lose
                case 1: return .double
                case 2: return .delay(.milliseconds(Int64(random.next() % 1_500)))
                default: return .deliver
                }
            }
            wire.run(until: Instant.zero + .seconds(500))
            check(wire, "\(story.rawValue), seed \(seed)")
        }
    }

    @Test("The same seed gives the same messages, byte for byte")
    func deterministic() {
        var one = wire(.callerHangsUp, seed: 5)
        var two = wire(.callerHangsUp, seed: 5)
        var other = wire(.callerHangsUp, seed: 6)
        one.run(until: Instant.zero + .seconds(300))
        two.run(until: Instant.zero + .seconds(300))
        other.run(until: Instant.zero + .seconds(300))
        #expect(one.messages.map(\.bytes) == two.messages.map(\.bytes))
        #expect(one.messages.map(\.bytes) != other.messages.map(\.bytes))
    }

    @Test("CANCEL and 200 at every distance between 60 ms apart: one outcome on each side")
    func everyDistance() {
        for offset in stride(from: Int64(-60), through: 60, by: 1) {
            var wire = Wire()
            wire.react = { _, effect in
                guard case .invited(let id, _) = effect else { return [] }
                return [(.milliseconds(10), .ring(id)), (.milliseconds(1_000 + offset), .answer(id))]
            }
            wire.plan(.zero, at: Wire.caller, .invite(.one, invitation()))
            wire.plan(.milliseconds(1_020), at: Wire.caller, .end(.one))
            wire.run(until: Instant.zero + .seconds(200))
            check(wire, "offset \(offset)")
            let messages = wire.messages.compactMap {
                if case .request(let request) = $0 { request.method } else { nil }
            }
            let wasAnswered = wire.told(Wire.callee).contains(.ended(.firstIncoming, .remoteHangUp))
            #expect(messages.contains(.bye) == wasAnswered, "offset \(offset)")
        }
    }

    // MARK: Restart from records

    @Test("The caller dies at any moment of a call: its next life ends it on both sides", arguments: Story.allCases)
    func crash(story: Story) throws {
        for moment in stride(from: Int64(5), through: 9_000, by: 145) {
            var wire = wire(story)
            wire.run(until: Instant.zero + .milliseconds(moment))
            let before = wire.told(Wire.caller).filter(\.isOutcome)
            guard before.isEmpty else { continue }
            let record = try #require(wire.agent(Wire.caller).record(of: .one))
            wire.crash(Wire.caller, restoring: .one, record)
            wire.react = { _, effect in
                // The callee may answer just now, as if nothing had happened.
                if case .invited(let id, _) = effect { [(.seconds(1), .answer(id))] } else { [] }
            }
            wire.run(until: wire.now + .seconds(200))
            let what = "\(story.rawValue), crash at \(moment) ms"
            #expect(wire.agent(Wire.caller).gauges.isIdle, "\(what)")
            #expect(wire.agent(Wire.callee).gauges.isIdle, "\(what)")
            #expect(wire.told(Wire.caller).filter(\.isOutcome).count == 1, "\(what)")
            let callee = wire.told(Wire.callee)
            if callee.contains(where: { if case .invited = $0 { true } else { false } }) {
                #expect(callee.filter(\.isOutcome).count == 1, "\(what): \(callee)")
            }
        }
    }
}
