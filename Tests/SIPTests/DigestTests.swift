import Testing

@testable import SIP

@Suite("Digest authentication")
struct DigestTests {
    let rfc7616 = DigestCredentials(username: "Mufasa", password: "Circle of Life")

    @Test(
        "The examples of RFC 7616 §3.9.1",
        arguments: [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ])
    func examples(algorithm: String, response: String) throws {
        let challenge = try DigestChallenge(
            """
            Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=\(algorithm), \
            nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
            """)
        let answer = challenge.answer(
            rfc7616, method: SIPMethod("GET"), uri: "/dir/index.html",
            clientNonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
        #expect(answer.contains("response=\"\(response)\""))
        #expect(answer.contains("qop=auth, nc=00000001"))
        #expect(answer.contains("opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""))
    }

    @Test("Without qop the answer is RFC 2069's, with no cnonce")
    func withoutQop() throws {
        let challenge = try DigestChallenge("Digest realm=\"biloxi.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"")
        let answer = challenge.answer(
            DigestCredentials(username: "bob", password: "zanzibar"), method: .invite, uri: "sip:bob@biloxi.com",
            clientNonce: "unused")
        let algorithm = DigestAlgorithm.md5
        let expected = algorithm.hash(
            "\(algorithm.hash("bob:biloxi.com:zanzibar")):dcd98b7102dd2f0e8b11d0f600bfb0c093:"
                + algorithm.hash("INVITE:sip:bob@biloxi.com"))
        #expect(answer.contains("response=\"\(expected)\""))
        #expect(!answer.contains("cnonce"))
    }

    @Test(
        "Challenges that cannot be answered are refused",
        arguments: [
            "Basic realm=\"x\"", "Digest realm=\"x\"", "Digest nonce=\"x\"", "Digest", "",
            "Digest realm=\"x\", nonce=\"y\", algorithm=SHA-512-256", "Digestrealm=\"x\", nonce=\"y\"",
            "Digest realm=\"x\", nonce=\"y\", qop=\"auth-int\"",
        ])
    func refused(text: String) {
        #expect(throws: SIPParseError.self) { try DigestChallenge(text) }
    }

    @Test(
        "With a session key the password's hash goes through both nonces (RFC 7616 §3.4.2)",
        arguments: [DigestAlgorithm.md5, .sha256])
    func sessionKey(algorithm: DigestAlgorithm) throws {
        let challenge = try DigestChallenge(
            "Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=\(algorithm.rawValue.lowercased())-SESS")
        let answer = challenge.answer(
            DigestCredentials(username: "u", password: "p"), method: .invite, uri: "sip:h", clientNonce: "c", count: 2)
        let key = algorithm.hash("\(algorithm.hash("u:r:p")):n:c")
        let expected = algorithm.hash("\(key):n:00000002:c:auth:\(algorithm.hash("INVITE:sip:h"))")
        #expect(answer.contains("response=\"\(expected)\""))
        #expect(answer.contains("algorithm=\(algorithm.rawValue)-sess"))
    }

    @Test(
        "Challenges in odd forms are read (RFC 3261 §25.1: white space of any kind, quotes where there need be none)",
        arguments: [
            "Digest\trealm=\"r\", nonce=\"n\"", "Digest  realm=\"r\",nonce=\"n\"",
            "digest realm = \"r\" , nonce = \"n\"",
            "Digest realm=\"r\", nonce=\"n\", algorithm=\"md5\", qop=auth, opaque=\"\"",
            "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int, auth\", domain=\"sip:x\", foo=bar",
            "Digest realm=\"r\", nonce=\"n\", qop=\"\"", "Digest realm=r, nonce=n, stale=FALSE",
            "Digest \t realm=\"r\",\tnonce=\"n\",",
        ])
    func oddForms(text: String) throws {
        let challenge = try DigestChallenge(text)
        #expect(challenge.realm == "r")
        #expect(challenge.nonce == "n")
        #expect(!challenge.isStale)
    }

    @Test("A realm with a comma and quotes comes back as it is")
    func quotedRealm() throws {
        let challenge = try DigestChallenge("Digest realm=\"a, \\\"b\\\" c\", nonce=\"n\"")
        #expect(challenge.realm == "a, \"b\" c")
        let answer = challenge.answer(rfc7616, method: .bye, uri: "sip:h", clientNonce: "c")
        #expect(answer.contains("realm=\"a, \\\"b\\\" c\""))
    }

    @Test("One field may hold several challenges (RFC 9110 §11.6.1)")
    func several() {
        let all = DigestChallenge.all(
            in: "Basic realm=\"x\", Digest realm=\"a\", nonce=\"1\", qop=\"auth\", Digest realm=\"b\", nonce=\"2\"")
        #expect(all.map(\.realm) == ["a", "b"])
        #expect(all.map(\.hasQualityOfProtection) == [true, false])
    }

    @Test("SHA-256 is answered before MD5, and a foreign realm not at all")
    func choice() throws {
        var response = SIPResponse(status: .unauthorized)
        response.headers.append(.wwwAuthenticate, "Digest realm=\"a\", nonce=\"1\"")
        response.headers.append(.wwwAuthenticate, "Digest realm=\"a\", nonce=\"2\", algorithm=SHA-256, qop=\"auth\"")
        var random = RandomSource(seed: 1)
        var credentials = DigestCredentials(username: "u", password: "p", realm: "a")
        var challenges = AnsweredChallenges()
        #expect(challenges.take(response, credentials, &random))
        var request = SIPRequest(method: .invite, uri: try AnyURI("sip:h"))
        challenges.authorize(&request, credentials)
        #expect(request.headers.all(.authorization).count == 1)
        #expect(request.headers[.authorization]?.contains("algorithm=SHA-256") == true)
        credentials.realm = "b"
        var others = AnsweredChallenges()
        #expect(!others.take(response, credentials, &random))
    }

    @Test("A description holds no password")
    func description() {
        #expect(!"\(rfc7616)".contains("Circle"))
        #expect(!String(reflecting: rfc7616).contains("Circle"))
    }
}
