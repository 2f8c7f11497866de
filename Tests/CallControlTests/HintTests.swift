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

    @Test(
        "A command that names another call is warned of with both when it runs; one that names its own, or none, is not",
        arguments: [
            (#"{"SetTalk":{"callId":"%"}}"#, "SetTalk"), (#"{"SetListen":{"callId":"%"}}"#, "SetListen"),
            (#"{"SetDTMFPassThrough":{"callId":"%"}}"#, "SetDTMFPassThrough"),
            (#"{"RemoveFromConference":{"callId":"%"}}"#, "RemoveFromConference"),
            (#"{"AddToConference":{"callId":"%","conferenceId":"&"}}"#, "AddToConference"),
        ])
    func otherCall(_ command: String, _ name: String) throws {
        let other = "CA" + String(repeating: "7", count: 40)
        for named in [other, "", nil] {
            var bench = Bench()
            try bench.makeCall()
            bench.farAnswer()
            let own = try #require(bench.call?.callID.text)
            let whole = command.replacing("%", with: named ?? own).replacing("&", with: Self.conference)
            bench.answerWebhook(#"[{"Pause":{"length":100}},"# + whole + "]")
            #expect(!bench.journal.contains { $0.metadata["field"] == "callId" }, "it has not run yet")
            bench.pass(.milliseconds(100))
            let told = bench.journal.filter { $0.metadata["field"] == "callId" }
            guard named == other else {
                #expect(told.isEmpty)
                continue
            }
            #expect(
                told.map(\.message) == [
                    "PerCL command 1 (\(name)), callId, is \"\(other)\", which is passed over: it acts on the call "
                        + "that runs it, \(own)"
                ])
            #expect(told.first?.level == .warning)
            #expect(told.first?.metadata == ["index": 1, "command": .string(name), "field": "callId"])
        }
    }

    private static let conference = "CF" + String(repeating: "c", count: 40)

    @Test("TerminateConference that names another conference than the call is in is warned of, and ends its own")
    func otherConference() throws {
        for isOwn in [false, true] {
            var room = ConferenceBench()
            let id = try room.create()
            let control = #""allowCallControl":true,"callControlSequence":"*7","callControlUrl":"http://app/control""#
            let call = try room.add(to: id, control)
            try room.press("*7", call)
            let named = isOwn ? id.text : Self.conference
            try room.answer(call, "callControl", #"[{"TerminateConference":{"conferenceId":"\#(named)"}}]"#)
            #expect(room.row(id)?.status == .terminated)
            let told = room.bench.journal.filter { $0.metadata["field"] == "conferenceId" }
            #expect(told.count == (isOwn ? 0 : 1))
            #expect(isOwn || told.first?.message.contains(id.text) == true, "\(told)")
            #expect(isOwn || told.first?.message.contains(Self.conference) == true, "\(told)")
        }
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
