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

    /// RFC 6086. We take no Info Package: one is refused 469 with the empty list of those that we take (§4.2.2,
    /// §5.2). An INFO without a package is old usage (§9.2): empty it is a sign of life, answered 200; with a body it
    /// would want to be understood (DTMF, RFC 2976), which we do not, so 415 makes the sender use RFC 4733.
    static func answer(toInfo request: SIPRequest, tag: String, _ bench: Workbench) -> SIPResponse {
        if request.headers.contains(.infoPackage) {
            var response = bench.response(to: request, .badInfoPackage, tag: tag)
            response.headers.append(.recvInfo, "")
            return response
        }
        return bench.response(to: request, request.body.isEmpty ? .ok : .unsupportedMediaType, tag: tag)
    }
}
