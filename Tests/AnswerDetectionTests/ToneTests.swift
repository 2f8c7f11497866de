import AnswerDetection
import Testing

@Suite("Tones")
struct ToneTests {
    @Test("Silence gives no verdict")
    func silence() {
        let detector = AnswerDetector()
        var findings: [AnswerFinding] = []
        let frame = [Int16](repeating: 0, count: AnswerDetector.frame)
        for _ in 0..<3000 { frame.withUnsafeBufferPointer { detector.observe($0, into: &findings) } }
        #expect(findings.isEmpty)
    }
}
