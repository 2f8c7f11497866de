/// What can be read of bytes that are no whole message: enough to answer a request, and to find the call that a request
/// or a response belongs to.
struct SalvagedMessage {
    /// Nil for a response.
    let method: SIPMethod?
    /// Nil for a request, and where it cannot be read.
    let status: StatusCode?
    /// The fields that a response copies, of each but Via the first, and those that say where its dialog goes; unchecked.
    let headers: SIPHeaders

    /// Nil where not even the first line can be told from the rest.
    init?(_ datagram: [UInt8]) {
        typealias Parts = (method: SIPMethod?, status: StatusCode?, headers: SIPHeaders)
        // Safe: only texts leave the closure, which are copies.
        let salvaged: Parts? = unsafe datagram.withUnsafeBufferPointer { buffer in
            guard var scanner = unsafe try? HeaderScanner(ByteWindow(buffer)) else { return nil }
            let line = scanner.firstLine
            let end = line.firstIndex(of: .space, from: line.start) ?? line.end
            let word = line.window(line.start, end)
            let isResponse = word.window(word.start, word.start + 4).equalsIgnoringCase("SIP/")
            guard isResponse || word.isToken else { return nil }
            var headers = SIPHeaders()
            // A fault further down does not spoil what was read before it.
            while let field = try? scanner.next() {
                let name = SIPHeaderName(window: field.name)
                switch name {
                case .via, .contact, .recordRoute: headers.append(name, field.text)
                case .from, .to, .callID, .cseq:
                    if !headers.contains(name) { headers.append(name, field.text) }
                default: break
                }
            }
            var status: StatusCode?
            if case .response(let code, _)? = try? FirstLine(line) { status = code }
            return (isResponse ? nil : SIPMethod(window: word), status, headers)
        }
        guard let salvaged else { return nil }
        method = salvaged.method
        status = salvaged.status
        headers = salvaged.headers
    }

    /// Where an answer goes, and what a response is matched by; of whatever version. Nil where it cannot be read.
    var topVia: Via? { headers.values(.via).first.flatMap { Via(ofAnyVersion: $0) } }

    /// To be answered: nil for a response, and for an ACK.
    var request: SIPRequest? {
        guard let method, method != .ack else { return nil }
        return SIPRequest(method: method, uri: .other(scheme: "unknown", text: ""), headers: headers)
    }

    /// A 2xx to an INVITE, and whose it is: its sender has to be acknowledged, and hung up (RFC 3261 §13.2.2.4). Nil
    /// without a readable CSeq: the answer to a CANCEL has the same branch.
    func answer(_ error: SIPParseError) -> (response: SIPResponse, key: TransactionKey)? {
        guard let status, status.isSuccess, (try? headers.cseq())?.method == .invite,
            let key = clientTransactions.first
        else { return nil }
        return (SIPResponse(salvaged: status, headers, fault: error.element), key)
    }

    /// The client transactions that a response may belong to: one, unless its CSeq cannot be read.
    var clientTransactions: [TransactionKey] {
        guard method == nil, let via = topVia, let branch = via.branch else { return [] }
        let methods = (try? headers.cseq()).map { [$0.method] } ?? [.invite, .bye, .info, .cancel]
        return methods.map { method in
            TransactionKey(
                kind: method == .invite ? .inviteClient : .nonInviteClient, branch: branch, sentBy: via.sentBy,
                method: method)
        }
    }
}
