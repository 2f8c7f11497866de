import Telephony
import Testing

@testable import Webhooks

private let a1 = AccountID("AC" + String(repeating: "a", count: 40))
private let b2 = AccountID("AC" + String(repeating: "b", count: 40))

/// The gate behind a reference, so that expectations can make its moves.
private final class Gate {
    private var gate: RequestGate

    init(perHost: Int, perAccount: Int? = nil, total: Int, maximumWaiting: Int) {
        gate = RequestGate(
            perHost: perHost, perAccount: perAccount ?? total, total: total, maximumWaiting: maximumWaiting)
    }

    var isEmpty: Bool { gate.isEmpty }
    var running: Int { gate.running }
    var waitingCount: Int { gate.waitingCount }
    func arrive(_ ticket: RequestGate.Ticket, host: String, of account: AccountID? = nil) -> RequestGate.Arrival {
        gate.arrive(ticket, lane: .init(account: account, host: host))
    }
    func leave(host: String, of account: AccountID? = nil) -> [RequestGate.Ticket] {
        gate.leave(lane: .init(account: account, host: host))
    }
    func withdraw(_ ticket: RequestGate.Ticket) -> Bool { gate.withdraw(ticket) }
    func press(_ ticket: RequestGate.Ticket) -> Bool { gate.press(ticket) }
}

@Suite struct RequestGateTests {
    @Test("A host gets its places and its next requests wait, in order")
    func perHost() {
        let gate = Gate(perHost: 2, total: 10, maximumWaiting: 10)
        #expect((1...5).map { gate.arrive($0, host: "a") } == [.start, .start, .wait, .wait, .wait])
        #expect(gate.leave(host: "a") == [3])
        #expect(gate.leave(host: "a") == [4])
        #expect(gate.leave(host: "a") == [5])
        #expect(gate.leave(host: "a") == [])
        #expect(gate.leave(host: "a") == [])
        #expect(gate.isEmpty)
    }

    @Test("A host with a long queue does not keep another host's free places from it")
    func slowHost() {
        let gate = Gate(perHost: 2, total: 4, maximumWaiting: 1000)
        for ticket in 1...100 { _ = gate.arrive(RequestGate.Ticket(ticket), host: "slow") }
        #expect(gate.arrive(200, host: "quick") == .start)
        #expect(gate.arrive(201, host: "quick") == .start)
        #expect(gate.arrive(202, host: "quick") == .wait)
        #expect(gate.leave(host: "quick") == [202])
    }

    @Test("An account's slow app has that account's places at its host, and no other account's there")
    func sharedHost() {
        let gate = Gate(perHost: 2, perAccount: 6, total: 8, maximumWaiting: 1000)
        for ticket in 1...100 { _ = gate.arrive(RequestGate.Ticket(ticket), host: "shared", of: b2) }
        #expect(gate.arrive(200, host: "shared", of: a1) == .start)
        #expect(gate.arrive(201, host: "shared", of: a1) == .start)
        #expect(gate.arrive(202, host: "shared", of: a1) == .wait)
        #expect(gate.leave(host: "shared", of: a1) == [202])
        #expect(gate.leave(host: "shared", of: b2) == [3])
    }

    @Test("An account with slow apps at many hosts leaves places to others")
    func manyHosts() {
        let gate = Gate(perHost: 2, perAccount: 6, total: 8, maximumWaiting: 1000)
        let arrivals = (0..<20).map { gate.arrive(RequestGate.Ticket($0), host: "h\($0)", of: b2) }
        #expect(arrivals.count { $0 == .start } == 6)
        #expect(gate.arrive(200, host: "h1", of: a1) == .start)
        #expect(gate.arrive(201, host: "h2", of: a1) == .start)
        // All are taken: the next free one is not one more of those who have many waiting.
        #expect(gate.arrive(202, host: "h2", of: a1) == .wait)
        #expect(gate.leave(host: "h0", of: b2) == [6])
        #expect(gate.leave(host: "h1", of: b2) == [202])
    }

