package import SIP
package import Telephony

/// A call that came in and was turned away before there was a call of it: for the counters, the server's log, and the
/// log of the account whose number was called.
package struct InboundRefusal: Hashable, Sendable {
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        /// 403 for an INVITE, silence for anything else.
        case addressNotAllowed
        /// 404.
        case unknownNumber
        /// 488.
        case noCommonAudio
        /// 503: every port is in use, or another program's.
        case noPort
        /// 503: the server stops, or its disk is full.
        case unavailable
    }

    package var reason: Reason
    package var method: String
    package var source: TransportAddress
    /// As it is written, or in E.164 where it is a number.
    package var called: String
    /// Nil where what was called is no number.
    package var number: PhoneNumber?
    package var caller: String
    /// Nil where nothing was answered.
    package var status: StatusCode?
    /// In words.
    package var explanation: String
}

/// Who is to be told of a refusal. Everybody can cause refusals, at any rate and from made-up addresses (RFC 3704), so
/// that a log may hear of each source once a minute only, and what is kept for that has a limit.
struct RefusalWatch: Sendable {
    static let pause = Duration.seconds(60)
    /// Beyond so many in a minute nothing is said of further ones; they are counted all the same.
    static let maximumSources = 1024

    /// When something was last said, by source and by what of it.
    private var said: [Subject: Instant] = [:]

    enum Subject: Hashable, Sendable {
        case source(IPAddress)
        case called(PhoneNumber, by: IPAddress)
    }

    /// Whether it is to be said now.
    mutating func isNews(_ subject: Subject, now: Instant) -> Bool {
        if let last = said[subject], now - last < Self.pause { return false }
        if said.count >= Self.maximumSources {
            said = said.filter { now - $0.value < Self.pause }
            guard said.count < Self.maximumSources else { return false }
        }
        said[subject] = now
        return true
    }
}
