/// One thing that can be set: by a flag, by the environment, or in the configuration file, in that order of weight.
struct Setting {
    /// As a flag (`--rtp-ports`) and in the file (`rtp-ports`); in the environment `BELAY_RTP_PORTS`.
    let name: String
    let help: String
    /// What holds where it is not set; nil where that depends on others, or there is none.
    var fallback: String?
    /// Not to be shown.
    var isSecret = false

    /// What SIGHUP takes over while calls are live; everything else holds from the next start on.
    static let reloadable: Set<String> = [
        "calls-per-second", "calls-at-once", "queue-seconds", "max-call-seconds", "keep-calls-days", "keep-logs-days",
        "keep-recordings-days", "keep-recordings-mb", "min-free-mb", "log-level",
    ]

    var environmentName: String {
        "BELAY_" + name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
    }

    static let all: [Setting] = [
        Setting(name: "data", help: "the data folder", fallback: "~/.local/share/belay"),
        Setting(name: "http", help: "HOST:PORT of the REST API", fallback: "127.0.0.1:8080"),
        Setting(
            name: "http-connections",
            help: "connections of the REST API at once; a new one takes the place of one that only waits",
            fallback: "2048"),
        Setting(
            name: "http-connections-per-address",
            help: "of them from one address, or from one network of 64 bits where it is IPv6's"),
        Setting(name: "http-head-seconds", help: "so long a request's head may take", fallback: "10"),
        Setting(name: "http-body-seconds", help: "so long a request's body may take", fallback: "30"),
        Setting(
            name: "http-idle-seconds", help: "so long a connection may wait for its next request", fallback: "60"),
        Setting(
            name: "http-send-seconds", help: "a connection is closed whose answer is not taken for so long",
            fallback: "30"),
        Setting(
            name: "admin-http",
            help:
                "where the operator is answered (`/admin`): socket, DATA/admin.sock; shared, with the REST API; or HOST:PORT",
            fallback: "socket"),
        Setting(
            name: "metrics-http",
            help:
                "who gets `/metrics`: operator, with the token, or open, anybody, both with the REST API; or HOST:PORT, anybody there",
            fallback: "operator"),
        Setting(
            name: "trusted-proxies",
            help: "CIDR of proxies whose X-Forwarded-For says whose wrong keys are counted; comma-separated"),
        Setting(
            name: "wrong-keys-per-minute",
            help:
                "of one address; beyond it (ten times it for one account) answers to wrong keys are delayed; 0: never",
            fallback: "60"),
        Setting(name: "sip", help: "HOST:PORT of SIP over UDP", fallback: "127.0.0.1:5060"),
        Setting(name: "advertise", help: "the address that peers reach this server by"),
        Setting(name: "rtp-ports", help: "A-B, the range of RTP ports", fallback: "16384-32767"),
        Setting(name: "trunk", help: "sip:HOST:PORT, where calls go; none: the simulated carrier"),
        Setting(
            name: "trunk-nat", help: "true: media may come from anywhere, not only from the trunk's addresses",
            fallback: "false"),
        Setting(
            name: "trunk-media",
            help:
                "where our media goes: description, as the far end's SDP says, or follow, to where its media comes from"
        ),
        Setting(
            name: "trunk-addresses",
            help:
                "where the trunk's calls come from besides its own address: IP addresses, CIDR, names; comma-separated"),
        Setting(
            name: "trunk-lookup-seconds",
            help: "how often the trunk's name, and those in trunk-addresses, are looked up anew; 0: at the start only",
            fallback: "300"),
        Setting(
            name: "trunk-country",
            help: "calling code of the country where the trunk is, such as 49: it may write national numbers"),
        Setting(
            name: "trunk-international-prefix",
            help: "what the trunk writes before numbers of other countries; comma-separated"),
        Setting(name: "trunk-national-prefix", help: "what the trunk writes before national numbers"),
        Setting(
            name: "trunk-caller",
            help: "where the trunk says who calls: from, or asserted: P-Asserted-Identity, Remote-Party-ID",
            fallback: "from"),
        Setting(
            name: "sip-uri-hosts",
            help: "hosts of SIP addresses that may be called through the trunk; comma-separated; none: numbers only"),
        Setting(
            name: "home-countries",
            help: "countries where calls are no calls abroad, such as US or +49, whoever calls; comma-separated"),
        Setting(
            name: "trunk-digits",
            help: "how digits go out: media (telephone events, or tones), or info (SIP INFO, application/dtmf-relay)",
            fallback: "media"),
        Setting(name: "trunk-username", help: "answers the trunk's digest challenges"),
        Setting(name: "trunk-password", help: "answers the trunk's digest challenges", isSecret: true),
        Setting(name: "people", help: "a YAML file with people of your own for the simulated carrier"),
        Setting(
            name: "carrier-seed", help: "the same seed, the same behaviour of the simulated carrier's people",
            fallback: "1"),
        Setting(
            name: "offered-numbers",
            help: "numbers in E.164 form that accounts may register, and no others; comma-separated; none: any"),
        Setting(name: "calls-per-second", help: "the trunk's pace; 0: no limit"),
        Setting(name: "calls-at-once", help: "the trunk's lines; 0: no limit"),
        Setting(name: "public-url", help: "what clients and webhook apps reach the REST API by"),
        Setting(
            name: "webhook-allow",
            help: "CIDR that webhooks and audio may go to, although it is private; comma-separated"),
        Setting(name: "webhook-connect-seconds", help: "time limit for a webhook's connection", fallback: "5"),
        Setting(
            name: "name-servers",
            help: "who is asked for host names, ADDRESS or ADDRESS:PORT, comma-separated; none: the system's"),
        Setting(name: "webhook-seconds", help: "time limit for a whole webhook, once it is its turn", fallback: "15"),
        Setting(
            name: "webhook-wait-seconds",
            help:
                "so long a webhook waits for its turn while its host has as many as it may get at once; then a script's "
                + "is sent all the same",
            fallback: "60"),
        Setting(
            name: "webhook-connections", help: "requests for scripts that one host may get at once, of each account",
            fallback: "1000"),
        Setting(
            name: "webhook-connections-in-all",
            help: "requests for scripts at once to all hosts; an account has three quarters of them at most",
            fallback: "4000"),
        Setting(
            name: "notification-connections",
            help:
                "notifications, such as callStatus, that one host may get at once, of each account; scripts never wait "
                + "behind them",
            fallback: "64"),
        Setting(
            name: "webhook-ca",
            help: "files with certificates (PEM) that webhooks and audio trust besides the system's; comma-separated"),
        Setting(name: "compat", help: "sdk-5.1: answers for SDKs before 5.4"),
        Setting(
            name: "dead-line-seconds",
            help: "a line whose far end is silent so long is hung up (`failed`; a held one is not); 0: never",
            fallback: "60"),
        Setting(name: "max-call-seconds", help: "the longest call", fallback: "14400"),
        Setting(
            name: "machine-detection",
            help: "what tells machines from people where ifMachine is set: model, or rule, the length of the hello",
            fallback: "model"),
        Setting(
            name: "machine-beep-seconds",
            help: "the script of ifMachineUrl waits so long for an answering machine's beep; 0: it does not wait",
            fallback: "0"),
        Setting(
            name: "record-participants",
            help: "true: while a conference is recorded, each participant is too, in a file of two channels",
            fallback: "false"),
        Setting(
            name: "queued-call-seconds", help: "a waiting call older than this is not dialled after a restart",
            fallback: "3600"),
        Setting(
            name: "queue-seconds",
            help:
                "a call is refused with 429 where its turn would come later, and ended where it does; 0: however late",
            fallback: "20"),
        Setting(name: "drain-seconds", help: "how long live calls may go on after SIGTERM", fallback: "30"),
        Setting(
            name: "overload-ms",
            help: "new calls are refused with 503 while the server is so late with those it has; 0: never",
            fallback: "1000"),
        Setting(name: "timer-t1-ms", help: "SIP's T1 (RFC 3261 §17.1.1.1)", fallback: "500"),
        Setting(
            name: "node", help: "number of this process, 0 to 65535, in every branch, tag and Call-ID", fallback: "0"),
        Setting(
            name: "keep-calls-days", help: "ended calls and terminated conferences are kept so long; 0: for ever",
            fallback: "90"),
        Setting(name: "keep-logs-days", help: "logs are kept so long; 0: for ever", fallback: "30"),
        Setting(name: "keep-recordings-days", help: "recordings are kept so long; 0: for ever", fallback: "0"),
        Setting(
            name: "keep-recordings-mb",
            help: "beyond so much the oldest recordings of the account that keeps most are deleted; 0: no limit",
            fallback: "0"),
        Setting(name: "min-free-mb", help: "with less room on the disk no new calls are taken", fallback: "100"),
        Setting(
            name: "log-format", help: "text, json, or auto: JSON where stdout is no terminal", fallback: "auto"),
        Setting(name: "log-level", help: "trace, debug, info, notice, warning, error or critical", fallback: "notice"),
    ]
}
