import API
import AnswerDetection
import CallControl
import Foundation
import Logging
import NIOCore
import Runtime
import SIP
import Telephony
import Webhooks

/// Everything that `belay serve` goes by, checked.
struct ServerConfiguration {
    struct Endpoint {
        var host: String
        var port: Int

        init(host: String, port: Int) { (self.host, self.port) = (host, port) }

        /// Of `HOST:PORT`; an IPv6 address stands in brackets.
        init?(_ text: String) {
            guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
                return nil
            }
            let host = text[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
            guard !host.isEmpty else { return nil }
            self.init(host: host, port: Int(port))
        }

        /// - Parameter port: the one that the system chose, where this one is 0.
        func url(port: Int) -> String { "http://\(host.contains(":") ? "[\(host)]" : host):\(port)" }

        /// Where a program of this machine finds what listens there: 0.0.0.0 means every address, and is none itself.
        func localURL(port: Int) -> String {
            switch host {
            case "0.0.0.0": Endpoint(host: "127.0.0.1", port: port).url(port: port)
            case "::": Endpoint(host: "::1", port: port).url(port: port)
            default: url(port: port)
            }
        }
    }

    /// The trunk as configured; its host may be a name.
    struct TrunkTarget {
        var host: String
        var port: UInt16
        var uri: SIPURI
    }

    /// Where `/admin` is answered.
    enum OperatorPlace {
        /// In the data folder.
        case socket
        /// With the REST API.
        case shared
        case address(Endpoint)
    }

    /// Where `/metrics` is answered.
    enum MetricsPlace {
        /// With the REST API, for the operator's token.
        case `operator`
        /// With the REST API, for anybody.
        case open
        /// There, for anybody.
        case address(Endpoint)
    }

    /// How digits go out over the trunk.
    enum TrunkDigits: String, CaseIterable {
        /// As telephone events, or as tones where none were agreed.
        case media
        /// By SIP INFO.
        case info
    }

    var dataFolder: String
    var http: Endpoint
    var connectionLimits: ConnectionLimits
    var adminHTTP: OperatorPlace
    var metricsHTTP: MetricsPlace
    /// Whose `X-Forwarded-For` is believed.
    var trustedProxies: [AddressRange]
    /// From one address; 0: answered without delay, however many.
    var wrongKeysPerMinute: Int
    var sip: TransportAddress
    var advertised: String?
    var rtpPorts: ClosedRange<UInt16>
    var trunk: TrunkTarget?
    var isTrunkBehindNAT: Bool
    var followsMedia: Bool
    /// Where its calls come from, besides its own address.
    var trunkAddresses: [TrunkAddress]
    /// Nil: at the start only.
    var trunkLookupSeconds: Double?
    var numberForms: NumberForms
    var callerSource: ExchangeConfiguration.CallerSource
    var trunkCredentials: DigestCredentials?
    var trunkDigits: TrunkDigits
    /// Who else answers in the simulated carrier; nil: nobody.
    var peopleFile: String?
    var carrierSeed: UInt64
    /// Nil: no limit.
    var callsPerSecond: Double?
    var callsAtOnce: Int?
    var publicURL: WebURL?
    /// Of SIP addresses that may be called.
    var addressHosts: [String]
    /// Where calls are no calls abroad; nil: in the country of the server's own first number.
    var homeCountries: HomeCountries?
    /// That accounts may register; empty: any.
    var offeredNumbers: [PhoneNumber]
    var webhookAllowed: [AddressRange]
    var webhookConnectSeconds: Double
    var webhookSeconds: Double
    /// Comma-separated; nil: those of the system.
    var nameServers: String?
    var webhookWaitSeconds: Double
    /// Of one account at once to one host, for scripts and for notifications.
    var webhookConnections: Int
    /// For scripts, of all accounts to all hosts.
    var webhookConnectionsInAll: Int
    var notificationConnections: Int
    /// Files of certificates.
    var webhookAuthorities: [String]
    var compatibility: Compatibility
    /// Nil: never.
    var deadLineSeconds: Double?
    var longestCallSeconds: Double
    var answerDetection: AnswerDetectionConfiguration
    /// Nil: ifMachineUrl's script does not wait for a beep.
    var beepWaitSeconds: Double?
    var recordsParticipants: Bool
    var queuedCallSeconds: Double
    /// Nil: a call waits for its turn for any time.
    var queueSeconds: Double?
    var drainSeconds: Double
    /// How late the call loop may be before new calls are refused; nil: as late as it is.
    var overloadMilliseconds: Int?
    var timerT1Milliseconds: Int
    var node: UInt16
    var retention: Retention
    var minimumFreeBytes: Int
    var logFormat: ServerLog.Format
    var logLevel: Logger.Level

