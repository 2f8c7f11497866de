import AnswerDetection
import AnswerTrials
import Telephony
import Testing

/// The same answered calls each time: drawn from equal seeds, spoken by voices that the model was not trained with, and
/// carried through G.711, loss and the jitter buffer. What is held here are the counts that both detectors reach.
@Suite("The fixed set", .serialized)
struct FixedSetTests {
    private static let people = 45
    private static let tones = 20

    /// What both detectors make of the same trials.
    ///
    /// - Parameter next: the next trial.
    private func reports(
        _ count: Int, seed: UInt64, _ next: (TrialDrawing) throws -> Trial
    ) throws -> (model: TrialReport, rule: TrialReport) {
        let drawing = try TrialDrawing(.test, seed: seed, sources: [.espeak, .flite])
        var model = TrialReport(.model)
        var rule = TrialReport(.rule)
        for _ in 0..<count {
            let trial = try next(drawing)
            model.add(trial, TrialOutcome(of: trial, by: .model))
            rule.add(trial, TrialOutcome(of: trial, by: .rule))
        }
        return (model, rule)
    }

    @Test("People; the plain rule takes a third of them for machines")
    func people() throws {
        let (model, rule) = try reports(Self.people, seed: 101) { try $0.person() }
        #expect(model.count(.human, heldToBe: .human) >= 44, "\(model.text(failures: 9))")
        #expect(model.count(.human, heldToBe: .answeringMachine) == 0)
        #expect(model.falseTones == 0)
        #expect(rule.count(.human, heldToBe: .answeringMachine) >= 14, "\(rule.text(failures: 9))")
    }

    @Test("Machines, more than the plain rule finds; their beeps, and the times of verdicts")
    func machines() throws {
        let (model, rule) = try reports(Self.people, seed: 102) { try $0.machine() }
        let found = model.count(.machine, heldToBe: .answeringMachine)
        #expect(found >= 43, "\(model.text(failures: 9))")
        #expect(found >= rule.count(.machine, heldToBe: .answeringMachine), "\(rule.text(failures: 9))")
        #expect(model.falseTones == 0)
        #expect(model.beepsWithin60Milliseconds == model.beepErrors.count)
        #expect(model.time(0.5) <= 4000)
        #expect(model.time(0.95) <= 5900)
    }

    @Test("Faxes: all")
    func faxes() throws {
        let (model, _) = try reports(Self.tones, seed: 103) { $0.fax() }
        #expect(model.count(.fax, heldToBe: .faxModem) == Self.tones, "\(model.text(failures: 9))")
    }

    @Test("Information tones: all")
    func information() throws {
        let (model, _) = try reports(Self.tones, seed: 104) { try $0.information() }
        #expect(model.count(.information, heldToBe: .answeringMachine) == Self.tones, "\(model.text(failures: 9))")
    }

    @Test("Music, keys and the network's tones have no tone verdict")
    func others() throws {
        let (model, _) = try reports(2 * Self.tones, seed: 105) { try $0.other() }
        #expect(model.falseTones == 0, "\(model.text(failures: 9))")
        #expect(model.count(.other, heldToBe: .faxModem) == 0)
    }
}
