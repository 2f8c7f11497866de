internal import CMedia

/// A received datagram in its inbox: valid until the next batch is taken.
///
/// Safe as long as it is looked at before that and not kept, as `MediaSession.receive` does, its only user.
@safe struct Datagram {
    let bytes: UnsafeBufferPointer<UInt8>
    /// Longer than the inbox takes; its end is missing.
    let isTruncated: Bool
    /// By the kernel's stamp, on the monotonic clock.
    let arrivalNanoseconds: Int64
    let source: SocketAddress

    init(_ system: cmedia_datagram) {
        unsafe bytes = UnsafeBufferPointer(start: system.bytes, count: Int(system.count))
        isTruncated = unsafe system.isTruncated != 0
        arrivalNanoseconds = unsafe system.arrivalNanoseconds
        source = unsafe SocketAddress(system.source)
    }
}
