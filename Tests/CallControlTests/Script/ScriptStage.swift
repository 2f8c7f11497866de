import PerCL
import Telephony
import Testing

@testable import CallControl

/// Carries out what a script wants, as media, timers and the far end would: it says what cannot be asked of them, and its
/// own moves are those that can happen.
struct ScriptStage {
    private enum File { case none, open, closing }

    private(set) var playing: PlaybackID?
    /// What is armed, and for how many milliseconds.
    private(set) var timers: [CallTimer: Int] = [:]
    private var dialling: DiallingID?
    private var observesSpeech = false
    private var isSpeaking = false
    private var file = File.none
    private var isAnswering = false
    private var latestPlayback: PlaybackID?
    private(set) var isOver = false

    // MARK: What is wanted of it

    mutating func take(_ steps: [ScriptRun.Directive], _ location: SourceLocation = #_sourceLocation) {
        for step in steps { take(step, location) }
    }

    private mutating func take(_ step: ScriptRun.Directive, _ location: SourceLocation) {
        func demand(_ isRight: Bool, _ words: Comment) {
            if !isRight { Issue.record(words, sourceLocation: location) }
        }
        demand(!isOver, "something follows the end: \(step)")
        switch step {
        case .play(let id, _, let loop):
            demand(playing == nil, "two play at once")
            demand(latestPlayback.map { $0.rawValue < id.rawValue } ?? true, "the playback's number was had before")
            demand(file == .none, "it plays into a recording")
            demand(loop >= 0, "played \(loop) times")
            (playing, latestPlayback) = (id, id)
        case .stopPlayback(let id):
            demand(playing == id, "stops what does not play")
            playing = nil
        case .arm(let timer, let milliseconds):
            demand(milliseconds >= 0, "a time of \(milliseconds) ms")
            timers[timer] = milliseconds
        case .disarm(let timer): timers[timer] = nil
        case .dial(let id, _):
            demand(dialling == nil, "dials twice at once")
            dialling = id
        case .stopDialling(let id):
            demand(dialling == id, "stops what is not dialled")
            dialling = nil
        case .startUtterance:
            demand(file == .none && observesSpeech && playing == nil, "records twice, over a prompt, or unheard")
            file = .open
        case .endUtterance:
            demand(file == .open, "ends what is not recorded")
            file = .closing
        case .observeSpeech(let observes):
            demand(observesSpeech != observes, "listens twice, or stops twice")
            observesSpeech = observes
        case .answer:
            demand(!isAnswering, "answers twice")
            isAnswering = true
        case .earlyMedia, .recordCall, .commandStarted, .commandEnded, .changeStanding: break
        case .commandAborted: end(demand)
        case .reject, .redirect, .collected, .recorded, .outDial, .hangUp, .enqueue, .park, .leaveWait,
            .createConference, .addToConference, .leaveConference, .ranOut, .unsupported:
            demand(file == .none, "the file is not complete")
            end(demand)
        }
    }

    /// Whatever ends leaves nothing behind.
    private mutating func end(_ demand: (Bool, Comment) -> Void) {
        demand(playing == nil, "something plays on")
        demand(dialling == nil, "something is dialled on")
        demand(timers.isEmpty, "a timer runs on: \(timers)")
        demand(!observesSpeech, "it listens on")
        isOver = true
    }

    // MARK: What happens on it

    struct Impossible: Error {}

    /// The playback that ends.
    mutating func endPlayback() throws -> PlaybackID {
        guard let id = playing else { throw Impossible() }
        playing = nil
        return id
    }

    /// So long is over.
    mutating func fire(_ timer: CallTimer) throws {
        guard timers.removeValue(forKey: timer) != nil else { throw Impossible() }
    }

    mutating func endDialling() throws -> DiallingID {
        guard let id = dialling else { throw Impossible() }
        dialling = nil
        return id
    }

    mutating func speak(_ speaks: Bool) throws {
        guard observesSpeech, isSpeaking != speaks else { throw Impossible() }
        isSpeaking = speaks
    }

    mutating func completeFile() throws {
        guard file == .closing else { throw Impossible() }
        file = .none
    }

    mutating func acknowledge() throws {
        guard isAnswering else { throw Impossible() }
        isAnswering = false
    }
}

/// A script as an app answers with it.
enum ScriptText {
    static func commands(_ text: String) throws -> [Command] {
        guard case .script(let script, _) = ScriptAnswer(body: Array(text.utf8)) else { throw ScriptStage.Impossible() }
        return script.commands
    }

    /// The only one.
    static func command(_ text: String) throws -> Command { try #require(commands("[\(text)]").first) }
}
