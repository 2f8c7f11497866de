import Testing

@testable import SIP

/// RFC 3261 §22.2, §22.3; RFC 7616 §3.3 to §3.5.
@Suite("Challenges, one after another")
struct ChallengeTests {
    private static let credentials = DigestCredentials(username: "u", password: "p")

    private static func proxy(_ rest: String) -> SIPHeaders.Field { .init(.proxyAuthenticate, "Digest " + rest) }
    private static func gateway(_ rest: String) -> SIPHeaders.Field { .init(.wwwAuthenticate, "Digest " + rest) }

    private func bench() -> Bench { Bench { $0.credentials = Self.credentials } }

    /// True where the request answers a challenge of that realm and nonce, and rightly.
    private func answers(
        _ request: SIPRequest, _ header: SIPHeaderName, realm: String, nonce: String, count: String = "00000001"
    ) -> Bool {
        guard let text = request.headers.all(header).first(where: { $0.contains("realm=\"\(realm)\"") }),
            let cnonce = DigestText.parameter("cnonce", of: text),
            let response = DigestText.parameter("response", of: text)
        else { return false }
        let md5 = DigestAlgorithm.md5
        let ha1 = md5.hash("u:\(realm):p")
        let ha2 = md5.hash("\(request.method.name):\(request.uri)")
        return text.contains("nonce=\"\(nonce)\"") && text.contains("nc=\(count)")
            && response == md5.hash("\(ha1):\(nonce):\(count):\(cnonce):auth:\(ha2)")
    }

    @Test("407 of the proxy, then 401 of the gateway: the third INVITE answers both, and so do ACK and BYE")
    func twoHops() throws {
        var bench = bench()
        let first = bench.invite()
        bench.respond(to: first, 407, headers: [Self.proxy("realm=\"proxy\", nonce=\"P\", qop=\"auth\"")])
        let second = try #require(bench.requests(.invite).last)
        #expect(answers(second, .proxyAuthorization, realm: "proxy", nonce: "P"))
        bench.respond(to: second, 401, headers: [Self.gateway("realm=\"gateway\", nonce=\"G\", qop=\"auth\"")])
        let third = try #require(bench.requests(.invite).last)
        #expect(third.headers[.cseq] == "3 INVITE")
        #expect(answers(third, .proxyAuthorization, realm: "proxy", nonce: "P", count: "00000002"))
        #expect(answers(third, .authorization, realm: "gateway", nonce: "G"))
        #expect(bench.agent.record(of: .one)?.attempt == 3)
        _ = bench.take()
        bench.respond(to: third, 200, sdp: Bench.answer)
        let ack = try #require(bench.requests(.ack).first)
        #expect(ack.headers[.cseq] == "3 ACK")
        #expect(ack.headers.all(.authorization) == third.headers.all(.authorization))
        #expect(ack.headers.all(.proxyAuthorization) == third.headers.all(.proxyAuthorization))
        bench.end()
        let bye = try #require(bench.requests(.bye).first)
        #expect(answers(bye, .proxyAuthorization, realm: "proxy", nonce: "P", count: "00000003"))
        #expect(answers(bye, .authorization, realm: "gateway", nonce: "G", count: "00000002"))
    }

    @Test("Two realms of the same kind are answered side by side")
    func twoProxies() throws {
        var bench = bench()
        let first = bench.invite()
        bench.respond(to: first, 407, headers: [Self.proxy("realm=\"a\", nonce=\"A\", qop=\"auth\"")])
        let second = try #require(bench.requests(.invite).last)
        bench.respond(to: second, 407, headers: [Self.proxy("realm=\"b\", nonce=\"B\", qop=\"auth\"")])
        let third = try #require(bench.requests(.invite).last)
        #expect(answers(third, .proxyAuthorization, realm: "a", nonce: "A", count: "00000002"))
        #expect(answers(third, .proxyAuthorization, realm: "b", nonce: "B"))
    }

