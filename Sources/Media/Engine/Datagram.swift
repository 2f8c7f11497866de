internal import CMedia

/// A received datagram in its inbox: valid until the next batch is taken.
struct Datagram {
    let bytes: UnsafeBufferPointer<UInt8>
    /// Longer than the inbox takes; its end is missing.
    let isTruncated: Bool
    /// By the kernel's stamp, on the monotonic clock.
    let arrivalNanoseconds: Int64
    let source: SocketAddress

    init(_ system: cmedia_datagram) {
        bytes = UnsafeBufferPointer(start: system.bytes, count: Int(system.count))
        isTruncated = system.isTruncated != 0
        arrivalNanoseconds = system.arrivalNanoseconds
        source = SocketAddress(system.source)
    }
}
