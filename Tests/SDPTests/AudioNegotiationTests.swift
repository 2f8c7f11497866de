import SDP
import Testing

@Suite("Offer and answer for one audio stream (RFC 3264)")
struct AudioNegotiationTests {
    let local = LocalAudio(address: "127.0.0.1", port: 4000, sessionID: 7, sessionVersion: 1)

    func answer(_ lines: String...) -> [UInt8] {
        Array(
            ("v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
                + lines.joined(separator: "\r\n") + "\r\n").utf8)
    }

    @Test("The offer has both laws, telephone-event and rtcp-mux")
    func offer() throws {
        let text = String(decoding: local.offer.bytes, as: UTF8.self)
        #expect(text.contains("m=audio 4000 RTP/AVP 0 8 101\r\n"))
        for line in [
            "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15",
            "a=ptime:20", "a=sendrecv", "a=rtcp-mux",
        ] {
            #expect(text.contains(line + "\r\n"), "\(line)")
        }
    }

    @Test("The answer's first common codec is taken, and its own number for telephone-event")
    func codecs() throws {
        let agreement = try local.agreement(
            answer: answer("m=audio 5000 RTP/AVP 8 96", "a=rtpmap:96 telephone-event/8000"))
        #expect(agreement.codec == .pcma)
        #expect(agreement.telephoneEventPayload == 96)
        #expect(agreement.remoteAddress == "192.0.2.9")
        #expect(agreement.remotePort == 5000)
        #expect(agreement.remoteRTCPPort == 5001)
        #expect(agreement.direction == .sendrecv)
    }

    @Test("rtcp-mux, a=rtcp, a stream's own address and the directions are heeded")
    func details() throws {
        #expect(try local.agreement(answer: answer("m=audio 5000 RTP/AVP 0", "a=rtcp-mux")).remoteRTCPPort == nil)
        #expect(
            try local.agreement(answer: answer("m=audio 5000 RTP/AVP 0", "a=rtcp:6001 IN IP4 1.2.3.4")).remoteRTCPPort
                == 6001)
        #expect(
            try local.agreement(answer: answer("m=audio 5000 RTP/AVP 0", "c=IN IP4 192.0.2.99")).remoteAddress
                == "192.0.2.99")
        #expect(try local.agreement(answer: answer("m=audio 5000 RTP/AVP 0", "a=sendonly")).direction == .recvonly)
        #expect(try local.agreement(answer: answer("m=audio 5000 RTP/AVP 0", "a=recvonly")).direction == .sendonly)
        #expect(try local.agreement(answer: answer("m=audio 5000 RTP/AVP 0", "a=inactive")).direction == .inactive)
        #expect(
            try local.agreement(answer: answer("m=audio 5000 RTP/AVP 0", "c=IN IP4 0.0.0.0")).direction.sends == false)
        #expect(try local.agreement(answer: answer("m=audio 65535 RTP/AVP 0")).remoteRTCPPort == nil)
    }

    @Test("Disagreements have names")
    func disagreements() {
        func fault(_ bytes: [UInt8]) -> AudioDisagreement? {
            do { _ = try local.agreement(answer: bytes) } catch { return error }
            return nil
        }
        #expect(fault(answer("m=audio 0 RTP/AVP 0")) == .refused)
        #expect(fault(answer("m=audio 5000 RTP/AVP 18")) == .noCommonCodec)
        #expect(fault(answer("m=video 5000 RTP/AVP 0")) == .noAudioStream)
        #expect(fault(answer("m=audio 5000 RTP/SAVP 0")) == .noCommonTransport("RTP/SAVP"))
        #expect(fault(Array("v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\ns=-\r\nm=audio 5000 RTP/AVP 0\r\n".utf8)) == .noAddress)
        if case .malformed = fault([]) {} else { Issue.record("an empty answer is malformed") }
    }

    @Test("An offer is answered with its first codec that is spoken here; other streams are refused with port 0")
    func answering() throws {
        let offer = answer(
            "m=video 6000 RTP/AVP 96", "a=rtpmap:96 VP8/90000", "m=audio 5000 RTP/AVP 18 8 0 97",
            "a=rtpmap:97 telephone-event/8000", "a=sendonly")
        let (agreement, description) = try local.answer(to: offer)
        #expect(agreement.codec == .pcma)
        #expect(agreement.direction == .recvonly)
        #expect(description.media.map(\.port) == [0, 4000])
        #expect(description.media[1].formats == ["8", "97"])
        #expect(description.media[1].hasAttribute("recvonly"))
        #expect(!description.media[1].hasAttribute("rtcp-mux"))
    }
}
