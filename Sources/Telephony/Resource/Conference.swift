/// A conference, in which the calls that were added to it hear each other (docs/contract/rest.md#conferences).
package struct Conference: Hashable, Sendable, Codable {
    package static let maximumAliasLength = 64
    /// Of one account, of those that have not been terminated; more are refused.
    package static let maximumCount = 10_000
    /// So many of its recordings at most, the latest, are told of by a start that finds them incomplete. A file is
    /// complete some milliseconds after its span of talk: more than one are incomplete only where the disk hangs.
    package static let mostIncompleteRecordings = 100

    package enum Status: String, Hashable, Sendable, Codable, CaseIterable {
        /// Nobody is in it.
        case empty
        /// Somebody is in it, and waits for whoever starts it.
        case populated
        case inProgress
        /// For good.
        case terminated
    }

    /// Who is told by a beep that somebody comes or goes: those who are in it.
    package enum PlayBeep: String, Hashable, Sendable, Codable, CaseIterable {
        case always
        case never
        case entryOnly
        case exitOnly

        package var onEntry: Bool { self == .always || self == .entryOnly }
        package var onExit: Bool { self == .always || self == .exitOnly }
    }

    package var conferenceID: ConferenceID
    package var accountID: AccountID
    package var alias: String?
    package var playBeep: PlayBeep
    /// Whether it is recorded while it is in progress.
    package var isRecorded: Bool
    package var status: Status
    /// What those hear who wait for its beginning; nil: the server's own music.
    package var waitURL: WebURL?
    /// CreateConference's.
    package var actionURL: WebURL?
    package var statusCallbackURL: WebURL?
    package var dateCreated: Timestamp
    package var dateUpdated: Timestamp
    package var revision: Int

    package init(
        conferenceID: ConferenceID, accountID: AccountID, alias: String? = nil, playBeep: PlayBeep = .always,
        isRecorded: Bool = false, waitURL: WebURL? = nil, actionURL: WebURL? = nil, statusCallbackURL: WebURL? = nil,
        created: Timestamp
    ) {
        self.conferenceID = conferenceID
        self.accountID = accountID
        self.alias = alias
        self.playBeep = playBeep
        self.isRecorded = isRecorded
        status = .empty
        self.waitURL = waitURL
        self.actionURL = actionURL
        self.statusCallbackURL = statusCallbackURL
        dateCreated = created
        dateUpdated = created
        revision = 1
    }
}

/// A call in a conference (docs/contract/rest.md#participants).
package struct Participant: Hashable, Sendable {
    package var conferenceID: ConferenceID
    package var accountID: AccountID
    package var callID: CallID
    package var standing: ParticipantStanding
    /// The conference is in progress once one of these has come.
    package var startConfOnEnter: Bool
    package var dateCreated: Timestamp
    package var dateUpdated: Timestamp
    package var revision: Int

    package init(
        conferenceID: ConferenceID, accountID: AccountID, callID: CallID, standing: ParticipantStanding,
        startConfOnEnter: Bool, created: Timestamp
    ) {
        self.conferenceID = conferenceID
        self.accountID = accountID
        self.callID = callID
        self.standing = standing
        self.startConfOnEnter = startConfOnEnter
        dateCreated = created
        dateUpdated = created
        revision = 1
    }
}

/// What a participant may.
package struct ParticipantStanding: Hashable, Sendable {
    /// Whether the others hear it.
    package var talk: Bool
    /// Whether it hears the others.
    package var listen: Bool
    /// Whether the others hear its keys.
    package var dtmfPassThrough: Bool

    package init(talk: Bool, listen: Bool, dtmfPassThrough: Bool) {
        self.talk = talk
        self.listen = listen
        self.dtmfPassThrough = dtmfPassThrough
    }
}

/// What is changed of what a participant may; nil leaves it as it is.
package struct ParticipantChange: Hashable, Sendable {
    package var talk: Bool?
    package var listen: Bool?
    package var dtmfPassThrough: Bool?

    package init(talk: Bool? = nil, listen: Bool? = nil, dtmfPassThrough: Bool? = nil) {
        self.talk = talk
        self.listen = listen
        self.dtmfPassThrough = dtmfPassThrough
    }
}

/// Which participants of a conference; nil: whatever they may.
package struct ParticipantFilter: Hashable, Sendable {
    package var talk: Bool?
    package var listen: Bool?
    package var dtmfPassThrough: Bool?

    package init(talk: Bool? = nil, listen: Bool? = nil, dtmfPassThrough: Bool? = nil) {
        self.talk = talk
        self.listen = listen
        self.dtmfPassThrough = dtmfPassThrough
    }

    package func lets(_ standing: ParticipantStanding) -> Bool {
        (talk ?? standing.talk) == standing.talk && (listen ?? standing.listen) == standing.listen
            && (dtmfPassThrough ?? standing.dtmfPassThrough) == standing.dtmfPassThrough
    }
}

/// What a client may change of a conference; nil leaves it as it is.
package struct ConferenceChange: Hashable, Sendable {
    /// What a client may have become of it.
    package enum End: String, Hashable, Sendable, CaseIterable {
        /// Everybody leaves it.
        case empty
        /// Everybody is hung up, for good.
        case terminated
    }

    package var alias: String??
    package var playBeep: Conference.PlayBeep?
    package var end: End?

    package init(alias: String?? = nil, playBeep: Conference.PlayBeep? = nil, end: End? = nil) {
        self.alias = alias
        self.playBeep = playBeep
        self.end = end
    }
}

/// What REST asks of an account's conferences that go on. What they were is read from storage.
package enum ConferenceRequest: Hashable, Sendable {
    case create(Conference)
    case update(ConferenceID, ConferenceChange)
    /// Newest first.
    case participants(ConferenceID, ParticipantFilter, after: PageCursor?)
    case participant(ConferenceID, CallID)
    case updateParticipant(ConferenceID, CallID, ParticipantChange)
    case removeParticipant(ConferenceID, CallID)
}

/// What that comes to.
package enum ConferenceReply: Hashable, Sendable {
    case conference(Conference)
    case participants(Page<Participant>)
    case participant(Participant)
    case removed
    /// The account has no such conference, or it has been terminated.
    case noConference
    /// The call is not in the conference.
    case noParticipant
    /// The account has as many conferences as it may.
    case tooMany
    /// The disk takes no writes, or has not taken this one.
    case notStored
}
