import Foundation
import NIOPosix
import NIOSSL
import NameResolution
import Telephony
import Testing

@testable import Webhooks

/// A folder with files, gone with it.
private final class PEMFolder {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("belay-pem-\(UUID())").path

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
        return "\(path)/\(name)"
    }
}

private func certificate(_ text: String) throws -> NIOSSLCertificate {
    try #require(try NIOSSLCertificate.fromPEMBytes(Array(text.utf8)).first)
}

@Suite("Whose certificates are trusted (docs/decisions/0017)")
struct CertificateTrustTests {
    private let folder: PEMFolder

    init() throws { folder = try PEMFolder() }

    @Test("Files add to the system's own, each certificate once; nothing named adds nothing")
    func files() throws {
        let one = try folder.file("one.pem", Certificates.authority)
        let two = try folder.file("two.pem", Certificates.selfSigned + "\n" + Certificates.authority)
        let trust = try CertificateTrust(files: [one, two]).tlsConfiguration
        #expect(trust.trustRoots == .default || trust.trustRoots == nil)
        #expect(
            trust.additionalTrustRoots
                == [.certificates([try certificate(Certificates.authority), try certificate(Certificates.selfSigned)])])
        #expect(try CertificateTrust(files: []).tlsConfiguration.additionalTrustRoots.isEmpty)
    }

    @Test("SSL_CERT_FILE or SSL_CERT_DIR alone adds to the system's own; both of them take their place")
    func environment() throws {
        let own = try folder.file("own.pem", Certificates.selfSigned)
        let file = try folder.file("file.pem", Certificates.authority)
        let others = try PEMFolder()
        _ = try others.file("a.pem", Certificates.expiredAuthority)
        _ = try others.file("readme.txt", "no certificate")
        let (authority, ended) = (
            try certificate(Certificates.authority), try certificate(Certificates.expiredAuthority)
        )
        let mine = try certificate(Certificates.selfSigned)

        let byFile = try CertificateTrust(files: [own], environmentFile: file).tlsConfiguration
        #expect(byFile.trustRoots == .default || byFile.trustRoots == nil)
        #expect(byFile.additionalTrustRoots == [.certificates([mine, authority])])
        let byFolder = try CertificateTrust(files: [own], environmentFolders: [others.path]).tlsConfiguration
        #expect(byFolder.trustRoots == .default || byFolder.trustRoots == nil)
        #expect(byFolder.additionalTrustRoots == [.certificates([mine, ended])])
        let both = try CertificateTrust(
            files: [own], environmentFile: file, environmentFolders: [others.path]
        ).tlsConfiguration
        #expect(both.trustRoots == .certificates([authority, ended]))
        #expect(both.additionalTrustRoots == [.certificates([mine])])
    }

    @Test(
        "A file without a certificate, and one that is not there, is named; a folder that is not there is passed over")
    func unusable() throws {
        let empty = try folder.file("empty.pem", "nothing")
        for path in [empty, "\(folder.path)/missing.pem"] {
            let fault = #expect(throws: CertificateTrust.Unusable.self) { try CertificateTrust(files: [path]) }
            #expect(fault?.description.contains(path) == true)
            #expect(throws: CertificateTrust.Unusable.self) { try CertificateTrust(files: [], environmentFile: path) }
        }
        let none = try CertificateTrust(files: [], environmentFolders: ["\(folder.path)/missing"])
        #expect(none.tlsConfiguration.additionalTrustRoots.isEmpty)
    }
}

@Suite("What is told of a certificate that was refused (docs/decisions/0017)")
struct CertificateExaminationTests {
    private func post(
        to host: String = "hooks.example", trusting authority: String?, _ server: TLSServer
    ) async throws -> WebhookOutcome {
        let folder = try PEMFolder()
        let files = try authority.map { [try folder.file("ca.pem", $0)] } ?? []
        let client = WebhookClient(
            group: MultiThreadedEventLoopGroup.singleton, addressGuard: Sample.loopback,
            resolver: NameResolver { _ in [.v4(0x7F00_0001)] }, trust: try CertificateTrust(files: files))
        let outcome = await client.post("https://\(host):\(server.port)/")
        await client.close()
        await server.stop()
        return outcome
    }

    @Test("A certificate of an authority that is trusted is taken")
    func trusted() async throws {
        let server = try await TLSServer(Certificates.leaf)
        #expect(try await post(trusting: Certificates.authority, server) == .ok("ok"))
    }

    @Test("Nobody's certificate: its issuer is named")
    func unknownIssuer() async throws {
        let outcome = try await post(trusting: nil, TLSServer(Certificates.leaf))
        #expect(outcome.failureKind == .tls, "\(outcome)")
        #expect(outcome.explanation.contains("issued by Belay Test Authority"), "\(outcome)")
        #expect(outcome.explanation.contains("hooks.example:") && outcome.explanation.contains("(127.0.0.1)"))
    }

    @Test("Its own: self-signed")
    func selfSigned() async throws {
        let outcome = try await post(trusting: nil, TLSServer(Certificates.selfSigned))
        #expect(outcome.failureKind == .tls && outcome.explanation.contains("is self-signed"), "\(outcome)")
    }

