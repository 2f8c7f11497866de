/// Classes of bytes in SIP's grammar (RFC 3261 §25.1).
extension UInt8 {
    static let carriageReturn: UInt8 = 13
    static let lineFeed: UInt8 = 10
    static let space: UInt8 = 32
    static let tab: UInt8 = 9

    var isDigit: Bool { self >= 48 && self <= 57 }
    var isLetter: Bool { (self | 32) >= 97 && (self | 32) <= 122 }
    var isBlank: Bool { self == 32 || self == 9 }
    /// Blank, or a line end inside a folded value.
    var isSpacing: Bool { self == 32 || self == 9 || self == 13 || self == 10 }
    var isControl: Bool { (self < 32 && self != 9) || self == 127 }
    var lowercased: UInt8 { self >= 65 && self <= 90 ? self | 32 : self }

    /// alphanum / "-" / "." / "!" / "%" / "*" / "_" / "+" / "`" / "'" / "~"
    @inline(__always)
    var isToken: Bool {
        self < 64 ? tokensBelow64 >> UInt64(self) & 1 != 0 : self < 128 && tokensAbove64 >> UInt64(self & 63) & 1 != 0
    }

    var hexValue: UInt8? {
        switch self {
        case 48...57: self - 48
        case 65...70: self - 55
        case 97...102: self - 87
        default: nil
        }
    }
}

/// Bit n stands for byte n: digits and `! % \' * + - .`
private let tokensBelow64: UInt64 = 0x03ff_6ca2_0000_0000
/// Bit n stands for byte 64 + n: letters and ``_ ` ~``
private let tokensAbove64: UInt64 = 0x47ff_ffff_87ff_fffe

/// A window on bytes that somebody else keeps alive for the length of a closure. Every access is checked: beyond the
/// end it reads 0, which is no legal byte of any element, so that no input can make a reader run out of its window.
///
/// Safe: every offset is held against `start` and `end`, which lie within the buffer, before the buffer is asked; and no
/// window is kept beyond the closure that it was made in (``Swift/String/withWindow(_:)``, ``SIPMessageView/with(_:_:)``),
/// for only values leave it.
@safe struct ByteWindow {
    let base: UnsafeBufferPointer<UInt8>
    let start: Int
    let end: Int
    /// The bytes are those of a `String` and not of the wire: what stands for others in it does so already.
    private let isText: Bool

    init(_ base: UnsafeBufferPointer<UInt8>, isText: Bool = false) {
        unsafe self.init(base: base, start: 0, end: base.count, isText: isText)
    }

    private init(base: UnsafeBufferPointer<UInt8>, start: Int, end: Int, isText: Bool) {
        unsafe self.base = base
        self.start = start
        self.end = end
        self.isText = isText
    }

    var count: Int { end - start }
    var isEmpty: Bool { start >= end }

    /// The byte at an offset of the whole buffer; 0 outside this window.
    @inline(__always)
    subscript(_ index: Int) -> UInt8 {
        unsafe index >= start && index < end ? base[index] : 0
    }

    /// The part of this window between two offsets of the whole buffer, cut to fit.
    func window(_ from: Int, _ to: Int) -> ByteWindow {
        let from = Swift.min(Swift.max(from, start), end)
        return unsafe ByteWindow(base: base, start: from, end: Swift.min(Swift.max(to, from), end), isText: isText)
    }

    var trimmed: ByteWindow {
        var from = start
        var to = end
        while from < to, unsafe base[from].isSpacing { from += 1 }
        while to > from, unsafe base[to - 1].isSpacing { to -= 1 }
        return unsafe ByteWindow(base: base, start: from, end: to, isText: isText)
    }

