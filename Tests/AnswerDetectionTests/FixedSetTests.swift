import AnswerDetection
import AnswerTrials
import Telephony
import Testing

/// The same answered calls each time: drawn from equal seeds, spoken by voices that the model was not trained with, and
/// carried through G.711, loss and the jitter buffer. What is held here are the counts that both detectors reach.
@Suite("The fixed set", .serialized)
struct FixedSetTests {
    private static let people = 80
    private static let tones = 25

    /// - Parameter next: the next trial.
    private func report(
        _ count: Int, seed: UInt64, _ method: AnswerDetectionConfiguration.Method = .model,
        _ next: (TrialDrawing) throws -> Trial
    ) throws -> TrialReport {
        let drawing = try TrialDrawing(.test, seed: seed, sources: [.espeak, .flite])
        var report = TrialReport(method)
        for _ in 0..<count {
            let trial = try next(drawing)
            report.add(trial, TrialOutcome(of: trial, by: method))
        }
        return report
    }

    @Test("People")
    func people() throws {
        let model = try report(Self.people, seed: 101) { try $0.person() }
        #expect(model.count(.human, heldToBe: .human) >= 76, "\(model.text(failures: 9))")
        #expect(model.count(.human, heldToBe: .answeringMachine) <= 2)
        #expect(model.falseTones == 0)
    }

    @Test("Machines, their beeps, and the times of verdicts")
    func machines() throws {
        let model = try report(Self.people, seed: 102) { try $0.machine() }
        #expect(model.count(.machine, heldToBe: .answeringMachine) >= 74, "\(model.text(failures: 9))")
        #expect(model.falseTones == 0)
        #expect(model.beepErrors.count - model.beepsWithin60Milliseconds <= 1)
        #expect(model.time(0.5) <= 4500)
        #expect(model.time(0.95) <= 6500)
    }

    @Test("Faxes: all")
    func faxes() throws {
        let model = try report(Self.tones, seed: 103) { $0.fax() }
        #expect(model.count(.fax, heldToBe: .faxModem) == Self.tones, "\(model.text(failures: 9))")
    }

    @Test("Information tones: all")
    func information() throws {
        let model = try report(Self.tones, seed: 104) { try $0.information() }
        #expect(model.count(.information, heldToBe: .answeringMachine) == Self.tones, "\(model.text(failures: 9))")
    }

    @Test("Music, keys and the network's tones have no tone verdict")
    func others() throws {
        let model = try report(2 * Self.tones, seed: 105) { try $0.other() }
        #expect(model.falseTones == 0, "\(model.text(failures: 9))")
        #expect(model.count(.other, heldToBe: .faxModem) == 0)
    }

    @Test("The plain rule takes ten times as many people for machines")
    func rule() throws {
        let people = try report(Self.people, seed: 101, .rule) { try $0.person() }
        #expect(people.count(.human, heldToBe: .answeringMachine) >= 20, "\(people.text(failures: 9))")
    }
}
