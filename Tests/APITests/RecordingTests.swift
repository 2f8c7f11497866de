import HTTPTypes
import JSON
import Telephony
import Testing

@testable import API

/// docs/contract/rest.md#recordings, docs/contract/rest.md#numbers.
@Suite("Recordings and numbers over REST")
struct RecordingTests {
    private static let content = Array("0123456789".utf8)

    private func recorded(
        _ test: TestServer, isPrivate: Bool = false, seconds: Int? = 1, endedBefore: Int64 = 0,
        content: [UInt8] = Self.content
    ) throws -> Recording {
        var random = SystemRandomNumberGenerator()
        var recording = Recording(
            recordingID: RecordingID(random: &random), accountID: test.account, owner: .call(CallID(random: &random)),
            created: TestServer.start, isPrivate: isPrivate)
        recording.durationSeconds = seconds
        recording.dateUpdated = TestServer.start.advanced(byMicroseconds: -endedBefore * 1_000_000)
        try test.recordings.add(recording, content: content)
        return recording
    }

    private func download(_ test: TestServer, _ recording: Recording, range: String? = nil) async throws -> Reply {
        var headers = HTTPFields()
        headers[.range] = range
        return try await test.send(
            .get, test.base + "/Recordings/\(recording.recordingID)/Download", headers: headers)
    }

    @Test("A file comes whole, or the range of it that was asked for")
    func ranges() async throws {
        let test = try TestServer()
        let recording = try recorded(test)
        let whole = try await download(test, recording)
        #expect((whole.status, whole.text) == (200, "0123456789"))
        #expect(whole.header("Content-Type") == "audio/wav")
        #expect(whole.header("Accept-Ranges") == "bytes")
        #expect(whole.header("Content-Disposition")?.hasPrefix("attachment; filename=\"RE") == true)
        for (range, text, shown) in [
            ("bytes=2-4", "234", "bytes 2-4/10"), ("bytes=7-", "789", "bytes 7-9/10"),
            ("bytes=-3", "789", "bytes 7-9/10"), ("bytes=-99", "0123456789", "bytes 0-9/10"),
            ("bytes=8-99", "89", "bytes 8-9/10"),
        ] {
            let part = try await download(test, recording, range: range)
            #expect((part.status, part.text) == (206, text), "\(range)")
            #expect(part.header("Content-Range") == shown)
        }
        let behind = try await download(test, recording, range: "bytes=10-")
        #expect(behind.status == 416)
        #expect(behind.header("Content-Range") == "bytes */10")
        for ignored in ["bytes=4-2", "lines=1-2", "bytes=1-2,4-5", "bytes=x-2", "bytes=-"] {
            #expect(try await download(test, recording, range: ignored).status == 200, "\(ignored)")
        }
    }

    @Test("A file that is renamed or removed while it is fetched comes whole")
    func removedMeanwhile() async throws {
        let test = try TestServer()
        let recording = try recorded(test)
        test.recordings.removesOpened()
        #expect(try await download(test, recording).text == "0123456789")
        #expect(try await download(test, recording).status == 404)
    }

    @Test("A file of many pieces comes whole, and any range of it")
    func long() async throws {
        let test = try TestServer()
        let content = (0..<300_000).map { UInt8(truncatingIfNeeded: 48 + $0 % 10) }
        let recording = try recorded(test, content: content)
        let text = String(decoding: content, as: UTF8.self)
        #expect(try await download(test, recording).text == text)
        let part = try await download(test, recording, range: "bytes=131070-262145")
        #expect(part.text == text.dropFirst(131_070).prefix(131_076))
    }

    @Test("A private file can be had for two minutes, and then is gone with code 77")
    func privacy() async throws {
        let test = try TestServer()
        #expect(try await download(test, try recorded(test, isPrivate: true, endedBefore: 119)).status == 200)
        let old = try recorded(test, isPrivate: true, endedBefore: 121)
        let gone = try await download(test, old)
        #expect((gone.status, gone.code) == (404, 77))
        let resource = try await test.send(.get, test.base + "/Recordings/\(old.recordingID)")
        #expect(resource["deleted"] == true)
        #expect(resource["type"] == "private")
        #expect(resource["downloadUrl"] == .null)
    }

