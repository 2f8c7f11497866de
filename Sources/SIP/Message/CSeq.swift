/// The place of a request in its dialog (RFC 3261 §20.16).
public struct CSeq: Hashable, Sendable {
    /// Below 2^31.
    public var number: UInt32
    public var method: SIPMethod

    public init(_ number: UInt32, _ method: SIPMethod) {
        self.number = number
        self.method = method
    }

    public init(_ text: String) throws(SIPParseError) {
        self = try text.withWindow { window throws(SIPParseError) in try CSeq(window: window.trimmed) }
    }

    init(window: ByteWindow) throws(SIPParseError) {
        var position = window.start
        while window[position].isDigit { position += 1 }
        guard let number = window.window(window.start, position).number(limit: SIPLimits.sequenceNumber),
            window[position].isSpacing
        else { throw SIPParseError(.badCSeq, in: "CSeq", at: window.start) }
        let name = window.window(position, window.end).trimmed
        guard name.isToken else { throw SIPParseError(.badCSeq, in: "CSeq", at: name.start) }
        self.init(UInt32(truncatingIfNeeded: number), SIPMethod(window: name))
    }
}

extension CSeq: CustomStringConvertible {
    public var description: String { "\(number) \(method)" }
}
