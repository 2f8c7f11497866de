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
            "Digest realm=\"x\", nonce=\"y\", algorithm=MD5-sess", "Digest realm=\"x\", nonce=\"y\", qop=\"auth-int\"",
        ])
    func refused(text: String) {
        #expect(throws: SIPParseError.self) { try DigestChallenge(text) }
    }

    @Test("SHA-256 is answered before MD5, and a foreign realm not at all")
    func choice() throws {
        var response = SIPResponse(status: .unauthorized)
        response.headers.append(.wwwAuthenticate, "Digest realm=\"a\", nonce=\"1\"")
        response.headers.append(.wwwAuthenticate, "Digest realm=\"a\", nonce=\"2\", algorithm=SHA-256, qop=\"auth\"")
        var random = RandomSource(seed: 1)
        var credentials = DigestCredentials(username: "u", password: "p", realm: "a")
        let field = try #require(
            DigestChallenge.answer(to: response, method: .invite, uri: "sip:h", credentials, &random))
        #expect(field.name == .authorization)
        #expect(field.value.contains("algorithm=SHA-256"))
        credentials.realm = "b"
        #expect(DigestChallenge.answer(to: response, method: .invite, uri: "sip:h", credentials, &random) == nil)
    }

    @Test("A description holds no password")
    func description() {
        #expect(!"\(rfc7616)".contains("Circle"))
        #expect(!String(reflecting: rfc7616).contains("Circle"))
    }
}
