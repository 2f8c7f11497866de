import SDP
import Testing

@testable import Media

@Suite("Codecs that are agreed upon")
struct CodecTests {
    @Test("Each is coded as itself, under its own number (RFC 3551 §6)", arguments: AudioCodec.allCases)
    func coded(_ codec: AudioCodec) {
        #expect(G711(codec).rawValue == codec.rawValue)
        #expect(G711(codec).payloadType == codec.payloadType)
        #expect(G711(payloadType: codec.payloadType)?.rawValue == codec.rawValue)
    }

    @Test("No other number is taken for one of them")
    func others() {
        let known = Set(AudioCodec.allCases.map(\.payloadType))
        for number in UInt8.min...127 where !known.contains(number) { #expect(G711(payloadType: number) == nil) }
    }
}