    /// The offset of the first `byte` at or after `from`. Eight bytes at a time: a word has a zero byte exactly where
    /// `(word - 0x01…) & ~word & 0x80…` has a bit, and exclusive-or makes the byte sought the zero byte.
    @inline(__always)
    func firstIndex(of byte: UInt8, from: Int) -> Int? {
        guard from >= start, let address = unsafe base.baseAddress else { return nil }
        let raw = unsafe UnsafeRawPointer(address)
        let pattern = UInt64(byte) &* 0x0101_0101_0101_0101
        var index = from
        while index &+ 8 <= end {
            let word = unsafe raw.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian ^ pattern
            let hits = (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
            if hits != 0 { return index &+ hits.trailingZeroBitCount >> 3 }
            index &+= 8
        }
        while index < end {
            if unsafe base[index] == byte { return index }
            index &+= 1
        }
        return nil
    }

    /// The offset of the last `byte`.
    func lastIndex(of byte: UInt8) -> Int? {
        var index = end
        while index > start {
            index -= 1
            if unsafe base[index] == byte { return index }
        }
        return nil
    }

    /// The bytes as text, from which printing makes the same bytes again: see ``WireText``.
    var text: String {
        let bytes = unsafe UnsafeBufferPointer(rebasing: base[start..<end])
        if isText { return unsafe String(decoding: bytes, as: UTF8.self) }
        guard firstIndex(of: WireText.mark, from: start) == nil,
            let text = unsafe String(validating: bytes, as: UTF8.self)
        else { return unsafe WireText.decoded(bytes) }
        return text
    }

    /// The decimal number that the whole window writes; nil for anything else and beyond `limit`.
    func number(limit: UInt64) -> UInt64? {
        guard !isEmpty, count <= 20 else { return nil }
        var value: UInt64 = 0
        for index in start..<end {
            guard unsafe base[index].isDigit else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, sumOverflow) = unsafe product.addingReportingOverflow(UInt64(base[index] - 48))
            guard !overflow, !sumOverflow, sum <= limit else { return nil }
            value = sum
        }
        return value
    }

    var isToken: Bool {
        guard !isEmpty else { return false }
        for index in start..<end where unsafe !base[index].isToken { return false }
        return true
    }

    /// Equal to `name` but for the case of ASCII letters.
    @inline(__always)
    func equalsIgnoringCase(_ name: StaticString) -> Bool {
        count == name.utf8CodeUnitCount && matches(name)
    }

    /// The comparison itself, of equal lengths.
    private func matches(_ name: StaticString) -> Bool {
        let other = unsafe name.utf8Start
        for offset in 0..<count where unsafe base[start + offset].lowercased != other[offset].lowercased {
            return false
        }
        return true
    }

    func equals(_ name: StaticString) -> Bool {
        guard count == name.utf8CodeUnitCount else { return false }
        let other = unsafe name.utf8Start
        for offset in 0..<count where unsafe base[start + offset] != other[offset] { return false }
        return true
    }

    /// Takes the window apart at `separator`, but not inside quotes or angle brackets (RFC 3261 §7.3.1).
    func split(at separator: UInt8) -> [ByteWindow] {
        var parts: [ByteWindow] = []
        var partStart = start
        var isQuoted = false
        var isBracketed = false
        var index = start
        while index < end {
            let byte = unsafe base[index]
            if isQuoted {
                if byte == UInt8(ascii: "\\") { index += 1 } else if byte == UInt8(ascii: "\"") { isQuoted = false }
            } else if byte == UInt8(ascii: "\"") {
                isQuoted = true
            } else if byte == UInt8(ascii: "<") {
                isBracketed = true
            } else if byte == UInt8(ascii: ">") {
                isBracketed = false
            } else if byte == separator, !isBracketed {
                parts.append(window(partStart, index).trimmed)
                partStart = index + 1
            }
            index += 1
        }
        parts.append(window(partStart, end).trimmed)
        return parts
    }
}

extension String {
    /// Lets `body` read this string's UTF-8 bytes in place.
    func withWindow<Result, Failure: Error>(_ body: (ByteWindow) throws(Failure) -> Result) throws(Failure) -> Result {
        var copy = self
        // `withUTF8` rethrows untyped; the result carries the typed error out.
        let outcome: Swift.Result<Result, Failure> = copy.withUTF8 { bytes in
            do throws(Failure) {
                return unsafe .success(try body(ByteWindow(bytes, isText: true)))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// Equality but for the case of ASCII letters, as host names, parameter names and tokens compare.
    func equalsIgnoringCase(_ other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        return zip(utf8, other.utf8).allSatisfy { $0.lowercased == $1.lowercased }
    }

    /// ASCII letters in lower case.
    var asciiLowercased: String {
        guard utf8.contains(where: { $0 >= 65 && $0 <= 90 }) else { return self }
        return String(decoding: utf8.map(\.lowercased), as: UTF8.self)
    }
}
