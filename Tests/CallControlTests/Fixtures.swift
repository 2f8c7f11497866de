import JSON
import SDP
import SIP
import Telephony

@testable import CallControl

/// An exchange and a far end that is a real user agent, joined by a wire without loss; everything else is answered by
/// the test.
struct Bench {
    static let local = TransportAddress(address: .loopback, port: 5060)
    static let remote = TransportAddress(address: .loopback, port: 5070)
    static let account = "AC" + String(repeating: "1", count: 40)

    var exchange: Exchange
    var farEnd: UserAgent
    var random = RandomSource(seed: 2)
    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    /// How far the wall clock has been set ahead.
    var wallSetAhead = Duration.zero
    /// Effects that are not for the wire, in order.
    var effects: [Effect] = []
    /// What the far end saw.
    var farEffects: [UserAgentEffect] = []
    /// Rows as they would be on disk.
    var rows: [CallID: Call] = [:]
    var records: [CallID: [UInt8]] = [:]
    var journal: [JournalEntry] = []
    var notifications: [EventID: PendingNotification] = [:]
    var recordings: [RecordingID: Recording] = [:]
    var keys: [String: CallID] = [:]
    var queues: [QueueID: CallQueue] = [:]
    var conferences: [ConferenceID: (Conference, [UInt8]?)] = [:]
    /// The account's numbers, and who answers for calls to them.
    var owned: [PhoneNumber: PhoneNumberID] = [:]
    var route = InboundRoute.unknown
    /// Addresses of hosts.
    var hosts: [String: [IPAddress]] = [:]
    /// Calls that were told to be settled, in order.
    var settled: [CallID] = []
    /// False loses every message on its way to the far end.
    var reachesFarEnd = true
    /// False leaves the question whose a number is open.
    var resolvesCallers = true
    /// So many RTP ports cannot be bound.
    var portsTaken = 0
    /// Because other programs hold them.
    var arePortsHeld = true
    /// False leaves the files of recordings incomplete.
    var completesRecordings = true
    /// False leaves the files of mixes' recordings incomplete.
    var completesMixRecordings = true
    /// False holds commits back.
    var commitsAtOnce = true
    var heldCommits: [CommitToken] = []

    init(allowedPeers: [IPAddressRange]? = nil, _ change: (inout ExchangeConfiguration) -> Void = { _ in }) {
        var configuration = ExchangeConfiguration(
            trunk: .init(
                address: Self.remote, host: "127.0.0.1", port: 5070, callsPerSecond: nil, callsAtOnce: nil),
            localHost: "127.0.0.1", mediaAddress: "127.0.0.1", rtpPorts: 40_000...40_099)
        change(&configuration)
        exchange = Exchange(
            configuration: configuration,
            userAgent: UserAgentConfiguration(localAddress: Self.local, allowedPeers: allowedPeers),
            random: RandomSource(seed: 1))
        farEnd = UserAgent(configuration: UserAgentConfiguration(node: 9, localAddress: Self.remote))
    }

    var moment: Moment {
        Moment(
            instant: now,
            wall: Timestamp(
                microseconds: 1_700_000_000_000_000 + now.nanoseconds / 1000 + wallSetAhead.microseconds))
    }

    // MARK: Inputs

    mutating func give(_ input: Input) {
        let effects = exchange.handle(input, now: moment)
        settled += exchange.takeSettledCalls()
        perform(effects)
    }

    mutating func restore(_ work: UnfinishedWork, _ state: AdmissionState = AdmissionState()) {
        perform(exchange.restore(work, admission: state, now: moment))
    }

    mutating func makeCall(
        sendDigits: String? = nil, statusCallback: Bool = true, timeout: Int = 40, token: UInt64 = 1,
        account: String = Self.account, from: String = "+15555550100", to: String = "+15555550123",
        ifMachine: MachineHandling? = nil, machineBeepSeconds: Int? = nil, remarks: [String] = []
    ) throws {
        var request = try Self.request(sendDigits: sendDigits, statusCallback: statusCallback, timeout: timeout)
        guard let account = AccountID(account), let to = CallDestination(to), let from = PhoneNumber(from) else {
            throw Missing()
        }
        request.accountID = account
        request.from = from
        request.to = to
        request.terms.ifMachine = ifMachine
        request.terms.machineBeepSeconds = machineBeepSeconds
        request.remarks = remarks
        give(.makeCall(ReplyToken(rawValue: token), request))
    }

    /// Tells of the account, with other rules than a new one's.
    mutating func setRules(
        account: String = Self.account, kind: Account.Kind = .full, status: Account.Status = .active,
        _ change: (inout AccountRules) -> Void = { _ in }
    ) throws {
        guard let id = AccountID(account) else { throw Missing() }
        var account = Account(accountID: id, kind: kind, status: status, created: moment.wall)
        change(&account.rules)
        give(.accountChanged(account))
    }

