import Testing

@testable import SIP

@Suite("Bodies: the session description is found, and the rest passed over or refused (RFC 5621, RFC 2046)")
struct MessageBodyTests {
    static let sdp = "v=0\r\no=a\r\nm=audio 4 RTP/AVP 0"
    /// Bytes as ISUP has them: line ends and zeros among them.
    static let isup = "\u{1}\u{11}\r\nH\0\n--\n\u{3}"

    static func part(_ type: String?, _ content: String, _ fields: String...) -> String {
        let lines = (type.map { ["Content-Type: \($0)"] } ?? []) + fields
        return lines.map { $0 + "\r\n" }.joined() + "\r\n" + content
    }

    static func joined(_ parts: [String], by boundary: String = "b1", preamble: String = "", epilogue: String = "")
        -> String
    {
        preamble + parts.map { "--\(boundary)\r\n\($0)\r\n" }.joined() + "--\(boundary)--\r\n" + epilogue
    }

    static func read(_ body: String, _ type: String?, _ fields: [SIPHeaders.Field] = []) -> MessageBody {
        var headers = SIPHeaders(fields)
        if let type { headers.append(.contentType, type) }
        return MessageBody(headers, Array(body.utf8))
    }

    static let description = part("application/sdp", sdp)
    static let optional = part(
        "application/isup;version=itu-t92+", isup, "Content-Disposition: signal;handling=optional")
    static let silent = part("application/isup;version=itu-t92+", isup)
    static let required = part("application/isup", isup, "Content-Disposition: signal ; Handling=\"required\"")

    @Test(
        "Content-Type in every form that RFC 3261 §7.3.1, §20.15 and §25.1 allow, or none",
        arguments: [
            "application/sdp", "Application/SDP", "application/sdp;charset=utf-8", "application/sdp ; x=\"a;b\"",
            " application/sdp ", "application / sdp", "application/sdp;", nil, "", " ; charset=utf-8",
        ])
    func contentTypes(type: String?) {
        let body = Self.read(Self.sdp, type)
        #expect(body.sessionDescription == Array(Self.sdp.utf8))
        #expect(body.obstacle == nil)
    }

    static let multiparts: [(name: String, type: String, body: String)] = [
        ("SDP first", "multipart/mixed;boundary=b1", joined([description, optional])),
        ("SDP last", "multipart/mixed;boundary=b1", joined([optional, description])),
        ("quoted boundary", "multipart/mixed; boundary=\"b1\"", joined([description, optional])),
        ("other case", "Multipart/Mixed; BOUNDARY=b1", joined([description, optional])),
        (
            "a boundary with blanks and signs", "multipart/mixed;boundary=\"a b'()+_,-./:=?;c\"",
            joined([optional, description], by: "a b'()+_,-./:=?;c")
        ),
        (
            "preamble and epilogue", "multipart/mixed;boundary=b1",
            joined(
                [description, optional], preamble: "This is MIME.\r\n--b\r\n\r\n",
                epilogue: "\r\n--b1\r\nContent-Type: application/sdp\r\n\r\nnone")
        ),
        (
            "LF alone", "multipart/mixed;boundary=b1",
            joined([description, part("text/plain", "x")]).replacing("\r\n", with: "\n").replacing(
                sdp.replacing("\r\n", with: "\n"), with: sdp)
        ),
        (
            "blanks behind the boundaries", "multipart/mixed;boundary=b1",
            joined([description, optional]).replacing("--b1\r\n", with: "--b1 \t\r\n")
        ),
        ("no last boundary", "multipart/mixed;boundary=b1", "--b1\r\n\(optional)\r\n--b1\r\n\(description)"),
        (
            "no line end behind the last boundary", "multipart/mixed;boundary=b1",
            String(joined([description]).dropLast())
        ),
        (
            "a boundary that begins like another", "multipart/mixed;boundary=b1",
            joined([part("text/plain", "--b11\r\n--b1x--\r\n--b"), description])
        ),
        (
            "another disposition", "multipart/mixed;boundary=b1",
            joined([part("application/sdp", sdp, "Content-Disposition: render"), optional])
        ),
        ("no boundary named", "multipart/mixed", joined([description, optional])),
        ("another boundary named", "multipart/mixed;boundary=other", joined([optional, description])),
        ("no Content-Type of the part", "multipart/mixed;boundary=b1", joined([optional, part(nil, sdp)])),
        ("no blank line in the part", "multipart/mixed;boundary=b1", joined([optional, sdp])),
        (
            "more fields, folded, compact", "multipart/mixed;boundary=b1",
            joined([
                optional,
                part(
                    nil, sdp, "Content-ID: <a@b>", "c: application/sdp;\r\n charset=utf-8",
                    "Content-Disposition:\r\n\tsession;handling=required"),
            ])
        ),
        (
            "parts that say nothing of themselves", "multipart/mixed;boundary=b1",
            joined([silent, part("text/plain", "x"), part("application/pidf+xml", "<a/>"), description])
        ),
        (
            "nested", "multipart/mixed;boundary=b1",
            joined([
                optional,
                part("multipart/related; boundary=\"b2\"", joined([part("text/plain", "x"), description], by: "b2")),
            ])
        ),
        (
            "nested with a boundary that begins alike", "multipart/mixed;boundary=b",
            joined(
                [part("multipart/alternative;boundary=b1", joined([description, part("text/plain", "x")])), optional],
                by: "b")
        ),
        (
            "the last form of alternatives that is understood", "multipart/alternative;boundary=b1",
            joined([part("application/sdp", "v=0 other"), description, part("application/sdpng", "<a/>")])
        ),
        ("alternatives that insist", "multipart/alternative;boundary=b1", joined([description, required])),
        (
            "related", "multipart/related;boundary=b1;type=\"application/sdp\";start=\"<a@b>\"",
            joined([description, part("text/xml", "<a/>")])
        ),
        (
            "two descriptions: the first", "multipart/mixed;boundary=b1",
            joined([description, part("application/sdp", "v=0 other")])
        ),
        (
            "an early session before it (RFC 3959)", "multipart/mixed;boundary=b1",
            joined([part("application/sdp", "v=0 early", "Content-Disposition: early-session"), description])
        ),
        (
            "an encoded part that is optional", "multipart/mixed;boundary=b1",
            joined([
                part("text/xml", "x", "Content-Encoding: gzip", "Content-Disposition: render;handling=optional"),
                description,
            ])
        ),
        (
            "identity named", "multipart/mixed;boundary=b1",
            joined([part("application/sdp", sdp, "Content-Encoding: identity")])
        ),
    ]

