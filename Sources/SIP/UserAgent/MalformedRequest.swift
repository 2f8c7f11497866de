/// What can be read of a request that is no whole message, to answer it 400.
enum MalformedRequest {
    /// A request with the header fields that a response copies, unchecked but for Via. Nil for a response, an ACK,
    /// and whatever lacks one of these fields.
    static func salvage(_ datagram: [UInt8]) -> SIPRequest? {
        datagram.withUnsafeBufferPointer { buffer in
            guard var scanner = try? HeaderScanner(ByteWindow(buffer)) else { return nil }
            let line = scanner.firstLine
            let end = line.firstIndex(of: .space, from: line.start) ?? line.end
            let word = line.window(line.start, end)
            guard word.isToken else { return nil }
            let method = SIPMethod(window: word)
            guard method != .ack else { return nil }
            var headers = SIPHeaders()
            // A fault further down does not spoil what was read before it.
            while let field = try? scanner.next() {
                let name = SIPHeaderName(window: field.name)
                switch name {
                case .via: headers.append(name, field.text)
                case .from, .to, .callID, .cseq:
                    if !headers.contains(name) { headers.append(name, field.text) }
                default: break
                }
            }
            guard (try? headers.vias()) != nil, headers.contains(.from), headers.contains(.to),
                headers.contains(.callID), headers.contains(.cseq)
            else { return nil }
            return SIPRequest(method: method, uri: .other(scheme: "unknown", text: ""), headers: headers)
        }
    }
}
