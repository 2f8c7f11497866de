import Testing

@testable import SIP

/// RFC 3261 §12.1.2, §12.2.1.1, §13.2.2.4, §8.1.2; RFC 3263 §4.
@Suite("Where the requests of a dialog go")
struct NextHopTests {
    /// What left, and where to, in order.
    private func sent(_ bench: Bench) -> [String] {
        bench.effects.compactMap { effect in
            guard case .send(let bytes, let target) = effect else { return nil }
            return String(decoding: bytes.prefix { $0 != .space }, as: UTF8.self) + " " + target.description
        }
    }

    private func answered(_ contact: String, _ headers: [SIPHeaders.Field] = []) -> Bench {
        var bench = Bench()
        let invite = bench.invite()
        _ = bench.take()
        bench.respond(to: invite, 200, sdp: Bench.answer, contact: contact, headers: headers)
        return bench
    }

    private func resolve(_ bench: inout Bench, _ host: String, _ addresses: [String]) {
        bench.agent.resolved(
            .one, host: host, addresses: addresses.compactMap { IPAddress($0) }, now: bench.now, random: &bench.random,
            into: &bench.effects)
    }

    @Test(
        "An address is reached as it says; what cannot be is left to where the dialog began",
        arguments: [
            ("<sip:x@10.0.0.9:5080>", "10.0.0.9:5080"), ("<sip:x@10.0.0.9>", "10.0.0.9:5060"),
            ("sip:x@10.0.0.9:5080;q=1", "10.0.0.9:5080"), ("<sip:x@10.0.0.9:5080;transport=UDP>", "10.0.0.9:5080"),
            ("<sip:x@pbx.example.com:5080;maddr=10.0.0.9>", "10.0.0.9:5080"),
            // Another transport, another family, no single host, no SIP, a name without a port.
            ("<sip:x@10.0.0.9:5080;transport=tcp>", "10.0.0.2:5060"), ("<sips:x@10.0.0.9:5080>", "10.0.0.2:5060"),
            ("<sip:x@[2001:db8::9]:5080>", "10.0.0.2:5060"), ("<sip:x@224.0.0.1:5080>", "10.0.0.2:5060"),
            ("<sip:x@0.0.0.0:5080>", "10.0.0.2:5060"), ("<sip:x@10.0.0.9:0>", "10.0.0.2:5060"),
            ("<tel:+15551230000>", "10.0.0.2:5060"), ("<sip:x@pbx.example.com>", "10.0.0.2:5060"),
        ])
    func addresses(contact: String, target: String) throws {
        var bench = answered(contact)
        bench.end()
        #expect(sent(bench) == ["ACK \(target)", "BYE \(target)"])
        let headers = try #require(bench.requests(.bye).first).headers
        #expect(headers.all(.route).isEmpty)
    }

    @Test("A Contact's headers and method are no part of the Request-URI (RFC 3261 §19.1.1, table 1)")
    func requestURI() throws {
        let bench = answered("<sip:x@10.0.0.9:5080;method=INVITE;line=a?Reason=b>")
        #expect(try #require(bench.requests(.ack).first).uri.description == "sip:x@10.0.0.9:5080;line=a")
    }

