import PerCL
import Telephony

/// Runs one script's commands in order on a live call (docs/contract/percl.md#scripts).
///
/// ```
///            start          Say, Play, Pause, SendDigits      its end
///   ready ───────────▶ ──┬──────────────────────────▶ busy ─────────┐
///                        │                                          ▼
///                        ├──────────────────────────────────── next command
///                        ├─ GetDigits ──▶ collecting ── end ──▶ over
///                        ├─ RecordUtterance ──▶ recording ── end ──▶ over
///                        └─ OutDial, Enqueue, AddToConference, Redirect, Hangup, end, … ─▶ over
/// ```
/// Every command is checked before the first one runs, so nothing here can be malformed. ``abort(into:)`` leaves any
/// state for `over`; what still plays is stopped by it.
struct ScriptRun: Hashable, Sendable {
    private enum State: Hashable, Sendable {
        case ready
        /// One playback is out; its end leads to the next command.
        case playing(PlaybackID)
        case pausing
        case dialling(DiallingID)
        case collecting(DigitCollection)
        case recording(UtteranceRecording)
        /// The call is being answered: the command at hand begins when the caller has acknowledged it.
        case answering
        /// The last directive of the run has been given.
        case over
    }

    /// What the run wants done.
    enum Directive: Hashable, Sendable {
        /// Before the answer of a call that came in: audio flows with a 183; the answer; the refusal.
        case earlyMedia
        case answer
        case reject(reason: String?)
        case play(PlaybackID, Prompt, loop: Int)
        case stopPlayback(PlaybackID)
        case arm(CallTimer, milliseconds: Int)
        case disarm(CallTimer)
        case dial(DiallingID, DigitString)
        case stopDialling(DiallingID)
        /// Records both directions until the call ends.
        case recordCall
        /// Records the caller into a file of its own.
        case startUtterance(RecordUtterance)
        case endUtterance
        case observeSpeech(Bool)
        /// For the journal: a command begins.
        case commandStarted(Command, index: Int)
        /// For the journal: a command is over.
        case commandEnded(Command, index: Int, PlaybackResult)
        /// For the journal: a command was cut short, and the run is over with nothing to follow.
        case commandAborted(Command, index: Int)
        /// The run is over: with a webhook, or with the call's end.
        case redirect(Redirect, isFirst: Bool)
        case collected(GetDigits, DigitCollection.End)
        case recorded(RecordUtterance, UtteranceRecording.Reason)
        case outDial(OutDial)
        case hangUp(reason: String?)
        case enqueue(Enqueue)
        case park(Park)
        /// Dequeue or Unpark.
        case leaveWait(Command)
        case createConference(CreateConference)
        case addToConference(AddToConference)
        /// RemoveFromConference or TerminateConference.
        case leaveConference(Command)
        /// SetTalk, SetListen, SetDTMFPassThrough.
        case changeStanding(Command, ParticipantChange)
        /// The commands ran out without a terminal one.
        case ranOut
        /// A command that this version does not run: the call ends
        /// (docs/contract/percl.md#commands-that-this-version-does-not-run).
        case unsupported(Command, index: Int)
    }

    private let commands: [Command]
    private var index = 0
    private var state = State.ready
    private var isAnswered: Bool
    /// The caller offered audio that may flow before the answer.
    private let playsEarly: Bool

    /// - Parameter isAnswered: false for the scripts of a call that came in and rings still: PlayEarlyMedia and Pause
    ///   at its head do their work before the answer, and so does a Reject that is the first of all; whatever else comes
    ///   answers the call (docs/contract/calls.md#calls-that-come-in).
    init(_ script: Script, isAnswered: Bool, playsEarly: Bool = false) {
        commands = script.commands
        self.playsEarly = playsEarly
        self.isAnswered = isAnswered
    }

    /// The utterance that is being recorded: its end is told to the application even where the caller hangs up.
    var utterance: UtteranceRecording? {
        if case .recording(let utterance) = state { utterance } else { nil }
    }

    /// The command that is under way; nil before the first, and behind the last.
    var commandIndex: Int? { state == .ready || state == .over ? nil : index }

    /// What is typed now may be read later.
    var isCollectingInTheOpen: Bool {
        if case .collecting(let collection) = state { !collection.command.privacyMode } else { false }
    }

    /// A GetDigits that is collecting, and what it comes to when a machine is found.
    var collectedBeforeMachine: (command: GetDigits, end: DigitCollection.End)? {
        if case .collecting(let collection) = state { (collection.command, collection.machineFound()) } else { nil }
    }

    mutating func start(_ memory: inout ScriptMemory, into directives: inout [Directive]) {
        guard state == .ready else { return }
        runCommands(&memory, &directives)
    }

    // MARK: What comes back

    /// The caller has acknowledged the answer.
    mutating func answered(_ memory: inout ScriptMemory, into directives: inout [Directive]) {
        guard state == .answering else { return }
        isAnswered = true
        runCommands(&memory, &directives)
    }