    /// Why the latest request for a call was refused; nil where it was not.
    var refusal: CallRefusal? {
        effects.lazy.compactMap { if case .reply(_, let reply) = $0 { reply } else { nil } }.last.flatMap {
            if case .refused(let refusal) = $0 { refusal } else { nil }
        }
    }

    struct Missing: Error {}

    static func request(sendDigits: String? = nil, statusCallback: Bool = true, timeout: Int = 40) throws -> CallRequest
    {
        var random = SystemRandomNumberGenerator()
        guard let account = AccountID(account), let from = PhoneNumber("+15555550100"),
            let to = CallDestination("+15555550123"), let connect = WebURL("http://app/connect"),
            let status = WebURL("http://app/status")
        else { throw Missing() }
        let terms = CallTerms(
            requestID: RequestID(random: &random), callConnectURL: connect,
            statusCallbackURL: statusCallback ? status : nil,
            sendDigits: try sendDigits.map { try DigitString($0) }, ringTimeoutSeconds: timeout)
        return CallRequest(terms, from: from, to: to, accountID: account, applicationID: nil, phoneNumberID: nil)
    }

    /// Lets time pass, firing every timer at its instant on both sides.
    mutating func pass(_ duration: Duration) {
        let end = now + duration
        while true {
            let due = [exchange.nextDeadline, farEnd.nextDeadline].compactMap(\.self).min()
            guard let due, due <= end else { break }
            now = max(now, due)
            give(.timersDue)
            farStep { agent, random, now, effects in agent.fireTimers(now: now, random: &random, into: &effects) }
        }
        now = end
    }

    /// Time passes, and no timer fires: the machine had something else to do.
    mutating func stall(_ duration: Duration) { now = now + duration }

    // MARK: The far end

    mutating func farStep(
        _ body: (inout UserAgent, inout RandomSource, Instant, inout [UserAgentEffect]) -> Void
    ) {
        var effects: [UserAgentEffect] = []
        body(&farEnd, &random, now, &effects)
        for effect in effects {
            if case .send(let bytes, _) = effect {
                give(.datagramReceived(bytes, from: Self.remote))
            } else {
                farEffects.append(effect)
            }
        }
    }

    var invited: SessionID? {
        farEffects.lazy.compactMap { if case .invited(let id, _) = $0 { id } else { nil } }.last
    }

    var answer: [UInt8] {
        LocalAudio(address: "127.0.0.1", port: 50_000, sessionID: 3, sessionVersion: 1).offer.bytes
    }

    mutating func farRing() {
        guard let id = invited else { return }
        farStep { agent, random, now, effects in agent.ring(id, now: now, random: &random, into: &effects) }
    }

    mutating func farAnswer() {
        guard let id = invited else { return }
        let answer = answer
        farStep { agent, random, now, effects in
            agent.answer(id, sdp: answer, now: now, random: &random, into: &effects)
        }
    }

    mutating func farReject(_ code: StatusCode) {
        guard let id = invited else { return }
        farStep { agent, random, now, effects in
            agent.reject(id, status: code, now: now, random: &random, into: &effects)
        }
    }

    mutating func farHangUp() {
        guard let id = invited else { return }
        farStep { agent, random, now, effects in agent.end(id, now: now, random: &random, into: &effects) }
    }

    // MARK: Effects

    private mutating func perform(_ performed: [Effect]) {
        for effect in performed {
            effects.append(effect)
            switch effect {
            case .send(let bytes, _):
                guard reachesFarEnd else { break }
                farStep { agent, random, now, effects in
                    agent.receive(bytes, from: Self.local, now: now, random: &random, into: &effects)
                }
            case .store(let operations, let token):
                for operation in operations { store(operation) }
                guard let token else { break }
                if commitsAtOnce { give(.committed(token)) } else { heldCommits.append(token) }
            case .media(let media, .open(_)):
                if portsTaken > 0 {
                    portsTaken -= 1
                    give(
                        .media(
                            media,
                            .openFailed(explanation: "address in use (held by freeswitch)", isPortTaken: arePortsHeld)))
                } else {
                    give(.media(media, .opened))
                }
            case .media(let media, .stopRecording(let recording)) where completesRecordings:
                give(.media(media, .recordingEnded(recording, milliseconds: 2500, failure: nil)))
            case .resolveCaller(let call, _, let number):
                if resolvesCallers { give(.callerResolved(call, owned[number])) }
            case .resolveHop(let session, let host): give(.hopResolved(session, host, hosts[host] ?? []))
            case .routeInbound(let session, _): give(.inboundRouted(session, route))
            case .mix(_, .stopRecording(let recording)) where completesMixRecordings:
                give(.mix(.recordingEnded(recording, milliseconds: 2500, failure: nil)))
            case .lookUpConference(let call, let account, let id):
                give(.conferenceLookedUp(call, id, isKnown: conferences[id]?.0.accountID == account))
            case .media(let media, .close): give(.media(media, .closed(figures: [:])))
            default: break
            }
        }
    }

    /// The first journal entry with that message.
    func entry(_ message: String) -> JournalEntry? { journal.first { $0.message.hasPrefix(message) } }

