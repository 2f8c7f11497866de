import JSON
import SIP
import Telephony
import Testing

@testable import CallControl

/// Calls in conferences, and what comes of it: each notification that leaves is taken by its app.
struct ConferenceBench {
    static let statusURL = "http://app/conference"
    static let leaveURL = "http://app/left"

    var bench = Bench()
    /// Of each call, in the order in which they came.
    private(set) var media: [CallID: MediaHandle] = [:]
    /// Whose answers are not given by ``settle()``.
    private var answered: Set<EventID> = []

    static func account() throws -> AccountID { try #require(AccountID(Bench.account)) }

    // MARK: What is asked

    mutating func ask(_ request: ConferenceRequest) throws -> ConferenceReply {
        var random = SystemRandomNumberGenerator()
        bench.give(
            .conferenceRequest(
                ReplyToken(rawValue: 900), try Self.account(), request, RequestID(random: &random)))
        settle()
        return try #require(replies.last)
    }

    var replies: [ConferenceReply] {
        bench.effects.compactMap { if case .reply(_, .conference(let reply)) = $0 { reply } else { nil } }
    }

    /// Over REST.
    mutating func create(
        beep: Conference.PlayBeep = .always, isRecorded: Bool = false, statusURL: String? = statusURL
    ) throws -> ConferenceID {
        var random = SystemRandomNumberGenerator()
        let conference = Conference(
            conferenceID: ConferenceID(random: &random), accountID: try Self.account(), alias: "Monday",
            playBeep: beep, isRecorded: isRecorded, statusCallbackURL: statusURL.flatMap { WebURL($0) },
            created: bench.moment.wall)
        guard case .conference(let made) = try ask(.create(conference)) else { throw NotMade() }
        return made.conferenceID
    }

    private struct NotMade: Error {}

    // MARK: Calls

    /// One more call, answered, whose script is that.
    @discardableResult
    mutating func call(_ script: String) throws -> CallID {
        let before = Set(bench.rows.keys)
        try bench.makeCall()
        let id = try #require(Set(bench.rows.keys).subtracting(before).first)
        media[id] = bench.media
        bench.farAnswer()
        try answer(id, "outDialApiConnect", script)
        return id
    }

    static func join(_ id: ConferenceID, _ attributes: String = "") -> String {
        #"[{"AddToConference":{"conferenceId":"\#(id.text)"\#(attributes.isEmpty ? "" : ",")\#(attributes)}}]"#
    }

    @discardableResult
    mutating func add(to id: ConferenceID, _ attributes: String = "") throws -> CallID {
        try call(Self.join(id, attributes))
    }

    mutating func press(_ keys: String, _ call: CallID) throws {
        let media = try #require(media[call])
        for key in keys { bench.give(.media(media, .keyPressed(key))) }
        settle()
    }

    // MARK: Webhooks

    /// The latest of its kind that the call has asked.
    func asked(_ call: CallID, _ type: String) -> Webhook? {
        bench.delivered.last { $0.callID == call && $0.requestType == type }
    }

    mutating func answer(_ call: CallID, _ type: String, _ script: String, status: Int = 200) throws {
        let latest = asked(call, type)
        let webhook = try #require(latest, "\(type) has not been asked")
        answered.insert(webhook.eventID)
        bench.give(
            .webhookFinished(
                webhook.eventID, .answered(status: status, contentType: nil, body: Array(script.utf8)),
                milliseconds: 1))
        settle()
    }

    /// Takes every notification, as long as there is one.
    mutating func settle() {
        while let webhook = bench.delivered.first(where: {
            $0.purpose == .notification && !answered.contains($0.eventID)
        }) {
            answered.insert(webhook.eventID)
            bench.give(
                .webhookFinished(
                    webhook.eventID, .answered(status: 200, contentType: nil, body: []), milliseconds: 1))
        }
    }

    /// What the conference's app has been told, in order.
    func told(_ id: ConferenceID) -> [String] {
        bench.delivered.filter { $0.owner == .conference(id) }.map { webhook in
            let status = bench.fields(webhook)?["status"]?.string ?? "?"
            return webhook.requestType == "conferenceStatus" ? status : "\(webhook.requestType) \(status)"
        }
    }

    /// How often the app was told of that by the call.
    func count(_ type: String, of call: CallID) -> Int {
        bench.delivered.count { $0.callID == call && $0.requestType == type }
    }

    func field(_ name: String, _ webhook: Webhook?) -> JSONValue? { webhook.flatMap(bench.fields)?[name] }

    // MARK: What is heard

    /// Orders to mixes, in order.
    var mixed: [MixOrder] { bench.effects.compactMap { if case .mix(_, let order) = $0 { order } else { nil } } }

    var beeps: [MediaHandle] {
        mixed.compactMap { if case .beep(let except) = $0 { except } else { nil } }
    }

    /// What the call's media was told of mixes, in order.
    func memberships(_ call: CallID) -> [MediaOrder] {
        bench.effects.compactMap { effect in
            guard case .media(let handle, let order) = effect, handle == media[call] else { return nil }
            switch order {
            case .joinMix, .changeMembership, .leaveMix: return order
            default: return nil
            }
        }
    }

    func isInMix(_ call: CallID) -> Bool {
        switch memberships(call).last {
        case .joinMix, .changeMembership: true
        default: false
        }
    }

    func row(_ id: ConferenceID) -> Conference? { bench.conferences[id]?.0 }

    /// The conference's own story.
    func story(_ id: ConferenceID) -> [String] {
        bench.journal.filter { $0.room == .conference(id) }.map(\.message)
    }
}