    @Test(
        "Both kinds and several realms in one response are all answered (RFC 3261 §16.7 step 7)", arguments: [401, 407])
    func allAtOnce(status: Int) throws {
        var bench = bench()
        let first = bench.invite()
        bench.respond(
            to: first, status,
            headers: [
                Self.gateway("realm=\"g\", nonce=\"G\", qop=\"auth\""),
                Self.proxy("realm=\"a\", nonce=\"A\", qop=\"auth\""),
                Self.proxy("realm=\"b\", nonce=\"B\", qop=\"auth\""),
            ])
        let second = try #require(bench.requests(.invite).last)
        #expect(answers(second, .authorization, realm: "g", nonce: "G"))
        #expect(answers(second, .proxyAuthorization, realm: "a", nonce: "A"))
        #expect(answers(second, .proxyAuthorization, realm: "b", nonce: "B"))
    }

    @Test("A stale nonce is replaced; the same realm again without stale is a refusal (RFC 7616 §3.3)")
    func stale() throws {
        for (challenge, isAnswered) in [
            ("realm=\"r\", nonce=\"2\", qop=\"auth\", stale=true", true),
            ("realm=\"r\", nonce=\"2\", qop=\"auth\", stale=\"TRUE\"", true),
            ("realm=\"r\", nonce=\"2\", qop=\"auth\"", false),
            ("realm=\"r\", nonce=\"2\", qop=\"auth\", stale=false", false),
            // It says stale, and has no other one.
            ("realm=\"r\", nonce=\"1\", qop=\"auth\", stale=true", false),
        ] {
            var bench = bench()
            let first = bench.invite()
            bench.respond(to: first, 407, headers: [Self.proxy("realm=\"r\", nonce=\"1\", qop=\"auth\"")])
            let second = try #require(bench.requests(.invite).last)
            _ = bench.take()
            bench.respond(to: second, 407, headers: [Self.proxy(challenge)])
            guard isAnswered else {
                #expect(bench.told.last?.isOutcome == true, "\(challenge)")
                continue
            }
            let third = try #require(bench.requests(.invite).last, "\(challenge)")
            #expect(answers(third, .proxyAuthorization, realm: "r", nonce: "2"))
        }
    }

    @Test("A nonce for one request only: the proxy challenges anew, not stale, after the gateway did")
    func nonceForOneRequest() throws {
        var bench = bench()
        let first = bench.invite()
        bench.respond(to: first, 407, headers: [Self.proxy("realm=\"p\", nonce=\"1\", qop=\"auth\"")])
        let second = try #require(bench.requests(.invite).last)
        bench.respond(to: second, 401, headers: [Self.gateway("realm=\"g\", nonce=\"G\", qop=\"auth\"")])
        let third = try #require(bench.requests(.invite).last)
        bench.respond(to: third, 407, headers: [Self.proxy("realm=\"p\", nonce=\"2\", qop=\"auth\"")])
        let fourth = try #require(bench.requests(.invite).last)
        #expect(answers(fourth, .proxyAuthorization, realm: "p", nonce: "2"))
        #expect(answers(fourth, .authorization, realm: "g", nonce: "G", count: "00000002"))
    }

