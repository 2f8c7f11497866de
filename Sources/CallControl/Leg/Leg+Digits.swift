import SIP
import Telephony

/// Digits that go out, as media or by INFO.
extension Leg {
    mutating func sendDigits(_ dialling: DiallingID, _ digits: DigitString, _ turn: inout Turn) {
        guard turn.configuration.trunk.reportsKeys else {
            turn.perform(
                .media(media, .sendDigits(dialling, digits.tones, durationMilliseconds: digits.durationMilliseconds)))
            return
        }
        let now = turn.now.instant
        let reports = KeyReports(dialling, digits, now: now)
        _ = withAnswered { $0.digits = reports }
        turn.want(.arm(.keyReport, after: reports.pause(now: now)))
    }

    mutating func stopDigits(_ dialling: DiallingID, _ turn: inout Turn) {
        let isReporting = withAnswered { answered in
            guard answered.digits?.dialling == dialling else { return false }
            // The digit that is under way is the last.
            answered.digits?.stop()
            return true
        }
        if isReporting == true {
            turn.want(.arm(.keyReport, after: .zero))
        } else {
            turn.perform(.media(media, .stopDigits(dialling)))
        }
    }

    var isReportingKeys: Bool {
        guard case .answered(let answered) = phase else { return false }
        return answered.digits != nil
    }

    /// The next digit is due, or the sequence is over.
    ///
    /// - Returns: the sequence, when it is over.
    mutating func nextKeyReport(_ turn: inout Turn) -> DiallingID? {
        let now = turn.now.instant
        guard let step = withAnswered({ $0.digits?.next(now: now) }) ?? nil else { return nil }
        switch step {
        case .report(let tone):
            turn.order(
                .reportKey(tone.digit, milliseconds: max(tone.durationMilliseconds, KeyReports.minimumMilliseconds)))
        case .wait: break
        case .pause(let pause): turn.want(.arm(.keyReport, after: pause))
        case .over:
            return withAnswered { answered in
                defer { answered.digits = nil }
                return answered.digits?.dialling
            } ?? nil
        }
        return nil
    }

    /// What the far end said to the latest digit.
    ///
    /// - Returns: as ``nextKeyReport(_:)``.
    mutating func keyReportAnswered(isTaken: Bool, _ turn: inout Turn) -> DiallingID? {
        let now = turn.now.instant
        _ = withAnswered { $0.digits?.answered(isTaken: isTaken, now: now) }
        return nextKeyReport(&turn)
    }
}
