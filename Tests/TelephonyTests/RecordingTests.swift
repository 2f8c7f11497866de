import Telephony
import Testing

/// docs/contract/rest.md#recordings, docs/contract/webhooks.md#recording-urls
@Suite struct RecordingTests {
    private static let account = "AC" + String(repeating: "1", count: 40)
    private static let id = "RE" + String(repeating: "a", count: 40)
    private static let end = Timestamp(microseconds: 1_700_000_000_000_000)

    private func recording(isPrivate: Bool, seconds: Int?) throws -> Recording {
        var recording = Recording(
            recordingID: try #require(RecordingID(Self.id)), accountID: try #require(AccountID(Self.account)),
            owner: .call(try #require(CallID("CA" + String(repeating: "2", count: 40)))), created: Self.end,
            isPrivate: isPrivate)
        recording.durationSeconds = seconds
        return recording
    }

    @Test("A private one is gone two minutes after its end, to the microsecond; others stay, and what is being made")
    func gone() throws {
        let twoMinutes = Self.end.advanced(byMicroseconds: 120_000_000)
        let later = twoMinutes.advanced(byMicroseconds: 1)
        let kept = try recording(isPrivate: true, seconds: 3)
        #expect(!kept.isGone(at: Self.end) && !kept.isGone(at: twoMinutes) && kept.isGone(at: later))
        #expect(try !recording(isPrivate: false, seconds: 3).isGone(at: later))
        #expect(try !recording(isPrivate: true, seconds: nil).isGone(at: later))
        for isPrivate in [true, false] {
            var deleted = try recording(isPrivate: isPrivate, seconds: 3)
            deleted.isDeleted = true
            #expect(deleted.isGone(at: Self.end))
        }
    }

    @Test("Its link is absolute, and found again by its path, or below this server's URL, of its own account alone")
    func links() throws {
        let links = RecordingLinks(publicURL: "https://voice.example")
        let recording = try recording(isPrivate: false, seconds: 3)
        let path = "/Accounts/\(Self.account)/Recordings/\(Self.id)"
        let link = links.download(of: recording)
        #expect(link == "https://voice.example/apiserver\(path)/Download")
        for text in [link, path + "/Download", path + "/Stream", "https://voice.example/apiserver\(path)/Stream"] {
            #expect(links.recording(at: text, of: recording.accountID) == recording.recordingID, "\(text)")
        }
        let other = try #require(AccountID("AC" + String(repeating: "3", count: 40)))
        #expect(links.recording(at: link, of: other) == nil)
        for text in [
            path, path + "/", path + "/Delete", path + "/Download/", path + "/Download/x", "/apiserver\(path)/Download",
            "https://other.example/apiserver\(path)/Download", "http://voice.example/apiserver\(path)/Download",
            "https://voice.example\(path)/Download", "/Accounts/\(Self.account)/Recordings/RE1/Download",
            "/accounts/\(Self.account)/Recordings/\(Self.id)/Download",
            "/Accounts/\(Self.account)/Calls/\(Self.id)/Download",
        ] {
            #expect(links.recording(at: text, of: recording.accountID) == nil, "\(text)")
        }
        #expect(RecordingLinks(publicURL: "").recording(at: link, of: recording.accountID) == nil)
        #expect(
            RecordingLinks(publicURL: "").recording(at: path + "/Download", of: recording.accountID)
                == recording.recordingID)
    }

    @Test("A file's size is its header's 44 bytes and 16 a millisecond")
    func size() {
        #expect(RecordingLinks.fileBytes(milliseconds: 0) == 44)
        #expect(RecordingLinks.fileBytes(milliseconds: 2500) == 40_044)
    }
}

/// docs/contract/calls.md#parents
@Suite struct ParentCallTests {
    @Test("A call in progress has children, and one that came in while it rings; no other")
    func children() throws {
        for direction in [CallDirection.inbound, .outboundAPI, .outboundDial] {
            for status in CallStatus.allCases {
                let call = Call(
                    callID: try #require(CallID("CA" + String(repeating: "2", count: 40))),
                    accountID: try #require(AccountID("AC" + String(repeating: "1", count: 40))), applicationID: nil,
                    parentCallID: nil, phoneNumberID: nil, from: "", to: "", direction: direction, status: status,
                    created: Timestamp(microseconds: 0))
                let parent = ParentCall(call: call, callConnectURL: nil, statusCallbackURL: nil)
                #expect(
                    parent.mayHaveChildren
                        == (status == .inProgress || (status == .ringing && direction == .inbound)), "\(status)")
            }
        }
    }
}

@Suite struct DayTests {
    @Test("A day of UTC begins at its midnight, before 1970 too")
    func startOfDay() {
        let day: Int64 = 86_400_000_000
        for (time, start) in [
            (0, 0), (1, 0), (day - 1, 0), (day, day), (day + 1, day), (-1, -day), (-day, -day), (-day - 1, -2 * day),
        ] as [(Int64, Int64)] {
            #expect(Timestamp(microseconds: time).startOfDay == Timestamp(microseconds: start), "\(time)")
        }
    }

    @Test("A time that would be beyond all times is the last or the first")
    func overflow() {
        #expect(Timestamp(microseconds: .max).advanced(byMicroseconds: 1).microseconds == .max)
        #expect(Timestamp(microseconds: .min).advanced(byMicroseconds: -1).microseconds == .min)
        #expect(Timestamp(microseconds: .max).secondsRoundedUp(since: Timestamp(microseconds: -1)) == 0)
    }
}
