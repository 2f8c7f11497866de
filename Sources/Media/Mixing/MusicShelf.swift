package import Telephony

/// Which conference has which music, what of it is there, and who hears it.
package struct MusicShelf: Sendable {
    /// Different ones of one account, fetched or on their way: each keeps a file open (docs/sharing.md).
    package static let maximumPieces = 200

    package struct Source: Sendable {
        package let account: AccountID
        package let url: WebURL

        package init(account: AccountID, url: WebURL) {
            self.account = account
            self.url = url
        }
    }

    /// What lies at a waitUrl.
    package struct Piece: Sendable {
        /// That want it.
        package fileprivate(set) var conferences: Set<ConferenceID> = []
        /// Nil while nobody has got it yet. The path tells whether it is still what lies there.
        package var audio: (clip: AudioClip, path: String)?
        /// When it was last wanted.
        fileprivate var use: UInt64 = 0
    }

    /// What a conference is to have.
    package struct Choice: Sendable {
        package let source: Source
        package let fetching: Task<Void, Never>
    }

    package struct Listening: Sendable {
        package let conference: ConferenceID
        /// Its music is not there yet.
        package var isInSilence: Bool

        package init(conference: ConferenceID, isInSilence: Bool) {
            self.conference = conference
            self.isInSilence = isInSilence
        }
    }

    /// Of conferences that have a waitUrl, and not the server's own music in its stead.
    package private(set) var choices: [ConferenceID: Choice] = [:]
    /// Which conference's music those in a mix hear.
    package var listening: [MixID: Listening] = [:]
    /// By what the URL says.
    private var pieces: [AccountID: [String: Piece]] = [:]
    private var uses: UInt64 = 0

    package init() {}

    package subscript(source: Source) -> Piece? {
        get { pieces[source.account]?[source.url.text] }
        set {
            pieces[source.account, default: [:]][source.url.text] = newValue
            if pieces[source.account]?.isEmpty == true { pieces[source.account] = nil }
        }
    }

    /// Another piece may have to give way: the one that was longest not wanted, of those that nobody hears.
    ///
    /// - Returns: false where there is none.
    package mutating func makeRoom(for source: Source) -> Bool {
        let others = pieces[source.account] ?? [:]
        guard others[source.url.text] == nil, others.count >= Self.maximumPieces else { return true }
        let heard = Set(listening.values.map(\.conference))
        let idle = others.filter { $0.value.conferences.isDisjoint(with: heard) }
        guard let last = idle.min(by: { $0.value.use < $1.value.use }) else { return false }
        pieces[source.account]?[last.key] = nil
        return true
    }

    package mutating func take(_ source: Source, for conference: ConferenceID, fetching: Task<Void, Never>) {
        choices[conference] = Choice(source: source, fetching: fetching)
        use(source, for: conference)
    }

    package mutating func use(_ source: Source, for conference: ConferenceID) {
        uses += 1
        var piece = self[source] ?? Piece()
        piece.conferences.insert(conference)
        piece.use = uses
        self[source] = piece
    }

    /// It has the server's own music from here on, or none any more.
    ///
    /// - Returns: what it had been given; nil where that was nothing.
    package mutating func release(_ conference: ConferenceID) -> Choice? {
        guard let choice = choices.removeValue(forKey: conference) else { return nil }
        if var piece = self[choice.source] {
            piece.conferences.remove(conference)
            self[choice.source] = piece.conferences.isEmpty ? nil : piece
        }
        return choice
    }
}
