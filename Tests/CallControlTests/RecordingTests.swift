import JSON
import PerCL
import Telephony
import Testing

@testable import CallControl

/// docs/contract/percl.md#startrecordcall, docs/contract/percl.md#recordutterance.
@Suite("StartRecordCall and RecordUtterance")
struct RecordingTests {
    private static func script(_ attributes: String = "") -> String {
        #"[{"RecordUtterance":{"actionUrl":"http://app/record","silenceTimeoutMs":1000,"maxLengthSec":10\#(attributes)}}]"#
    }

    private static func bench(_ script: String) throws -> Bench {
        var bench = Bench()
        bench.give(.reachable(at: "http://belay.example"))
        try bench.run(script)
        return bench
    }

    private func started(_ bench: Bench) -> [(RecordingID, RecordingContent)] {
        bench.effects.compactMap { effect in
            if case .media(_, .startRecording(let id, let content)) = effect { (id, content) } else { nil }
        }
    }

    @Test("A beep, then silence ends it: the webhook tells all of the file")
    func silence() throws {
        var bench = try Self.bench(Self.script())
        #expect(bench.played == [.beep])
        #expect(started(bench).isEmpty)
        bench.endPlayback()
        let (id, content) = try #require(started(bench).first)
        #expect(content == .farEnd(longestMilliseconds: 10_000))
        let media = try #require(bench.media)
        bench.pass(.milliseconds(900))
        bench.give(.media(media, .voiceStarted))
        bench.pass(.milliseconds(3000))
        #expect(bench.delivered.count == 1)
        // The media room has heard quiet for 200 ms when it says so.
        bench.give(.media(media, .voiceEnded))
        bench.pass(.milliseconds(799))
        #expect(bench.delivered.count == 1)
        bench.pass(.milliseconds(1))
        #expect(bench.delivered.last?.requestType == "record")
        #expect(bench.field("termReason") == "timeout")
        #expect(bench.field("recordingId") == .string(id.text))
        #expect(bench.field("recordingSize") == .string(String(44 + 2500 * 16)))
        #expect(bench.field("recordingDurationSec") == 3)
        #expect(bench.field("recordingFormat") == "audio/wav")
        let path = "/apiserver/Accounts/\(Bench.account)/Recordings/\(id)/Download"
        #expect(bench.field("recordingUrl") == .string("http://belay.example" + path))
        #expect(bench.recordings[id]?.durationSeconds == 3)
    }