    private static let megabyte = 1024.0 * 1024

    init(_ source: SettingSource, home: String?) throws {
        let reader = SettingReader(source: source)
        dataFolder = reader.text("data") ?? Self.defaultDataFolder(home: home)
        http = try reader.endpoint("http", default: Endpoint(host: "127.0.0.1", port: 8080))
        connectionLimits = try reader.connectionLimits()
        adminHTTP =
            try reader.parse("admin-http", "socket, shared or HOST:PORT") { text in
                switch text {
                case "socket": .socket
                case "shared": .shared
                default: Endpoint(text).map { .address($0) }
                }
            } ?? .socket
        metricsHTTP =
            try reader.parse("metrics-http", "operator, open or HOST:PORT") { text in
                switch text {
                case "operator": .operator
                case "open": .open
                default: Endpoint(text).map { .address($0) }
                }
            } ?? .operator
        trustedProxies = try reader.list("trusted-proxies", "an address, or a CIDR such as 10.0.0.0/8") {
            AddressRange($0)
        }
        wrongKeysPerMinute = Int(try reader.number("wrong-keys-per-minute", in: 0...1_000_000) ?? 60)
        sip = try reader.address("sip", default: TransportAddress(address: .loopback, port: 5060))
        advertised = try reader.parse("advertise", "an IP address") { IPAddress($0)?.description }
        rtpPorts = try reader.ports("rtp-ports", default: 16_384...32_767)
        trunk = try reader.trunk()
        isTrunkBehindNAT = try reader.bool("trunk-nat") ?? false
        // Who is behind a NAT can be reached only where its media comes from; and the carrier's people have one of them.
        followsMedia =
            try reader.parse("trunk-media", "description or follow") { text in
                switch text {
                case "description": false
                case "follow": true
                default: nil
                }
            } ?? (isTrunkBehindNAT || trunk == nil)
        trunkAddresses = try reader.trunkAddresses()
        let lookupPause = try reader.number("trunk-lookup-seconds", in: 0...86_400) ?? 300
        trunkLookupSeconds = lookupPause > 0 ? lookupPause : nil
        numberForms = try reader.numberForms()
        callerSource =
            try reader.parse(
                "trunk-caller",
                "one of " + ExchangeConfiguration.CallerSource.allCases.map(\.rawValue).joined(separator: ", ")
            ) { ExchangeConfiguration.CallerSource(rawValue: $0) } ?? .from
        if trunk == nil {
            for name in ["trunk-addresses", "trunk-lookup-seconds", "trunk-country", "trunk-caller"]
            where reader.text(name) != nil {
                throw ConfigurationError(description: "\(name) says something of the trunk, and trunk is not set")
            }
        }
        let username = reader.text("trunk-username"), password = reader.text("trunk-password")
        switch (username, password) {
        case (let username?, let password?):
            trunkCredentials = DigestCredentials(username: username, password: password)
        case (nil, nil): trunkCredentials = nil
        default:
            throw ConfigurationError(description: "trunk-username and trunk-password belong together; one is missing")
        }
        trunkDigits =
            try reader.parse("trunk-digits", "one of " + TrunkDigits.allCases.map(\.rawValue).joined(separator: ", ")) {
                TrunkDigits(rawValue: $0)
            } ?? .media
        addressHosts = try reader.list("sip-uri-hosts", "a host name or an IPv4 address") {
            SIPAddress.isHost($0) ? $0.lowercased() : nil
        }
        offeredNumbers = try reader.list("offered-numbers", "a number in E.164 form such as +13125550100") {
            PhoneNumber($0)
        }
        homeCountries = try reader.homeCountries(of: numberForms, offered: offeredNumbers)
        peopleFile = reader.text("people") ?? Self.existing(CarrierCommand.peopleFile(in: dataFolder))
        if trunk != nil, reader.text("people") != nil {
            throw ConfigurationError(
                description: "people answer in the simulated carrier only, and trunk is set; leave one of the two out")
        }
        carrierSeed = UInt64(try reader.number("carrier-seed", in: 0...1e15) ?? 1)
        // A real trunk's pace is somebody's phone bill (docs/contract/calls.md#pace); the simulated carrier has none.
        let rate = try reader.number("calls-per-second", in: 0...10_000) ?? (trunk == nil ? 0 : 1)
        let lines = try reader.number("calls-at-once", in: 0...1_000_000) ?? (trunk == nil ? 0 : 20)
        callsPerSecond = rate > 0 ? rate : nil
        callsAtOnce = lines > 0 ? Int(lines) : nil
        publicURL = try reader.parse("public-url", "an absolute http or https URL") { WebURL($0) }
        webhookAllowed = try reader.list("webhook-allow", "a CIDR such as 10.0.0.0/8") { AddressRange($0) }
        webhookConnectSeconds = try reader.number("webhook-connect-seconds", in: 0.01...300) ?? 5
        webhookSeconds = try reader.number("webhook-seconds", in: 0.01...300) ?? 15
        nameServers = reader.text("name-servers")
        webhookWaitSeconds = try reader.number("webhook-wait-seconds", in: 0.01...3600) ?? 60
        webhookConnections = Int(try reader.number("webhook-connections", in: 1...10_000) ?? 1000)
        webhookConnectionsInAll = Int(try reader.number("webhook-connections-in-all", in: 1...100_000) ?? 4000)
        notificationConnections = Int(try reader.number("notification-connections", in: 1...10_000) ?? 64)
        webhookAuthorities = try reader.list("webhook-ca", "a file of certificates in PEM") { $0.isEmpty ? nil : $0 }
        compatibility =
            try reader.parse("compat", "one of " + Compatibility.allCases.map(\.rawValue).joined(separator: ", ")) {
                Compatibility(rawValue: $0)
            } ?? .current
        let deadLine = try reader.number("dead-line-seconds", in: 0...86_400) ?? 60
        deadLineSeconds = deadLine > 0 ? deadLine : nil
        longestCallSeconds = try reader.number("max-call-seconds", in: 1...604_800) ?? 4 * 3600
        answerDetection = AnswerDetectionConfiguration(
            method: try reader.parse(
                "machine-detection",
                "one of " + AnswerDetectionConfiguration.Method.allCases.map(\.rawValue).joined(separator: ", ")
            ) { AnswerDetectionConfiguration.Method(rawValue: $0) } ?? .model)
        let beepWait = try reader.number("machine-beep-seconds", in: 0...300) ?? 0
        beepWaitSeconds = beepWait > 0 ? beepWait : nil
        recordsParticipants = try reader.bool("record-participants") ?? false
        queuedCallSeconds = try reader.number("queued-call-seconds", in: 0...604_800) ?? 3600
        let queueWait = try reader.number("queue-seconds", in: 0...86_400) ?? 20
        queueSeconds = queueWait > 0 ? queueWait : nil
        drainSeconds = try reader.number("drain-seconds", in: 0...86_400) ?? 30
        let overload = Int(try reader.number("overload-ms", in: 0...3_600_000) ?? 1000)
        overloadMilliseconds = overload > 0 ? overload : nil
        timerT1Milliseconds = Int(try reader.number("timer-t1-ms", in: 10...10_000) ?? 500)
        node = UInt16(try reader.number("node", in: 0...65_535) ?? 0)
        func limit(_ name: String, _ fallback: Double) throws -> Double? {
            let value = try reader.number(name, in: 0...1e9) ?? fallback
            return value > 0 ? value : nil
        }
        retention = Retention(
            callDays: try limit("keep-calls-days", 90), journalDays: try limit("keep-logs-days", 30),
            recordingDays: try limit("keep-recordings-days", 0),
            recordingBytes: try limit("keep-recordings-mb", 0).map { Int($0 * Self.megabyte) })
        minimumFreeBytes = Int(try reader.number("min-free-mb", in: 0...1e9) ?? 100) * Int(Self.megabyte)
        logFormat =
            try reader.parse(
                "log-format", "one of " + ServerLog.Format.allCases.map(\.rawValue).joined(separator: ", ")
            ) {
                ServerLog.Format(rawValue: $0)
            } ?? .auto
        logLevel =
            try reader.parse("log-level", "one of " + Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")) {
                Logger.Level(rawValue: $0)
            } ?? .notice
    }

