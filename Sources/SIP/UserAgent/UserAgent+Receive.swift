/// From a datagram to the machine that it concerns (RFC 3261 §8.1.3, §8.2, §17, §18).
extension UserAgent {
    /// What a datagram turned out to be, read in place; only what concerns somebody is copied out.
    private enum Reading {
        case response(SIPResponse, TransactionKey)
        case strayResponse
        case request(SIPRequest, TransactionKey)
        /// A request whose transaction lives.
        case repeated(TransactionKey)
    }

    mutating func dispatch(_ datagram: [UInt8], from source: TransportAddress) {
        // Line ends alone keep a NAT open (RFC 5626 §3.5.1). Longest in use is CRLF CRLF.
        guard datagram.contains(where: { !$0.isSpacing && $0 != 0 }) else {
            bench.emit(.discarded(reason: .keepAlive, from: source))
            return
        }
        do throws(SIPParseError) {
            let reading = try SIPMessageView.withView(of: datagram) { view throws(SIPParseError) in
                try UserAgent.read(view, bench.transactions)
            }
            switch reading {
            case .strayResponse: bench.emit(.discarded(reason: .strayResponse, from: source))
            case .response(let response, let key): receive(response, key, datagram, source)
            case .repeated(let key):
                trace(datagram, source, bench.transactions.session(of: key), isRetransmission: true)
                bench.transactions.receiveAgain(key, &bench.output)
            case .request(let request, let key): receive(request, key, datagram, source)
            }
        } catch {
            refuseMalformed(datagram, error, source)
        }
    }

    private static func read(
        _ view: SIPMessageView, _ transactions: TransactionLayer
    ) throws(SIPParseError) -> Reading {
        switch view.kind {
        case .response:
            let key = TransactionKey(response: view)
            guard transactions.contains(key) else { return .strayResponse }
            guard case .response(let response) = try SIPMessage(view) else { return .strayResponse }
            return .response(response, key)
        case .request(let method):
            let key = TransactionKey(request: view)
            if method != .ack, transactions.contains(key) { return .repeated(key) }
            guard case .request(let request) = try SIPMessage(view) else { return .strayResponse }
            return .request(request, key)
        }
    }

    private mutating func trace(
        _ datagram: [UInt8], _ source: TransportAddress, _ id: SessionID?, isRetransmission: Bool
    ) {
        guard configuration.tracesMessages, let id else { return }
        bench.emit(.messageReceived(id, SIPTrace(datagram, peer: source, isRetransmission: isRetransmission)))
    }

    // MARK: Responses

    private mutating func receive(
        _ response: SIPResponse, _ key: TransactionKey, _ datagram: [UInt8], _ source: TransportAddress
    ) {
        trace(
            datagram, source, bench.transactions.session(of: key),
            isRetransmission: bench.transactions.hasFinalResponse(key))
        handle(bench.transactions.receive(response, for: key, &bench.output))
    }

    // MARK: Requests

    private mutating func receive(
        _ request: SIPRequest, _ key: TransactionKey, _ datagram: [UInt8], _ source: TransportAddress
    ) {
        guard let via = try? request.headers.topVia() else {
            bench.emit(.discarded(reason: .malformed, from: source))
            return
        }
        let request = ReplyPath.marking(request, via, source)
        let reply = ReplyPath.address(via, source)
        if request.method == .ack { return receiveACK(request, key, datagram, source) }

        guard bench.transactions.serverCount < configuration.limits.serverTransactions else {
            bench.emit(.discarded(reason: .overLimit, from: source))
            var response = bench.response(to: request, .serviceUnavailable, tag: statelessTag(request))
            response.headers.append(.retryAfter, "10")
            return sendStateless(response, reply)
        }
        if request.method == .cancel { return receiveCancel(request, key, datagram, source, reply) }
        if let dialog = dialogID(request) { return receiveInDialog(request, dialog, key, datagram, source, reply) }

        guard configuration.allows(source.address) else {
            bench.emit(.discarded(reason: .peerNotAllowed, from: source))
            bench.emit(.turnedAway(TurnedAway(request, source: source)))
            if request.method == .invite {
                sendStateless(bench.response(to: request, .forbidden, tag: statelessTag(request)), reply)
            }
            return
        }
        // RFC 3261 §8.2.2.1, of whatever method.
        guard request.uri.isCallable else { return answerStateless(request, .unsupportedURIScheme, reply) }
        if let refusal = RequestRules.refusal(of: request, tag: statelessTag(request), bench) {
            return sendStateless(refusal, reply)
        }
        switch request.method {
        case .invite: receiveInvite(request, key, datagram, source, reply)
        case .options: answerStateless(request, .ok, reply)
        case .bye, .update, .prack, .info: answerStateless(request, .callDoesNotExist, reply)
        case .ack, .cancel: break
        case .register, .subscribe, .notify, .publish, .refer, .message:
            answerStateless(request, .methodNotAllowed, reply)
        case .other: answerStateless(request, .notImplemented, reply)
        }
    }

