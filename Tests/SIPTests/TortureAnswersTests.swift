import Testing

@testable import SIP

/// What a user agent answers to the messages of RFC 4475 and RFC 5118 (in words of our own), and what comes back of them.
@Suite("What torture messages are answered, RFC 4475 and RFC 5118")
struct TortureAnswersTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let message: [UInt8]
        /// Nil: nothing is answered.
        let status: Int?

        /// Some fields are there twice.
        var isTwofold: Bool { name.contains("multi01") || name.contains("dblreq") }
        var testDescription: String { name }
    }

    /// One message: the usual fields, with some in another form, left out (an empty text), or added.
    private static func message(
        _ firstLine: String, _ changes: [String: String] = [:], adding: [String] = [], body: String = "",
        length: String? = nil
    ) -> [UInt8] {
        let method = firstLine.split(separator: " ").first.map(String.init) ?? ""
        let usual = [
            ("Via", "SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKtorture"), ("Max-Forwards", "70"),
            ("From", "<sip:caller@example.net>;tag=from"), ("To", "<sip:user@example.com>"),
            ("Call-ID", "torture@10.0.0.2"), ("CSeq", "8 \(method)"), ("Contact", "<sip:caller@10.0.0.2>"),
        ]
        var lines = [firstLine]
        for (name, value) in usual {
            let value = changes[name] ?? value
            if !value.isEmpty { lines.append("\(name): \(value)") }
        }
        lines += adding
        if let type = changes["Content-Type"] { lines.append("Content-Type: \(type)") }
        lines.append("Content-Length: \(length ?? "\(body.utf8.count)")")
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8)
    }

    private static let sdp =
        "v=0\r\no=a 1 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
    private static let options = "OPTIONS sip:user@example.com SIP/2.0"
    private static let invite = "INVITE sip:user@example.com SIP/2.0"

    private static func plain(_ name: String, _ status: Int?, _ message: [UInt8]) -> Case {
        Case(name: name, message: message, status: status)
    }

    /// RFC 4475 §3.1.1: valid.
    static let valid: [Case] = [
        plain("3.1.1.1 wsinv: its To tag names a dialog that nobody has", 481, Array(TortureTests.messages[0].utf8)),
        plain("3.1.1.2 intmeth: a method that nobody knows", 501, Array(TortureTests.messages[1].utf8)),
        plain(
            "3.1.1.3 esc01", 100,
            message(
                "INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0", ["To": "sip:%75se%72@example.com"])),
        plain(
            "3.1.1.4 escnull", 405,
            message("REGISTER sip:example.com SIP/2.0", ["To": "sip:null-%00-null@example.com"])),
        plain(
            "3.1.1.5 esc02: a method with a percent sign", 501,
            message("RE%47IST%45R sip:registrar.example.com SIP/2.0")),
        plain("3.1.1.6 lwsdisp", 200, message(options, ["From": "caller<sip:caller@example.com>;tag=323"])),
        plain(
            "3.1.1.7 longreq", 100,
            message(
                invite,
                [
                    "From": "sip:\(String(repeating: "amazinglylongcallername", count: 5))@example.net"
                        + ";tag=12\(String(repeating: "982", count: 50))424;\(String(repeating: "unknownheaderparamname", count: 10))=x",
                    "Call-ID": "longreq.one\(String(repeating: "really", count: 20))longcallid",
                ])),
        plain(
            "3.1.1.8 dblreq: two in one datagram", 405, message("REGISTER sip:example.com SIP/2.0") + message(invite)),
        plain("3.1.1.9 semiuri", 200, message("OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0")),
        plain(
            "3.1.1.10 transports", 200,
            message(
                options,
                adding: [
                    "Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf",
                    "Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK2",
                    "Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en",
                ])),
        plain(
            "3.1.1.11 mpart01: a method inside a dialog, of nobody", 405,
            message(
                "MESSAGE sip:user@example.com SIP/2.0", ["Content-Type": "multipart/mixed;boundary=7a9"],
                body: "--7a9\r\n\r\nx\r\n--7a9--\r\n")),
        plain("3.1.1.12 unreason", nil, message("SIP/2.0 200 = 2**3 * 5**2 \u{43D}\u{43E}", ["CSeq": "35 INVITE"])),
        plain("3.1.1.13 noreason", nil, message("SIP/2.0 100 ", ["CSeq": "35 INVITE"])),
    ]

    /// RFC 4475 §3.1.2: what must not be taken, and is answered where an answer can be routed.
    static let invalid: [Case] = [
        plain(
            "3.1.2.1 badinv01", 400,
            message(
                "INVITE sip:user@example.com SIP/2.0",
                [
                    "Via": "SIP/2.0/UDP 10.0.0.2;;,;,,", "To": "sip:j.user@example.com;;;;", "CSeq": "8 INVITE",
                    "Contact": "\"Joe\" <sip:joe@example.org>;;;;",
                ])),
        plain("3.1.2.2 clerr", 400, message(invite, ["Content-Type": "application/sdp"], body: sdp, length: "9999")),
        plain("3.1.2.3 ncl", 400, message(invite, length: "-999")),
        plain(
            "3.1.2.4 scalar02, CSeq", 400,
            message("REGISTER sip:example.com SIP/2.0", ["CSeq": "36893488147419103232 REGISTER"])),
        plain(
            "3.1.2.4 scalar02, Max-Forwards", 400, message("REGISTER sip:example.com SIP/2.0", ["Max-Forwards": "300"])),
        plain(
            "3.1.2.5 scalarlg", nil,
            message("SIP/2.0 503 Service Unavailable", ["CSeq": "9292394834772304023312 OPTIONS"])),
        plain("3.1.2.6 quotbal", 400, message(invite, ["To": "\"Mr. J. User <sip:j.user@example.com>"])),
        plain("3.1.2.7 ltgtruri", 400, message("INVITE <sip:user@example.com> SIP/2.0")),
        plain("3.1.2.8 lwsruri", 400, message("INVITE sip:user@example.com; lr SIP/2.0")),
        plain("3.1.2.9 lwsstart", 400, message("INVITE  sip:user@example.com  SIP/2.0")),
        plain("3.1.2.10 trws", 400, message("OPTIONS sip:remote-target@example.com SIP/2.0  ")),
        plain("3.1.2.11 escruri", 400, message("INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0")),
        plain(
            "3.1.2.12 baddate: another zone than GMT is forgiven", 100,
            message(invite, adding: ["Date: Fri, 01 Jan 2010 16:00:00 EST"])),
        plain(
            "3.1.2.13 regbadct: not registered in any case", 405,
            message(
                "REGISTER sip:example.com SIP/2.0", ["Contact": "sip:user@example.com?Route=%3Csip:sip.example.com%3E"])
        ),
        plain("3.1.2.14 badaspec", 400, message(options, ["To": "\"Watson, Thomas\" < t.watson@example.org >"])),
        plain(
            "3.1.2.15 baddn: the quotes are inferred", 200,
            message(options, ["From": "Bell, Alexander <sip:a.g.bell@example.com>;tag=43"])),
        plain(
            "3.1.2.16 badvers", 505,
            message("OPTIONS sip:t.watson@example.org SIP/7.0", ["Via": "SIP/7.0/UDP 10.0.0.2;branch=z9hG4bKkdjuw"])),
        plain("badvers in the first line alone", 505, message("OPTIONS sip:t.watson@example.org SIP/3.0")),
        plain("badvers in Via alone", 505, message(options, ["Via": "SIP/3.0/UDP 10.0.0.2;branch=z9hG4bKkdjuw"])),
        plain("badvers of an ACK", nil, message("ACK sip:t.watson@example.org SIP/7.0")),
        plain("badvers of a response", nil, message("SIP/7.0 200 OK", ["CSeq": "8 INVITE"])),
        plain("3.1.2.17 mismatch01", 400, message(options, ["CSeq": "8 INVITE"])),
        plain("3.1.2.18 mismatch02", 400, message("NEWMETHOD sip:user@example.com SIP/2.0", ["CSeq": "8 INVITE"])),
        plain(
            "3.1.2.19 bigcode", nil, message("SIP/2.0 4294967301 better not break the receiver", ["CSeq": "8 INVITE"])),
        plain("nobody to answer to", nil, message(options, ["Via": "nonsense"])),
        plain("no Via at all", nil, message(options, ["Via": ""])),
    ]

    /// RFC 4475 §3.2 to §3.4.
    static let layers: [Case] = [
        plain("3.2.1 badbranch", 200, message(options, ["Via": "SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK"])),
        plain(
            "3.3.1 insuf", 400,
            message(invite, ["From": "", "To": "", "Call-ID": "", "CSeq": "193942 INVITE", "Max-Forwards": ""])),
        plain("no CSeq", 400, message(invite, ["CSeq": ""])),
        plain("3.3.2 unkscm", 416, message("OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0")),
        plain("unkscm of an INVITE", 416, message("INVITE nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0")),
        plain("unkscm of a MESSAGE", 416, message("MESSAGE im:user@example.com SIP/2.0")),
        plain("3.3.3 novelsc", 416, message("OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0")),
        plain("a telephone number is known", 200, message("OPTIONS tel:+13125550100 SIP/2.0")),
        plain("3.3.4 unksm2", 405, message("REGISTER sip:example.com SIP/2.0", ["To": "isbn:2983792873"])),
        plain(
            "3.3.5 bext01", 420,
            message(
                options,
                adding: [
                    "Require: nothingSupportsThis, nothingSupportsThisEither", "Proxy-Require: noProxiesSupportThis",
                ])),
        plain("3.3.6 invut", 415, message(invite, ["Content-Type": "application/unknownformat"], body: "<audio/>")),
        plain(
            "3.3.7 regaut01", 405,
            message(
                "REGISTER sip:example.com SIP/2.0", adding: ["Authorization: NoOneKnowsThisScheme opaque-data=here"])),
        plain(
            "3.3.8 multi01", 400,
            message(
                invite,
                adding: [
                    "CSeq: 59 INVITE", "Call-ID: two@10.0.0.2", "From: <sip:c@example.net>;tag=2",
                    "To: <sip:u@example.com>",
                ])),
        plain(
            "3.3.9 mcl01", 400,
            message(options, adding: ["Content-Length: 13"], body: "There's no way to know how many octets")),
        plain(
            "3.3.10 bcast", nil,
            message(
                "SIP/2.0 200 OK", ["Via": "SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23", "CSeq": "35 INVITE"])),
        plain("3.3.11 zeromf: it has come to us", 200, message(options, ["Max-Forwards": "0"])),
        plain(
            "3.3.15 sdp01: Accept without what we have", 406,
            message(invite, ["Content-Type": "application/sdp"], adding: ["Accept: text/nobodyKnowsThis"], body: sdp)),
        plain("sdp01 of an OPTIONS", 406, message(options, adding: ["Accept: text/nobodyKnowsThis"])),
        plain("an empty Accept (RFC 3261 §20.1)", 406, message(invite, adding: ["Accept:"])),
        plain("an empty Accept of who asks for no body", 200, message(options, adding: ["Accept:"])),
        plain("q=0", 406, message(invite, adding: ["Accept: application/sdp;q=0, text/plain"])),
        plain("sdp among others", 100, message(invite, adding: ["Accept: text/plain, Application/SDP;level=1"])),
        plain("sdp by a range", 100, message(invite, adding: ["Accept: application/*"])),
        plain("sdp by any", 100, message(invite, adding: ["Accept: text/plain", "Accept: */*;q=0.1"])),
        plain(
            "3.4.1 inv2543", 100,
            message(
                invite,
                [
                    "Via": "SIP/2.0/UDP iftgw.example.com",
                    "From": "<sip:+13035551111@ift.client.example.net;user=phone>",
                ])),
    ]

    /// RFC 5118.
    static let addresses: [Case] = [
        plain(
            "4.1 ipv6-good", 200,
            message("OPTIONS sip:[2001:db8::10] SIP/2.0", ["Via": "SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111"])),
        plain("4.2 ipv6-bad", 400, message("OPTIONS sip:2001:db8::10 SIP/2.0")),
        plain("4.3 port-ambiguous", 200, message("OPTIONS sip:[2001:db8::10:5070] SIP/2.0")),
        plain("4.4 port-unambiguous", 200, message("OPTIONS sip:[2001:db8::10]:5070 SIP/2.0")),
        plain(
            "4.5 via-received-param-with-delim", 200,
            message(options, ["Via": "SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3"])),
        plain(
            "4.5 via-received-param-without-delim", 200,
            message(options, ["Via": "SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3"])),
        plain(
            "4.7 ipv6-in-sdp", 100,
            message(
                invite, ["Content-Type": "application/sdp"],
                body: sdp.replacing("IP4 10.0.0.2", with: "IP6 2001:db8::20"))),
        plain(
            "4.8 mult-ip-in-header", 200,
            message(
                options,
                adding: [
                    "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK2", "Via: SIP/2.0/TCP [2001:db8::9:1];branch=z9hG4bK3",
                ])),
        plain(
            "4.9 ipv4-mapped-ipv6", 200,
            message(
                "OPTIONS sip:user@[::ffff:192.0.2.10] SIP/2.0",
                ["Via": "SIP/2.0/UDP [::ffff:192.0.2.2]:5060;branch=z9hG4bKas3"])),
        plain("4.10 ipv6-bug-abnf-3-colons", 400, message("OPTIONS sip:user@[2001:db8:::192.0.2.1] SIP/2.0")),
    ]

    @Test(
        "The status by the RFC, and in every answer but 100 a To tag", arguments: valid + invalid + layers + addresses)
    func answer(to torture: Case) throws {
        var bench = Bench()
        bench.deliver(torture.message)
        let sent = bench.effects.compactMap { effect -> [UInt8]? in
            if case .send(let bytes, _) = effect { bytes } else { nil }
        }
        guard let status = torture.status else {
            #expect(sent.isEmpty)
            return
        }
        try #require(sent.count == 1)
        let answer = String(decoding: sent[0], as: UTF8.self)
        #expect(answer.hasPrefix("SIP/2.0 \(status) "), "\(answer)")
        let to = answer.split(separator: "\r\n").first { $0.hasPrefix("To:") }
        if let to, status != 100 { #expect(to.contains(";tag=") || to.contains("tag    ="), "\(to)") }
        // As it came (RFC 3261 §8.2.6.2), folds aside.
        let asked = String(decoding: torture.message, as: UTF8.self)
        for name in ["Via", "From", "Call-ID", "CSeq"] {
            for line in asked.split(separator: "\r\n") where line.hasPrefix(name + ":") && !torture.isTwofold {
                let value = line.dropFirst(name.count + 1).drop { $0 == " " }
                let head = value.prefix { $0 != ";" && $0 != "," }
                #expect(answer.contains("\(name): \(head)"), "\(name) of \(answer)")
            }
        }
    }

    @Test("What must be copied comes back byte for byte, also where it is no UTF-8 (RFC 3261 §8.2.6.2)")
    func bytes() throws {
        // Latin-1, a lone continuation byte, half a sequence, and scalars that stand for such bytes here.
        let odd: [UInt8] = Array("M".utf8) + [0xFC] + Array("ller ".utf8) + [0x80, 0xC3, 0x28, 0xEF, 0x9E, 0x80, 0xFF]
        func line(_ name: String, _ before: String, _ after: String) -> [UInt8] {
            Array("\(name): \(before)".utf8) + odd + Array("\(after)\r\n".utf8)
        }
        let via = line("Via", "SIP/2.0/udp 10.0.0.2:5060 ;rport; x=\"", "\" ;branch=z9hG4bKa")
        let secondVia = line("Via", "SIP/2.0/TCP h.example.com;branch=z9hG4bKb;x=\"", "\"")
        let route = line("Record-Route", "\"", "\" <sip:10.0.0.2;lr>")
        let from = line("From", "\"", "\" <sip:caller@10.0.0.2>;tag=1")
        let to = line("To", "\"", "\" <sip:100@10.0.0.1>")
        let callID = line("Call-ID", "id-", "@h")
        let parts: [[UInt8]] = [
            Array("INVITE sip:100@10.0.0.1 SIP/2.0\r\n".utf8), via, secondVia, route, from, to, callID,
            Array("CSeq: 1 INVITE\r\nContact: <sip:caller@10.0.0.2:5060>\r\nContent-Length: 0\r\n\r\n".utf8),
        ]
        var bench = Bench()
        bench.deliver(parts.flatMap(\.self))
        let id = SessionID.firstIncoming
        bench.agent.ring(id, now: bench.now, random: &bench.random, into: &bench.effects)
        let sent = bench.effects.compactMap { effect -> [UInt8]? in
            if case .send(let bytes, _) = effect { bytes } else { nil }
        }
        try #require(sent.count == 2)
        for answer in sent {
            for kept in [secondVia, from, callID] { #expect(answer.contains(kept)) }
            // Nothing else of the Via is touched (RFC 3581 §4).
            let marked = Array("SIP/2.0/udp 10.0.0.2:5060 ;rport=5060; x=\"".utf8) + odd
            #expect(answer.contains(marked + Array("\" ;branch=z9hG4bKa;received=10.0.0.2\r\n".utf8)))
            #expect(answer.contains(to.dropLast(2)))
        }
        #expect(sent[1].contains(route))
        // Our own requests name the dialog as it was named.
        bench.agent.answer(id, sdp: Bench.answer, now: bench.now, random: &bench.random, into: &bench.effects)
        let accepted = try #require(bench.responses.last)
        guard case .request(let invite) = try SIPMessage(parsing: parts.flatMap(\.self)) else { return }
        bench.deliver(followUp(.ack, to: accepted, invite: invite, cseq: 1, branch: "k").bytes)
        bench.agent.end(id, now: bench.now, random: &bench.random, into: &bench.effects)
        guard case .send(let bye, _)? = bench.effects.last else { return }
        #expect(bye.starts(with: Array("BYE ".utf8)))
        #expect(bye.contains(callID))
    }

    @Test("A message of a call that cannot be taken is told to its call, by branch or Call-ID")
    func toldToItsCall() throws {
        var bench = Bench { $0.tracesMessages = true }
        let invite = bench.invite()
        let whole = SIPResponse(to: invite, status: .ok, toTag: "callee", body: Bench.answer)
        func wire(_ change: (inout String) -> Void) -> [UInt8] {
            var text = String(decoding: whole.bytes, as: UTF8.self)
            change(&text)
            return Array(text.utf8)
        }
        let broken: [([UInt8], SIPParseError.Problem)] = [
            (
                wire { $0 = $0.replacing("Content-Length: \(Bench.answer.count)", with: "Content-Length: 999") },
                .bodyTooShort
            ),
            (wire { $0 = $0.replacing("CSeq: 1 INVITE", with: "CSeq: one INVITE") }, .badCSeq),
            (wire { $0 = $0.replacing("SIP/2.0 200", with: "SIP/2.0 2000") }, .badStatusCode),
            (
                wire { $0 = $0.replacing("branch=", with: "branches=").replacing("CSeq: 1", with: "CSeq: 1x") },
                .badCSeq
            ),
            (wire { $0 = $0.replacing("\r\n\r\n", with: "\r\nno field\r\n\r\n") }, .badFieldName),
        ]
        for (bytes, problem) in broken {
            _ = bench.take()
            bench.deliver(bytes)
            let told = bench.effects.compactMap { effect -> SIPParseError.Problem? in
                if case .messageRefused(.one, _, let error) = effect { error.problem } else { nil }
            }
            #expect(told == [problem])
            // The last is the second 200 that tells whose it is: its sender is hung up.
            #expect(bench.summary == (problem == .badFieldName ? ["ACK", "BYE"] : []))
        }
        // A stranger's is nobody's.
        _ = bench.take()
        bench.deliver(
            wire {
                $0 = $0.replacing(invite.headers.callID ?? "", with: "other").replacing("z9hG4bK", with: "z9")
                    .replacing("CSeq: 1", with: "CSeq: x")
            })
        #expect(!bench.effects.contains { if case .messageRefused = $0 { true } else { false } })
    }
}

extension [UInt8] {
    fileprivate func contains(_ part: some Collection<UInt8>) -> Bool {
        let part = Array(part)
        guard count >= part.count else { return false }
        return (0...count - part.count).contains { self[$0..<$0 + part.count].elementsEqual(part) }
    }
}
