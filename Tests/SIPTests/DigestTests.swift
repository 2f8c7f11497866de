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
            rfc7616, method: SIPMethod("GET"), uri: "/dir/index.html", body: [],
            clientNonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
        #expect(answer.contains("response=\"\(response)\""))
        #expect(answer.contains("qop=auth, nc=00000001"))
        #expect(answer.contains("opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""))
    }

    /// Errata 4897: what the RFC prints is neither by SHA-512/256 nor by SHA-512 cut off. The name goes out as it is, in
    /// UTF-8; `userhash` is an offer to hide it (RFC 7616 §3.4.4).
    @Test("The example of RFC 7616 §3.9.2, with the response of its erratum")
    func exampleOfSHA512t256() throws {
        let challenge = try DigestChallenge(
            """
            Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, \
            nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", \
            opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true
            """)
        let answer = challenge.answer(
            DigestCredentials(username: "J\u{E4}s\u{F8}n Doe", password: "Secret, or not?"), method: SIPMethod("GET"),
            uri: "/doe.json", body: [], clientNonce: "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v")
        #expect(answer.contains("response=\"3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5\""))
        #expect(answer.contains("algorithm=SHA-512-256,"))
        #expect(answer.contains("username=\"J\u{E4}s\u{F8}n Doe\""))
    }

    /// RFC 7616 has no example of it: these are of §3.9.1's values, by another implementation.
    @Test(
        "auth-int, where nothing else is offered, vouches for the body (RFC 7616 §3.4.3)",
        arguments: [
            ("MD5", "", "8804a53d3640a40a4f73cea12c5ba451"),
            ("SHA-256", "", "8bdf6f15638e260831e905028de5450562816d093c9bfc5c13d3a46adcdde940"),
            ("SHA-512-256", "", "38244c4d345d09bb0000b355be27d2a55003ee188df9821c54df70a63aa0c1ca"),
            ("SHA-256", "v=0\r\n", "385d2de062660ced11876f42d9497c69cacf5caaf3d951dd424aee9f7157d563"),
            ("SHA-512-256-sess", "v=0\r\n", "1ba4333021256e8b4eebe5c8d20ba53b167f1dac1f6d8c916a08c17ef99eae9a"),
        ])
    func authInt(algorithm: String, body: String, response: String) throws {
        let challenge = try DigestChallenge(
            """
            Digest realm="http-auth@example.org", qop="auth-int", algorithm=\(algorithm), \
            nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
            """)
        let answer = challenge.answer(
            rfc7616, method: SIPMethod("GET"), uri: "/dir/index.html", body: Array(body.utf8),
            clientNonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
        #expect(answer.contains("response=\"\(response)\""))
        #expect(answer.contains("qop=auth-int, nc=00000001"))
    }

    @Test("Without qop the answer is RFC 2069's, with no cnonce")
    func withoutQop() throws {
        let challenge = try DigestChallenge("Digest realm=\"biloxi.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"")
        let answer = challenge.answer(
            DigestCredentials(username: "bob", password: "zanzibar"), method: .invite, uri: "sip:bob@biloxi.com",
            body: [1], clientNonce: "unused")
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
            "Digest realm=\"x\", nonce=\"y\", algorithm=SHA-512", "Digestrealm=\"x\", nonce=\"y\"",
            "Digest realm=\"x\", nonce=\"y\", qop=\"token\"",
            "Digest realm=\"x\", nonce=\"y\", algorithm=SHA-512-256-ses",
        ])
    func refused(text: String) {
        #expect(throws: SIPParseError.self) { try DigestChallenge(text) }
    }

    @Test(
        "With a session key the password's hash goes through both nonces (RFC 7616 §3.4.2)",
        arguments: DigestAlgorithm.allCases)
    func sessionKey(algorithm: DigestAlgorithm) throws {
        let challenge = try DigestChallenge(
            "Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=\(algorithm.rawValue.lowercased())-SESS")
        let answer = challenge.answer(
            DigestCredentials(username: "u", password: "p"), method: .invite, uri: "sip:h", body: [1], clientNonce: "c",
            count: 2)
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
            "Digest realm=\"r\", nonce=\"n\", qop=\" Auth-Int ,token\", algorithm=sha-512-256",
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
        let answer = challenge.answer(rfc7616, method: .bye, uri: "sip:h", body: [], clientNonce: "c")
        #expect(answer.contains("realm=\"a, \\\"b\\\" c\""))
    }

    @Test("One field may hold several challenges (RFC 9110 §11.6.1)")
    func several() {
        let all = DigestChallenge.all(
            in: "Basic realm=\"x\", Digest realm=\"a\", nonce=\"1\", qop=\"auth\", Digest realm=\"b\", nonce=\"2\"")
        #expect(all.map(\.realm) == ["a", "b"])
        #expect(all.map(\.qualityOfProtection) == [.auth, nil])
    }

    @Test(
        "Of a realm's challenges the topmost is answered that can be (RFC 8760 §2.4), and a foreign realm's not at all",
        arguments: [
            (["algorithm=SHA-512-256, qop=auth", "algorithm=SHA-256, qop=auth", ""], "SHA-512-256", "qop=auth,"),
            (["algorithm=SHA-256, qop=auth-int", "qop=auth"], "SHA-256", "qop=auth-int,"),
            (
                ["algorithm=SHA3-256, qop=auth", "algorithm=MD5, qop=\"auth-int,auth\"", "algorithm=SHA-256"], "MD5",
                "qop=auth,"
            ),
            (
                ["algorithm=SHA-256, qop=token", "algorithm=MD5-sess", "algorithm=SHA-256, qop=auth"], "MD5-sess",
                "cnonce="
            ),
        ])
    func choice(challenges: [String], algorithm: String, quality: String) throws {
        var response = SIPResponse(status: .unauthorized)
        for (index, challenge) in challenges.enumerated() {
            response.headers.append(.wwwAuthenticate, "Digest realm=\"a\", nonce=\"\(index)\", \(challenge)")
        }
        var random = RandomSource(seed: 1)
        var credentials = DigestCredentials(username: "u", password: "p", realm: "a")
        var answered = AnsweredChallenges()
        #expect(answered.take(response, credentials, &random))
        var request = SIPRequest(method: .invite, uri: try AnyURI("sip:h"))
        answered.authorize(&request, credentials)
        #expect(request.headers.all(.authorization).count == 1)
        let answer = try #require(request.headers[.authorization])
        #expect(answer.contains("algorithm=\(algorithm),"), "\(answer)")
        #expect(answer.contains(quality), "\(answer)")
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