    @Test("Who has waited for as long as a live call may goes beyond its host's places, never beyond its account's")
    func pressing() {
        let gate = Gate(perHost: 1, perAccount: 3, total: 10, maximumWaiting: 1000)
        let arrivals = (1...5).map { gate.arrive(RequestGate.Ticket($0), host: "h", of: b2) }
        #expect(arrivals == [.start, .wait, .wait, .wait, .wait])
        #expect(gate.press(3) && gate.press(2))
        #expect(!gate.press(4), "three are all that the account has")
        #expect(!gate.press(3) && !gate.withdraw(3), "it has started")
        #expect(gate.leave(host: "h", of: b2) == [])
        #expect(gate.leave(host: "h", of: b2) == [])
        #expect(gate.leave(host: "h", of: b2) == [4])
        #expect(gate.leave(host: "h", of: b2) == [5])
        #expect(gate.leave(host: "h", of: b2) == [])
        #expect(gate.isEmpty)
    }

    @Test("So many of one account's wait; another's are taken as if nobody waited")
    func refusalByAccount() {
        let gate = Gate(perHost: 1, perAccount: 1, total: 2, maximumWaiting: 1)
        #expect((1...3).map { gate.arrive($0, host: "h", of: b2) } == [.start, .wait, .refuse])
        #expect((4...6).map { gate.arrive($0, host: "h", of: a1) } == [.start, .wait, .refuse])
    }

