/// The challenges that a call has answered, of each realm the latest, and what its further requests say to them
/// (RFC 3261 §22.2, §22.3).
///
///     challenge ──▶ fresh ── another answer than a challenge, or one of other realms ──▶ taken
///                     │                                                                    │ challenge
///                     └─ again, not stale: the credentials are wrong                       └──▶ fresh
///
/// Several realms are answered side by side: a proxy's by Proxy-Authorization, a gateway's behind it by Authorization,
/// each with its own nonce and count. A realm that challenges again at once gets another answer only where it says
/// that the nonce was stale: credentials that were just refused are not sent again (RFC 3261 §22.1).
struct AnsweredChallenges: Sendable {
    private struct Answer: Sendable {
        /// Authorization or Proxy-Authorization.
        let header: SIPHeaderName
        var challenge: DigestChallenge
        /// One for each nonce.
        var clientNonce: String
        /// How many requests the nonce was used for.
        var count: UInt32
        /// Nobody has taken it yet.
        var isFresh: Bool
    }

    /// A request goes out so often at most: with a proxy and a gateway, each of which may call its nonce stale once.
    static let maximumAttempts = 5
    /// Far more realms than a request passes on its way.
    private static let maximumRealms = 8

    private var answers: [Answer] = []

    /// Takes the challenges of a 401 or 407. A proxy that forked may hold both kinds in either (RFC 3261 §16.7 step 7).
    ///
    /// True where the request may go again, with ``authorize(_:_:)``; false where nothing can be answered that has not
    /// been refused already.
    mutating func take(
        _ response: SIPResponse, _ credentials: DigestCredentials, _ random: inout RandomSource
    ) -> Bool {
        guard response.status == .unauthorized || response.status == .proxyAuthenticationRequired else { return false }
        let challenges = Self.challenges(of: response, credentials)
        for index in answers.indices
        where !challenges.contains(where: {
            $0.header == answers[index].header && $0.challenge.realm == answers[index].challenge.realm
        }) {
            // It came as far as to somebody else's challenge.
            answers[index].isFresh = false
        }
        var canGoAgain = false
        for (header, challenge) in challenges {
            if let index = answers.firstIndex(where: { $0.header == header && $0.challenge.realm == challenge.realm }) {
                let isAnotherNonce = answers[index].challenge.nonce != challenge.nonce
                guard !answers[index].isFresh || (challenge.isStale && isAnotherNonce) else { return false }
                answers[index].challenge = challenge
                answers[index].isFresh = true
                if isAnotherNonce {
                    answers[index].clientNonce = random.hex(bytes: 8)
                    answers[index].count = 0
                }
                canGoAgain = true
            } else if answers.count < Self.maximumRealms {
                answers.append(
                    Answer(
                        header: header, challenge: challenge, clientNonce: random.hex(bytes: 8), count: 0,
                        isFresh: true))
                canGoAgain = true
            }
        }
        return canGoAgain
    }

    /// Any other final response: what was sent is good. A `nextnonce` is used from now on (RFC 7616 §3.5).
    mutating func settle(_ response: SIPResponse, _ random: inout RandomSource) {
        for index in answers.indices { answers[index].isFresh = false }
        let places: [(info: SIPHeaderName, answer: SIPHeaderName)] = [
            ("Authentication-Info", .authorization), ("Proxy-Authentication-Info", .proxyAuthorization),
        ]
        for place in places {
            // It names no realm: with several of one kind nobody knows whose it is.
            guard let info = response.headers[place.info], let nonce = DigestText.parameter("nextnonce", of: info),
                answers.count(where: { $0.header == place.answer }) == 1,
                let index = answers.firstIndex(where: { $0.header == place.answer })
            else { continue }
            answers[index].challenge = answers[index].challenge.with(nonce: nonce)
            answers[index].clientNonce = random.hex(bytes: 8)
            answers[index].count = 0
        }
    }

    /// Adds what answers all challenges so far; each nonce counts one use more (RFC 7616 §3.4, `nc`).
    ///
    /// - Parameter request: with its body: an answer may vouch for it.
    mutating func authorize(_ request: inout SIPRequest, _ credentials: DigestCredentials) {
        for index in answers.indices {
            answers[index].count += 1
            let answer = answers[index]
            request.headers.append(
                answer.header,
                answer.challenge.answer(
                    credentials, method: request.method, uri: request.uri.description,
                    body: request.body, clientNonce: answer.clientNonce, count: answer.count))
        }
    }

    /// Of each realm the topmost challenge that can be answered: the server puts the one first that it prefers
    /// (RFC 8760 §2.3, §2.4). Not those of a realm that the credentials are not for.
    private static func challenges(
        of response: SIPResponse, _ credentials: DigestCredentials
    ) -> [(header: SIPHeaderName, challenge: DigestChallenge)] {
        var chosen: [(header: SIPHeaderName, challenge: DigestChallenge)] = []
        for (name, header) in [
            (SIPHeaderName.wwwAuthenticate, SIPHeaderName.authorization), (.proxyAuthenticate, .proxyAuthorization),
        ] {
            for challenge in response.headers.all(name).flatMap(DigestChallenge.all) {
                guard credentials.realm == nil || credentials.realm == challenge.realm else { continue }
                if !chosen.contains(where: { $0.header == header && $0.challenge.realm == challenge.realm }) {
                    chosen.append((header, challenge))
                }
            }
        }
        return chosen
    }
}