    /// With no trunk only the simulated carrier can be called, so that a webhook app on this machine is what is meant.
    var allowedForWebhooks: [AddressRange] {
        trunk == nil
            ? webhookAllowed + ["127.0.0.0/8", "::1/128"].compactMap { AddressRange($0) } : webhookAllowed
    }

    /// No account has more than three quarters of all places: another's webhook finds one at once.
    private func webhookLimits(perHost: Int, total: Int, isForScripts: Bool) -> RequestLimits {
        RequestLimits(
            connect: .seconds(webhookConnectSeconds), whole: .seconds(webhookSeconds),
            wait: .seconds(webhookWaitSeconds),
            perHost: perHost, perAccount: max(1, total * 3 / 4), total: total, mayExceedHost: isForScripts)
    }

    var scriptLimits: RequestLimits {
        webhookLimits(perHost: webhookConnections, total: webhookConnectionsInAll, isForScripts: true)
    }
    var notificationLimits: RequestLimits {
        webhookLimits(
            perHost: notificationConnections, total: max(1024, notificationConnections * 4), isForScripts: false)
    }

    /// Whom webhooks and audio trust over TLS. OpenSSL's variables count as they do for its own programs.
    func certificateTrust(environment: [String: String]) throws -> CertificateTrust {
        func text(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        do throws(CertificateTrust.Unusable) {
            return try CertificateTrust(
                files: webhookAuthorities, environmentFile: text("SSL_CERT_FILE"),
                environmentFolders: text("SSL_CERT_DIR")?.split(separator: ":").map(String.init) ?? [])
        } catch {
            throw ConfigurationError(
                description: "whom webhooks trust is not known: \(error); see webhook-ca and SSL_CERT_FILE")
        }
    }

    private static func existing(_ path: String) -> String? {
        FileManager.default.fileExists(atPath: path) ? path : nil
    }

    /// For a command of this machine: the folder as given, else the environment's, else where a server keeps it by itself.
    static func dataFolder(given: String?) -> String {
        let environment = ProcessInfo.processInfo.environment
        return given ?? environment["BELAY_DATA"] ?? defaultDataFolder(home: environment["HOME"])
    }

    static func defaultDataFolder(home: String?) -> String {
        home.map { $0 + "/.local/share/belay" } ?? "belay-data"
    }
}

/// Reads settings and says what is wrong with one.
struct SettingReader {
    let source: SettingSource

