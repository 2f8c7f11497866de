import SDP
import Testing

@Suite("Several streams: one is taken, the others are refused in their places (RFC 3264 §6, §8)")
struct StreamTests {
    var local = LocalAudio(address: "127.0.0.1", port: 4000, sessionID: 7, sessionVersion: 1)

    static func description(_ lines: String...) -> [UInt8] {
        Array(
            ("v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
                + lines.joined(separator: "\r\n") + "\r\n").utf8)
    }

    static let g729 = "m=audio 5000 RTP/AVP 18\r\na=rtpmap:18 G729/8000"
    static let g711 = "m=audio 5002 RTP/AVP 8 0"
    static let secure = "m=audio 5004 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x"
    static let feedback = "m=audio 5006 RTP/AVPF 0"
    static let webRTC = "m=audio 5008 UDP/TLS/RTP/SAVPF 0"
    static let video = "m=video 5010 RTP/AVP 96\r\na=rtpmap:96 VP8/90000"
    static let fax = "m=image 5012 udptl t38"
    static let gone = "m=audio 0 RTP/AVP 0"

    @Test(
        "The one that can be taken, wherever it stands",
        arguments: [
            ([g729, g711], 1), ([g711, g729], 0), ([g711, g711], 0), ([secure, g711], 1), ([g711, secure], 0),
            ([feedback, g711], 1), ([secure, feedback], 1), ([feedback], 0), ([webRTC, video, fax, g711, g729], 3),
            ([gone, g711], 1), ([video, feedback, gone, secure], 1),
        ])
    func choice(lines: [String], position: Int) throws {
        let (_, answer) = try local.answer(to: Self.description(lines.joined(separator: "\r\n")))
        #expect(answer.media.map(\.port) == lines.indices.map { $0 == position ? 4000 : 0 })
        let offered = try SessionDescription(parsing: Self.description(lines.joined(separator: "\r\n")))
        #expect(answer.media.map(\.media) == offered.media.map(\.media))
        #expect(answer.media.map(\.transport) == offered.media.map(\.transport))
    }

    @Test(
        "Where none can be taken, the first audio stream's fault is told",
        arguments: [
            ([video, fax], AudioDisagreement.noAudioStream), ([g729, secure], .noCommonCodec),
            ([secure], .noCommonTransport("RTP/SAVP")), ([video, webRTC], .noCommonTransport("UDP/TLS/RTP/SAVPF")),
            ([gone, g729], .noCommonCodec), ([gone], .refused), ([gone, secure], .refused),
        ])
    func none(lines: [String], fault: AudioDisagreement) {
        #expect(throws: fault) { try local.answer(to: Self.description(lines.joined(separator: "\r\n"))) }
    }

    @Test("Later offers of ours keep every stream in its place, and their answer is read there")
    mutating func laterOffers() throws {
        let first = try local.answer(to: Self.description(Self.video, Self.g729, Self.g711)).answer
        _ = local.issue(first)
        let offer = local.offer
        #expect(offer.media.map(\.port) == [0, 0, 4000])
        #expect(offer.media.map(\.media) == ["video", "audio", "audio"])
        #expect(offer.media[2].formats == ["0", "8", "101"])
        _ = local.issue(offer)
        let agreement = try local.agreement(
            answer: Self.description("m=video 0 RTP/AVP 96", "m=audio 0 RTP/AVP 18", "m=audio 5002 RTP/AVP 8"))
        #expect(agreement.remotePort == 5002)
        // The answer to a first offer is read where its audio stands, should it have lost its place.
        let fresh = LocalAudio(address: "127.0.0.1", port: 4000, sessionID: 7, sessionVersion: 1)
        #expect(try fresh.agreement(answer: Self.description("m=video 0 RTP/AVP 96", Self.g711)).remotePort == 5002)
    }

