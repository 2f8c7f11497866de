import SIP

/// What a request says of its call, read before the user agent reads it.
struct Notice {
    let method: SIPMethod
    /// The user part of its To.
    let number: String?
    /// The user part of its Request-URI.
    let target: String?
    let callID: String
    /// It has a To tag.
    let isInDialog: Bool

    /// Nil for a response and for what cannot be read.
    init?(_ datagram: [UInt8]) {
        let read = try? SIPMessageView.withView(of: datagram) { view -> Notice? in
            guard case .request(let method) = view.kind else { return nil }
            let to = try? NameAddress(view.text(view.to))
            return Notice(
                method: method, number: to?.uri.sip?.user, target: (try? SIPURI(view.text(view.requestURI)))?.user,
                callID: view.text(view.callID), isInDialog: to?.tag != nil)
        }
        guard let notice = read ?? nil else { return nil }
        self = notice
    }

    private init(method: SIPMethod, number: String?, target: String?, callID: String, isInDialog: Bool) {
        self.method = method
        self.number = number
        self.target = target
        self.callID = callID
        self.isInDialog = isInDialog
    }

    /// Of any message.
    static func callID(of datagram: [UInt8]) -> String? {
        try? SIPMessageView.withView(of: datagram) { view -> String in view.text(view.callID) }
    }
}