    /// An ACK of a refusal belongs to the INVITE's transaction, one of a 2xx to the dialog (RFC 3261 §17.1.1.3,
    /// §13.2.2.4). It is never answered.
    private mutating func receiveACK(
        _ request: SIPRequest, _ key: TransactionKey, _ datagram: [UInt8], _ source: TransportAddress
    ) {
        let dialog = dialogID(request)
        let id = dialog.flatMap { bench.dialogs[$0] } ?? bench.transactions.session(of: key)
        trace(datagram, source, id, isRetransmission: false)
        let isMatched = bench.transactions.contains(key)
        if isMatched { handle(bench.transactions.receiveACK(key, &bench.output)) }
        if let dialog, let id = bench.dialogs[dialog] {
            change(id) { session, bench in session.receiveACK(request, dialog, &bench) }
        } else if !isMatched {
            bench.emit(.discarded(reason: .strayACK, from: source))
        }
    }

    /// RFC 3261 §9.2: 200 where the INVITE is known, whatever its state; 481 otherwise.
    private mutating func receiveCancel(
        _ request: SIPRequest, _ key: TransactionKey, _ datagram: [UInt8], _ source: TransportAddress,
        _ reply: TransportAddress
    ) {
        let invite = key.canceledInvite
        guard bench.transactions.contains(invite) else { return answerStateless(request, .callDoesNotExist, reply) }
        let id = bench.transactions.session(of: invite)
        trace(datagram, source, id, isRetransmission: false)
        bench.transactions.accept(key, replyTo: reply, session: id, &bench.output)
        // RFC 3261 §9.2: preferably with the tag of the INVITE's responses.
        let tag = id.flatMap { sessions[$0] as? IncomingSession }?.localTag ?? statelessTag(request)
        bench.respond(key, bench.response(to: request, .ok, tag: tag))
        guard let id else { return }
        change(id) { session, bench in session.cancelByPeer(invite, &bench) }
    }

    private mutating func receiveInDialog(
        _ request: SIPRequest, _ dialog: DialogID, _ key: TransactionKey, _ datagram: [UInt8],
        _ source: TransportAddress, _ reply: TransportAddress
    ) {
        guard let id = bench.dialogs[dialog] else { return answerStateless(request, .callDoesNotExist, reply) }
        trace(datagram, source, id, isRetransmission: false)
        bench.transactions.accept(key, replyTo: reply, session: id, &bench.output)
        change(id) { session, bench in session.receive(request, dialog, of: key, &bench) }
    }

