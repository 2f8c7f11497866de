internal import CMedia

/// A bound UDP socket that never waits.
struct UDPSocket: ~Copyable {
    private let descriptor: Int32
    private let isIPv6: Int32

    init(boundTo address: SocketAddress) throws(MediaFailure) {
        var system = address.system
        var isIPv6: Int32 = 0
        // Safe, here and below: what the system reads or fills outlives the call, and its size is told with it.
        let result = unsafe cmedia_udp_open(&system, &isIPv6)
        guard result >= 0 else { throw MediaFailure(binding: address, errno: Int(result)) }
        descriptor = result
        self.isIPv6 = isIPv6
    }

    deinit {
        _ = cmedia_close(descriptor)
    }

    var port: UInt16 { UInt16(clamping: cmedia_udp_port(descriptor)) }

    /// Whether an address can be reached from a socket of this family.
    func reaches(_ address: SocketAddress) -> Bool {
        isIPv6 != 0 || (address.host.high == 0 && address.host.low >> 32 == 0xFFFF)
    }

    /// False where the system did not take the datagram: it is lost then, as it might be on the way.
    func send(_ bytes: UnsafeRawBufferPointer, to address: SocketAddress) -> Bool {
        var system = address.system
        return unsafe cmedia_udp_send(descriptor, isIPv6, &system, bytes.baseAddress, bytes.count) >= 0
    }

    /// Has the kernel drop what comes from elsewhere, before it takes room in the queue; port 0 stands for every port of
    /// a host. Nil: nothing is dropped. A kernel that refuses drops nothing, and whoever reads must judge in any case, as
    /// what is in the queue already stays there.
    func admit(only sources: [SocketAddress]?) {
        guard let sources else {
            _ = cmedia_gate_remove(descriptor)
            return
        }
        _ = unsafe cmedia_gate_set(descriptor, sources.map(\.system), sources.count)
    }

    /// Takes a batch of what has arrived; 0 where there is nothing.
    func receive(into inbox: DatagramInbox) -> Int {
        // A pending error (an ICMP message) is read away by the attempt and is nobody's concern: the media that does
        // not come is noticed as such.
        unsafe max(0, Int(cmedia_inbox_receive(inbox.system, descriptor)))
    }
}
