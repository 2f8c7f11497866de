import Foundation
package import NIOSSL

/// Whose certificates are trusted where webhooks and audio go over TLS.
package struct CertificateTrust: Sendable {
    /// A file that was named for its certificates and holds none.
    package struct Unusable: Error, CustomStringConvertible {
        package let description: String
    }

    package let tlsConfiguration: TLSConfiguration

    /// The system's own.
    package init() { tlsConfiguration = .makeClientConfiguration() }

    /// The system's own and `files`, each with one or several certificates in PEM.
    ///
    /// As with OpenSSL's programs, `SSL_CERT_FILE` and `SSL_CERT_DIR` take the place of the system's file and of its
    /// folder: with both of them set, the system's own count no more.
    /// - Parameters:
    ///   - environmentFile: `SSL_CERT_FILE`.
    ///   - environmentFolders: `SSL_CERT_DIR`: all files in them that hold certificates.
    package init(
        files: [String], environmentFile: String? = nil, environmentFolders: [String] = []
    ) throws(Unusable) {
        var own: [NIOSSLCertificate] = []
        for path in files { own += try Self.certificates(in: path) }
        var environment: [NIOSSLCertificate] = []
        if let environmentFile { environment += try Self.certificates(in: environmentFile) }
        for folder in environmentFolders { environment += Self.certificates(inFolder: folder) }
        var configuration = TLSConfiguration.makeClientConfiguration()
        if environmentFile != nil, !environmentFolders.isEmpty {
            configuration.trustRoots = .certificates(Self.once(environment))
        } else {
            own += environment
        }
        if !own.isEmpty { configuration.additionalTrustRoots = [.certificates(Self.once(own))] }
        tlsConfiguration = configuration
    }

    private static func certificates(in path: String) throws(Unusable) -> [NIOSSLCertificate] {
        let found = try? NIOSSLCertificate.fromPEMFile(path)
        guard let found, !found.isEmpty else {
            throw Unusable(
                description: "\(path) cannot be read, or holds no certificate in PEM (-----BEGIN CERTIFICATE-----)")
        }
        return found
    }

    /// What is no certificate is passed over, as OpenSSL does.
    private static func certificates(inFolder folder: String) -> [NIOSSLCertificate] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().flatMap { (try? NIOSSLCertificate.fromPEMFile("\(folder)/\($0)")) ?? [] }
    }

    /// A system's folder has each certificate under two names.
    private static func once(_ certificates: [NIOSSLCertificate]) -> [NIOSSLCertificate] {
        var seen: Set<NIOSSLCertificate> = []
        return certificates.filter { seen.insert($0).inserted }
    }
}
