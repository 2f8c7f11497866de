import Testing

@testable import SIP

private func response(_ status: Int) -> SIPResponse {
    var response = SIPResponse(status: StatusCode(status) ?? .ok)
    response.headers.append(.to, "<sip:b@h>;tag=b")
    return response
}

private let udp = TransportAddress(address: .loopback, port: 5060)
private let tcp = TransportAddress(transport: .tcp, address: .loopback, port: 5060)
private let timers = TransactionTimers()

private func request(_ method: SIPMethod) -> SIPRequest {
    var request = SIPRequest(method: method, uri: .sip(SIPURI(user: "b", host: "h")))
    request.headers.append(.via, "SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1")
    request.headers.append(.via, "SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK0")
    request.headers.append(.route, "<sip:proxy;lr>")
    request.headers.append(.from, "<sip:a@h>;tag=a")
    request.headers.append(.to, "<sip:b@h>")
    request.headers.append(.callID, "c")
    request.headers.append(.cseq, "7 \(method)")
    return request
}

@Suite("INVITE client transaction, RFC 3261 §17.1.1, RFC 6026")
struct INVITEClientTransactionTests {
    private func machine(_ steps: [SIPResponse] = [], to address: TransportAddress = udp) -> INVITEClientTransaction {
        var machine = INVITEClientTransaction(request(.invite), to: address, timers: timers)
        var ignored: [TransactionStep] = []
        machine.start(&ignored)
        for step in steps { machine.receive(step, &ignored) }
        return machine
    }

    @Test("Timer D is at least 32 s, whatever T1 (RFC 3261 §17.1.1.2)")
    func timerD() {
        #expect(TransactionTimers(t1: .milliseconds(100)).completedLinger == .seconds(32))
        #expect(TransactionTimers(t1: .seconds(1)).completedLinger == .seconds(64))
    }

    @Test("It starts by sending, with timers A and B over UDP and B alone over TCP")
    func start() {
        var steps: [TransactionStep] = []
        var overUDP = INVITEClientTransaction(request(.invite), to: udp, timers: timers)
        overUDP.start(&steps)
        #expect(
            steps == [
                .send(request(.invite).bytes, isRetransmission: false), .arm(.a, after: .milliseconds(500)),
                .arm(.b, after: .seconds(32)),
            ])
        steps = []
        var overTCP = INVITEClientTransaction(request(.invite), to: tcp, timers: timers)
        overTCP.start(&steps)
        #expect(steps == [.send(request(.invite).bytes, isRetransmission: false), .arm(.b, after: .seconds(32))])
    }

    @Test("Calling: timer A sends again and doubles each time")
    func retransmission() {
        var machine = machine()
        var pauses: [Duration] = []
        for _ in 0..<6 {
            var steps: [TransactionStep] = []
            machine.fire(.a, &steps)
            #expect(steps.first == .send(request(.invite).bytes, isRetransmission: true))
            if case .arm(.a, let pause)? = steps.last { pauses.append(pause) }
        }
        #expect(pauses == [1, 2, 4, 8, 16, 32].map { .seconds($0) })
    }

    @Test("Calling: timer B tells the user and terminates")
    func timeout() {
        var machine = machine()
        var steps: [TransactionStep] = []
        machine.fire(.b, &steps)
        #expect(steps == [.timedOut, .terminated])
        #expect(machine.isTerminated)
    }

    @Test("Calling: a 1xx stops A and B for good")
    func provisional() {
        var machine = machine()
        var steps: [TransactionStep] = []
        machine.receive(response(100), &steps)
        #expect(steps == [.cancel(.a), .cancel(.b), .deliver(response(100))])
        steps = []
        machine.fire(.a, &steps)
        #expect(steps.isEmpty)
    }

    @Test("A final response in Calling sends ACK and starts timer D")
    func refusal() {
        var machine = machine()
        var steps: [TransactionStep] = []
        machine.receive(response(486), &steps)
        guard steps.count == 5, case .send(let ack, isRetransmission: false) = steps[2] else {
            Issue.record("no ACK in \(steps)")
            return
        }
        #expect(steps[3] == .deliver(response(486)))
        #expect(steps[4] == .arm(.d, after: .seconds(32)))
        let text = String(decoding: ack, as: UTF8.self)
        // RFC 3261 §17.1.1.3: the INVITE's Request-URI, topmost Via alone, Route, CSeq number; the response's To.
        #expect(text.hasPrefix("ACK sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1\r\n"))
        #expect(!text.contains("z9hG4bK0"))
        #expect(text.contains("Route: <sip:proxy;lr>\r\n"))
        #expect(text.contains("To: <sip:b@h>;tag=b\r\n"))
        #expect(text.contains("CSeq: 7 ACK\r\n"))
    }

    @Test("Completed: the response again gets the ACK again and is not told")
    func repeatedRefusal() {
        var machine = machine([response(486)])
        var steps: [TransactionStep] = []
        machine.receive(response(486), &steps)
        #expect(steps.count == 1)
        if case .send(_, let isRetransmission)? = steps.first { #expect(isRetransmission) }
        steps = []
        machine.receive(response(180), &steps)
        #expect(steps.isEmpty)
        machine.fire(.d, &steps)
        #expect(steps == [.terminated])
    }

    @Test("Completed over a reliable transport lasts no time")
    func refusalReliable() {
        var machine = machine(to: tcp)
        var steps: [TransactionStep] = []
        machine.receive(response(500), &steps)
        #expect(steps.last == .terminated)
    }

    @Test("A 2xx leads to Accepted with timer M; every further 2xx is told (RFC 6026)")
    func accepted() {
        var machine = machine([response(180)])
        var steps: [TransactionStep] = []
        machine.receive(response(200), &steps)
        #expect(steps == [.cancel(.a), .cancel(.b), .arm(.m, after: .seconds(32)), .deliver(response(200))])
        steps = []
        machine.receive(response(200), &steps)
        #expect(steps == [.deliver(response(200))])
        steps = []
        machine.receive(response(486), &steps)
        #expect(steps.isEmpty)
        machine.fire(.m, &steps)
        #expect(steps == [.terminated])
    }

    @Test("A 2xx in Completed is told, so that its callee is not left alone")
    func lateSuccess() {
        var machine = machine([response(600)])
        var steps: [TransactionStep] = []
        machine.receive(response(200), &steps)
        #expect(steps == [.deliver(response(200))])
    }

    @Test("A transport error ends Calling and Completed, and nothing else")
    func transportErrors() {
        for (responses, expected) in [
            ([], [.transportFailed, .terminated]), ([response(180)], []), ([response(200)], []),
            ([response(486)], [.transportFailed, .terminated]),
        ] as [([SIPResponse], [TransactionStep])] {
            var machine = machine(responses)
            var steps: [TransactionStep] = []
            machine.transportFailed(&steps)
            #expect(steps == expected)
        }
    }
}

