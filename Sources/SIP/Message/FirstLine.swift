/// A Request-Line or a Status-Line (RFC 3261 §7.1, §7.2).
enum FirstLine {
    case request(method: ByteWindow, uri: ByteWindow)
    case response(StatusCode, reason: ByteWindow)

    init(_ line: ByteWindow) throws(SIPParseError) {
        guard let first = line.firstIndex(of: .space, from: line.start) else {
            throw SIPParseError(.badFirstLine, in: "first line", at: line.start)
        }
        let word = line.window(line.start, first)
        if word.window(word.start, word.start + 4).equalsIgnoringCase("SIP/") {
            guard word.equalsIgnoringCase("SIP/2.0") else {
                throw SIPParseError(.badVersion, in: "Status-Line", at: line.start)
            }
            // The reason phrase may be empty, and so may the blank before it (RFC 4475 §3.1.1.11 noreason).
            let end = line.firstIndex(of: .space, from: first + 1) ?? line.end
            let digits = line.window(first + 1, end)
            guard digits.count == 3, let number = digits.number(limit: 699), let code = StatusCode(Int(number)) else {
                throw SIPParseError(.badStatusCode, in: "Status-Line", at: first + 1)
            }
            self = .response(code, reason: line.window(end + 1, line.end))
            return
        }
        guard word.isToken else { throw SIPParseError(.badMethod, in: "Request-Line", at: line.start) }
        // Exactly one blank on either side of the Request-URI, and none after the version (RFC 4475 §3.1.2.8, .9).
        guard let second = line.firstIndex(of: .space, from: first + 1), second > first + 1 else {
            throw SIPParseError(.badFirstLine, in: "Request-Line", at: first)
        }
        let version = line.window(second + 1, line.end)
        guard version.firstIndex(of: .space, from: version.start) == nil else {
            throw SIPParseError(.badFirstLine, in: "Request-Line", at: second)
        }
        guard version.equalsIgnoringCase("SIP/2.0") else {
            throw SIPParseError(.badVersion, in: "Request-Line", at: second + 1)
        }
        self = .request(method: word, uri: line.window(first + 1, second))
    }
}
