import People
import SDP
import SIP
import Testing

/// A caller and a network without wires between them: what one sends, the other has at once.
private struct Town {
    static let number = "+15551230000"

    let here: TransportAddress
    let there: TransportAddress
    var caller: UserAgent
    var network: Network
    var random = RandomSource(seed: 1)
    var now = Instant.zero
    /// What the caller's user agent told, but datagrams.
    var told: [UserAgentEffect] = []
    /// What the network wanted, but datagrams.
    var wanted: [NeighbourhoodEffect] = []
    /// First lines of what the network sent, and the CSeq's method of a response.
    var sent: [String] = []
    /// First words of what the caller sent.
    var asked: [String] = []
    let session = SessionID(rawValue: 1)

    init(_ behaviour: Behaviour, line: Line = .sound, seed: UInt64? = nil) throws {
        here = try #require(TransportAddress("192.0.2.1:5060"))
        there = try #require(TransportAddress("192.0.2.2:5060"))
        caller = UserAgent(configuration: UserAgentConfiguration(localAddress: here, tracesMessages: false))
        network = Network(
            configuration: NeighbourhoodConfiguration(
                userAgent: UserAgentConfiguration(
                    node: 9, localAddress: there, contactUser: "carrier", tracesMessages: false),
                mediaAddress: "192.0.2.2", rtpPorts: 30_000...30_063, personalSeed: seed),
            directory: OneKindOfPeople(behaviour, line: line), random: RandomSource(seed: 2))
    }

    mutating func call() {
        let audio = LocalAudio(address: "192.0.2.1", port: 20_000, sessionID: 1, sessionVersion: 1)
        let callee = SIPURI(user: Self.number, host: "192.0.2.2")
        let invitation = Invitation(
            destination: there, requestURI: callee,
            from: NameAddress(uri: SIPURI(user: "+15550000001", host: "192.0.2.1")), to: NameAddress(uri: callee),
            offer: audio.offer.bytes)
        withCaller { $0.invite(SessionID(rawValue: 1), invitation, now: $1, random: &$2, into: &$3) }
    }

    mutating func end() {
        withCaller { $0.end(SessionID(rawValue: 1), now: $1, random: &$2, into: &$3) }
    }

    mutating func wait(milliseconds: Int64) {
        let end = now + .milliseconds(milliseconds)
        while let next = [caller.nextDeadline, network.nextDeadline].compactMap(\.self).min(), next <= end {
            now = max(now, next)
            withNetwork { $0.fireTimers(now: $1, into: &$2) }
            withCaller { $0.fireTimers(now: $1, random: &$2, into: &$3) }
        }
        now = end
    }

    mutating func withNetwork(_ body: (inout Network, Instant, inout [NeighbourhoodEffect]) -> Void) {
        var effects: [NeighbourhoodEffect] = []
        body(&network, now, &effects)
        for effect in effects {
            switch effect {
            case .send(let bytes, _):
                sent.append(Self.name(bytes))
                withCaller { [there] in $0.receive(bytes, from: there, now: $1, random: &$2, into: &$3) }
            case .openMedia(let id, _, _):
                wanted.append(effect)
                withNetwork { network, now, effects in
                    network.tell(id, into: &effects) { $0.mediaOpened($1, now: now, into: &$2) }
                }
            case .closeMedia(let id):
                wanted.append(effect)
                withNetwork { network, _, effects in
                    network.tell(id, into: &effects) { neighbourhood, id, _ in neighbourhood.mediaClosed(id) }
                }
            default: wanted.append(effect)
            }
        }
    }

    private mutating func withCaller(
        _ body: (inout UserAgent, Instant, inout RandomSource, inout [UserAgentEffect]) -> Void
    ) {
        var effects: [UserAgentEffect] = []
        body(&caller, now, &random, &effects)
        for effect in effects {
            switch effect {
            case .send(let bytes, _):
                asked.append(Self.name(bytes))
                withNetwork { [here] in $0.receive(bytes, from: here, now: $1, into: &$2) }
            case .recordChanged, .discarded: break
            default: told.append(effect)
            }
        }
    }

    /// `INVITE`, or `200 INVITE`.
    private static func name(_ bytes: [UInt8]) -> String {
        guard let message = try? SIPMessage(parsing: bytes) else { return "?" }
        switch message {
        case .request(let request): return "\(request.method)"
        case .response(let response):
            let cseq = try? response.headers.cseq()
            return "\(response.status.rawValue) \(cseq.map { "\($0.method)" } ?? "?")"
        }
    }

    var answers: Int { sent.count { $0 == "200 INVITE" } }

    func asked(_ name: String) -> Int { asked.count { $0 == name } }
}

@Suite("A network")
struct NetworkTests {
    private let stays = Behaviour.answers(after: 1000...1000, Conversation(ending: .waits))

    @Test("A number that forks is answered twice; the caller keeps the first, and nothing is left over")
    func forks() throws {
        var town = try Town(stays, line: .forks)
        town.call()
        town.wait(milliseconds: 2000)
        #expect(town.answers == 2)
        #expect(town.asked("ACK") == 2)
        #expect(town.asked("BYE") == 1)
        let connected = town.wanted.compactMap { effect -> SessionID? in
            if case .connectMedia(let id, _) = effect { id } else { nil }
        }
        #expect(connected.count == 2)
        #expect(connected.map(Network.isSecond) == [false, true])
        let left = town.wanted.compactMap { effect -> SessionID? in
            if case .left(let id, _, _, _) = effect { id } else { nil }
        }
        #expect(left.map(Network.isSecond) == [true], "the second was hung up on")
        town.end()
        town.wait(milliseconds: 60_000)
        #expect(town.network.isIdle)
        #expect(town.caller.gauges.isIdle)
    }

