/// What a media session begins with: the port that the offer names, and where its numbers begin.
package struct MediaOpening: Hashable, Sendable {
    /// Even by custom (RFC 3550 §11); RTCP uses the next one where it is not multiplexed. 0 lets the system choose.
    package var port: UInt16
    package var synchronizationSource: UInt32
    package var firstSequenceNumber: UInt16
    package var firstTimestamp: UInt32

    package init(port: UInt16, synchronizationSource: UInt32, firstSequenceNumber: UInt16, firstTimestamp: UInt32) {
        self.port = port
        self.synchronizationSource = synchronizationSource
        self.firstSequenceNumber = firstSequenceNumber
        self.firstTimestamp = firstTimestamp
    }
}
