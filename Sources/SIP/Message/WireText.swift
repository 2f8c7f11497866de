/// Text that holds any bytes, for what a peer wrote goes back to it byte for byte (RFC 3261 §8.2.6.2), be it UTF-8, as
/// SIP asks for (§7), or the Latin-1 of an old PBX.
///
/// A byte that is no UTF-8 stands as the scalar U+F700 plus the byte, of the private use area; so do the bytes of those
/// scalars themselves, so that nothing else is read as one.
enum WireText {
    /// The first byte of all those scalars in UTF-8.
    static let mark: UInt8 = 0xEF
    private static let base: UInt32 = 0xF700
    private static let escapes: ClosedRange<UInt32> = 0xF780...0xF7FF

    static func decoded(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        var text = String.UnicodeScalarView()
        var index = 0
        while index < bytes.count {
            // Safe: `index` is less than the count, and `length` is cut to what is left.
            let length = unsafe min(sequenceLength(bytes[index]), bytes.count - index)
            let sequence = unsafe String(validating: bytes[index..<index + length], as: UTF8.self)
            if let scalar = sequence?.unicodeScalars.first, !escapes.contains(scalar.value) {
                text.append(scalar)
                index += length
            } else {
                // Every byte of a sequence that is none stands for itself.
                unsafe Unicode.Scalar(base + UInt32(bytes[index])).map { text.append($0) }
                index += 1
            }
        }
        return String(text)
    }

    /// For people: what is no UTF-8 is most likely Latin-1.
    static func shown(_ text: String) -> String {
        guard text.utf8.contains(mark) else { return text }
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isByte = escapes.contains(scalar.value)
            shown.append(isByte ? Unicode.Scalar(UInt8(scalar.value - base)) : scalar)
        }
        return String(shown)
    }

    /// The bytes of printed text from `start` on, with those bytes again that are no UTF-8.
    static func encode(_ bytes: inout [UInt8], from start: Int) {
        var read = start
        var write = start
        while read < bytes.count {
            if bytes[read] == mark, read + 2 < bytes.count, bytes[read + 1] == 0x9E || bytes[read + 1] == 0x9F {
                // U+F780 is EF 9E 80, U+F7C0 is EF 9F 80.
                bytes[write] = (bytes[read + 1] == 0x9E ? 0x80 : 0xC0) | (bytes[read + 2] & 0x3F)
                read += 3
            } else {
                bytes[write] = bytes[read]
                read += 1
            }
            write += 1
        }
        bytes.removeLast(bytes.count - write)
    }

    /// By its first byte (RFC 3629 §3).
    private static func sequenceLength(_ first: UInt8) -> Int {
        switch first {
        case 0xC0...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF7: 4
        default: 1
        }
    }
}
