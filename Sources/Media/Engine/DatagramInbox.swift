internal import CMedia

/// Room for a batch of datagrams, used by all sessions of a thread in turn.
///
/// Safe: what the system fills lives as long as this, and its sizes are told to the system.
@safe final class DatagramInbox {
    /// Two calls of the system for a usual tick's one packet would be one too many; a burst takes several.
    static let batch = 8
    /// Longer than any RTP packet of a telephone codec and any RTCP compound that we read.
    static let datagramBytes = 2048

    let system: OpaquePointer

    init() throws(MediaFailure) {
        guard let created = unsafe cmedia_inbox_create(UInt32(Self.batch), UInt32(Self.datagramBytes)) else {
            throw MediaFailure("no memory for datagrams")
        }
        unsafe system = created
    }

    deinit {
        unsafe cmedia_inbox_destroy(system)
    }

    subscript(index: Int) -> Datagram {
        unsafe Datagram(cmedia_inbox_datagram(system, UInt32(truncatingIfNeeded: index)))
    }
}