    mutating func playbackEnded(
        _ playback: PlaybackID, _ result: PlaybackResult, _ memory: inout ScriptMemory,
        into directives: inout [Directive]
    ) {
        switch state {
        case .playing(playback):
            finishCommand(result, &memory, &directives)
        case .collecting(var collection):
            collection.playbackEnded(playback, &memory, &directives)
            state = .collecting(collection)
        case .recording(var utterance):
            utterance.playbackEnded(playback, &directives)
            state = .recording(utterance)
        case .ready, .playing, .pausing, .dialling, .answering, .over: break
        }
    }

    mutating func pauseOver(_ memory: inout ScriptMemory, into directives: inout [Directive]) {
        switch state {
        case .pausing:
            finishCommand(.completed, &memory, &directives)
        case .collecting(var collection):
            collection.pauseOver(&memory, &directives)
            state = .collecting(collection)
        case .ready, .playing, .dialling, .recording, .answering, .over: break
        }
    }

    mutating func digitsSent(
        _ dialling: DiallingID, _ memory: inout ScriptMemory, into directives: inout [Directive]
    ) {
        if state == .dialling(dialling) { finishCommand(.completed, &memory, &directives) }
    }

    /// A key that nobody waits for is kept for the next GetDigits.
    mutating func keyPressed(_ key: Character, _ memory: inout ScriptMemory, into directives: inout [Directive]) {
        switch state {
        case .collecting(var collection):
            let end = collection.keyPressed(key, &directives)
            state = .collecting(collection)
            if let end { finish(collection, end, &directives) }
        case .recording(var utterance):
            if !utterance.keyPressed(key, &directives) { memory.keep(key) }
            state = .recording(utterance)
        case .ready, .playing, .pausing, .dialling, .answering, .over:
            memory.keep(key)
        }
    }

    mutating func keysTimedOut(into directives: inout [Directive]) {
        if case .collecting(let collection) = state { finish(collection, collection.timedOut(), &directives) }
    }

    mutating func voiceChanged(isSpeaking: Bool, into directives: inout [Directive]) {
        withUtterance { utterance in
            if isSpeaking { utterance.voiceStarted(&directives) } else { utterance.voiceEnded(&directives) }
        }
    }

    mutating func fellSilent(into directives: inout [Directive]) {
        withUtterance { $0.fellSilent(&directives) }
    }

    mutating func lengthReached(into directives: inout [Directive]) {
        guard case .recording(var utterance) = state else { return }
        let reason = utterance.lengthReached(&directives)
        state = .recording(utterance)
        if let reason { finish(utterance, reason, &directives) }
    }

    mutating func utteranceCompleted(into directives: inout [Directive]) {
        guard case .recording(let utterance) = state, let reason = utterance.fileCompleted() else { return }
        finish(utterance, reason, &directives)
    }

    /// Ends the run where it is: nothing follows from it.
    mutating func abort(into directives: inout [Directive]) {
        switch state {
        case .over, .ready: return
        case .playing(let playback): directives.append(.stopPlayback(playback))
        case .pausing: directives.append(.disarm(.pause))
        case .dialling(let dialling): directives.append(.stopDialling(dialling))
        case .collecting(var collection): collection.stop(&directives)
        case .recording(var utterance): utterance.stop(&directives)
        case .answering: break
        }
        state = .over
        if index < commands.count { directives.append(.commandAborted(commands[index], index: index)) }
    }

    // MARK: Steps

    private mutating func withUtterance(_ body: (inout UtteranceRecording) -> Void) {
        guard case .recording(var utterance) = state else { return }
        body(&utterance)
        state = .recording(utterance)
    }

    private mutating func finish(
        _ collection: DigitCollection, _ end: DigitCollection.End, _ directives: inout [Directive]
    ) {
        directives.append(.commandEnded(commands[index], index: index, .completed))
        state = .over
        directives.append(.collected(collection.command, end))
    }

    private mutating func finish(
        _ utterance: UtteranceRecording, _ reason: UtteranceRecording.Reason, _ directives: inout [Directive]
    ) {
        directives.append(.commandEnded(commands[index], index: index, .completed))
        state = .over
        directives.append(.recorded(utterance.command, reason))
    }

    private mutating func finishCommand(
        _ result: PlaybackResult, _ memory: inout ScriptMemory, _ directives: inout [Directive]
    ) {
        directives.append(.commandEnded(commands[index], index: index, result))
        index += 1
        runCommands(&memory, &directives)
    }

    private mutating func runCommands(_ memory: inout ScriptMemory, _ directives: inout [Directive]) {
        state = .ready
        while state == .ready {
            guard isAnswered || mayRunUnanswered else {
                state = .answering
                directives.append(.answer)
                return
            }
            guard index < commands.count else {
                state = .over
                directives.append(.ranOut)
                return
            }
            begin(commands[index], &memory, &directives)
        }
    }

