/// A frame that several listeners get as it is: encoded once for each law, then copied.
struct SharedEncoding {
    private struct Encoded {
        var number: UInt64?
        var octets = [UInt8](repeating: 0, count: MediaFrame.samples)
    }

    private var pcmu = Encoded()
    private var pcma = Encoded()

    /// Whether it is the frame of that number that is encoded in that law.
    func has(_ number: UInt64, in law: G711) -> Bool {
        switch law {
        case .pcmu: pcmu.number == number
        case .pcma: pcma.number == number
        }
    }

    mutating func encode(_ samples: Span<Int16>, as number: UInt64, in law: G711) {
        switch law {
        case .pcmu:
            var octets = pcmu.octets.mutableSpan
            law.encode(samples, into: &octets)
            pcmu.number = number
        case .pcma:
            var octets = pcma.octets.mutableSpan
            law.encode(samples, into: &octets)
            pcma.number = number
        }
    }

    func copy(in law: G711, into payload: inout MutableSpan<UInt8>) {
        switch law {
        case .pcmu: Self.copy(pcmu.octets.span, into: &payload)
        case .pcma: Self.copy(pcma.octets.span, into: &payload)
        }
    }

    /// Frames are numbered otherwise from here on.
    mutating func forget() {
        pcmu.number = nil
        pcma.number = nil
    }

    private static func copy(_ octets: Span<UInt8>, into payload: inout MutableSpan<UInt8>) {
        for index in 0..<min(octets.count, payload.count) {
            // Safe: no index is as large as the count of either.
            unsafe payload[unchecked: index] = octets[unchecked: index]
        }
    }
}