    @Test("Multipart bodies give their session description", arguments: multiparts)
    func multipart(name: String, type: String, body: String) {
        let read = Self.read(body, type)
        #expect(read.sessionDescription.map { String(decoding: $0, as: UTF8.self) } == Self.sdp)
        #expect(read.obstacle == nil)
    }

    @Test("What may be passed over leaves no description and no obstacle: the offer is yet to come")
    func nothing() {
        for (body, type, fields) in [
            (Self.joined([Self.optional, Self.optional]), "multipart/mixed;boundary=b1", []),
            (Self.isup, "application/isup", [SIPHeaders.Field(.contentDisposition, "signal;handling=optional")]),
            ("", "text/plain", []),
            (Self.sdp, "application/sdp", [SIPHeaders.Field(.contentDisposition, "early-session;handling=optional")]),
        ] {
            let read = Self.read(body, type, fields)
            #expect(read.sessionDescription == nil)
            #expect(read.obstacle == nil)
        }
    }

    @Test("What the sender insists on and is not understood is an obstacle (RFC 3261 §8.2.3, §20.11)")
    func obstacles() {
        let cases: [(String, String, [SIPHeaders.Field], MessageBody.Obstacle)] = [
            (Self.joined([Self.description, Self.required]), "multipart/mixed;boundary=b1", [], .mediaType),
            (
                Self.joined([
                    Self.part("multipart/related;boundary=b2", Self.joined([Self.required], by: "b2")),
                    Self.description,
                ]), "multipart/mixed;boundary=b1", [], .mediaType
            ),
            (Self.isup, "application/isup", [], .mediaType),
            (Self.sdp, "text/plain", [], .mediaType),
            (Self.sdp, "application/sdp", [.init(.contentEncoding, "gzip")], .encoding),
            (
                Self.joined([Self.part("application/sdp", "x", "Content-Encoding: gzip"), Self.optional]),
                "multipart/mixed;boundary=b1", [], .encoding
            ),
            (
                Self.joined([Self.description]), "multipart/mixed;boundary=b1", [.init(.contentEncoding, "deflate")],
                .encoding
            ),
        ]
        for (body, type, fields, obstacle) in cases {
            #expect(Self.read(body, type, fields).obstacle == obstacle)
        }
    }