    private var mayRunUnanswered: Bool {
        guard index < commands.count else { return false }
        return switch commands[index] {
        case .playEarlyMedia, .pause: true
        case .reject: index == 0
        case .addToConference, .audioStream, .createConference, .dequeue, .enqueue, .getDigits, .getSpeech, .hangup,
            .outDial, .park, .play, .recordUtterance, .redirect, .removeFromConference, .say, .sendDigits,
            .setDTMFPassThrough, .setListen, .setTalk, .sms, .startRecordCall, .terminateConference,
            .transcribeUtterance, .unpark:
            false
        }
    }

    private mutating func begin(
        _ command: Command, _ memory: inout ScriptMemory, _ directives: inout [Directive]
    ) {
        directives.append(.commandStarted(command, index: index))
        switch command {
        case .say(let say):
            // An empty text is skipped (docs/contract/percl.md#say).
            guard !say.text.isEmpty else { return skip(command, &directives) }
            // It empties the buffer (docs/contract/percl.md#say): what it asks is not answered by what was typed
            // before. A Say among prompts does not, nor does anything else: there flushBuffer decides.
            memory.forgetTypedAhead()
            play(say.prompt, loop: say.loop, &memory, &directives)
        case .play(let file):
            play(.file(file.file), loop: file.loop, &memory, &directives)
        case .pause(let pause):
            state = .pausing
            directives.append(.arm(.pause, milliseconds: pause.lengthMilliseconds))
        case .sendDigits(let send):
            let dialling = memory.drawDialling()
            state = .dialling(dialling)
            directives.append(.dial(dialling, send.digits))
        case .getDigits(let get):
            var collection = DigitCollection(get)
            let end = collection.begin(&memory, &directives)
            state = .collecting(collection)
            if let end { finish(collection, end, &directives) }
        case .startRecordCall:
            directives.append(.recordCall)
            finishAtOnce(command, &directives)
        case .recordUtterance(let record):
            var utterance = UtteranceRecording(record)
            utterance.begin(&memory, &directives)
            state = .recording(utterance)
        case .outDial(let dial):
            state = .over
            directives.append(.outDial(dial))
        case .enqueue(let enqueue):
            state = .over
            directives.append(.enqueue(enqueue))
        case .park(let park):
            state = .over
            directives.append(.park(park))
        case .dequeue, .unpark:
            state = .over
            directives.append(.leaveWait(command))
        case .createConference(let create):
            state = .over
            directives.append(.createConference(create))
        case .addToConference(let add):
            state = .over
            directives.append(.addToConference(add))
        case .removeFromConference, .terminateConference:
            state = .over
            directives.append(.leaveConference(command))
        case .setTalk(let set):
            directives.append(.changeStanding(command, ParticipantChange(talk: set.talk)))
            finishAtOnce(command, &directives)
        case .setListen(let set):
            directives.append(.changeStanding(command, ParticipantChange(listen: set.listen)))
            finishAtOnce(command, &directives)
        case .setDTMFPassThrough(let set):
            directives.append(
                .changeStanding(command, ParticipantChange(dtmfPassThrough: set.dtmfPassThrough)))
            finishAtOnce(command, &directives)
        case .redirect(let redirect):
            state = .over
            directives.append(.redirect(redirect, isFirst: index == 0))
        case .hangup(let hangup):
            state = .over
            directives.append(.hangUp(reason: hangup.reason))
        case .reject(let reject) where !isAnswered:
            state = .over
            directives.append(.reject(reason: reject.reason))
        case .playEarlyMedia where !isAnswered && !playsEarly:
            directives.append(
                .commandEnded(command, index: index, .failed("the caller offered no audio before the answer")))
            index += 1
        case .playEarlyMedia(let early) where !isAnswered:
            directives.append(.earlyMedia)
            play(.file(early.file), loop: 1, &memory, &directives)
        // Only meaningful before an inbound call is answered; elsewhere they are passed over
        // (docs/contract/percl.md#reject).
        case .reject, .playEarlyMedia:
            skip(command, &directives)
        case .audioStream, .getSpeech, .sms, .transcribeUtterance:
            state = .over
            directives.append(.unsupported(command, index: index))
        }
    }

    private mutating func skip(_ command: Command, _ directives: inout [Directive]) {
        directives.append(.commandEnded(command, index: index, .stopped))
        index += 1
    }

    private mutating func finishAtOnce(_ command: Command, _ directives: inout [Directive]) {
        directives.append(.commandEnded(command, index: index, .completed))
        index += 1
    }

    private mutating func play(
        _ prompt: Prompt, loop: Int, _ memory: inout ScriptMemory, _ directives: inout [Directive]
    ) {
        let playback = memory.drawPlayback()
        state = .playing(playback)
        directives.append(.play(playback, prompt, loop: loop))
    }
}