    @Test("Hosts that wait for the same places take turns where they are different accounts'")
    func turns() {
        let gate = Gate(perHost: 10, total: 1, maximumWaiting: 1000)
        #expect(gate.arrive(0, host: "x", of: a1) == .start)
        for ticket in 1...4 { #expect(gate.arrive(RequestGate.Ticket(ticket), host: "a", of: a1) == .wait) }
        for ticket in 11...12 { #expect(gate.arrive(RequestGate.Ticket(ticket), host: "b", of: b2) == .wait) }
        var order: [RequestGate.Ticket] = []
        var host = "x"
        var account = a1
        for _ in 0..<6 {
            let started = gate.leave(host: host, of: account)
            order += started
            host = started.first.map { $0 > 10 ? "b" : "a" } ?? ""
            account = host == "b" ? b2 : a1
        }
        #expect(order == [1, 11, 2, 12, 3, 4])
        #expect(gate.leave(host: host, of: account) == [])
        #expect(gate.isEmpty)
    }

    @Test("Whoever withdraws is passed over and leaves nothing behind")
    func withdrawal() {
        let gate = Gate(perHost: 1, total: 1, maximumWaiting: 10)
        #expect(gate.arrive(1, host: "a") == .start)
        #expect(gate.arrive(2, host: "a") == .wait)
        #expect(gate.arrive(3, host: "b") == .wait)
        #expect(gate.arrive(4, host: "a") == .wait)
        #expect(gate.withdraw(2))
        #expect(!gate.withdraw(2))
        #expect(gate.withdraw(3))
        #expect(gate.waitingCount == 1)
        #expect(gate.leave(host: "a") == [4])
        #expect(!gate.withdraw(4))
        #expect(gate.leave(host: "a") == [])
        #expect(gate.isEmpty)
    }

    @Test("Too many waiters are refused")
    func refusal() {
        let gate = Gate(perHost: 1, total: 1, maximumWaiting: 1)
        #expect(gate.arrive(1, host: "a") == .start)
        #expect(gate.arrive(2, host: "b") == .wait)
        #expect(gate.arrive(3, host: "b") == .refuse)
        #expect(gate.leave(host: "a") == [2])
        #expect(gate.leave(host: "b") == [])
        #expect(gate.isEmpty)
    }

    @Test("However many wait for one host, each starts once, and in order")
    func longQueue() {
        let gate = Gate(perHost: 1, total: 1, maximumWaiting: 1000)
        #expect(gate.arrive(0, host: "a") == .start)
        for ticket in 1...300 { #expect(gate.arrive(RequestGate.Ticket(ticket), host: "a") == .wait) }
        var order: [RequestGate.Ticket] = []
        for ticket in 301...600 {
            order += gate.leave(host: "a")
            // Who comes meanwhile comes last.
            #expect(gate.arrive(RequestGate.Ticket(ticket), host: "a") == .wait)
        }
        while gate.running > 0 { order += gate.leave(host: "a") }
        #expect(order == Array(1...600))
        #expect(gate.isEmpty)
    }

    @Test("Who is pressed to start gets no place beyond those of all")
    func pressedBeyondAll() {
        let gate = Gate(perHost: 1, perAccount: 5, total: 2, maximumWaiting: 10)
        #expect(gate.arrive(1, host: "h", of: b2) == .start)
        #expect(gate.arrive(2, host: "h", of: b2) == .wait)
        #expect(gate.arrive(3, host: "h", of: a1) == .start)
        #expect(!gate.press(2))
        #expect(gate.leave(host: "h", of: a1) == [])
        #expect(gate.press(2) && gate.running == 2)
    }

    @Test("A place to wait is free again when who held it withdraws, is pressed to start, or starts in his turn")
    func placesToWait() {
        let gate = Gate(perHost: 1, perAccount: 5, total: 10, maximumWaiting: 1)
        #expect((1...3).map { gate.arrive($0, host: "h", of: a1) } == [.start, .wait, .refuse])
        #expect(gate.withdraw(2))
        #expect((4...5).map { gate.arrive($0, host: "h", of: a1) } == [.wait, .refuse])
        #expect(gate.press(4))
        #expect((6...7).map { gate.arrive($0, host: "h", of: a1) } == [.wait, .refuse])
        #expect(gate.leave(host: "h", of: a1) == [], "two were running where one has a place")
        #expect(gate.leave(host: "h", of: a1) == [6])
        #expect((8...9).map { gate.arrive($0, host: "h", of: a1) } == [.wait, .refuse])
    }

    @Test("There is always one place, whatever was asked for")
    func onePlace() {
        let gate = Gate(perHost: 0, perAccount: 0, total: 0, maximumWaiting: 1)
        #expect((1...3).map { gate.arrive($0, host: "h", of: a1) } == [.start, .wait, .refuse])
        #expect(gate.leave(host: "h", of: a1) == [2])
    }

    @Test("Over ten thousand random moves nobody starts twice or too many, and nobody is forgotten")
    func randomMoves() {
        struct Generator: RandomNumberGenerator {
            var state: UInt64
            mutating func next() -> UInt64 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return state
            }
        }
        var random = Generator(state: 7)
        let gate = Gate(perHost: 3, total: 7, maximumWaiting: 50)
        var running: [RequestGate.Ticket: String] = [:]
        var waiting: [RequestGate.Ticket: String] = [:]
        func start(_ tickets: [RequestGate.Ticket]) {
            for ticket in tickets {
                let host = waiting.removeValue(forKey: ticket)
                #expect(host != nil)
                running[ticket] = host
            }
        }
        for ticket in 1...10_000 as ClosedRange<RequestGate.Ticket> {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                let host = "h\(Int.random(in: 0..<5, using: &random))"
                switch gate.arrive(ticket, host: host) {
                case .start: running[ticket] = host
                case .wait: waiting[ticket] = host
                case .refuse: #expect(waiting.count == 50)
                }
            case 5..<9:
                guard let ticket = running.keys.sorted().randomElement(using: &random),
                    let host = running.removeValue(forKey: ticket)
                else { continue }
                start(gate.leave(host: host))
            default:
                guard let ticket = waiting.keys.sorted().randomElement(using: &random) else { continue }
                #expect(gate.withdraw(ticket))
                waiting[ticket] = nil
            }
            #expect(running.count <= 7 && gate.running == running.count && gate.waitingCount == waiting.count)
            for host in 0..<5 { #expect(running.values.count { $0 == "h\(host)" } <= 3) }
            // A free place and a host that may use it: then nobody of that host waits.
            if running.count < 7 {
                for host in waiting.values { #expect(running.values.count { $0 == host } == 3) }
            }
        }
        while let ticket = running.keys.min(), let host = running.removeValue(forKey: ticket) {
            start(gate.leave(host: host))
        }
        #expect(waiting.isEmpty && gate.isEmpty)
    }
}
