import JSON
import PerCL
import SIP
import Telephony

/// Where a call waits, in a queue or parked, and what is asked meanwhile: waitUrl gives a script, and another one whenever
/// that has run out.
struct Waiting: Equatable, Sendable {
    enum Place: Equatable, Sendable {
        case queue(Enqueue)
        case parking(Park)
    }

    /// What a waitUrl is asked again after when it has failed, at first; twice as long with each time.
    private static let firstPause = Duration.seconds(1)
    /// A waitUrl is not asked more often: a script without a sound would have it asked for ever.
    private static let shortestRound = Duration.seconds(1)
    /// So long it may fail before the call leaves.
    static let patience = Duration.seconds(60)

    let place: Place
    let since: Instant
    /// When waitUrl was asked the last time.
    private var asked: Instant?
    /// Since when it has failed, and how often.
    private var failing: (since: Instant, times: Int)?

    init(_ place: Place, since: Instant) {
        self.place = place
        self.since = since
    }

    static func == (left: Self, right: Self) -> Bool {
        left.place == right.place && left.since == right.since && left.asked == right.asked
            && left.failing?.since == right.failing?.since && left.failing?.times == right.failing?.times
    }

    var waitURL: WebURL {
        switch place {
        case .queue(let enqueue): enqueue.waitURL
        case .parking(let park): park.waitURL
        }
    }

    /// Where the call goes on.
    var actionURL: WebURL {
        switch place {
        case .queue(let enqueue): enqueue.actionURL
        case .parking(let park): park.actionURL
        }
    }

    var queueID: QueueID? { if case .queue(let enqueue) = place { enqueue.queueID } else { nil } }

    func seconds(_ now: Instant) -> Int { (now - since).wholeSeconds }

    /// How long it must wait before waitUrl may be asked again; zero: now.
    func pause(_ now: Instant) -> Duration {
        guard let asked else { return .zero }
        return max(.zero, Self.shortestRound - (now - asked))
    }

    mutating func asks(_ now: Instant) { asked = now }

    mutating func succeeded() { failing = nil }

    /// waitUrl gave no script. After how long it is asked again; nil: the call has waited for it long enough.
    mutating func failed(_ now: Instant) -> Duration? {
        let (begun, times) = failing ?? (now, 0)
        guard now - begun < Self.patience else { return nil }
        failing = (begun, times + 1)
        return min(Self.firstPause * (1 << min(times, 10)), Self.patience - (now - begun))
    }

    // MARK: What may run meanwhile

    /// The first command of a script that a waiting call does not run (docs/contract/percl.md#waiturl); nil where it may
    /// run whole.
    func forbidden(in script: Script) -> Command? {
        script.commands.first { !allows($0) }
    }

    private func allows(_ command: Command) -> Bool {
        switch command {
        case .say, .play, .pause, .getDigits, .hangup, .redirect: true
        case .dequeue: queueID != nil
        case .unpark: queueID == nil
        case .addToConference, .audioStream, .createConference, .enqueue, .getSpeech, .outDial, .park, .playEarlyMedia,
            .recordUtterance, .reject, .removeFromConference, .sendDigits, .setDTMFPassThrough, .setListen, .setTalk,
            .sms, .startRecordCall, .terminateConference, .transcribeUtterance:
            false
        }
    }

    // MARK: What is told

    /// How a stay in a queue ends, in the API's words (docs/contract/webhooks.md#queues).
    enum QueueResult: String, Sendable {
        case dequeued
        case queueFull
        case hangup
        case systemError
    }

    /// What the app is told, or asked, when the call leaves.
    func leaving(_ result: QueueResult, _ now: Instant) -> ScriptRequest {
        switch place {
        case .queue(let enqueue):
            CallWebhook.left(enqueue.queueID, result, seconds: seconds(now))
        case .parking: ScriptRequest(CallWebhook.unpark)
        }
    }
}