    @Test("A finish key and the longest length end it; other keys do not")
    func otherEnds() throws {
        var bench = try Self.bench(Self.script(#","playBeep":false"#))
        bench.press("1")
        #expect(bench.delivered.count == 1)
        bench.press("#")
        #expect(bench.field("termReason") == "finishKey")

        bench = try Self.bench(Self.script(#","playBeep":false"#))
        bench.give(.media(try #require(bench.media), .voiceStarted))
        bench.pass(.seconds(10))
        #expect(bench.field("termReason") == "maxLength")
    }

    @Test("autoStart begins with the voice; nobody speaks: no recording")
    func autoStart() throws {
        var bench = try Self.bench(Self.script(#","autoStart":true"#))
        bench.endPlayback()
        bench.pass(.milliseconds(9999))
        #expect(started(bench).isEmpty)
        bench.pass(.milliseconds(1))
        #expect(bench.field("termReason") == "maxLength")
        #expect(bench.field("recordingId") == .null)

        bench = try Self.bench(Self.script(#","autoStart":true,"playBeep":false"#))
        bench.pass(.milliseconds(9000))
        bench.give(.media(try #require(bench.media), .voiceStarted))
        #expect(started(bench).count == 1)
        bench.pass(.milliseconds(9000))
        #expect(bench.delivered.count == 1, "the length counts from the voice on")
        bench.pass(.milliseconds(1000))
        #expect(bench.field("termReason") == "maxLength")
    }

    @Test("A hang-up meanwhile is told to the application, before callStatus")
    func hangUp() throws {
        var bench = try Self.bench(Self.script(#","playBeep":false"#))
        bench.pass(.milliseconds(400))
        bench.farHangUp()
        #expect(bench.delivered.last?.requestType == "record")
        #expect(bench.field("termReason") == "hangup")
        #expect(bench.field("recordingDurationSec") == 1)
        bench.answerWebhook(#"[{"Say":{"text":"too late"}}]"#)
        #expect(bench.delivered.map(\.requestType) == ["outDialApiConnect", "record", "callStatus"])
    }

    @Test("A hang-up that comes before a timer that is late: the recording is no longer than maxLengthSec")
    func lateTimer() throws {
        var bench = try Self.bench(Self.script(#","playBeep":false"#))
        bench.stall(.milliseconds(10_400))
        bench.farHangUp()
        #expect(bench.delivered.last?.requestType == "record")
        #expect(bench.field("recordingDurationSec") == 10)
        #expect(bench.field("recordingSize") == .string(String(44 + 10_000 * 16)))
        #expect(bench.recordings.values.map(\.durationSeconds) == [10])
    }

    @Test("StartRecordCall goes on beside everything and is told of in callStatus")
    func wholeCall() throws {
        var bench = try Self.bench(
            #"[{"StartRecordCall":{}},{"StartRecordCall":{}},{"Say":{"text":"Hello"}}]"#)
        let (id, content) = try #require(started(bench).first)
        #expect(started(bench).count == 1)
        #expect(content == .call)
        bench.pass(.milliseconds(1200))
        bench.endPlayback()
        #expect(bench.delivered.last?.requestType == "callStatus")
        #expect(bench.field("recordingId") == .string(id.text))
        #expect(bench.field("recordingDurationSec") == 2)
        #expect(bench.recordings[id]?.durationSeconds == 2)
    }

    @Test("After a crash callStatus tells of the recording that the crash cut short")
    func wholeCallCutShort() throws {
        var crashed = try Self.bench(#"[{"StartRecordCall":{}},{"Say":{"text":"Hello"}}]"#)
        let (id, _) = try #require(started(crashed).first)
        // A start measures the file before it takes up the call.
        crashed.recordings[id]?.durationSeconds = 7
        var bench = RecoveryTests().restarted(crashed)
        bench.answerWebhook("")
        #expect(bench.delivered.map(\.requestType) == ["callStatus"])
        #expect(bench.field("callEndedReason") == "internalError")
        #expect(bench.field("recordingId") == .string(id.text))
        #expect(bench.field("recordingDurationSec") == 7)
    }

    @Test("A recordingUrl of the account's own is played from its file; another account's is not")
    func playing() throws {
        let id = "RE" + String(repeating: "a", count: 40)
        let own = "/Accounts/\(Bench.account)/Recordings/\(id)/Download"
        for file in [own, "http://belay.example/apiserver" + own] {
            let bench = try Self.bench(#"[{"Play":{"file":"\#(file)"}}]"#)
            #expect(
                bench.played == [.recording(try #require(RecordingID(id)), try #require(AccountID(Bench.account)))])
        }
        let other = "/Accounts/AC\(String(repeating: "2", count: 40))/Recordings/\(id)/Download"
        let bench = try Self.bench(#"[{"Play":{"file":"\#(other)"}}]"#)
        #expect(bench.played == [.file(.relative(other))])
    }

    @Test("A recording's row is younger at its end than at its beginning, and one revision on")
    func rowAtTheEnd() throws {
        var bench = Bench()
        try bench.run(#"[{"StartRecordCall":{}},{"Pause":{"length":5000}}]"#)
        let begun = try #require(bench.recordings.values.first)
        bench.pass(.seconds(3))
        bench.farHangUp()
        let ended = try #require(bench.recordings.values.first)
        #expect(ended.dateCreated == begun.dateCreated)
        #expect(ended.dateUpdated.microseconds - begun.dateUpdated.microseconds == 3_000_000)
        #expect(ended.revision == begun.revision + 1)
    }

    @Test("What was wrong with a file that was played stands in the log")
    func warned() throws {
        var bench = Bench()
        try bench.run(#"[{"Play":{"file":"http://app/a.wav"}},{"Pause":{"length":60000}}]"#)
        let play = try #require(
            bench.effects.lazy.compactMap { effect -> (MediaHandle, PlaybackID)? in
                if case .media(let media, .play(let playback, _, _, _)) = effect { (media, playback) } else { nil }
            }.last)
        bench.give(
            .media(play.0, .playbackEnded(play.1, .completedWithWarning("the file ends before its header says"))))
        let entry = try #require(bench.journal.last { $0.message == "PerCL Play completed" })
        #expect(entry.level == .warning)
        #expect(entry.metadata["explanation"] == "the file ends before its header says")
    }
}
