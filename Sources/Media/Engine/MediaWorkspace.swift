internal import CMedia
internal import RTP
internal import Synchronization
internal import Telephony

/// What the sessions of a thread use in turn while they work: nothing here is kept from one session to the next but
/// what it collects for the thread.
///
/// Safe: the buffers live as long as this, are there from the beginning, and one thread alone uses them.
@safe final class MediaWorkspace {
    let inbox: DatagramInbox
    /// The packet that is being made: header and payload.
    let packet: UnsafeMutableBufferPointer<UInt8>
    /// The packet's payload.
    let payload: UnsafeMutableBufferPointer<UInt8>
    /// 20 ms of what is said and of what is heard.
    let said: UnsafeMutableBufferPointer<Int16>
    let heard: UnsafeMutableBufferPointer<Int16>
    let octets: UnsafeMutableBufferPointer<UInt8>
    /// 20 ms of what several say at once.
    let sum: UnsafeMutableBufferPointer<Int32>
    /// A packet in the session's other law.
    let transcoded: UnsafeMutableBufferPointer<UInt8>

    let figures: ThreadFigures
    let writer: RecordingWriter
    /// Handed on at the end of a tick.
    var events: [MediaEvent] = []
    var mixEvents: [MixEvent] = []
    /// Keys that a session's peer has pressed, in the present tick of the session.
    var digits: [DigitStep] = []
    /// What a session's detector has just found.
    var findings: [AnswerFinding] = []
    var random = SystemRandomNumberGenerator()

    /// Now, by the clock that paces the wheel; taken once for each slot's run.
    var monotonic: Int64 = 0
    /// What has to be added to the monotonic clock for the wall clock as it stood when the thread began. It is not looked at
    /// again: reports whose times jump make nonsense of round trips (RFC 3550 §6.4.1).
    private let wallOffset = cmedia_realtime_nanoseconds() - cmedia_monotonic_nanoseconds()

    // Collected over a tick, then added to the figures at once.
    var packetsSent: UInt64 = 0
    var packetsReceived: UInt64 = 0
    var rejected: UInt64 = 0
    var sendFailures: UInt64 = 0

    init(figures: ThreadFigures, writer: RecordingWriter) throws(MediaFailure) {
        inbox = try DatagramInbox()
        unsafe packet = .allocate(capacity: RTPPacket.headerLength + MediaFrame.samples)
        unsafe payload = UnsafeMutableBufferPointer(rebasing: packet[RTPPacket.headerLength...])
        unsafe said = .allocate(capacity: MediaFrame.samples)
        unsafe heard = .allocate(capacity: MediaFrame.samples)
        unsafe octets = .allocate(capacity: MediaFrame.samples)
        unsafe sum = .allocate(capacity: MediaFrame.samples)
        unsafe transcoded = .allocate(capacity: JitterBuffer.maximumPacket)
        unsafe packet.initialize(repeating: 0)
        unsafe said.initialize(repeating: 0)
        unsafe heard.initialize(repeating: 0)
        unsafe octets.initialize(repeating: 0)
        unsafe sum.initialize(repeating: 0)
        unsafe transcoded.initialize(repeating: 0)
        self.figures = figures
        self.writer = writer
    }

    deinit {
        unsafe packet.deallocate()
        unsafe said.deallocate()
        unsafe heard.deallocate()
        unsafe octets.deallocate()
        unsafe sum.deallocate()
        unsafe transcoded.deallocate()
    }

    func takeTime() {
        monotonic = cmedia_monotonic_nanoseconds()
    }

    /// - Parameter monotonic: in nanoseconds.
    func wall(_ monotonic: Int64) -> Int64 { monotonic + wallOffset }

    func takeEvents() -> [MediaEvent] {
        defer { events.removeAll() }
        return events
    }

    /// Adds what a tick collected to the figures.
    func publish() {
        figures.packetsSent.wrappingAdd(packetsSent, ordering: .relaxed)
        figures.packetsReceived.wrappingAdd(packetsReceived, ordering: .relaxed)
        figures.rejected.wrappingAdd(rejected, ordering: .relaxed)
        figures.sendFailures.wrappingAdd(sendFailures, ordering: .relaxed)
        packetsSent = 0
        packetsReceived = 0
        rejected = 0
        sendFailures = 0
    }
}
