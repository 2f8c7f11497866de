import MessageDigests
import Testing

@Suite("Message digests")
struct MessageDigestTests {
    @Test(
        "MD5's test suite (RFC 1321 §A.5)",
        arguments: [
            ("", "d41d8cd98f00b204e9800998ecf8427e"), ("a", "0cc175b9c0f1b6a831c399e269772661"),
            ("abc", "900150983cd24fb0d6963f7d28e17f72"), ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
            (
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                "57edf4a22be3c955ac49da2e2107b67a"
            ),
        ])
    func md5(_ text: String, _ digest: String) {
        #expect(MessageDigest.hexadecimal(MessageDigest.md5.digest(of: Array(text.utf8))) == digest)
    }

    @Test(
        "SHA-256's test vectors (RFC 6234 §8.5)",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func sha256(_ text: String, _ digest: String) {
        #expect(MessageDigest.hexadecimal(MessageDigest.sha256.digest(of: Array(text.utf8))) == digest)
    }

    @Test(
        "SHA-512/256's examples (NIST's for FIPS 180-4), and the empty text, which SHA-512 cut off gives otherwise",
        arguments: [
            ("", "c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a"),
            ("abc", "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"),
            (
                "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                    + "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
                "3928e184fb8690f840da3988121d31be65cb9d3ef83ee6146feac861e19b563a"
            ),
        ])
    func sha512t256(_ text: String, _ digest: String) {
        #expect(MessageDigest.hexadecimal(MessageDigest.sha512t256.digest(of: Array(text.utf8))) == digest)
    }

    /// The first, second and sixth: a short key, a short text, and a key longer than a block.
    @Test(
        "HMAC-SHA-256's test cases (RFC 4231 §4)",
        arguments: [
            (
                [UInt8](repeating: 0x0b, count: 20), "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                [UInt8](repeating: 0xaa, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ])
    func hmac(_ key: [UInt8], _ text: String, _ code: String) {
        #expect(
            MessageDigest.hexadecimal(MessageDigest.sha256.authentication(of: Array(text.utf8), key: key)) == code)
    }

    @Test("An empty key, and an empty text, are what they are")
    func empty() {
        #expect(
            MessageDigest.hexadecimal(MessageDigest.sha256.authentication(of: [], key: []))
                == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
        #expect(MessageDigest.allCases.allSatisfy { $0.digest(of: [1, 2, 3]).count == $0.length })
        #expect(MessageDigest.sha256.isAvailable)
    }
}
