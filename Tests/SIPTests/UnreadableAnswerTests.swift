import Testing

@testable import SIP

@Suite("A 2xx that cannot be read throughout, RFC 3261 §13.2.2.4: ACK, BYE, failed")
struct UnreadableAnswerTests {
    private static let routes = ["<", "bad route", "<sip:10.0.0.7;lr", "\"x <sip:10.0.0.7;lr>"]

    /// What breaks a 200, as a whole or in one field: the text that is replaced, and what by.
    private static let breaks: [(String, String)] = [
        ("To: <", "To: \"x <"), (">;tag=callee", ";tag=callee"), ("\r\n\r\n", "\r\nA line without a colon\r\n\r\n"),
        ("\r\n\r\n", "\r\nMax-Forwards: 300\r\n\r\n"), ("Content-Length: ", "Content-Length: 9"),
        ("Content-Length: ", "Content-Length: x"), ("\r\n\r\n", "\r\nCSeq: 1 INVITE\r\n\r\n"),
    ]

    private func broken(_ invite: SIPRequest, _ change: (String, String), tag: String = "callee") -> [UInt8] {
        var response = SIPResponse(to: invite, status: .ok, toTag: tag, body: Bench.answer)
        response.headers.append(.contact, "<sip:callee@10.0.0.9:5070>")
        response.headers.append(.contentType, "application/sdp")
        return Array(String(decoding: response.bytes, as: UTF8.self).replacing(change.0, with: change.1).utf8)
    }

    private func isFailure(_ told: [UserAgentEffect]) -> Bool {
        guard told.count == 1, case .failed(.one, .protocolError(let what)) = told[0] else { return false }
        return what.hasSuffix(" of its 200 cannot be read")
    }