    @Test("One that is over, and since when; one that has not begun, and from when on")
    func dates() async throws {
        let over = try await post(trusting: Certificates.authority, TLSServer(Certificates.expired))
        #expect(over.failureKind == .tls, "\(over)")
        #expect(over.explanation.contains("its certificate expired on 2002-03-04"), "\(over)")
        let early = try await post(trusting: Certificates.authority, TLSServer(Certificates.early))
        #expect(early.failureKind == .tls, "\(early)")
        #expect(early.explanation.contains("its certificate is valid from 2098-05-06 on"), "\(early)")
    }

    @Test("Where its issuer's is over, that one is named")
    func issuerOver() async throws {
        let outcome = try await post(
            trusting: nil, TLSServer(Certificates.ofExpired, Certificates.expiredAuthority))
        #expect(
            outcome.explanation.contains("the certificate of its issuer expired on 2003-07-08"), "\(outcome)")
    }

    @Test("One for other names: they are told, and the one that was asked for")
    func wrongName() async throws {
        let outcome = try await post(
            to: "other.example", trusting: Certificates.authority, TLSServer(Certificates.leaf))
        #expect(outcome.failureKind == .tls, "\(outcome)")
        #expect(
            outcome.explanation.contains("is for hooks.example, 127.0.0.9 and not for other.example"), "\(outcome)")
    }
}

@Suite("Subject and issuer of a certificate (RFC 5280 §4.1)")
struct CertificateNamesTests {
    private func names(_ text: String) throws -> CertificateNames? {
        CertificateNames(der: try certificate(text).toDERBytes())
    }

    @Test("The issuer's common name, whatever stands before it; else its organization")
    func issuer() throws {
        #expect(try names(Certificates.leaf)?.issuer == "Belay Test Authority")
        #expect(try names(Certificates.ofExpired)?.issuer == "Expired Authority")
    }

    @Test("One whose issuer is its subject is self-signed, and no other")
    func selfSigned() throws {
        #expect(try names(Certificates.selfSigned)?.isSelfSigned == true)
        #expect(try names(Certificates.authority)?.isSelfSigned == true)
        #expect(try names(Certificates.leaf)?.isSelfSigned == false)
    }

    /// An element (ITU-T X.690 §8.1), its length in so many octets of the long form, or in the short one.
    private func element(_ tag: UInt8, _ content: [UInt8], longForm: Int? = nil) -> [UInt8] {
        guard let longForm else { return [tag, UInt8(content.count)] + content }
        let octets = (0..<longForm).reversed().map { UInt8(truncatingIfNeeded: content.count >> (8 * $0)) }
        return [tag, 0x80 | UInt8(longForm)] + octets + content
    }

    private func name(_ attributes: (last: UInt8, text: String)...) -> [UInt8] {
        element(
            0x30,
            attributes.flatMap { last, text in
                element(0x31, element(0x30, element(0x06, [0x55, 0x04, last]) + element(0x0C, Array(text.utf8))))
            })
    }

    private func made(version: Bool, issuer: [UInt8], longForm: Int? = nil) -> [UInt8] {
        let fields =
            (version ? element(0xA0, element(0x02, [2])) : []) + element(0x02, [1]) + element(0x30, []) + issuer
            + element(0x30, []) + name((last: 3, text: "subject"))
        return element(0x30, element(0x30, fields, longForm: longForm), longForm: longForm)
    }

    @Test(
        "With a version and without (v1 names none), and with lengths of up to three octets", arguments: [true, false])
    func forms(_ hasVersion: Bool) {
        let issuer = name((last: 10, text: "O"), (last: 3, text: "CN"))
        for longForm in [nil, 1, 2, 3] {
            let names = CertificateNames(der: made(version: hasVersion, issuer: issuer, longForm: longForm))
            #expect(names?.issuer == "CN", "\(longForm ?? 0)")
            #expect(names?.isSelfSigned == false)
        }
        #expect(CertificateNames(der: made(version: hasVersion, issuer: issuer, longForm: 4)) == nil)
    }

    @Test("An issuer without either name has none; who has the same names issued itself")
    func nameless() {
        let nameless = CertificateNames(der: made(version: true, issuer: name((last: 6, text: "DE"))))
        #expect(nameless != nil && nameless?.issuer == nil)
        #expect(
            CertificateNames(der: made(version: true, issuer: name((last: 3, text: "subject"))))?.isSelfSigned == true)
    }

    @Test("Bytes that end too early, or are something else, are no certificate")
    func malformed() {
        let whole = made(version: true, issuer: name((last: 3, text: "CN")))
        for count in 0..<whole.count { #expect(CertificateNames(der: Array(whole.prefix(count))) == nil, "\(count)") }
        #expect(CertificateNames(der: element(0x31, element(0x30, []))) == nil)
        #expect(CertificateNames(der: element(0x30, element(0x31, []))) == nil)
        #expect(CertificateNames(der: element(0x30, element(0x30, element(0xA0, [])))) == nil)
    }
}
