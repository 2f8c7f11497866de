import ArgumentParser

/// The server's settings as options of a command.
struct ServerOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The data folder.", valueName: "dir"))
    var data: String?
    @Option(help: ArgumentHelp("Where the REST API listens (127.0.0.1:8080).", valueName: "host:port"))
    var http: String?
    @Option(help: ArgumentHelp("Connections of the REST API at once (2048).", valueName: "count"))
    var httpConnections: String?
    @Option(help: ArgumentHelp("Of them from one address (half).", valueName: "count"))
    var httpConnectionsPerAddress: String?
    @Option(help: ArgumentHelp("So long a request's head may take (10).", valueName: "seconds"))
    var httpHeadSeconds: String?
    @Option(help: ArgumentHelp("So long a request's body may take (30).", valueName: "seconds"))
    var httpBodySeconds: String?
    @Option(help: ArgumentHelp("So long a connection may wait for its next request (60).", valueName: "seconds"))
    var httpIdleSeconds: String?
    @Option(help: ArgumentHelp("Close a connection whose answer is not taken for so long (30).", valueName: "seconds"))
    var httpSendSeconds: String?
    @Option(
        help: ArgumentHelp(
            "Where the operator is answered: socket, in the data folder, shared, with the REST API, or an address (socket).",
            valueName: "place"))
    var adminHttp: String?
    @Option(
        help: ArgumentHelp(
            "Who gets /metrics: operator, with the token, open, anybody, or an address that anybody may ask (operator).",
            valueName: "place"))
    var metricsHttp: String?
    @Option(
        help: ArgumentHelp(
            "A proxy whose X-Forwarded-For is believed; may be given several times.", valueName: "cidr"))
    var trustedProxies: [String] = []
    @Option(
        help: ArgumentHelp("Slow down wrong keys of one address beyond so many (60); 0: never.", valueName: "count"))
    var wrongKeysPerMinute: String?
    @Option(help: ArgumentHelp("Where SIP over UDP listens (127.0.0.1:5060).", valueName: "host:port"))
    var sip: String?
    @Option(help: ArgumentHelp("The IP address that peers reach this server by.", valueName: "address"))
    var advertise: String?
    @Option(help: ArgumentHelp("RTP and RTCP ports (16384-32767).", valueName: "a-b"))
    var rtpPorts: String?
    @Option(help: ArgumentHelp("Where calls go; without it, to the simulated carrier.", valueName: "sip:host:port"))
    var trunk: String?
    @Option(help: ArgumentHelp("Media may come from anywhere (false).", valueName: "bool"))
    var trunkNat: String?
    @Option(
        help: ArgumentHelp(
            "Send media as the far end's SDP says, or follow its media (description; follow with trunk-nat).",
            valueName: "description|follow"))
    var trunkMedia: String?
    @Option(
        help: ArgumentHelp(
            "An address, CIDR or name that the trunk's calls come from, besides its own; may be given several times.",
            valueName: "address"))
    var trunkAddresses: [String] = []
    @Option(
        help: ArgumentHelp(
            "The trunk's name, and those in trunk-addresses, are looked up anew so often; 0: at the start only (300).",
            valueName: "seconds"))
    var trunkLookupSeconds: String?
    @Option(
        help: ArgumentHelp("Calling code of the trunk's country, for national numbers, such as 49.", valueName: "code"))
    var trunkCountry: String?
    @Option(
        help: ArgumentHelp("What the trunk writes before numbers of other countries (00, 011).", valueName: "digits"))
    var trunkInternationalPrefix: String?
    @Option(help: ArgumentHelp("What the trunk writes before national numbers (0, 1).", valueName: "digits"))
    var trunkNationalPrefix: String?
    @Option(help: ArgumentHelp("Where the trunk says who calls: from, or asserted (from).", valueName: "field"))
    var trunkCaller: String?
    @Option(help: ArgumentHelp("How digits go out: media, or info, by SIP INFO (media).", valueName: "way"))
    var trunkDigits: String?
    @Option(help: ArgumentHelp("For the trunk's digest challenges.", valueName: "name"))
    var trunkUsername: String?
    @Option(
        help: ArgumentHelp("For the trunk's digest challenges; better set in the environment.", valueName: "password"))
    var trunkPassword: String?
    @Option(
        help: ArgumentHelp(
            "People of your own for the simulated carrier (DATA/people.yaml where it exists).", valueName: "file"))
    var people: String?
    @Option(help: ArgumentHelp("The same seed, the same behaviour of the carrier's people (1).", valueName: "n"))
    var carrierSeed: String?
    @Option(
        help: ArgumentHelp(
            "Host of SIP addresses that may be called through the trunk; may be given several times.",
            valueName: "host"))
    var sipUriHosts: [String] = []
    @Option(
        help: ArgumentHelp(
            "A country where calls are no calls abroad, such as DE; may be given several times.",
            valueName: "country"))
    var homeCountries: [String] = []
    @Option(
        help: ArgumentHelp(
            "A number that accounts may register, and no others; may be given several times.", valueName: "number"))
    var offeredNumbers: [String] = []
    @Option(help: ArgumentHelp("The trunk's pace (1); 0: no limit.", valueName: "n"))
    var callsPerSecond: String?
    @Option(help: ArgumentHelp("The trunk's lines (20); 0: no limit.", valueName: "n"))
    var callsAtOnce: String?
    @Option(help: ArgumentHelp("What clients reach the REST API by.", valueName: "url"))
    var publicUrl: String?
    @Option(
        help: ArgumentHelp(
            "A private address range that webhooks and audio may go to; may be given several times.",
            valueName: "cidr"))
    var webhookAllow: [String] = []
    @Option(help: ArgumentHelp("Time limit for a webhook's connection (5).", valueName: "seconds"))
    var webhookConnectSeconds: String?
    @Option(help: ArgumentHelp("Time limit for a whole webhook, once it is its turn (15).", valueName: "seconds"))
    var webhookSeconds: String?
    @Option(help: ArgumentHelp("So long a webhook waits for its turn at a busy host (60).", valueName: "seconds"))
    var webhookWaitSeconds: String?
    @Option(help: ArgumentHelp("An account's requests for scripts at once to one host (1000).", valueName: "count"))
    var webhookConnections: String?
    @Option(help: ArgumentHelp("Requests for scripts at once to all hosts (4000).", valueName: "count"))
    var webhookConnectionsInAll: String?
    @Option(help: ArgumentHelp("An account's notifications at once to one host (64).", valueName: "count"))
    var notificationConnections: String?
    @Option(
        help: ArgumentHelp(
            "Certificates (PEM) that webhooks and audio trust besides the system's; may be given several times.",
            valueName: "file"))
    var webhookCa: [String] = []
    @Option(
        help: ArgumentHelp(
            "A name server to ask, ADDRESS or ADDRESS:PORT, instead of the system's; may be given several times.",
            valueName: "server"))
    var nameServers: [String] = []
    @Option(help: ArgumentHelp("sdk-5.1: answers for SDKs before 5.4.", valueName: "mode"))
    var compat: String?
    @Option(
        help: ArgumentHelp("Hang up when the far end's media is silent so long (60); 0: never.", valueName: "seconds"))
    var deadLineSeconds: String?
    @Option(help: ArgumentHelp("The longest call (14400).", valueName: "seconds"))
    var maxCallSeconds: String?
    @Option(
        help: ArgumentHelp(
            "What tells machines from people: model, or rule, the length of the hello (model).", valueName: "method"))
    var machineDetection: String?
    @Option(
        help: ArgumentHelp(
            "Let ifMachineUrl's script wait so long for the beep (0); 0: it does not.", valueName: "seconds"))
    var machineBeepSeconds: String?
    @Option(
        help: ArgumentHelp(
            "While a conference is recorded, record each participant too, in two channels (false).", valueName: "bool"))
    var recordParticipants: String?
    @Option(help: ArgumentHelp("After a restart, dial waiting calls no older than this (3600).", valueName: "seconds"))
    var queuedCallSeconds: String?
    @Option(
        help: ArgumentHelp(
            "Refuse calls (429) whose turn would come later (20); 0: however late.", valueName: "seconds"))
    var queueSeconds: String?
    @Option(help: ArgumentHelp("How long live calls may go on after SIGTERM (30).", valueName: "seconds"))
    var drainSeconds: String?
    @Option(
        help: ArgumentHelp(
            "Refuse new calls while so late with those there are (1000); 0: never.", valueName: "milliseconds"))
    var overloadMs: String?
    @Option(help: ArgumentHelp("SIP's T1 (500).", valueName: "milliseconds"))
    var timerT1Ms: String?
    @Option(help: ArgumentHelp("Number of this process in branches, tags and Call-IDs (0).", valueName: "n"))
    var node: String?
    @Option(help: ArgumentHelp("Keep ended calls so long (90); 0: for ever.", valueName: "days"))
    var keepCallsDays: String?
    @Option(help: ArgumentHelp("Keep logs so long (30); 0: for ever.", valueName: "days"))
    var keepLogsDays: String?
    @Option(help: ArgumentHelp("Keep recordings so long (0); 0: for ever.", valueName: "days"))
    var keepRecordingsDays: String?
    @Option(help: ArgumentHelp("Delete the oldest recordings beyond so much (0); 0: no limit.", valueName: "mb"))
    var keepRecordingsMb: String?
    @Option(help: ArgumentHelp("Take no new calls with less room on the disk (100).", valueName: "mb"))
    var minFreeMb: String?
    @Option(help: ArgumentHelp("text, json, or auto: JSON where stdout is no terminal (auto).", valueName: "format"))
    var logFormat: String?
    @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical (notice).", valueName: "level"))
    var logLevel: String?
    @Option(help: ArgumentHelp("A YAML file with the same settings.", valueName: "file"))
    var config: String?

    /// What was given, by setting name.
    var flags: [String: String] {
        let given: [(String, String?)] = [
            ("data", data), ("http", http), ("http-connections", httpConnections),
            ("http-connections-per-address", httpConnectionsPerAddress), ("http-head-seconds", httpHeadSeconds),
            ("http-body-seconds", httpBodySeconds), ("http-idle-seconds", httpIdleSeconds),
            ("http-send-seconds", httpSendSeconds), ("admin-http", adminHttp), ("metrics-http", metricsHttp),
            ("trusted-proxies", trustedProxies.isEmpty ? nil : trustedProxies.joined(separator: ",")),
            ("wrong-keys-per-minute", wrongKeysPerMinute), ("sip", sip), ("advertise", advertise),
            ("rtp-ports", rtpPorts),
            ("trunk", trunk), ("trunk-nat", trunkNat), ("trunk-media", trunkMedia),
            ("trunk-addresses", trunkAddresses.isEmpty ? nil : trunkAddresses.joined(separator: ",")),
            ("trunk-lookup-seconds", trunkLookupSeconds),
            ("trunk-country", trunkCountry), ("trunk-international-prefix", trunkInternationalPrefix),
            ("trunk-national-prefix", trunkNationalPrefix), ("trunk-caller", trunkCaller),
            ("trunk-digits", trunkDigits),
            ("sip-uri-hosts", sipUriHosts.isEmpty ? nil : sipUriHosts.joined(separator: ",")),
            ("home-countries", homeCountries.isEmpty ? nil : homeCountries.joined(separator: ",")),
            ("offered-numbers", offeredNumbers.isEmpty ? nil : offeredNumbers.joined(separator: ",")),
            ("trunk-username", trunkUsername),
            ("trunk-password", trunkPassword), ("people", people), ("carrier-seed", carrierSeed),
            ("calls-per-second", callsPerSecond), ("calls-at-once", callsAtOnce),
            ("public-url", publicUrl),
            ("webhook-allow", webhookAllow.isEmpty ? nil : webhookAllow.joined(separator: ",")),
            ("webhook-connect-seconds", webhookConnectSeconds), ("webhook-seconds", webhookSeconds),
            ("webhook-wait-seconds", webhookWaitSeconds), ("webhook-connections", webhookConnections),
            ("webhook-connections-in-all", webhookConnectionsInAll),
            ("notification-connections", notificationConnections),
            ("webhook-ca", webhookCa.isEmpty ? nil : webhookCa.joined(separator: ",")),
            ("name-servers", nameServers.isEmpty ? nil : nameServers.joined(separator: ",")),
            ("compat", compat), ("dead-line-seconds", deadLineSeconds), ("max-call-seconds", maxCallSeconds),
            ("machine-detection", machineDetection), ("machine-beep-seconds", machineBeepSeconds),
            ("record-participants", recordParticipants),
            ("queued-call-seconds", queuedCallSeconds), ("queue-seconds", queueSeconds),
            ("drain-seconds", drainSeconds),
            ("overload-ms", overloadMs), ("timer-t1-ms", timerT1Ms), ("node", node), ("keep-calls-days", keepCallsDays),
            ("keep-logs-days", keepLogsDays), ("keep-recordings-days", keepRecordingsDays),
            ("keep-recordings-mb", keepRecordingsMb), ("min-free-mb", minFreeMb), ("log-format", logFormat),
            ("log-level", logLevel),
        ]
        return Dictionary(uniqueKeysWithValues: given.compactMap { name, value in value.map { (name, $0) } })
    }

    /// The options over the environment over the file.
    /// - Throws: `ConfigurationError`.
    func source(_ environment: [String: String]) throws -> SettingSource {
        try SettingSource(flags: flags, environment: environment, file: config ?? environment["BELAY_CONFIG"])
    }
}