    @Test("Hostile bodies stay bounded: ever deeper, ever more parts, no end")
    func bounded() {
        var deep = Self.description
        for level in 0..<40 {
            deep = Self.part("multipart/mixed;boundary=d\(level)", Self.joined([deep], by: "d\(level)"))
        }
        #expect(Self.read(Self.joined([deep]), "multipart/mixed;boundary=b1").sessionDescription == nil)
        let many = Array(repeating: Self.optional, count: SIPLimits.bodyParts) + [Self.description]
        #expect(Self.read(Self.joined(many), "multipart/mixed;boundary=b1").sessionDescription == nil)
        #expect(
            Self.read(Self.joined(Array(many.dropFirst())), "multipart/mixed;boundary=b1").sessionDescription != nil)
        for body in [
            "--", "--b1", "--b1--", "--b1\r\n", "--b1\r\n--b1", "--b1\r\n\r\n", "\n\n--\n", "--b1\r\n:\r\n\r\n",
        ] {
            #expect(Self.read(body, "multipart/mixed;boundary=b1").sessionDescription == nil)
        }
    }

    // MARK: In messages

    static let mixed = joined([description, optional])

    private func carrying(_ request: SIPRequest, _ body: String, _ type: String) -> [UInt8] {
        var request = request
        request.headers[.contentType] = type
        request.body = Array(body.utf8)
        return request.bytes
    }

    @Test("An INVITE of several parts is taken with its description; one that insists gets 415 with Accept")
    func invites() throws {
        let type = "multipart/mixed;boundary=b1"
        var bench = Bench()
        bench.deliver(carrying(incomingInvite(), Self.mixed, type))
        #expect(bench.summary == ["100 INVITE"])
        guard case .invited(_, let invitation)? = bench.told.first else { throw Missing() }
        #expect(invitation.offer == Array(Self.sdp.utf8))
        var strict = Bench()
        strict.deliver(carrying(incomingInvite(), Self.joined([Self.description, Self.required]), type))
        #expect(strict.summary == ["415 INVITE"])
        #expect(strict.responses.first?.headers[.accept]?.contains("multipart/mixed") == true)
        #expect(strict.agent.gauges.isIdle)
    }

    struct Missing: Error {}

    @Test("So are a 200, a re-INVITE, an UPDATE, and the ACK that answers an offer of ours")
    func later() {
        let type = "multipart/mixed;boundary=b1"
        var bench = Bench()
        let invite = bench.invite()
        var ok = SIPResponse(to: invite, status: .ok, toTag: "callee", body: Array(Self.mixed.utf8))
        ok.headers.append(.contact, "<sip:callee@10.0.0.2:5060>")
        ok.headers.append(.contentType, type)
        bench.deliver(ok.bytes)
        #expect(bench.told == [.answered(.one, body: Array(Self.sdp.utf8))])
        for (method, cseq, branch) in [(SIPMethod.invite, UInt32(5), "r1"), (.update, 6, "u1")] {
            _ = bench.take()
            bench.deliver(carrying(bench.peerRequest(method, in: invite, cseq: cseq, branch: branch), Self.mixed, type))
            #expect(bench.told == [.offerReceived(.one, body: Array(Self.sdp.utf8))])
            bench.agent.answerOffer(.one, sdp: nil, now: bench.now, random: &bench.random, into: &bench.effects)
        }
        bench.deliver(bench.peerRequest(.invite, in: invite, cseq: 7, branch: "r2").bytes)
        bench.agent.answerOffer(.one, sdp: Bench.offer, now: bench.now, random: &bench.random, into: &bench.effects)
        _ = bench.take()
        bench.deliver(carrying(bench.peerRequest(.ack, in: invite, cseq: 7, branch: "r3"), Self.mixed, type))
        #expect(bench.told == [.acknowledged(.one, body: Array(Self.sdp.utf8))])
    }

    @Test("A 200 whose parts insist on being understood is an answer all the same: the call is up")
    func insistentAnswer() {
        var bench = Bench()
        let invite = bench.invite()
        let body = Self.joined([Self.description, Self.required])
        var ok = SIPResponse(to: invite, status: .ok, toTag: "callee", body: Array(body.utf8))
        ok.headers.append(.contact, "<sip:callee@10.0.0.2:5060>")
        ok.headers.append(.contentType, "multipart/mixed;boundary=b1")
        bench.deliver(ok.bytes)
        #expect(bench.told == [.answered(.one, body: Array(Self.sdp.utf8))])
    }
}