@Suite("Non-INVITE client transaction, RFC 3261 §17.1.2")
struct NonINVITEClientTransactionTests {
    private func machine(_ responses: [SIPResponse] = []) -> NonINVITEClientTransaction {
        var machine = NonINVITEClientTransaction(request(.bye), to: udp, timers: timers)
        var ignored: [TransactionStep] = []
        machine.start(&ignored)
        for response in responses { machine.receive(response, &ignored) }
        return machine
    }

    @Test("Trying: timer E doubles up to T2")
    func retransmission() {
        var machine = machine()
        var pauses: [Duration] = []
        for _ in 0..<5 {
            var steps: [TransactionStep] = []
            machine.fire(.e, &steps)
            if case .arm(.e, let pause)? = steps.last { pauses.append(pause) }
        }
        #expect(pauses == [1, 2, 4, 4, 4].map { .seconds($0) })
    }

    @Test("Proceeding: timer E goes on every T2")
    func proceeding() {
        var machine = machine([response(100)])
        var steps: [TransactionStep] = []
        machine.fire(.e, &steps)
        #expect(steps == [.send(request(.bye).bytes, isRetransmission: true), .arm(.e, after: .seconds(4))])
        steps = []
        machine.fire(.f, &steps)
        #expect(steps == [.timedOut, .terminated])
    }

    @Test("A final response leads to Completed, which takes up repetitions until timer K")
    func completed() {
        var machine = machine()
        var steps: [TransactionStep] = []
        machine.receive(response(481), &steps)
        #expect(steps == [.cancel(.e), .cancel(.f), .deliver(response(481)), .arm(.k, after: .seconds(5))])
        steps = []
        machine.receive(response(481), &steps)
        machine.transportFailed(&steps)
        #expect(steps.isEmpty)
        machine.fire(.k, &steps)
        #expect(steps == [.terminated])
    }

    @Test("A transport error in Trying is told")
    func transportError() {
        var machine = machine()
        var steps: [TransactionStep] = []
        machine.transportFailed(&steps)
        #expect(steps == [.transportFailed, .terminated])
    }
}