    @Test("Deleting keeps what is known; a recording that is being made stays; an unknown one has code 68")
    func deletion() async throws {
        let test = try TestServer()
        let recording = try recorded(test)
        let path = test.base + "/Recordings/\(recording.recordingID)"
        #expect(try await test.send(.delete, path).status == 204)
        #expect(try await test.send(.delete, path).status == 204)
        #expect(try await test.send(.get, path)["deleted"] == true)
        #expect(try await download(test, recording).code == 77)
        let running = try recorded(test, seconds: nil)
        #expect(try await test.send(.delete, test.base + "/Recordings/\(running.recordingID)").status == 409)
        let unknown = try await test.send(.get, test.base + "/Recordings/RE1")
        #expect((unknown.status, unknown.code) == (404, 68))
    }

    @Test("Lists filter by call and by day")
    func lists() async throws {
        let test = try TestServer()
        let first = try recorded(test)
        _ = try recorded(test)
        func count(_ query: String) async throws -> Int64? {
            try await test.send(.get, test.base + "/Recordings" + query)["total"]?.integer
        }
        #expect(try await count("") == 2)
        #expect(try await count("?callId=\(try #require(first.callID))") == 1)
        #expect(try await count("?dateCreated=2024-10-09") == 2)
        #expect(try await count("?dateCreated=2024-10-10") == 0)
        #expect(try await count("?startTime=2024-10-09%2015:05:04") == 0)
        #expect(try await count("?endTime=2024-10-09%2015:05:04") == 2)
        #expect(try await count("?startTime=2024-10-09&endTime=2024-10-09") == 2)
        #expect(try await count("?startTime=2024-10-10") == 0)
        #expect(try await count("?endTime=2024-10-08") == 0)
        let shown = try #require(
            try await test.send(.get, test.base + "/Recordings")["recordings"]?.elements.first)
        for field in ["dateCreated", "dateCreatedISO"] {
            let text = Query.encode(try #require(shown[field]?.string))
            for filter in ["dateCreated", "startTime", "endTime"] {
                #expect(try await count("?\(filter)=\(text)") == 2, "\(filter)=\(text)")
            }
        }
        #expect(try await test.send(.get, test.base + "/Recordings?dateCreated=9.10.2024").blamed == ["dateCreated"])
    }

    @Test("A number is registered once, gets an application, and is given up")
    func numbers() async throws {
        let test = try TestServer()
        let application = try await test.makeApplication()
        let path = test.base + "/IncomingPhoneNumbers"
        let bought = try await test.send(.post, path, json: ["phoneNumber": "+13125550180", "alias": "Second"])
        #expect(bought.status == 200)
        #expect(try await test.send(.post, path, json: ["phoneNumber": "+13125550180"]).status == 409)
        let own = path + "/" + (try #require(bought["phoneNumberId"]?.string))
        let foreign = try await test.send(
            .post, own, json: ["applicationId": .string("AP" + String(repeating: "0", count: 40))])
        #expect(foreign.blamed == ["applicationId"])
        let updated = try await test.send(.post, own, json: ["applicationId": .string(application.text)])
        #expect(updated["applicationId"] == .string(application.text))
        #expect(updated["alias"] == "Second")
        #expect(updated["revision"] == 2)
        #expect(try await test.send(.get, path + "?hasApplication=true")["total"] == 1)
        #expect(try await test.send(.get, path)["total"] == 2)
        #expect(try await test.send(.post, own, json: ["applicationId": nil])["applicationId"] == .null)
        #expect(try await test.send(.delete, own).status == 204)
        #expect(try await test.send(.get, own).status == 404)
    }
}
