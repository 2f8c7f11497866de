/// Walks over the lines of a message: the first line, then one header field after another with its folded lines,
/// then the body. Used by the view and by the owning parser, so that both see the same fields.
///
/// Tolerated as RFC 3261 §7.5 and RFC 4475 ask: empty lines before the first line, line ends of LF alone, blanks
/// before the colon, folded lines.
struct HeaderScanner {
    struct Field {
        let name: ByteWindow
        /// Trimmed; still with the line ends of its folds.
        let value: ByteWindow
        let isFolded: Bool
    }

    let bytes: ByteWindow
    let firstLine: ByteWindow
    private(set) var position: Int
    private(set) var count = 0

    init(_ bytes: ByteWindow) throws(SIPParseError) {
        guard bytes.count <= SIPLimits.messageBytes else { throw SIPParseError(.tooLong, in: "message") }
        var start = bytes.start
        while bytes[start] == .carriageReturn || bytes[start] == .lineFeed { start += 1 }
        guard start < bytes.end else { throw SIPParseError(.empty, in: "message") }
        guard let end = bytes.firstIndex(of: .lineFeed, from: start) else {
            throw SIPParseError(.noEndOfHeaders, in: "message", at: start)
        }
        guard end - start <= SIPLimits.firstLineBytes else {
            throw SIPParseError(.fieldTooLong, in: "first line", at: start)
        }
        self.bytes = bytes
        firstLine = bytes.window(start, bytes[end - 1] == .carriageReturn ? end - 1 : end)
        position = end + 1
    }

    /// The next field; nil at the empty line, after which `position` is the body's first byte.
    @inline(__always)
    mutating func next() throws(SIPParseError) -> Field? {
        let start = position
        guard var lineEnd = bytes.firstIndex(of: .lineFeed, from: start) else {
            throw SIPParseError(.noEndOfHeaders, in: "message", at: start)
        }
        if lineEnd == start || (lineEnd == start + 1 && bytes[start] == .carriageReturn) {
            position = lineEnd + 1
            return nil
        }
        var isFolded = false
        while bytes[lineEnd + 1].isBlank {
            guard let next = bytes.firstIndex(of: .lineFeed, from: lineEnd + 1) else {
                throw SIPParseError(.noEndOfHeaders, in: "message", at: lineEnd)
            }
            isFolded = true
            lineEnd = next
        }
        count += 1
        guard count <= SIPLimits.headerFields else {
            throw SIPParseError(.tooManyHeaderFields, in: "message", at: start)
        }
        guard lineEnd - start <= SIPLimits.fieldBytes else {
            throw SIPParseError(.fieldTooLong, in: "header field", at: start)
        }
        var colon = start
        while bytes[colon].isToken { colon += 1 }
        let name = bytes.window(start, colon)
        while bytes[colon].isBlank { colon += 1 }
        guard bytes[colon] == UInt8(ascii: ":"), !name.isEmpty else {
            throw SIPParseError(.badFieldName, in: "header field", at: colon)
        }
        position = lineEnd + 1
        return Field(name: name, value: bytes.window(colon + 1, lineEnd).trimmed, isFolded: isFolded)
    }
}

extension HeaderScanner.Field {
    /// The value as text, each fold made one blank (RFC 3261 §7.3.1).
    var text: String {
        guard isFolded else { return value.text }
        var unfolded: [UInt8] = []
        var index = value.start
        while index < value.end {
            if value[index] == .carriageReturn || value[index] == .lineFeed {
                while value[index].isSpacing { index += 1 }
                while unfolded.last?.isBlank == true { unfolded.removeLast() }
                unfolded.append(.space)
            } else {
                unfolded.append(value[index])
                index += 1
            }
        }
        // Safe: the text is a copy.
        return unsafe unfolded.withUnsafeBufferPointer { unsafe ByteWindow($0).text }
    }
}
