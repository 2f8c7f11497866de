import CSIPTransport
package import SIP

#if canImport(Glibc)
    import Glibc
#endif

/// Which UDP ports somebody holds, found out by taking each for a moment: the only answer that does not hang on what the
/// system lists.
package enum HeldPorts {
    package static func udp(among ports: ClosedRange<UInt16>, at address: IPAddress) -> Set<UInt16> {
        let bytes = address.bytes
        return Set(ports.filter { csip_try_port(bytes, bytes.count, $0) == -EADDRINUSE })
    }
}