@Suite("INVITE server transaction, RFC 3261 §17.2.1, RFC 6026")
struct INVITEServerTransactionTests {
    private func machine(_ responses: [Int] = [], to address: TransportAddress = udp) -> INVITEServerTransaction {
        var machine = INVITEServerTransaction(replyTo: address, timers: timers)
        var ignored: [TransactionStep] = []
        for status in responses { machine.respond(response(status), &ignored) }
        return machine
    }

    @Test("Proceeding: the INVITE again gets the latest provisional response")
    func proceeding() {
        var machine = machine([100, 180])
        var steps: [TransactionStep] = []
        machine.receiveAgain(&steps)
        #expect(steps == [.send(response(180).bytes, isRetransmission: true)])
    }

    @Test("A refusal is sent until its ACK: G doubles up to T2, H ends it")
    func refusal() {
        var machine = machine()
        var steps: [TransactionStep] = []
        machine.respond(response(486), &steps)
        #expect(
            steps == [
                .send(response(486).bytes, isRetransmission: false), .arm(.g, after: .milliseconds(500)),
                .arm(.h, after: .seconds(32)),
            ])
        var pauses: [Duration] = []
        for _ in 0..<4 {
            steps = []
            machine.fire(.g, &steps)
            #expect(steps.first == .send(response(486).bytes, isRetransmission: true))
            if case .arm(.g, let pause)? = steps.last { pauses.append(pause) }
        }
        #expect(pauses == [1, 2, 4, 4].map { .seconds($0) })
        steps = []
        machine.fire(.h, &steps)
        #expect(steps == [.terminated])
    }

    @Test("The ACK stops G and H; timer I takes up further ACKs")
    func acknowledged() {
        var machine = machine([486])
        var steps: [TransactionStep] = []
        machine.receiveACK(&steps)
        #expect(steps == [.cancel(.g), .cancel(.h), .arm(.i, after: .seconds(5))])
        steps = []
        machine.receiveACK(&steps)
        machine.receiveAgain(&steps)
        #expect(steps.isEmpty)
        machine.fire(.i, &steps)
        #expect(steps == [.terminated])
    }

    @Test("Over a reliable transport a refusal is not repeated and ends with its ACK")
    func reliable() {
        var machine = machine(to: tcp)
        var steps: [TransactionStep] = []
        machine.respond(response(486), &steps)
        #expect(!steps.contains(.arm(.g, after: .milliseconds(500))))
        steps = []
        machine.receiveACK(&steps)
        #expect(steps.last == .terminated)
    }

    @Test("Accepted: the INVITE again is taken up, a 2xx of the session passes, L ends it")
    func accepted() {
        var machine = machine([200])
        var steps: [TransactionStep] = []
        machine.receiveAgain(&steps)
        #expect(steps.isEmpty)
        machine.respond(response(200), &steps)
        #expect(steps == [.send(response(200).bytes, isRetransmission: true)])
        steps = []
        machine.respond(response(486), &steps)
        #expect(steps.isEmpty)
        machine.fire(.l, &steps)
        #expect(steps == [.terminated])
    }
}

@Suite("Non-INVITE server transaction, RFC 3261 §17.2.2")
struct NonINVITEServerTransactionTests {
    @Test("Trying: the request again gets nothing; Proceeding: the latest; Completed: the final one")
    func repetitions() {
        var machine = NonINVITEServerTransaction(replyTo: udp, timers: timers)
        var steps: [TransactionStep] = []
        machine.receiveAgain(&steps)
        #expect(steps.isEmpty)
        machine.respond(response(182), &steps)
        steps = []
        machine.receiveAgain(&steps)
        #expect(steps == [.send(response(182).bytes, isRetransmission: true)])
        steps = []
        machine.respond(response(200), &steps)
        #expect(
            steps == [
                .send(response(200).bytes, isRetransmission: false), .cancel(.unanswered),
                .arm(.j, after: .seconds(32)),
            ])
        steps = []
        machine.receiveAgain(&steps)
        #expect(steps == [.send(response(200).bytes, isRetransmission: true)])
        steps = []
        machine.respond(response(500), &steps)
        #expect(steps.isEmpty)
        machine.fire(.j, &steps)
        #expect(steps == [.terminated])
    }

    @Test("A request that nobody answers is forgotten after 64·T1")
    func unanswered() {
        var machine = NonINVITEServerTransaction(replyTo: udp, timers: timers)
        var steps: [TransactionStep] = []
        machine.start(&steps)
        #expect(steps == [.arm(.unanswered, after: .seconds(32))])
        steps = []
        machine.fire(.unanswered, &steps)
        #expect(steps == [.terminated])
    }
}
