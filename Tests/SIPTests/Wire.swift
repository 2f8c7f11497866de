@testable import SIP

/// Several user agents and a network between them, under one virtual clock. Each end has an owner: a function that
/// hears the effects and says what to do. Messages can be lost, doubled and held up by their number.
struct Wire {
    enum Fate {
        case deliver
        case lose
        case double
        case delay(Duration)
    }

    enum Command {
        case invite(SessionID, Invitation)
        case end(SessionID)
        case ring(SessionID)
        case answer(SessionID)
        case reject(SessionID, StatusCode)
        case answerOffer(SessionID, [UInt8]?)
    }

    private struct End {
        var agent: UserAgent
        var random: RandomSource
    }

    private struct Flight {
        let due: Instant
        let sequence: Int
        let from: TransportAddress
        let to: TransportAddress
        let bytes: [UInt8]
    }

    static let caller = TransportAddress(address: .v4(0x0a00_0001), port: 5060)
    static let callee = TransportAddress(address: .v4(0x0a00_0002), port: 5060)
    static let latency = Duration.milliseconds(20)

    private(set) var now = Instant.zero
    private var ends: [TransportAddress: End] = [:]
    private let addresses: [TransportAddress]
    private var flights: [Flight] = []
    private var planned: [(due: Instant, sequence: Int, at: TransportAddress, command: Command)] = []
    private var sequence = 0
    /// How many messages have been sent so far; the next one's number.
    private(set) var sentCount = 0
    /// `caller: answered …` in order, for comparing runs.
    private(set) var told: [TransportAddress: [UserAgentEffect]] = [:]
    private(set) var messages: [SIPMessage] = []

    /// What becomes of a message, by its number.
    var fate: (Int, SIPMessage) -> Fate = { _, _ in .deliver }
    /// What an end does about an effect, and after how long.
    var react: (TransportAddress, UserAgentEffect) -> [(Duration, Command)] = { _, _ in [] }

    init(addresses: [TransportAddress] = [Wire.caller, Wire.callee], seed: UInt64 = 1) {
        self.addresses = addresses
        for (index, address) in addresses.enumerated() {
            let configuration = UserAgentConfiguration(node: UInt16(index + 1), localAddress: address)
            ends[address] = End(
                agent: UserAgent(configuration: configuration), random: RandomSource(seed: seed &+ UInt64(index)))
        }
    }

    func agent(_ address: TransportAddress) -> UserAgent {
        ends[address]?.agent ?? UserAgent(configuration: UserAgentConfiguration(localAddress: address))
    }

    func told(_ address: TransportAddress) -> [UserAgentEffect] { told[address] ?? [] }

    mutating func plan(_ delay: Duration, at address: TransportAddress, _ command: Command) {
        sequence += 1
        planned.append((now + delay, sequence, address, command))
    }

    /// The process at `address` dies and another one takes its place with nothing but `record`.
    mutating func crash(_ address: TransportAddress, restoring id: SessionID, _ record: SessionRecord?) {
        let configuration = UserAgentConfiguration(node: 9, localAddress: address)
        ends[address] = End(agent: UserAgent(configuration: configuration), random: RandomSource(seed: 4_711))
        planned.removeAll { $0.at == address }
        guard let record else { return }
        turn(address) { agent, random, effects, now in
            agent.endRestored(id, record, now: now, random: &random, into: &effects)
        }
    }

    /// Runs until `end`, or until nothing is left to happen.
    mutating func run(until end: Instant) {
        for _ in 0..<100_000 {
            var next: Instant?
            for moment in flights.map(\.due) + planned.map(\.due) + addresses.compactMap({ agent($0).nextDeadline }) {
                next = min(next ?? moment, moment)
            }
            guard let next, next <= end else { break }
            now = max(now, next)
            step()
        }
        now = max(now, end)
    }

    private mutating func step() {
        if let index = flights.indices.filter({ flights[$0].due <= now })
            .min(by: { (flights[$0].due, flights[$0].sequence) < (flights[$1].due, flights[$1].sequence) })
        {
            let flight = flights.remove(at: index)
            turn(flight.to) { agent, random, effects, now in
                agent.receive(flight.bytes, from: flight.from, now: now, random: &random, into: &effects)
            }
            return
        }
        if let index = planned.indices.filter({ planned[$0].due <= now })
            .min(by: { (planned[$0].due, planned[$0].sequence) < (planned[$1].due, planned[$1].sequence) })
        {
            let (_, _, address, command) = planned.remove(at: index)
            carryOut(command, at: address)
            return
        }
        for address in addresses {
            guard let deadline = agent(address).nextDeadline, deadline <= now else { continue }
            turn(address) { agent, random, effects, now in
                agent.fireTimers(now: now, random: &random, into: &effects)
            }
        }
    }

    private mutating func carryOut(_ command: Command, at address: TransportAddress) {
        turn(address) { agent, random, effects, now in
            switch command {
            case .invite(let id, let invitation):
                agent.invite(id, invitation, now: now, random: &random, into: &effects)
            case .end(let id): agent.end(id, now: now, random: &random, into: &effects)
            case .ring(let id): agent.ring(id, now: now, random: &random, into: &effects)
            case .answer(let id): agent.answer(id, sdp: Bench.answer, now: now, random: &random, into: &effects)
            case .reject(let id, let status):
                agent.reject(id, status: status, now: now, random: &random, into: &effects)
            case .answerOffer(let id, let sdp):
                agent.answerOffer(id, sdp: sdp, now: now, random: &random, into: &effects)
            }
        }
    }

    private mutating func turn(
        _ address: TransportAddress,
        _ body: (inout UserAgent, inout RandomSource, inout [UserAgentEffect], Instant) -> Void
    ) {
        guard var end = ends.removeValue(forKey: address) else { return }
        var effects: [UserAgentEffect] = []
        body(&end.agent, &end.random, &effects, now)
        ends[address] = end
        for effect in effects {
            switch effect {
            case .send(let bytes, let target): transmit(bytes, from: address, to: target)
            case .messageSent, .messageReceived, .recordChanged, .recordDue: break
            default: told[address, default: []].append(effect)
            }
            for (delay, command) in react(address, effect) { plan(delay, at: address, command) }
        }
    }

    private mutating func transmit(_ bytes: [UInt8], from: TransportAddress, to: TransportAddress) {
        guard let message = try? SIPMessage(parsing: bytes) else { return }
        let number = sentCount
        sentCount += 1
        messages.append(message)
        var delays: [Duration]
        switch fate(number, message) {
        case .deliver: delays = [Self.latency]
        case .lose: delays = []
        case .double: delays = [Self.latency, Self.latency * 2]
        case .delay(let extra): delays = [Self.latency + extra]
        }
        if ends[to] == nil { delays = [] }
        for delay in delays {
            sequence += 1
            flights.append(Flight(due: now + delay, sequence: sequence, from: from, to: to, bytes: bytes))
        }
    }
}

extension UserAgentEffect {
    /// True for an effect that ends a session.
    var isOutcome: Bool {
        switch self {
        case .failed, .ended: true
        default: false
        }
    }
}
