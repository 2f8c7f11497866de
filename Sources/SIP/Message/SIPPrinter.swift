/// Puts a message on the wire.
enum SIPPrinter {
    static func print(_ startLine: String, _ headers: SIPHeaders, _ body: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256 + headers.fields.count * 64 + body.count)
        bytes.append(line: startLine)
        for field in headers.fields where field.name != .contentLength {
            bytes.append(contentsOf: field.name.text.utf8)
            bytes.append(UInt8(ascii: ":"))
            bytes.append(.space)
            bytes.append(line: field.value)
        }
        bytes.append(line: "Content-Length: \(body.count)")
        bytes.append(.carriageReturn)
        bytes.append(.lineFeed)
        bytes.append(contentsOf: body)
        return bytes
    }
}

extension [UInt8] {
    /// Appends text and a line end. A line end inside the text becomes a blank: whatever value finds its way into a
    /// header field, it cannot become a header field of its own.
    fileprivate mutating func append(line: String) {
        let start = count
        append(contentsOf: line.utf8)
        // Safe: the window does not leave the closure.
        let (isBroken, isMarked) = unsafe withUnsafeBufferPointer { bytes in
            let window = unsafe ByteWindow(bytes)
            return (
                window.firstIndex(of: .carriageReturn, from: start) != nil
                    || window.firstIndex(of: .lineFeed, from: start) != nil,
                window.firstIndex(of: WireText.mark, from: start) != nil
            )
        }
        if isMarked { WireText.encode(&self, from: start) }
        if isBroken {
            for index in start..<count where self[index] == .carriageReturn || self[index] == .lineFeed {
                self[index] = .space
            }
        }
        append(.carriageReturn)
        append(.lineFeed)
    }
}
