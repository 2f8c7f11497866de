import RTP

// The same as the package's own calls for bytes in an array: expectations cannot hold what does not escape.

extension RTPPacket {
    init?(bytes: [UInt8]) { self.init(bytes.span) }

    func printHeader(into bytes: inout [UInt8]) -> Bool {
        var span = bytes.mutableSpan
        return printHeader(into: &span)
    }

    static func isRTCP(bytes: [UInt8]) -> Bool { isRTCP(bytes.span) }
}

extension RTCPCompound {
    init?(bytes: [UInt8], allowsReducedSize: Bool = false) {
        self.init(bytes.span, allowsReducedSize: allowsReducedSize)
    }
}

extension TelephoneEvent {
    init?(bytes: [UInt8]) { self.init(bytes.span) }
}

extension JitterBuffer {
    @discardableResult
    mutating func insert(_ bytes: [UInt8], timestamp: RTPTimestamp) -> Insertion {
        insert(bytes.span, timestamp: timestamp)
    }
}