    @Test("A number that forks stops ringing in both places when it is cancelled")
    func forksAndIsCanceled() throws {
        var town = try Town(.ringsForEver, line: .forks)
        town.call()
        town.wait(milliseconds: 500)
        town.end()
        town.wait(milliseconds: 60_000)
        #expect(town.sent.count { $0 == "487 INVITE" } == 2)
        #expect(town.network.isIdle)
        #expect(town.caller.gauges.isIdle)
    }

    @Test("A line that loses ACKs hears the 200 answered again and again, and stands then")
    func losesACKs() throws {
        var town = try Town(stays, line: .losesACKs(2))
        town.call()
        town.wait(milliseconds: 1000)
        #expect((town.answers, town.asked("ACK")) == (1, 1))
        town.wait(milliseconds: 500)
        #expect((town.answers, town.asked("ACK")) == (2, 2))
        town.wait(milliseconds: 30_000)
        #expect((town.answers, town.asked("ACK")) == (3, 3))
        town.end()
        town.wait(milliseconds: 60_000)
        #expect(town.network.isIdle)
    }

    @Test("A line that loses every ACK is hung up after 64·T1")
    func losesEveryACK() throws {
        var town = try Town(stays, line: .losesACKs(.max))
        town.call()
        town.wait(milliseconds: 32_999)
        #expect(town.sent.count { $0 == "BYE" } == 0)
        town.wait(milliseconds: 1)
        #expect(town.sent.count { $0 == "BYE" } == 1)
        #expect(town.told.last == .ended(town.session, .remoteHangUp))
        town.wait(milliseconds: 60_000)
        #expect(town.network.isIdle)
    }

    @Test("A line that doubles sends each message twice, of its own call alone")
    func doubles() throws {
        var town = try Town(stays, line: .doubles)
        town.call()
        town.wait(milliseconds: 2000)
        town.end()
        #expect(
            town.sent == [
                "100 INVITE", "100 INVITE", "180 INVITE", "180 INVITE", "200 INVITE", "200 INVITE", "200 BYE",
                "200 BYE",
            ])
        town.wait(milliseconds: 60_000)
        #expect(town.network.isIdle)
    }

    @Test("A line with media from another port binds a port that its SDP does not name")
    func mediaFromAnotherPort() throws {
        var town = try Town(stays, line: .mediaFromAnotherPort)
        town.call()
        town.wait(milliseconds: 2000)
        guard case .answered(_, let body)? = town.told.last,
            case .openMedia(_, let bound, _)? = town.wanted.first(where: {
                if case .openMedia = $0 { true } else { false }
            })
        else {
            Issue.record("not answered: \(town.told)")
            return
        }
        let audio = LocalAudio(address: "192.0.2.1", port: 20_000, sessionID: 1, sessionVersion: 1)
        #expect(try audio.agreement(answer: body).remotePort != bound)
    }

    @Test("An announcement is heard with a 183 whose SDP the 200 repeats")
    func announces() throws {
        let word = Utterance.speech("One moment")
        var town = try Town(.announces([word], Conversation(ending: .waits)))
        town.call()
        guard case .progressed(_, .sessionProgress, let early)? = town.told.last else {
            Issue.record("no early media: \(town.told)")
            return
        }
        let id = try #require(
            town.wanted.compactMap { if case .utter(let id, word) = $0 { id } else { nil } }.first)
        town.wait(milliseconds: 3000)
        #expect(town.answers == 0, "it waits for the announcement's end")
        town.withNetwork { network, now, effects in
            network.tell(id, into: &effects) { $0.uttered($1, now: now, into: &$2) }
        }
        #expect(town.told.last == .answered(town.session, body: try #require(early)))
        let connections = town.wanted.count { if case .connectMedia = $0 { true } else { false } }
        #expect(connections == 1)
    }

    @Test("With a seed everybody behaves alike at each call, whoever else calls")
    func seeds() throws {
        func pause(seed: UInt64, callsBefore: Int) throws -> Instant? {
            var town = try Town(.answers(after: 100...5000, Conversation(ending: .waits)), seed: seed)
            for _ in 0..<callsBefore {
                town.call()
                town.wait(milliseconds: 6000)
                town.end()
                town.wait(milliseconds: 60_000)
                town.told = []
            }
            let start = town.now
            town.call()
            while town.told.count < 2, let next = town.network.nextDeadline, next < start + .seconds(6) {
                town.wait(milliseconds: (next.nanoseconds - town.now.nanoseconds + 999_999) / 1_000_000)
            }
            guard case .answered? = town.told.last else { return nil }
            return Instant(nanoseconds: town.now.nanoseconds - start.nanoseconds)
        }
        let first = try #require(try pause(seed: 1, callsBefore: 0))
        #expect(try pause(seed: 1, callsBefore: 2) == first)
        #expect(try pause(seed: 2, callsBefore: 0) != first)
    }
}
