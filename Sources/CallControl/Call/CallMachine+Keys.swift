import JSON
import PerCL
import SIP
import Telephony

/// Keys that come, as media or by INFO, and digits that go out, as media or by INFO.
extension CallMachine {
    /// A key that is down.
    enum KeyDown: Sendable {
        case shown
        /// The journal may not say which it is.
        case masked
        /// It has come by INFO before, and was counted then.
        case repeated
    }

    // MARK: Keys that come

    /// A key goes down: it counts from here on, so that prompts stop at once.
    mutating func keyPressed(
        _ key: Character, now: Moment, random: inout RandomSource, into directives: inout [CallDirective]
    ) {
        guard isConnected else { return }
        if keyRepetitions.isRepetition(of: key, by: .media, now: now.instant) {
            if keysDown.count < ScriptMemory.maximumTypedAhead { keysDown.append(.repeated) }
            return
        }
        count(key, now, &random, &directives)
    }

    /// A key was let go: for the journal.
    mutating func digitReceived(
        _ digit: Character, milliseconds: Int, now: Moment, into directives: inout [CallDirective]
    ) {
        if case .repeated? = keysDown.first {
            keysDown.removeFirst()
            return
        }
        noteDigit(digit, milliseconds: milliseconds, [:], now, &directives)
    }

    /// The far end said by INFO that a key was pressed. It may have come as media already, or may yet: a gateway that
    /// was told of both ways uses either, or both.
    mutating func keyReported(
        _ key: Character, milliseconds: Int, now: Moment, random: inout RandomSource,
        into directives: inout [CallDirective]
    ) {
        guard isConnected, !keyRepetitions.isRepetition(of: key, by: .info, now: now.instant) else { return }
        count(key, now, &random, &directives)
        noteDigit(key, milliseconds: milliseconds, ["reportedBy": "INFO"], now, &directives)
    }

    private mutating func count(
        _ key: Character, _ now: Moment, _ random: inout RandomSource, _ directives: inout [CallDirective]
    ) {
        guard case .connected(let conversation) = phase else { return }
        // Only who asked for keys, and not in private, lets them be read later: what is typed ahead, or beyond what was
        // asked for, may be part of a card's number.
        if keysDown.count < ScriptMemory.maximumTypedAhead {
            keysDown.append(conversation.run?.isCollectingInTheOpen == true ? .shown : .masked)
        }
        guard conversation.run != nil else {
            memory.keep(key)
            return
        }
        advanceScript(now, &random, &directives) { run, memory, steps in
            run.keyPressed(key, &memory, into: &steps)
        }
    }

    private mutating func noteDigit(
        _ digit: Character, milliseconds: Int, _ metadata: [String: JSONValue], _ now: Moment,
        _ directives: inout [CallDirective]
    ) {
        // One key is down at a time; where more are held to be, because an end was lost, all of them must be open.
        let isShown = !keysDown.isEmpty && !keysDown.contains(.masked)
        if !keysDown.isEmpty { keysDown.removeFirst() }
        digitsNoted += 1
        guard digitsNoted <= Self.maximumDigitsNoted else { return }
        let own: [String: JSONValue] = [
            "digit": .string(isShown ? String(digit) : Mask.text), "milliseconds": JSONValue(milliseconds),
        ]
        note(.info, .media, "Digit received", own.merging(metadata) { own, _ in own }, now, &directives)
        if digitsNoted == Self.maximumDigitsNoted {
            note(.warning, .media, "Further digits of this call are not logged", [:], now, &directives)
        }
    }

    // MARK: Digits that go out

    mutating func dial(
        _ dialling: DiallingID, _ digits: DigitString, _ now: Moment, _ random: inout RandomSource,
        _ directives: inout [CallDirective]
    ) {
        guard reportsKeys else {
            directives.append(
                .effect(
                    .sendDigits(media, dialling, digits.tones, durationMilliseconds: digits.durationMilliseconds)))
            return
        }
        let reports = KeyReports(dialling, digits, now: now.instant)
        keyReports = reports
        directives.append(.arm(.keyReport, after: reports.pause(now: now.instant)))
    }

    mutating func stopDialling(_ dialling: DiallingID, _ directives: inout [CallDirective]) {
        guard keyReports?.dialling == dialling else {
            directives.append(.effect(.stopDigits(media, dialling)))
            return
        }
        // The digit that is under way is the last.
        keyReports?.stop()
        directives.append(.arm(.keyReport, after: .zero))
    }

    /// The next digit is due, or the sequence is over.
    mutating func nextKeyReport(
        _ now: Moment, _ random: inout RandomSource, _ directives: inout [CallDirective]
    ) {
        guard isConnected, var reports = keyReports else { return }
        let step = reports.next(now: now.instant)
        keyReports = reports
        switch step {
        case .report(let tone):
            directives.append(
                .reportKey(tone.digit, milliseconds: max(tone.durationMilliseconds, KeyReports.minimumMilliseconds)))
        case .wait: break
        case .pause(let pause): directives.append(.arm(.keyReport, after: pause))
        case .over:
            keyReports = nil
            digitsSent(reports.dialling, now: now, random: &random, into: &directives)
        }
    }

    /// What the far end said to the latest digit; nil where it said nothing.
    mutating func reportAnswered(
        _ status: StatusCode?, now: Moment, random: inout RandomSource, into directives: inout [CallDirective]
    ) {
        guard isConnected, keyReports != nil else { return }
        if status?.isSuccess != true {
            let explanation = status.map { "the far end answered the INFO with \($0.rawValue) \($0.reasonPhrase)" }
            note(
                .warning, .sip, "Digits not taken",
                ["explanation": .string(explanation ?? "the far end did not answer the INFO")], now, &directives)
        }
        keyReports?.answered(isTaken: status?.isSuccess == true, now: now.instant)
        nextKeyReport(now, &random, &directives)
    }

    mutating func digitsSent(
        _ dialling: DiallingID, now: Moment, random: inout RandomSource, into directives: inout [CallDirective]
    ) {
        guard dialling == .sendDigits else {
            advanceScript(now, &random, &directives) { run, memory, steps in
                run.digitsSent(dialling, &memory, into: &steps)
            }
            return
        }
        guard case .connected(var conversation) = phase, conversation.isDialling else { return }
        conversation.isDialling = false
        phase = .connected(conversation)
        note(.info, .media, "Digits sent", ["sendDigits": shownSendDigits], now, &directives)
        startHeldScript(now, &random, &directives)
    }
}
