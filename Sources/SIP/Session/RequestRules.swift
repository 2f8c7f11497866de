/// What RFC 3261 §8.2 asks of every request before its method is looked at.
enum RequestRules {
    /// The response that refuses the request; nil where nothing stands against it.
    static func refusal(of request: SIPRequest, tag: String, _ bench: Workbench) -> SIPResponse? {
        // RFC 3261 §8.2.2.3. CANCEL never has Require looked at; ACK gets no answer at all.
        let required = request.headers.values(.require)
        if !required.isEmpty, request.method != .cancel, request.method != .ack {
            var response = bench.response(to: request, .badExtension, tag: tag)
            response.headers.append(.unsupported, required.joined(separator: ", "))
            return response
        }
        if let refusal = refusalByAccept(request, tag, bench) { return refusal }
        guard !request.body.isEmpty else { return nil }
        // RFC 3261 §8.2.3. A BYE's or CANCEL's body says nothing that matters.
        switch request.method {
        case .invite, .update:
            guard let obstacle = MessageBody(request.headers, request.body).obstacle else { return nil }
            var response = bench.response(to: request, .unsupportedMediaType, tag: tag)
            if obstacle == .encoding { response.headers.append(.acceptEncoding, "identity") }
            return response
        default: return nil
        }
    }

    /// 406 where the peer takes no session description in our answer (RFC 3261 §21.4.7; RFC 4475 §3.3.15). Without Accept
    /// it takes one, with an empty one nothing at all (RFC 3261 §20.1).
    private static func refusalByAccept(_ request: SIPRequest, _ tag: String, _ bench: Workbench) -> SIPResponse? {
        guard request.headers.contains(.accept) else { return nil }
        let accepted = request.headers.values(.accept)
        switch request.method {
        case .invite, .update: break
        // Our 200 has no body: it can be taken by who takes nothing.
        case .options where !accepted.isEmpty: break
        default: return nil
        }
        let isTaken = accepted.contains { range in
            let parts = range.split(separator: ";").map { part in
                String(part).withWindow { $0.trimmed.text.asciiLowercased }
            }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) }
            return ["application/sdp", "application/*", "*/*", "*"].contains(parts.first) && weight != 0
        }
        return isTaken ? nil : bench.response(to: request, .notAcceptable, tag: tag)
    }

    /// RFC 6086. We take no Info Package: one is refused 469 with the empty list of those that we take (§4.2.2,
    /// §5.2). An INFO without a package is old usage (§9.2): empty it is a sign of life, answered 200; a key is taken in,
    /// 400 where it cannot be read; any other body would want to be understood, and is not: 415,
    /// as is one in an encoding (RFC 3261 §8.2.3).
    ///
    /// - Parameter report: what the body says of a key; nil where it is no such body.
    static func answer(
        toInfo request: SIPRequest, _ report: KeyReport?, tag: String, _ bench: Workbench
    ) -> SIPResponse {
        if request.headers.contains(.infoPackage) {
            var response = bench.response(to: request, .badInfoPackage, tag: tag)
            response.headers.append(.recvInfo, "")
            return response
        }
        switch report {
        case .key, .flash: return bench.response(to: request, .ok, tag: tag)
        case .unreadable: return bench.response(to: request, .badRequest, tag: tag)
        case nil: break
        }
        guard !request.body.isEmpty else { return bench.response(to: request, .ok, tag: tag) }
        var response = bench.response(to: request, .unsupportedMediaType, tag: tag)
        response.headers[.accept] = KeyReport.contentTypes.joined(separator: ", ")
        if request.headers.isBodyEncoded { response.headers.append(.acceptEncoding, "identity") }
        return response
    }
}
