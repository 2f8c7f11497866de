import JSON
import SIP

/// A SIP message as an observer on the wire sees it.
struct Sighting: Hashable {
    let isRequest: Bool
    /// A response's is that of its request.
    let method: SIPMethod
    /// 0 for a request.
    let status: Int
    let callID: String
    let sequence: UInt32
    let fromTag: String
    let toTag: String
    let branch: String
    /// Who was dialled: the user part of To.
    let number: String

    /// Nil for what is no SIP message.
    init?(_ datagram: [UInt8]) {
        guard
            let sighting = try? SIPMessageView.withView(
                of: datagram, { view throws(SIPParseError) -> Sighting in Sighting(view) })
        else { return nil }
        self = sighting
    }

    private init(_ view: SIPMessageView) {
        switch view.kind {
        case .request(let method):
            isRequest = true
            status = 0
            self.method = method
        case .response(let code):
            isRequest = false
            status = Int(code.rawValue)
            method = view.cseqMethod
        }
        callID = view.text(view.callID)
        sequence = view.cseqNumber
        fromTag = view.text(view.fromTag)
        toTag = view.text(view.toTag)
        branch = view.text(view.branch)
        // `<sip:+15551000001@…>`, with or without a display name.
        let to = Array(view.text(view.to).utf8)
        if let colon = to.firstIndex(of: UInt8(ascii: ":")),
            let end = to[colon...].firstIndex(of: UInt8(ascii: "@"))
        {
            number = String(decoding: to[(colon + 1)..<end], as: UTF8.self)
        } else {
            number = ""
        }
    }

    var summary: String {
        isRequest
            ? "\(method) \(number) \(callID.suffix(6)) \(sequence) tag \(toTag.suffix(4))"
            : "\(status) to \(method) \(number) \(callID.suffix(6)) \(sequence) tag \(toTag.suffix(4))"
    }
}
