package import SDP

/// The two laws of ITU-T G.711: 16-bit linear samples as octets of about the same relative error.
///
/// Their cases are RTP's static payload types of that name (RFC 3551 §6).
package enum G711: String, Codable, Hashable, Sendable {
    /// µ-law.
    case pcmu = "PCMU"
    /// A-law.
    case pcma = "PCMA"

    package var payloadType: UInt8 {
        switch self {
        case .pcmu: AudioCodec.pcmu.payloadType
        case .pcma: AudioCodec.pcma.payloadType
        }
    }

    /// What a codec that was agreed upon is coded with: one that is not coded here does not compile.
    package init(_ codec: AudioCodec) {
        switch codec {
        case .pcmu: self = .pcmu
        case .pcma: self = .pcma
        }
    }

    /// Nil where the number is none of a codec that is spoken here.
    package init?(payloadType: UInt8) {
        guard let codec = AudioCodec.allCases.first(where: { $0.payloadType == payloadType }) else { return nil }
        self.init(codec)
    }

    /// The octet of a sample of 0.
    package var silence: UInt8 {
        switch self {
        case .pcmu: 0xFF
        case .pcma: 0xD5
        }
    }

    /// One octet as a linear sample.
    package func decode(_ octet: UInt8) -> Int16 {
        switch self {
        case .pcmu: Self.decodeMu(octet)
        case .pcma: Self.decodeA(octet)
        }
    }

    /// One linear sample as an octet.
    package func encode(_ sample: Int16) -> UInt8 {
        switch self {
        case .pcmu: Self.encodeMu(sample)
        case .pcma: Self.encodeA(sample)
        }
    }

    /// Encodes as many samples as both hold room for.
    package func encode(_ samples: Span<Int16>, into octets: inout MutableSpan<UInt8>) {
        let count = min(samples.count, octets.count)
        switch self {
        case .pcmu: for index in 0..<count { octets[index] = Self.encodeMu(samples[index]) }
        case .pcma: for index in 0..<count { octets[index] = Self.encodeA(samples[index]) }
        }
    }

    /// Decodes as many octets as both hold room for.
    package func decode(_ octets: Span<UInt8>, into samples: inout MutableSpan<Int16>) {
        let count = min(samples.count, octets.count)
        switch self {
        case .pcmu: for index in 0..<count { samples[index] = Self.decodeMu(octets[index]) }
        case .pcma: for index in 0..<count { samples[index] = Self.decodeA(octets[index]) }
        }
    }

    // MARK: µ-law: sign, three bits of exponent, four of mantissa, all inverted; 33 (132 in 16 bits) added beforehand.

    @inline(__always)
    private static func encodeMu(_ sample: Int16) -> UInt8 {
        let sign = UInt16(bitPattern: sample) >> 8 & 0x80
        let magnitude = UInt16(min(sample.magnitude, 32_635)) &+ 132
        let exponent = UInt16(8 &- magnitude.leadingZeroBitCount)
        let mantissa = magnitude &>> (exponent &+ 3) & 0x0F
        return ~UInt8(truncatingIfNeeded: sign | exponent &<< 4 | mantissa)
    }

    @inline(__always)
    private static func decodeMu(_ octet: UInt8) -> Int16 {
        let bits = ~octet
        let exponent = Int32(bits &>> 4 & 0x07)
        let magnitude = (Int32(bits & 0x0F) &<< 3 &+ 132) &<< exponent &- 132
        return Int16(truncatingIfNeeded: bits & 0x80 == 0 ? magnitude : 0 &- magnitude)
    }

    // MARK: A-law: sign, exponent, mantissa, even bits inverted (0x55); negative samples in one's complement.

    @inline(__always)
    private static func encodeA(_ sample: Int16) -> UInt8 {
        let isNegative = sample < 0
        let magnitude = UInt16(bitPattern: isNegative ? ~sample : sample)
        let exponent = magnitude < 256 ? 0 : UInt16(8 &- magnitude.leadingZeroBitCount)
        let mantissa = magnitude &>> (exponent == 0 ? 4 : exponent &+ 3) & 0x0F
        return UInt8(truncatingIfNeeded: exponent &<< 4 | mantissa) ^ (isNegative ? 0x55 : 0xD5)
    }

    @inline(__always)
    private static func decodeA(_ octet: UInt8) -> Int16 {
        let bits = octet ^ 0x55
        let exponent = Int32(bits &>> 4 & 0x07)
        let mantissa = Int32(bits & 0x0F) &<< 4 &+ 8
        let magnitude = exponent == 0 ? mantissa : (mantissa &+ 256) &<< (exponent &- 1)
        return Int16(truncatingIfNeeded: bits & 0x80 == 0 ? 0 &- magnitude : magnitude)
    }
}
