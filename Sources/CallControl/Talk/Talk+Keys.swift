import JSON
import PerCL
import SIP
import Telephony

/// Keys that come, as media or by INFO.
extension Talk {
    /// A key goes down: it counts from here on, so that prompts stop at once.
    mutating func keyPressed(
        _ key: Character, _ leg: inout Leg, _ dossier: inout Dossier, _ turn: inout Turn
    ) -> Want? {
        guard leg.isAnswered, keys.pressed(key, now: turn.now.instant) else { return nil }
        return count(key, &leg, &dossier, &turn)
    }

    /// A key was let go: for the journal.
    mutating func digitReceived(_ digit: Character, milliseconds: Int, _ dossier: inout Dossier, _ turn: inout Turn) {
        guard !keys.releaseRepeated() else { return }
        note(digit, milliseconds: milliseconds, [:], &dossier, &turn)
    }

    /// The far end said by INFO that a key was pressed. It may have come as media already, or may yet: a gateway that
    /// was told of both ways uses either, or both.
    mutating func keyReported(
        _ key: Character, milliseconds: Int, _ leg: inout Leg, _ dossier: inout Dossier, _ turn: inout Turn
    ) -> Want? {
        guard leg.isAnswered, keys.reported(key, now: turn.now.instant) else { return nil }
        let want = count(key, &leg, &dossier, &turn)
        note(key, milliseconds: milliseconds, ["reportedBy": "INFO"], &dossier, &turn)
        return want
    }

    private mutating func count(
        _ key: Character, _ leg: inout Leg, _ dossier: inout Dossier, _ turn: inout Turn
    ) -> Want? {
        // Only who asked for keys, and not in private, lets them be read later: what is typed ahead, or beyond what was
        // asked for, may be part of a card's number.
        keys.hold(script?.isCollectingInTheOpen == true ? .shown : .masked)
        guard script != nil else {
            if stay == nil { memory.keep(key) } else { typedInConference(key, &dossier, &turn) }
            return nil
        }
        return advance(&leg, &dossier, &turn) { run, memory, steps in run.keyPressed(key, &memory, into: &steps) }
    }

    private mutating func note(
        _ digit: Character, milliseconds: Int, _ metadata: [String: JSONValue], _ dossier: inout Dossier,
        _ turn: inout Turn
    ) {
        let own: [String: JSONValue] = [
            "digit": .string(keys.release() ? String(digit) : Mask.text), "milliseconds": JSONValue(milliseconds),
        ]
        dossier.note(
            within: .keys, .info, .media, "Digit received", own.merging(metadata) { own, _ in own }, &turn)
    }
}