@Suite("The answer in a provisional response (RFC 3261 §13.2.1)")
struct EarlyDescriptionTests {
    static let first = Array("v=0\r\no=first\r\n".utf8)
    static let second = Array("v=0\r\no=second\r\n".utf8)

    /// - Parameter early: 183s, each with its tag and description.
    private func answer(_ early: [(String?, [UInt8]?)], tag: String = "callee", sdp: [UInt8]? = nil)
        -> [UserAgentEffect]
    {
        var bench = Bench()
        let invite = bench.invite()
        for (tag, description) in early { bench.respond(to: invite, 183, tag: tag, sdp: description) }
        bench.respond(to: invite, 200, tag: tag, sdp: sdp)
        return bench.told.filter { if case .answered = $0 { true } else { false } }
    }

    @Test("A 2xx without a description has that of the same dialog's provisional response, the first of several")
    func early() {
        #expect(answer([("callee", Self.first)]) == [.answered(.one, body: Self.first)])
        #expect(
            answer([("callee", nil), ("callee", Self.first), ("callee", Self.second)]) == [
                .answered(.one, body: Self.first)
            ])
        #expect(answer([("other", Self.second), ("callee", Self.first)]) == [.answered(.one, body: Self.first)])
        #expect(answer([(nil, Self.first)]) == [.answered(.one, body: Self.first)])
    }

    @Test("Another fork's description is not the answer")
    func forks() {
        #expect(answer([("other", Self.second)]) == [.answered(.one, body: [])])
        #expect(answer([("other", Self.second), ("callee", nil)]) == [.answered(.one, body: [])])
    }

    @Test("The 2xx's own goes before")
    func both() {
        #expect(answer([("callee", Self.first)], sdp: Self.second) == [.answered(.one, body: Self.second)])
    }

    @Test("What was described before a challenge does not answer the INVITE after it")
    func challenged() {
        var bench = Bench { $0.credentials = DigestCredentials(username: "u", password: "p") }
        let invite = bench.invite()
        bench.respond(to: invite, 183, sdp: Self.first)
        bench.respond(
            to: invite, 401, headers: [.init(.wwwAuthenticate, #"Digest realm="r", nonce="n""#)])
        guard let again = bench.requests(.invite).last else { return }
        #expect(again.headers.contains(.authorization))
        bench.respond(to: again, 200)
        #expect(bench.told.last == .answered(.one, body: []))
    }
}

@Suite("Offers that are refused or taken back")
struct OfferRefusalTests {
    private func answered() -> (Bench, SIPRequest) {
        var bench = Bench()
        let invite = bench.invite()
        bench.respond(to: invite, 200, sdp: Bench.answer)
        _ = bench.take()
        return (bench, invite)
    }

    @Test("A 488 carries the owner's Warning (RFC 3261 §20.43)", arguments: [SIPMethod.invite, .update])
    func warning(method: SIPMethod) {
        var (bench, invite) = answered()
        bench.deliver(bench.peerRequest(method, in: invite, cseq: 5, branch: "r1", sdp: Bench.offer).bytes)
        let headers = SIPHeaders([.init(.warning, #"305 Belay "no common codec""#)])
        bench.agent.answerOffer(
            .one, sdp: nil, headers: headers, now: bench.now, random: &bench.random, into: &bench.effects)
        #expect(bench.responses.last?.status == .notAcceptableHere)
        #expect(bench.responses.last?.headers[.warning] == #"305 Belay "no common codec""#)
    }

    @Test("An offer that is cancelled, or lies for 64·T1, is told to be off; the owner's answer comes too late")
    func withdrawn() {
        var (bench, invite) = answered()
        bench.deliver(bench.peerRequest(.invite, in: invite, cseq: 5, branch: "r1", sdp: Bench.offer).bytes)
        bench.deliver(bench.peerRequest(.cancel, in: invite, cseq: 5, branch: "r1").bytes)
        #expect(bench.told == [.offerReceived(.one, body: Bench.offer), .offerWithdrawn(.one)])
        _ = bench.take()
        bench.deliver(bench.peerRequest(.update, in: invite, cseq: 6, branch: "u1", sdp: Bench.offer).bytes)
        bench.pass(.seconds(33))
        #expect(bench.told.last == .offerWithdrawn(.one))
        _ = bench.take()
        bench.agent.answerOffer(.one, sdp: Bench.answer, now: bench.now, random: &bench.random, into: &bench.effects)
        #expect(bench.effects.isEmpty)
    }
}
