import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import NameResolution
import Telephony

/// Says why a server's certificate was refused.
///
/// BoringSSL's error is the same for one that has expired and for one of an unknown issuer, and the HTTP library has no
/// hook for its verification. So the certificates are fetched once more, on a connection of their own to the same
/// address, over which nothing is sent; what they say is put into words.
enum CertificateExamination {
    static func isWanted(after error: any Error) -> Bool {
        isWrongName(error) || "\(error)".contains("CERTIFICATE_VERIFY_FAILED")
    }

    private static func isWrongName(_ error: any Error) -> Bool {
        (error as? NIOSSLExtraError) == .failedToValidateHostname
    }

    /// The completion runs once, on an event loop, at the latest shortly after the deadline.
    static func explain(
        _ error: any Error, _ pin: PinnedClients.Pin, client: GuardedClient, until deadline: NIODeadline,
        completion: @escaping @Sendable (String) -> Void
    ) {
        let place = "\(pin.origin.name) (\(pin.address))"
        let isWrongName = isWrongName(error)
        fetch(pin, on: client.group.any(), until: deadline).whenComplete { result in
            let now = Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
            let chain = (try? result.get()) ?? []
            let reason =
                isWrongName ? wrongName(chain.first, host: pin.origin.host) : distrust(of: chain, now: now)
            completion("TLS with \(place) could not be set up: \(reason)")
        }
    }

    private static func wrongName(_ leaf: NIOSSLCertificate?, host: String) -> String {
        let names = leaf.map(names) ?? []
        let whom = names.isEmpty ? "for another name" : "for \(names.joined(separator: ", "))"
        return "its certificate is \(whom) and not for \(host); the URL must name a host that the certificate names"
    }

    /// What is wrong with certificates that no known authority vouches for; the server's own is the first.
    private static func distrust(of chain: [NIOSSLCertificate], now: Timestamp) -> String {
        guard let leaf = chain.first else { return "its certificate is not trusted" }
        for certificate in chain {
            let whose = certificate == leaf ? "its certificate" : "the certificate of its issuer"
            if Int64(certificate.notValidAfter) < now.seconds {
                return "\(whose) expired on \(day(certificate.notValidAfter)); it must be renewed"
            }
            if Int64(certificate.notValidBefore) > now.seconds {
                return "\(whose) is valid from \(day(certificate.notValidBefore)) on; is a clock wrong?"
            }
        }
        let names = (try? leaf.toDERBytes()).flatMap { CertificateNames(der: $0) }
        if names?.isSelfSigned == true {
            return "its certificate is self-signed, and this server does not know it; start the server with "
                + "--webhook-ca FILE, with the certificate in FILE"
        }
        return "its certificate was issued by \(names?.issuer ?? "somebody") whom this server does not know; for an "
            + "authority of your own start the server with --webhook-ca FILE; for a public one the app's server must "
            + "send the intermediate certificates too"
    }

    private static func day(_ seconds: time_t) -> Substring {
        Timestamp(microseconds: Int64(seconds) * 1_000_000).iso8601.prefix(10)
    }

    /// RFC 5280 §4.2.1.6, those that are text; a few of them.
    private static func names(of certificate: NIOSSLCertificate) -> [String] {
        certificate._subjectAlternativeNames().prefix(5).compactMap { name in
            switch name.nameType {
            case .dnsName: return String(decoding: name.contents, as: UTF8.self)
            case .ipAddress: return HostAddress(octets: Array(name.contents))?.description
            default: return nil
            }
        }
    }

    // MARK: The second connection

    private static func fetch(
        _ pin: PinnedClients.Pin, on loop: any EventLoop, until deadline: NIODeadline
    ) -> EventLoopFuture<[NIOSSLCertificate]> {
        let chain = loop.makePromise(of: [NIOSSLCertificate].self)
        let timer = loop.scheduleTask(deadline: deadline) { chain.fail(ChannelError.eof) }
        let name = NameResolver.literal(pin.origin.host) == nil ? pin.origin.host : nil
        do {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.trustRoots = .certificates([])
            let context = try NIOSSLContext(configuration: configuration)
            let address = try SocketAddress(ipAddress: pin.address.description, port: pin.origin.port)
            ClientBootstrap(group: loop)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let handler = try NIOSSLClientHandler(
                            context: context, serverHostname: name,
                            customVerificationCallback: { certificates, verdict in
                                chain.succeed(certificates)
                                verdict.succeed(.failed)
                            })
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                }
                .connect(to: address)
                .whenComplete { result in
                    switch result {
                    case .failure(let error): chain.fail(error)
                    case .success(let channel):
                        channel.closeFuture.whenComplete { _ in chain.fail(ChannelError.eof) }
                        chain.futureResult.whenComplete { _ in channel.close(promise: nil) }
                    }
                }
        } catch {
            chain.fail(error)
        }
        chain.futureResult.whenComplete { _ in timer.cancel() }
        return chain.futureResult
    }
}
