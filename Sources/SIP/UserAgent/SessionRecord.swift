package import JSON

/// What must be known of a session to end it after a crash: small, versioned, written whenever `recordChanged` says so.
public struct SessionRecord: Hashable, Codable, Sendable {
    /// The version that this code writes. It reads only this one.
    public static let currentVersion = 1

    public enum Phase: String, Codable, Sendable {
        /// The INVITE may have left; no response with a dialog is known.
        case calling
        /// There are early dialogs.
        case early
        /// Answered.
        case confirmed
    }

    public var version: Int
    public var isIncoming: Bool
    public var identifiers: InvitationIdentifiers
    /// 1, or 2 once the INVITE went out again with credentials.
    public var attempt: Int
    /// CSeq of the latest INVITE.
    public var inviteCSeq: UInt32
    public var destination: TransportAddress
    public var requestURI: AnyURI
    public var from: NameAddress
    public var to: NameAddress
    public var phase: Phase
    /// Early ones while `early`; the confirmed one first when `confirmed`.
    public var dialogs: [Dialog]

    /// The record of an INVITE that is about to leave for the first time: what is stored with the intent to dial.
    public init(invitation: Invitation, identifiers: InvitationIdentifiers) {
        version = Self.currentVersion
        isIncoming = false
        self.identifiers = identifiers
        attempt = 1
        inviteCSeq = 1
        destination = invitation.destination
        requestURI = .sip(invitation.requestURI)
        from = invitation.from
        to = invitation.to
        phase = .calling
        dialogs = []
    }

    init(
        isIncoming: Bool, identifiers: InvitationIdentifiers, attempt: Int, inviteCSeq: UInt32,
        destination: TransportAddress, requestURI: AnyURI, from: NameAddress, to: NameAddress, phase: Phase,
        dialogs: [Dialog]
    ) {
        version = Self.currentVersion
        self.isIncoming = isIncoming
        self.identifiers = identifiers
        self.attempt = attempt
        self.inviteCSeq = inviteCSeq
        self.destination = destination
        self.requestURI = requestURI
        self.from = from
        self.to = to
        self.phase = phase
        self.dialogs = dialogs
    }
}

extension SessionRecord {
    /// Prints what the sorted-keys `JSONEncoder` would print: members in alphabetical order, absent ones left out.
    package func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("attempt", attempt)
            writer.member("destination", destination.recorded)
            writer.array("dialogs") { writer in
                for dialog in dialogs { dialog.write(into: &writer) }
            }
            writer.member("from", from.description)
            writer.member("identifiers") { writer in
                writer.member("branch", identifiers.branch)
                writer.member("callID", identifiers.callID)
                writer.member("fromTag", identifiers.fromTag)
            }
            writer.member("inviteCSeq", Int64(inviteCSeq))
            writer.member("isIncoming", isIncoming)
            writer.member("phase", phase.rawValue)
            writer.member("requestURI", requestURI.description)
            writer.member("to", to.description)
            writer.member("version", version)
        }
    }
}
