import Testing

@testable import SIP

@Suite("Hostile input")
struct MutationTests {
    /// Valid messages of every kind, from a call that is under way.
    private func corpus(_ invite: SIPRequest, _ bench: Bench) -> [[UInt8]] {
        var messages: [[UInt8]] = []
        for status in [100, 180, 200, 302, 401, 486, 603] {
            guard let code = StatusCode(status) else { continue }
            var response = SIPResponse(to: invite, status: code, toTag: "callee", body: Bench.answer)
            response.headers.append(.contact, "<sip:callee@10.0.0.2:5060>")
            response.headers.append(.recordRoute, "<sip:10.0.0.7;lr>, <sip:10.0.0.8;lr>")
            response.headers.append(.wwwAuthenticate, "Digest realm=\"a\", nonce=\"b\", qop=\"auth\"")
            messages.append(response.bytes)
        }
        for (index, method) in [SIPMethod.bye, .invite, .update, .info, .options, .ack, .cancel].enumerated() {
            messages.append(
                bench.peerRequest(
                    method, in: invite, cseq: UInt32(10 + index), branch: "x\(index)", sdp: Bench.offer
                ).bytes)
        }
        messages.append(incomingInvite().bytes)
        messages.append(Array(TortureTests.messages[0].utf8))
        messages.append(Array(TortureTests.messages[1].utf8))
        return messages
    }

    private func mutate(_ message: [UInt8], _ random: inout RandomSource, with others: [[UInt8]]) -> [UInt8] {
        var bytes = message
        for _ in 0...(random.next() % 4) {
            guard !bytes.isEmpty else { return bytes }
            let at = Int(random.next() % UInt64(bytes.count))
            switch random.next() % 9 {
            case 0: bytes[at] = UInt8(truncatingIfNeeded: random.next())
            case 1: bytes.remove(at: at)
            case 2: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: at)
            case 3: bytes = Array(bytes[..<at])
            case 4: bytes[at] ^= 1 << UInt8(random.next() % 8)
            case 5:
                let special: [UInt8] = Array("\r\n:;,<>\"@=/\\ \t%[]0".utf8) + [0, 255]
                bytes[at] = special[Int(random.next() % UInt64(special.count))]
            case 6:
                let length = Int(random.next() % 40)
                bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + length)], at: at)
            case 7:
                let other = others[Int(random.next() % UInt64(others.count))]
                let from = Int(random.next() % UInt64(other.count))
                bytes.replaceSubrange(at..., with: other[from...])
            default:
                // A number somewhere becomes a monstrous one.
                if let digit = bytes[at...].firstIndex(where: \.isDigit) {
                    bytes.replaceSubrange(digit...digit, with: Array("99999999999999999999".utf8))
                }
            }
        }
        return bytes
    }

    @Test("10,000 seeded mutations of valid messages: no crash, and all gauges return to zero")
    func mutations() {
        var random = RandomSource(seed: 20_260)
        var seen: Set<String> = []
        for round in 0..<100 {
            var bench = Bench {
                $0.credentials = round % 2 == 0 ? DigestCredentials(username: "u", password: "p") : nil
            }
            let invite = bench.invite()
            if round % 3 > 0 { bench.respond(to: invite, 180) }
            if round % 3 > 1 { bench.respond(to: invite, 200, sdp: Bench.answer) }
            let messages = corpus(invite, bench)
            for _ in 0..<100 {
                let message = messages[Int(random.next() % UInt64(messages.count))]
                bench.deliver(mutate(message, &random, with: messages))
                if random.next() % 16 == 0 { bench.pass(.milliseconds(700)) }
            }
            for effect in bench.told {
                if case .discarded(let reason, _) = effect { seen.insert(reason.rawValue) }
                if case .offerReceived(let id, _) = effect {
                    bench.agent.answerOffer(
                        id, sdp: Bench.answer, now: bench.now, random: &bench.random, into: &bench.effects)
                }
            }
            for offset in 0..<200 as Range<UInt64> {
                bench.agent.end(
                    SessionID(rawValue: SessionID.firstIncoming.rawValue + offset), now: bench.now,
                    random: &bench.random, into: &bench.effects)
            }
            bench.end()
            bench.pass(.seconds(300))
            #expect(bench.agent.gauges.isIdle, "round \(round): \(bench.agent.gauges)")
            let outcomes = bench.told.filter(\.isOutcome).count { effect in
                switch effect {
                case .failed(.one, _), .ended(.one, _): true
                default: false
                }
            }
            #expect(outcomes == 1, "round \(round)")
        }
        // The mutations really reached the different ways out.
        #expect(seen.isSuperset(of: ["malformed", "strayResponse", "strayACK"]))
    }

    @Test("Random bytes, empty datagrams, line ends, and 64 KiB of anything are dropped")
    func garbage() {
        var bench = Bench()
        var random = RandomSource(seed: 3)
        for length in [0, 1, 2, 4, 17, 1_000, 65_535, 70_000] {
            bench.deliver((0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        }
        bench.deliver(Array("\r\n\r\n".utf8))
        for piece in ["\r\n", "a", ":", "Via: ", "\r\n ", "INVITE "] {
            bench.deliver(Array(String(repeating: piece, count: 65_000 / piece.utf8.count).utf8))
        }
        #expect(bench.summary.isEmpty)
        #expect(bench.agent.gauges.isIdle)
        #expect(bench.effects.contains(.discarded(reason: .keepAlive, from: Bench.peer)))
    }

    @Test("Each limit holds: hops, fields, long lines, parameters")
    func limits() {
        let hops = String(repeating: "SIP/2.0/UDP h;branch=z9hG4bKx, ", count: 71) + "SIP/2.0/UDP h;branch=z9hG4bKy"
        let parameters = "SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKx" + String(repeating: ";a", count: 65)
        for (name, value) in [("Via", hops), ("Via", parameters), ("X", String(repeating: "x", count: 8_192))] {
            var request = incomingInvite()
            request.headers.append(SIPHeaderName(name), value)
            #expect(throws: SIPParseError.self) { try SIPMessage(parsing: request.bytes) }
        }
        var many = incomingInvite()
        for index in 0..<256 { many.headers.append("X-Field", "\(index)") }
        #expect(throws: SIPParseError.self) { try SIPMessage(parsing: many.bytes) }
    }

    @Test("A malformed request with a readable Via gets 400, another version 505, a malformed ACK or response nothing")
    func malformed() {
        for (message, expected) in [
            (
                "INVITE sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: x INVITE\r\n\r\n",
                ["400 INVITE"]
            ),
            (
                "INVITE sip:b@h SIP/7.0\r\nVia: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\n",
                ["505 INVITE"]
            ),
            (
                "ACK sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\n",
                []
            ),
            (
                "SIP/2.0 2xx OK\r\nVia: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\n",
                []
            ),
            (
                "INVITE sip:b@h SIP/2.0\r\nVia: nonsense\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\n",
                []
            ),
        ] {
            var bench = Bench()
            bench.deliver(Array(message.utf8))
            let statuses = bench.effects.compactMap { effect -> String? in
                guard case .send(let bytes, _) = effect else { return nil }
                return String(decoding: bytes.dropFirst(8).prefix(3), as: UTF8.self) + " INVITE"
            }
            #expect(statuses == expected)
            #expect(bench.told == [.discarded(reason: .malformed, from: Bench.peer)])
            #expect(bench.agent.gauges.isIdle)
        }
    }
}
