/// This side of one audio stream, through all its offers and answers (RFC 3264).
public struct LocalAudio: Hashable, Sendable {
    /// An address, not a name.
    public var address: String
    public var port: UInt16
    /// In order of preference.
    public var codecs: [AudioCodec]
    /// The payload type offered for telephone-event (RFC 4733); dynamic, 96 to 127.
    public var telephoneEventPayload: UInt8
    public var sessionID: UInt64
    /// Of the description that was issued last; of the first one, where none was.
    public var sessionVersion: UInt64
    /// The description that was issued last. What follows keeps its streams and their order (RFC 3264 §8).
    public private(set) var latest: SessionDescription?

    public init(
        address: String, port: UInt16, codecs: [AudioCodec] = [.pcmu, .pcma], telephoneEventPayload: UInt8 = 101,
        sessionID: UInt64, sessionVersion: UInt64
    ) {
        self.address = address
        self.port = port
        self.codecs = codecs
        self.telephoneEventPayload = telephoneEventPayload
        self.sessionID = sessionID
        self.sessionVersion = sessionVersion
    }

    /// Takes note that a description of ``offer`` or ``answer(to:)`` is being sent, and gives it as it leaves: under the
    /// next version where it says something else than the one before, under the same where it says the same
    /// (RFC 3264 §8).
    public mutating func issue(_ description: SessionDescription) -> [UInt8] {
        var description = description
        description.origin?.sessionVersion = sessionVersion
        if let latest, latest != description {
            sessionVersion += 1
            description.origin?.sessionVersion = sessionVersion
        }
        latest = description
        return description.bytes
    }

    /// Takes note that a description that ``offer`` or ``answer(to:)`` gave earlier has been sent as it was.
    public mutating func noteIssued(_ bytes: [UInt8]) {
        guard let description = try? SessionDescription(parsing: bytes) else { return }
        latest = description
        sessionVersion = description.origin?.sessionVersion ?? sessionVersion
    }

    /// Which of the `m=` lines issued last is ours; nil before the first.
    var position: Int? { latest?.media.firstIndex { $0.port != 0 } }
}