    func text(_ name: String) -> String? { source.values[name]?.text }

    func parse<Value>(_ name: String, _ allowed: String, _ parse: (String) -> Value?) throws -> Value? {
        guard let value = source.values[name] else { return nil }
        guard let parsed = parse(value.text) else {
            throw ConfigurationError(description: "\(value.origin) is \"\(value.text)\"; \(allowed) is needed")
        }
        return parsed
    }

    func list<Value>(_ name: String, _ allowed: String, _ parse: (String) -> Value?) throws -> [Value] {
        try self.parse(name, allowed) { text in
            let parts = text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            let values = parts.compactMap(parse)
            return values.count == parts.count ? values : nil
        } ?? []
    }

    func number(_ name: String, in range: ClosedRange<Double>) throws -> Double? {
        let bounds = [range.lowerBound, range.upperBound].map { $0 == $0.rounded() ? "\(Int($0))" : "\($0)" }
        return try parse(name, "a number from \(bounds[0]) to \(bounds[1])") { text in
            Double(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    func bool(_ name: String) throws -> Bool? {
        try parse(name, "true or false") { Bool($0) }
    }

    func endpoint(_ name: String, default fallback: ServerConfiguration.Endpoint) throws
        -> ServerConfiguration.Endpoint
    {
        try parse(name, "HOST:PORT") { ServerConfiguration.Endpoint($0) } ?? fallback
    }

    func connectionLimits() throws -> ConnectionLimits {
        func time(_ name: String, _ fallback: Double) throws -> TimeAmount {
            .milliseconds(Int64((try number(name, in: 0.1...3600) ?? fallback) * 1000))
        }
        let total = Int(try number("http-connections", in: 4...100_000) ?? 2048)
        return ConnectionLimits(
            total: total, perSource: try number("http-connections-per-address", in: 1...100_000).map { Int($0) },
            head: try time("http-head-seconds", 10), body: try time("http-body-seconds", 30),
            idle: try time("http-idle-seconds", 60), send: try time("http-send-seconds", 30))
    }

    func address(_ name: String, default fallback: TransportAddress) throws -> TransportAddress {
        try parse(name, "HOST:PORT with an IP address") { TransportAddress($0) } ?? fallback
    }

    func ports(_ name: String, default fallback: ClosedRange<UInt16>) throws -> ClosedRange<UInt16> {
        try parse(name, "a range A-B of ports from 1024 to 65535 with at least one even port and the one after it") {
            text in
            let parts = text.split(separator: "-").compactMap { UInt16($0) }
            guard parts.count == 2, parts[0] >= 1024, parts[0] < parts[1] else { return nil }
            // RTCP has the odd port after each even one.
            let first = parts[0] + parts[0] % 2
            let last = parts[1] - (parts[1] % 2 == 0 ? 1 : 0)
            return first < last ? first...last : nil
        } ?? fallback
    }
}