    @Test(
        "A Record-Route that cannot be read: the callee is hung up at its Contact, its 200 acknowledged each time",
        arguments: routes)
    func recordRoute(route: String) throws {
        var bench = Bench()
        let invite = bench.invite()
        _ = bench.take()
        let answer = { (bench: inout Bench) in
            bench.respond(
                to: invite, 200, sdp: Bench.answer, contact: "<sip:callee@10.0.0.9:5070>",
                headers: [.init(.recordRoute, route)])
        }
        answer(&bench)
        #expect(bench.summary == ["ACK", "BYE"])
        #expect(bench.told.isEmpty, "its end is told when the callee has heard of it")
        for request in bench.requests {
            #expect(request.uri.description == "sip:callee@10.0.0.9:5070")
            #expect(request.headers.all(.route).isEmpty)
            #expect(try request.headers.to().tag == "callee")
        }
        #expect(bench.requests.map { $0.headers[.cseq] } == ["1 ACK", "2 BYE"])
        answer(&bench)
        #expect(bench.summary == ["ACK", "BYE", "ACK"])
        let bye = try #require(bench.requests(.bye).first)
        bench.respond(to: bye, 200)
        #expect(bench.told == [.failed(.one, .protocolError("Record-Route of its 200 cannot be read"))])
        _ = bench.take()
        answer(&bench)
        #expect(bench.summary == ["ACK"])
        bench.pass(.seconds(33))
        #expect(bench.told.isEmpty)
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("The routes that can be read are taken, and far too many are none")
    func readableRoutes() throws {
        let many = Array(repeating: "<sip:10.0.0.7;lr>", count: SIPLimits.listValues + 1).joined(separator: ",")
        for (route, left) in [("<sip:10.0.0.7;lr>, <, <sip:10.0.0.8;lr>", 1), (many, 0)] {
            var bench = Bench()
            let invite = bench.invite()
            _ = bench.take()
            bench.respond(to: invite, 200, sdp: Bench.answer, headers: [.init(.recordRoute, route)])
            #expect(bench.summary == ["ACK", "BYE"])
            let bye = try #require(bench.requests(.bye).first)
            #expect(bye.headers.all(.route).count == left)
        }
    }

    @Test(
        "A 200 that is no whole message, and comes again as such, ends its call the same way",
        arguments: breaks.indices,
        [false, true])
    func malformed(index: Int, rings: Bool) throws {
        var bench = Bench()
        let invite = bench.invite()
        if rings { bench.respond(to: invite, 180) }
        _ = bench.take()
        let answer = broken(invite, Self.breaks[index])
        #expect(throws: SIPParseError.self) { try SIPMessage(parsing: answer) }
        bench.deliver(answer)
        #expect(bench.summary.isEmpty, "it may have been harmed on the way")
        bench.deliver(answer)
        #expect(bench.summary == ["ACK", "BYE"])
        for request in bench.requests {
            #expect(request.uri.description == "sip:callee@10.0.0.9:5070")
            #expect(try request.headers.to().tag == "callee")
        }
        bench.deliver(answer)
        #expect(bench.summary == ["ACK", "BYE", "ACK"])
        let bye = try #require(bench.requests(.bye).first)
        _ = bench.take()
        bench.respond(to: bye, 200)
        #expect(isFailure(bench.told))
        bench.pass(.seconds(33))
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("A 200 that was harmed on the way and comes again whole makes the call")
    func harmedOnce() {
        var bench = Bench()
        let invite = bench.invite()
        _ = bench.take()
        bench.deliver(broken(invite, Self.breaks[3]))
        bench.respond(to: invite, 200, sdp: Bench.answer)
        #expect(bench.summary == ["ACK"])
        #expect(bench.told.last == .answered(.one, body: Bench.answer))
    }

    @Test("A callee that answers no BYE is failed after 64·T1")
    func unansweredBye() {
        var bench = Bench()
        let invite = bench.invite()
        _ = bench.take()
        for _ in 0..<2 { bench.deliver(broken(invite, Self.breaks[0])) }
        bench.pass(.seconds(33))
        #expect(bench.told.filter(\.isOutcome).count == 1)
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("An answered call stays: its 200 come again broken is acknowledged, another fork's is hung up")
    func answered() {
        var bench = Bench()
        let invite = bench.invite()
        bench.respond(to: invite, 200, sdp: Bench.answer)
        _ = bench.take()
        bench.deliver(broken(invite, Self.breaks[3]))
        bench.respond(to: invite, 200, headers: [.init(.recordRoute, "<")])
        #expect(bench.summary == ["ACK", "ACK"])
        bench.deliver(broken(invite, Self.breaks[3], tag: "two"))
        bench.respond(to: invite, 200, tag: "three", headers: [.init(.recordRoute, "<")])
        #expect(bench.summary == ["ACK", "ACK", "ACK", "BYE", "ACK", "BYE"])
        #expect(bench.told.filter(\.isOutcome).isEmpty)
    }

    @Test("It crosses a CANCEL, or comes after a refusal: ACK, BYE, and the outcome is what it was")
    func late() throws {
        var ended = Bench()
        let first = ended.invite()
        ended.respond(to: first, 180)
        _ = ended.take()
        ended.end()
        // Of the CANCEL, under the INVITE's branch: nobody has answered.
        let cancel = try #require(ended.requests(.cancel).first)
        ended.deliver(broken(cancel, Self.breaks[3]))
        #expect(ended.summary == ["CANCEL"])
        ended.respond(to: first, 200, headers: [.init(.recordRoute, "<")])
        #expect(ended.summary == ["CANCEL", "ACK", "BYE"])
        ended.pass(.seconds(66))
        #expect(ended.told.filter(\.isOutcome) == [.failed(.one, .canceled)])

        var refused = Bench()
        let second = refused.invite()
        refused.respond(to: second, 603, tag: "one")
        _ = refused.take()
        refused.deliver(broken(second, Self.breaks[3], tag: "two"))
        #expect(refused.summary == ["ACK", "BYE"])
        #expect(refused.told.filter(\.isOutcome).isEmpty)
    }

    @Test("A broken 200 to no INVITE of ours, and a broken 180, are answered by nobody")
    func strangers() {
        var bench = Bench()
        var invite = bench.invite()
        let ringing = String(decoding: broken(invite, Self.breaks[3]), as: UTF8.self)
            .replacing("SIP/2.0 200 OK", with: "SIP/2.0 180 Ringing")
        invite.headers[.via] = "SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKforeign"
        _ = bench.take()
        for _ in 0..<2 { bench.deliver(broken(invite, Self.breaks[3])) }
        for _ in 0..<2 { bench.deliver(Array(ringing.utf8)) }
        #expect(bench.summary.isEmpty)
        #expect(!bench.told.contains { $0.isOutcome })
    }
}
