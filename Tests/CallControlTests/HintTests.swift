import JSON
import Telephony
import Testing

@testable import CallControl

@Suite("What was passed over stands in the call's log")
struct HintTests {
    @Test("A script's slips are warnings, each with its place, before the first command runs")
    func script() throws {
        var bench = Bench()
        try bench.run(
            #"[{"Pause":{"length":"500"}},{"GetDigits":{"actionUrl":"http://app/digits","maxDigts":1}}]"#)
        let told = bench.journal.filter { $0.level == .warning }
        #expect(
            told.map(\.message) == [
                "PerCL command 0 (Pause), length, is a text and is taken for the number in it: write it without "
                    + "quotation marks",
                "PerCL command 1 (GetDigits) has no attribute \"maxDigts\", which is passed over: did you mean "
                    + "maxDigits?",
            ])
        #expect(told.allSatisfy { $0.scope == .percl })
        #expect(told.first?.metadata == ["index": 0, "command": "Pause", "field": "length"])
        let started = try #require(bench.journal.firstIndex { $0.message == "PerCL Pause" })
        let last = try #require(bench.journal.lastIndex { $0.level == .warning })
        #expect(last < started)
        bench.pass(.milliseconds(500))
        #expect(bench.journal.contains { $0.message == "PerCL GetDigits" })
    }

    @Test("A call that repeats its slips tells of them for a while only")
    func bounded() throws {
        var bench = Bench()
        let script = #"[{"GetDigits":{"actionUrl":"http://app/digits","maxDigits":"1","flash":1}}]"#
        try bench.run(script)
        for _ in 0..<100 {
            bench.press("1")
            bench.answerWebhook(script)
        }
        #expect(bench.journal.count { $0.level == .warning } == Int(CallJournal.Budget.hints.limit) + 1)
        #expect(bench.journal.last { $0.level == .warning }?.message.contains("are not logged") == true)
    }

    @Test("Make a Call's unknown fields are warnings of the call")
    func request() throws {
        var bench = Bench()
        try bench.makeCall(remarks: ["\"machineDetection\" is no field of this request"])
        let told = try #require(bench.journal.first { $0.level == .warning })
        #expect(told.message == "\"machineDetection\" is no field of this request")
        #expect(told.callID == bench.call?.callID)
    }
}
