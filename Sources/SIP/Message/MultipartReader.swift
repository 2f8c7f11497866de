/// Takes a multipart body apart (RFC 2046 §5.1.1), as gear in use writes it: lines may end with LF alone, blanks may
/// follow a boundary, the last boundary may be missing, and so may the blank line before a part's content.
enum MultipartReader {
    /// The parts, each with its header fields; what stands before the first boundary and after the last is no part.
    ///
    /// - Parameter boundary: nil, or one that does not occur: then the first line that could be one is it.
    static func parts(of body: ArraySlice<UInt8>, boundary: String?, atMost limit: Int) -> [ArraySlice<UInt8>] {
        if let boundary, !boundary.isEmpty {
            let parts = split(body, delimiter: Array("--\(boundary)".utf8), atMost: limit)
            if !parts.isEmpty { return parts }
        }
        var lines = Lines(body)
        while let line = lines.next() {
            let words = line.content
            guard words.count > 2, words.starts(with: "--".utf8) else { continue }
            return split(body, delimiter: Array(words), atMost: limit)
        }
        return []
    }

    private static func split(
        _ body: ArraySlice<UInt8>, delimiter: [UInt8], atMost limit: Int
    ) -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        var partStart: Int?
        // The line end before a boundary belongs to it.
        var contentEnd = body.startIndex
        var lines = Lines(body)
        while parts.count < limit, let line = lines.next() {
            let tail = line.content.starts(with: delimiter) ? line.content.dropFirst(delimiter.count) : nil
            guard let tail, tail.isEmpty || tail.elementsEqual("--".utf8) else {
                contentEnd = line.content.endIndex
                continue
            }
            if let partStart { parts.append(body[partStart..<max(partStart, contentEnd)]) }
            partStart = line.end
            contentEnd = line.end
            if !tail.isEmpty { return parts }
        }
        if let partStart, partStart < body.endIndex, parts.count < limit { parts.append(body[partStart...]) }
        return parts
    }

    /// A part's header fields, and what follows them. A part that begins with no header field is all content.
    static func fields(of part: ArraySlice<UInt8>) -> (SIPHeaders, ArraySlice<UInt8>) {
        var headers = SIPHeaders()
        var lines = Lines(part)
        var isFirst = true
        while let line = lines.next() {
            if line.content.isEmpty { return (headers, part[line.end...]) }
            if line.whole.first?.isBlank == true, let last = headers.fields.last {
                headers[last.name] = last.value + " " + String(decoding: line.content, as: UTF8.self)
                continue
            }
            let name = line.content.prefix { $0.isToken }
            let rest = line.content.dropFirst(name.count).drop { $0.isBlank }
            if !name.isEmpty, rest.first == UInt8(ascii: ":") {
                guard headers.fields.count < SIPLimits.partFields else { continue }
                let value = rest.dropFirst().drop { $0.isBlank }
                headers.append(
                    SIPHeaderName(String(decoding: name, as: UTF8.self)), String(decoding: value, as: UTF8.self))
            } else if isFirst {
                return (headers, part)
            }
            isFirst = false
        }
        return (headers, part[part.endIndex...])
    }

    /// The lines of some bytes, one after another.
    private struct Lines {
        struct Line {
            let whole: ArraySlice<UInt8>
            /// Without its end and the blanks before that.
            let content: ArraySlice<UInt8>
            /// Where the next line begins.
            let end: Int
        }

        private var rest: ArraySlice<UInt8>

        init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

        mutating func next() -> Line? {
            guard !rest.isEmpty else { return nil }
            let lineFeed = rest.firstIndex(of: .lineFeed) ?? rest.endIndex
            let whole = rest[rest.startIndex..<lineFeed]
            var content = whole
            if content.last == .carriageReturn { content = content.dropLast() }
            let trimmed = content.reversed().drop { $0.isBlank }.count
            rest = rest[min(lineFeed + 1, rest.endIndex)...]
            return Line(whole: whole, content: content.prefix(trimmed), end: rest.startIndex)
        }
    }
}

extension SIPLimits {
    /// Header fields of one part of a body; real ones have two or three. Further ones are not read.
    static let partFields = 16
}