    private mutating func store(_ operation: StorageOperation) {
        switch operation {
        case .saveCall(let call): rows[call.callID] = call
        case .saveRecord(let id, let bytes): records[id] = bytes
        case .removeRecord(let id): records[id] = nil
        case .appendJournal(let entry): journal.append(entry)
        case .saveNotification(let pending): notifications[pending.webhook.eventID] = pending
        case .removeNotification(let event): notifications[event] = nil
        case .saveKey(let key, let call, _): keys[key.text] = call
        case .saveRecording(let recording): recordings[recording.recordingID] = recording
        case .saveQueue(let queue): queues[queue.queueID] = queue
        case .removeQueue(let id): queues[id] = nil
        case .saveConference(let conference, let record): conferences[conference.conferenceID] = (conference, record)
        }
    }

    // MARK: Questions

    var call: Call? { rows.values.first }

    /// Webhooks that left, in order.
    var delivered: [Webhook] {
        effects.compactMap { if case .deliver(let webhook, _) = $0 { webhook } else { nil } }
    }

    func fields(_ webhook: Webhook) -> JSONValue? { try? JSONValue(parsing: webhook.body) }

    /// Answers the webhook that left last.
    mutating func answerWebhook(_ body: String, status: Int = 200) {
        guard let webhook = delivered.last else { return }
        give(
            .webhookFinished(
                webhook.eventID, .answered(status: status, contentType: nil, body: Array(body.utf8)),
                milliseconds: 1))
    }

    // MARK: A call that runs

    /// Makes a call, has it answered, and gives it a script.
    mutating func run(_ script: String) throws {
        try makeCall()
        farAnswer()
        answerWebhook(script)
    }

    var media: MediaHandle? {
        effects.lazy.compactMap { if case .media(let media, .open(_)) = $0 { media } else { nil } }.last
    }

    mutating func press(_ keys: String) {
        guard let media else { return }
        for key in keys { give(.media(media, .keyPressed(key))) }
    }

    mutating func find(_ finding: AnswerFinding) {
        if let media { give(.media(media, .answererFound(finding))) }
    }

    /// Prompts that were asked for, in order.
    var played: [Prompt] {
        effects.compactMap { if case .media(_, .play(_, let prompt, _, _)) = $0 { prompt } else { nil } }
    }

    /// Ends the playback that was asked for last.
    mutating func endPlayback() {
        let last = effects.lazy.compactMap { effect -> (MediaHandle, PlaybackID)? in
            if case .media(let media, .play(let playback, _, _, _)) = effect { (media, playback) } else { nil }
        }.last
        if let (media, playback) = last { give(.media(media, .playbackEnded(playback, .completed))) }
    }

    /// A field of the webhook that left last.
    func field(_ name: String) -> JSONValue? { delivered.last.flatMap(fields)?[name] }

    // MARK: A call that comes in

    /// The far end calls a number here; its session's number is given back.
    mutating func farCall(
        withOffer: Bool = true, from: String = "+15555550777", id: SessionID = SessionID(rawValue: 77)
    ) throws -> SessionID {
        let uri = SIPURI(user: "+15555550100", host: "127.0.0.1", port: 5060)
        let invitation = Invitation(
            destination: Self.local, requestURI: uri,
            from: NameAddress(uri: SIPURI(user: from, host: "127.0.0.1")), to: NameAddress(uri: uri),
            offer: withOffer ? answer : [])
        farStep { agent, random, now, effects in
            agent.invite(id, invitation, now: now, random: &random, into: &effects)
        }
        return id
    }

    mutating func farEnds(_ id: SessionID) {
        farStep { agent, random, now, effects in agent.end(id, now: now, random: &random, into: &effects) }
    }

    var farWasAnswered: Bool {
        farEffects.contains { if case .answered = $0 { true } else { false } }
    }

    /// The status that refused the far end's call.
    var farRefusal: Int? {
        farEffects.lazy.compactMap { effect -> Int? in
            if case .failed(_, .response(let code, _)) = effect { Int(code.rawValue) } else { nil }
        }.first
    }

    var invites: Int { sent("INVITE ") }

    func sent(_ prefix: String) -> Int {
        effects.count { if case .send(let bytes, _) = $0 { bytes.starts(with: prefix.utf8) } else { false } }
    }

    /// The first message sent that begins so.
    func sentText(_ prefix: String) -> String? {
        effects.lazy.compactMap { effect -> String? in
            guard case .send(let bytes, _) = effect, bytes.starts(with: prefix.utf8) else { return nil }
            return String(decoding: bytes, as: UTF8.self)
        }.first
    }

    /// RTP ports that were asked for, in order.
    var portsAsked: [UInt16] {
        effects.compactMap { if case .media(_, .open(let opening)) = $0 { opening.port } else { nil } }
    }

    /// Calls that were turned away, in order.
    var refusals: [InboundRefusal] {
        effects.compactMap { if case .refused(let refusal, _, _) = $0 { refusal } else { nil } }
    }
}