    @Test("Challenges without end are a refusal after five requests")
    func bounded() throws {
        var bench = bench()
        var request = bench.invite()
        for round in 1...20 {
            guard !bench.told.contains(where: { $0.isOutcome }) else { break }
            bench.respond(
                to: request, 407,
                headers: [Self.proxy("realm=\"r\", nonce=\"\(round)\", qop=\"auth\", stale=true")])
            request = try #require(bench.requests(.invite).last)
        }
        #expect(bench.requests(.invite).count == 5)
        #expect(
            bench.told == [
                .failed(.one, .response(.proxyAuthenticationRequired, reason: "Proxy Authentication Required"))
            ])
        bench.pass(.seconds(60))
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("A BYE and an INFO answer what they are challenged with, the BYE of two realms too, and not without end")
    func inDialog() throws {
        var bench = bench()
        let invite = bench.invite()
        bench.respond(to: invite, 200, sdp: Bench.answer)
        bench.agent.reportKey(
            .one, "5", milliseconds: 100, now: bench.now, random: &bench.random, into: &bench.effects)
        let info = try #require(bench.requests(.info).last)
        bench.respond(to: info, 407, headers: [Self.proxy("realm=\"p\", nonce=\"1\", qop=\"auth\"")])
        let again = try #require(bench.requests(.info).last)
        #expect(answers(again, .proxyAuthorization, realm: "p", nonce: "1"))
        #expect(again.body == info.body)
        bench.respond(to: again, 200)
        #expect(bench.told.last == .infoAnswered(.one, .ok))
        _ = bench.take()
        bench.end()
        let bye = try #require(bench.requests(.bye).last)
        #expect(answers(bye, .proxyAuthorization, realm: "p", nonce: "1", count: "00000002"))
        bench.respond(to: bye, 407, headers: [Self.proxy("realm=\"p\", nonce=\"2\", qop=\"auth\", stale=true")])
        let second = try #require(bench.requests(.bye).last)
        bench.respond(to: second, 401, headers: [Self.gateway("realm=\"g\", nonce=\"G\", qop=\"auth\"")])
        let third = try #require(bench.requests(.bye).last)
        #expect(answers(third, .proxyAuthorization, realm: "p", nonce: "2", count: "00000002"))
        #expect(answers(third, .authorization, realm: "g", nonce: "G"))
        var request = third
        for round in 3...20 {
            bench.respond(to: request, 401, headers: [Self.gateway("realm=\"g\", nonce=\"\(round)\", stale=true")])
            request = try #require(bench.requests(.bye).last)
        }
        #expect(bench.requests(.bye).count == 5)
        #expect(bench.told == [.ended(.one, .localHangUp(confirmed: false))])
    }

    @Test("Each request's own body is vouched for where auth-int is all that is offered (RFC 7616 §3.4.3)")
    func authInt() throws {
        var bench = bench()
        let first = bench.invite()
        bench.respond(
            to: first, 401,
            headers: [Self.gateway("realm=\"g\", nonce=\"G\", qop=\"auth-int\", algorithm=SHA-512-256")])
        func isAnswered(_ request: SIPRequest, count: String) -> Bool {
            guard let text = request.headers[.authorization],
                let cnonce = DigestText.parameter("cnonce", of: text)
            else { return false }
            let sha = DigestAlgorithm.sha512t256
            let ha2 = sha.hash("\(request.method.name):\(request.uri):\(sha.hash(request.body))")
            return text.contains("qop=auth-int, nc=\(count)")
                && DigestText.parameter("response", of: text)
                    == sha.hash("\(sha.hash("u:g:p")):G:\(count):\(cnonce):auth-int:\(ha2)")
        }
        let second = try #require(bench.requests(.invite).last)
        #expect(second.body == Bench.offer)
        #expect(isAnswered(second, count: "00000001"))
        bench.respond(to: second, 200, sdp: Bench.answer)
        // RFC 3261 §22.1: an ACK has its INVITE's credentials, as it cannot be challenged.
        #expect(bench.requests(.ack).last?.headers.all(.authorization) == second.headers.all(.authorization))
        bench.agent.reportKey(
            .one, "5", milliseconds: 100, now: bench.now, random: &bench.random, into: &bench.effects)
        let info = try #require(bench.requests(.info).last)
        #expect(!info.body.isEmpty)
        #expect(isAnswered(info, count: "00000002"))
        bench.respond(to: info, 200)
        bench.end()
        let bye = try #require(bench.requests(.bye).last)
        #expect(bye.body.isEmpty)
        #expect(isAnswered(bye, count: "00000003"))
    }

    @Test("The next nonce is the one that an answer gave (RFC 7616 §3.5)")
    func nextNonce() throws {
        var bench = bench()
        let first = bench.invite()
        bench.respond(to: first, 401, headers: [Self.gateway("realm=\"g\", nonce=\"1\", qop=\"auth\"")])
        let second = try #require(bench.requests(.invite).last)
        bench.respond(
            to: second, 200, sdp: Bench.answer,
            headers: [.init("Authentication-Info", "qop=auth, nextnonce=\"2\", nc=00000001")])
        bench.end()
        let bye = try #require(bench.requests(.bye).last)
        #expect(answers(bye, .authorization, realm: "g", nonce: "2"))
    }
}