    @Test("The stream in use stays in use when an earlier one could be taken too")
    mutating func inUse() throws {
        _ = local.issue(try local.answer(to: Self.description(Self.g729, Self.g711)).answer)
        let (_, answer) = try local.answer(to: Self.description("m=audio 5000 RTP/AVP 0", Self.g711))
        #expect(answer.media.map(\.port) == [0, 4000])
    }

    @Test(
        "A later offer that removes the stream is answered with port 0 in every place, no other is (RFC 3264 §8.2)",
        arguments: [
            ([gone], true), ([gone, "m=image 0 udptl t38"], true),
            (["m=image 0 udptl t38", "m=audio 0 RTP/SAVP 0"], true),
            (["m=audio 0 RTP/AVP"], true), ([gone, fax], false), ([gone, video], false), ([gone, secure], false),
            ([gone, g711], false), ([gone, g729], false), (["m=video 0 RTP/AVP 96"], false), (["a=sendrecv"], false),
        ])
    mutating func removal(lines: [String], isRemoval: Bool) throws {
        let offer = Self.description(lines.joined(separator: "\r\n"))
        #expect(local.answer(removing: offer) == nil)
        _ = local.issue(local.offer)
        let answer = local.answer(removing: offer)
        #expect((answer != nil) == isRemoval)
        #expect(local.isRemoved(answer: offer) == isRemoval)
        guard let answer else { return }
        let offered = try SessionDescription(parsing: offer)
        #expect(answer.media.map(\.port) == offered.media.map { _ in 0 })
        #expect(answer.media.map(\.media) == offered.media.map(\.media))
        #expect(answer.media.map(\.transport) == offered.media.map(\.transport))
        #expect(answer.media.allSatisfy { !$0.formats.isEmpty && $0.attributes.isEmpty })
        #expect(try SessionDescription(parsing: local.issue(answer)).origin?.sessionVersion == 2)
    }

    @Test("A removed stream comes back, by an offer of either side, and no m= line is lost (RFC 3264 §8, §8.1)")
    mutating func comesBack() throws {
        _ = local.issue(try local.answer(to: Self.description(Self.video, Self.feedback)).answer)
        let gone = ["m=video 0 RTP/AVP 96", "m=audio 0 RTP/AVPF 0"]
        let removed = try #require(local.answer(removing: Self.description(gone.joined(separator: "\r\n"))))
        _ = local.issue(removed)
        let offer = local.offer
        #expect(offer.media.map(\.port) == [0, 4000])
        #expect(offer.media.map(\.transport) == ["RTP/AVP", "RTP/AVPF"])
        #expect(offer.media[1].hasAttribute("sendrecv"))
        let (agreement, answer) = try local.answer(to: Self.description("m=video 0 RTP/AVP 96", Self.feedback))
        #expect(agreement.remotePort == 5006)
        #expect(answer.media.map(\.port) == [0, 4000])
        // Nothing of it is plain RTP: audio takes the first place.
        _ = local.issue(
            try #require(local.answer(removing: Self.description("m=audio 0 RTP/SAVP 0", "m=image 0 udptl t38"))))
        #expect(local.offer.media.map(\.transport) == ["RTP/AVP", "udptl"])
        #expect(local.offer.media.map(\.port) == [4000, 0])
    }

    @Test("o='s version rises by one where the description changes, and not where it does not (RFC 3264 §8)")
    mutating func versions() throws {
        func version(_ bytes: [UInt8]) -> UInt64? { (try? SessionDescription(parsing: bytes))?.origin?.sessionVersion }
        #expect(version(local.issue(local.offer)) == 1)
        #expect(version(local.issue(local.offer)) == 1)
        let held = Self.description("m=audio 5000 RTP/AVP 0", "a=sendonly")
        #expect(version(local.issue(try local.answer(to: held).answer)) == 2)
        #expect(version(local.issue(try local.answer(to: held).answer)) == 2)
        #expect(version(local.issue(local.offer)) == 3)
        #expect(local.sessionVersion == 3)
    }
}