    @Test("Requests wait for their host's address, in order; a repeated 2xx brings the ACK again")
    func names() throws {
        var bench = Bench()
        let invite = bench.invite()
        _ = bench.take()
        bench.respond(to: invite, 200, sdp: Bench.answer, contact: "<sip:x@pbx.example.com:5080>")
        #expect(bench.told == [.resolve(.one, host: "pbx.example.com"), .answered(.one, body: Bench.answer)])
        bench.respond(to: invite, 200, sdp: Bench.answer, contact: "<sip:x@pbx.example.com:5080>")
        bench.end()
        #expect(sent(bench).isEmpty)
        #expect(bench.told.count == 2, "asked once")
        resolve(&bench, "pbx.example.com", ["2001:db8::9", "10.0.0.9", "10.0.0.10"])
        #expect(sent(bench) == ["ACK 10.0.0.9:5080", "BYE 10.0.0.9:5080"])
        _ = bench.take()
        bench.respond(to: invite, 200, sdp: Bench.answer, contact: "<sip:x@pbx.example.com:5080>")
        #expect(sent(bench) == ["ACK 10.0.0.9:5080"])
        bench.pass(.seconds(70))
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("A host without an address, or one that nobody tells of in time, is left to where the dialog began")
    func unresolved() {
        for addresses in [[], ["2001:db8::9"], nil] as [[String]?] {
            var bench = answered("<sip:x@pbx.example.com:5080>")
            bench.end()
            if let addresses {
                resolve(&bench, "pbx.example.com", addresses)
            } else {
                bench.pass(.milliseconds(3_999))
                #expect(sent(bench).isEmpty)
                bench.pass(.milliseconds(1))
            }
            #expect(sent(bench).prefix(2) == ["ACK 10.0.0.2:5060", "BYE 10.0.0.2:5060"])
            // What comes too late changes nothing.
            resolve(&bench, "pbx.example.com", ["10.0.0.9"])
            bench.pass(.seconds(70))
            #expect(sent(bench).allSatisfy { $0.hasSuffix("10.0.0.2:5060") })
            #expect(bench.agent.gauges.isIdle)
        }
    }

    @Test("The host that was called needs no look-up, and keeps the Contact's port")
    func calledHost() {
        var invitation = Bench.invitation
        invitation.requestURI = SIPURI(user: "1", host: "sip.example.com")
        var bench = Bench()
        let invite = bench.invite(1, invitation)
        _ = bench.take()
        bench.respond(to: invite, 200, sdp: Bench.answer, contact: "<sip:x@SIP.example.com:5080>")
        #expect(sent(bench) == ["ACK 10.0.0.2:5080"])
    }

    @Test("A peer that hangs up while its ACK waits for an address gets the ACK all the same, and no BYE")
    func hungUpMeanwhile() {
        var bench = Bench()
        let invite = bench.invite()
        _ = bench.take()
        bench.respond(to: invite, 200, sdp: Bench.answer, contact: "<sip:x@pbx.example.com:5080>")
        bench.deliver(bench.peerRequest(.bye, in: invite, cseq: 4, branch: "b1").bytes)
        bench.end()
        resolve(&bench, "pbx.example.com", ["10.0.0.9"])
        #expect(sent(bench) == ["SIP/2.0 10.0.0.2:5060", "ACK 10.0.0.9:5080"])
        bench.pass(.seconds(70))
        #expect(bench.told.filter(\.isOutcome) == [.ended(.one, .remoteHangUp)])
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("A target that moves to an address while its name is looked up is not waited for any longer than that")
    func movedMeanwhile() {
        var bench = Bench()
        let invite = bench.invite()
        _ = bench.take()
        bench.respond(to: invite, 200, sdp: Bench.answer, contact: "<sip:x@pbx.example.com:5080>")
        var update = bench.peerRequest(.update, in: invite, cseq: 4, branch: "u1")
        update.headers[.contact] = "<sip:x@10.0.0.5:5099>"
        bench.deliver(update.bytes)
        resolve(&bench, "pbx.example.com", [])
        #expect(sent(bench).last == "ACK 10.0.0.5:5099")
    }

    @Test("A Record-Route that is a name is looked up, loose and strict")
    func routeNames() {
        for parameters in [";lr", ""] {
            var bench = answered(
                "<sip:x@10.0.0.9:5080>", [.init(.recordRoute, "<sip:proxy.example.com:5070\(parameters)>")])
            #expect(bench.told.first == .resolve(.one, host: "proxy.example.com"))
            resolve(&bench, "proxy.example.com", ["10.0.0.7"])
            #expect(sent(bench) == ["ACK 10.0.0.7:5070"])
        }
    }

    @Test("The route set comes from the 2xx, whatever the 18x said (RFC 3261 §13.2.2.4)")
    func recomputed() throws {
        for (early, late, expected) in [
            ([], ["<sip:10.0.0.7;lr>"], ["ACK 10.0.0.7:5060", "BYE 10.0.0.7:5060"]),
            (["<sip:10.0.0.8;lr>"], ["<sip:10.0.0.7;lr>"], ["ACK 10.0.0.7:5060", "BYE 10.0.0.7:5060"]),
            (["<sip:10.0.0.8;lr>"], [], ["ACK 10.0.0.9:5080", "BYE 10.0.0.9:5080"]),
            // What cannot be read says nothing.
            (["<sip:10.0.0.8;lr>"], ["<sip:10.0.0.7"], ["ACK 10.0.0.8:5060", "BYE 10.0.0.8:5060"]),
        ] as [([String], [String], [String])] {
            var bench = Bench()
            let invite = bench.invite()
            bench.respond(to: invite, 180, headers: early.map { .init(.recordRoute, $0) })
            _ = bench.take()
            bench.respond(
                to: invite, 200, sdp: Bench.answer, contact: "<sip:x@10.0.0.9:5080>",
                headers: late.map { .init(.recordRoute, $0) })
            bench.end()
            #expect(sent(bench) == expected)
            let route = expected[0].contains("5080") ? [] : expected[0].contains("0.7") ? late : early
            #expect(try #require(bench.requests(.ack).first).headers.values(.route) == route)
            #expect(bench.agent.record(of: .one)?.dialogs.first?.routeSet.map(\.description) == route)
        }
    }

    @Test("Each fork has a route set of its own")
    func forks() {
        var bench = Bench()
        let invite = bench.invite()
        _ = bench.take()
        bench.respond(
            to: invite, 200, tag: "one", sdp: Bench.answer, headers: [.init(.recordRoute, "<sip:10.0.0.7;lr>")])
        bench.respond(
            to: invite, 200, tag: "two", sdp: Bench.answer, headers: [.init(.recordRoute, "<sip:10.0.0.8;lr>")])
        bench.end()
        #expect(
            sent(bench) == [
                "ACK 10.0.0.7:5060", "ACK 10.0.0.8:5060", "BYE 10.0.0.8:5060", "BYE 10.0.0.7:5060",
            ])
    }

    @Test("A caller whose Contact is a name is hung up there")
    func caller() throws {
        let id = SessionID.firstIncoming
        var bench = Bench()
        var invite = incomingInvite()
        invite.headers[.contact] = "<sip:caller@pbx.example.com:5080>"
        bench.deliver(invite.bytes)
        bench.agent.answer(id, sdp: Bench.answer, now: bench.now, random: &bench.random, into: &bench.effects)
        let accepted = try #require(bench.responses.last)
        bench.deliver(followUp(.ack, to: accepted, invite: invite, cseq: 1, branch: "a1").bytes)
        _ = bench.take()
        bench.agent.end(id, now: bench.now, random: &bench.random, into: &bench.effects)
        #expect(bench.told == [.resolve(id, host: "pbx.example.com")])
        bench.agent.resolved(
            id, host: "pbx.example.com", addresses: [.v4(0x0a00_0009)], now: bench.now, random: &bench.random,
            into: &bench.effects)
        #expect(sent(bench) == ["BYE 10.0.0.9:5080"])
        bench.pass(.seconds(70))
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("After a crash the name is looked up again before the BYE")
    func restored() throws {
        var first = answered("<sip:x@pbx.example.com:5080>")
        resolve(&first, "pbx.example.com", ["10.0.0.9"])
        let record = try #require(first.agent.record(of: .one))
        var bench = Bench()
        bench.agent.endRestored(
            .one, try TestCoder.roundTrip(record), now: bench.now, random: &bench.random, into: &bench.effects)
        #expect(bench.told == [.resolve(.one, host: "pbx.example.com")])
        resolve(&bench, "pbx.example.com", ["10.0.0.9"])
        #expect(sent(bench) == ["ACK 10.0.0.9:5080", "BYE 10.0.0.9:5080"])
        bench.pass(.seconds(70))
        #expect(bench.told.last == .ended(.one, .localHangUp(confirmed: true)))
        #expect(bench.agent.gauges.isIdle)
    }
}