    /// A new call (RFC 3261 §13.3.1).
    private mutating func receiveInvite(
        _ request: SIPRequest, _ key: TransactionKey, _ datagram: [UInt8], _ source: TransportAddress,
        _ reply: TransportAddress
    ) {
        guard let cseq = try? request.headers.cseq(), let from = try? request.headers.from(),
            let to = try? request.headers.to(), let callID = request.headers.callID
        else { return answerStateless(request, .badRequest, reply) }
        let merge = MergeKey(callID: callID, fromTag: from.tag ?? "", cseq: cseq.number)
        guard bench.merges[merge] == nil else { return answerStateless(request, .loopDetected, reply) }
        guard bench.merges.count < configuration.limits.incomingSessions else {
            bench.emit(.discarded(reason: .overLimit, from: source))
            return answerStateless(request, .serviceUnavailable, reply)
        }
        let tag = SIPIdentifier.tag(node: configuration.node, random: &bench.random)
        guard let dialog = Dialog(asCalleeOf: request, localTag: tag, peer: source) else {
            return answerStateless(request, .badRequest, reply)
        }
        let id = SessionID(rawValue: nextIncoming)
        nextIncoming &+= 1
        bench.merges[merge] = id
        bench.transactions.accept(key, replyTo: reply, session: id, &bench.output)
        var session = IncomingSession(
            id: id, request: request, of: key, mergeKey: merge, dialog: dialog, source: source, &bench)
        bench.emit(
            .invited(
                id,
                IncomingInvitation(
                    source: source, requestURI: request.uri, from: from, to: to, callID: callID,
                    offer: request.sessionDescription, headers: request.headers)))
        trace(datagram, source, id, isRetransmission: false)
        session.start(&bench)
        keep(session)
    }

    /// The dialog that a request names: nil without a To tag, which is what a request outside dialogs lacks.
    private func dialogID(_ request: SIPRequest) -> DialogID? {
        guard let local = (try? request.headers.to())?.tag, let from = try? request.headers.from(),
            let callID = request.headers.callID
        else { return nil }
        return DialogID(callID: callID, localTag: local, remoteTag: from.tag ?? "")
    }

    // MARK: Answers without a transaction (RFC 3261 §8.2.7)

    private mutating func answerStateless(_ request: SIPRequest, _ status: StatusCode, _ reply: TransportAddress) {
        sendStateless(bench.response(to: request, status, tag: statelessTag(request)), reply)
    }

    private mutating func sendStateless(_ response: SIPResponse, _ reply: TransportAddress) {
        bench.emit(.send(response.bytes, to: reply))
    }

    /// The same tag whenever the same request comes again; it guards nothing, so it need not be a secret.
    private func statelessTag(_ request: SIPRequest) -> String {
        let parts = [request.headers.callID ?? "", request.headers[.from] ?? "", request.headers[.via] ?? ""]
        return SIPIdentifier.statelessTag(node: configuration.node, of: parts)
    }

    // MARK: What is no whole message

    /// It gets a 400 (505 for another version) if it is a request whose topmost Via says where to, and nothing otherwise
    /// (RFC 3261 §8.2.6, §16.3, §18.3). The call that it belongs to is told, and a 2xx to its INVITE that never comes whole ends it.
    private mutating func refuseMalformed(
        _ datagram: [UInt8], _ error: SIPParseError, _ source: TransportAddress
    ) {
        bench.emit(.discarded(reason: .malformed, from: source))
        guard let salvaged = SalvagedMessage(datagram) else { return }
        let isAllowed = configuration.allows(source.address)
        if configuration.tracesMessages, let id = owner(of: salvaged, isAllowed: isAllowed) {
            bench.emit(
                .messageRefused(id, SIPTrace(datagram, peer: source, isRetransmission: false), error))
        }
        if let (response, key) = salvaged.answer(error), bench.transactions.contains(key) {
            return handle(bench.transactions.receive(response, for: key, &bench.output))
        }
        guard isAllowed, let request = salvaged.request, let via = salvaged.topVia else { return }
        let marked = ReplyPath.marking(request, via, source)
        let status: StatusCode = error.problem == .badVersion ? .versionNotSupported : .badRequest
        var response = bench.response(to: marked, status, tag: statelessTag(marked))
        if status == .badRequest { response.reason = "Bad Request (\(error.element))" }
        sendStateless(response, ReplyPath.address(via, source))
    }

    /// Whose it is as far as it can be read: by its branch, else by its Call-ID. Those are searched for peers that may
    /// call only: anybody else could make us search as often as he likes.
    private func owner(of message: SalvagedMessage, isAllowed: Bool) -> SessionID? {
        if let id = message.clientTransactions.lazy.compactMap(bench.transactions.session(of:)).first { return id }
        guard isAllowed, let callID = message.headers.callID else { return nil }
        // The least, lest a dictionary's order shows.
        return sessions.lazy.filter { $0.value.callID == callID }.map(\.key).min()
    }
}
