import HTTPTypes
import JSON
import Telephony
import Testing

@testable import API

@Suite("What a Range header asks for (RFC 9110 §14.2)")
struct ByteRangeTests {
    @Test(
        "First and last byte, from a byte on, and so many from the end",
        arguments: [
            ("bytes=0-0", 0...0), ("bytes=0-", 0...9), ("bytes=9-", 9...9), ("bytes=9-9", 9...9), ("bytes=3-3", 3...3),
            ("bytes=0-9", 0...9), ("bytes=0-10", 0...9), ("bytes=-1", 9...9), ("bytes=-9", 1...9), ("bytes=-10", 0...9),
            ("bytes=-11", 0...9), ("bytes=2-99999999999999999", 2...9),
        ])
    func parts(_ header: String, _ range: ClosedRange<Int>) { #expect(ByteRange(header, of: 10) == .part(range)) }

    @Test(
        "What lies behind the end cannot be had, nor the last zero bytes, nor anything of nothing",
        arguments: [("bytes=10-", 10), ("bytes=10-12", 10), ("bytes=-0", 10), ("bytes=0-", 0), ("bytes=-1", 0)])
    func unsatisfiable(_ header: String, _ size: Int) { #expect(ByteRange(header, of: size) == .unsatisfiable) }

    @Test(
        "What is malformed, of another unit, or several, is no range",
        arguments: [
            nil, "", "bytes", "bytes=", "bytes=-", "bytes=1", "bytes=1-2-3", "bytes=3-2", "bytes= 1-2", "bytes=+1-2",
            "bytes=1-2,4-5", "lines=1-2", "Bytes=1-2", "bytes=0-100000000000000000", "bytes=x-2", "bytes=1-x",
        ])
    func whole(_ header: String?) { #expect(ByteRange(header, of: 10) == .whole) }
}

/// docs/contract/rest.md#recordings
@Suite struct RecordingFileTests {
    private func recording(_ test: TestServer, _ content: [UInt8]) throws -> Recording {
        var random = SystemRandomNumberGenerator()
        var recording = Recording(
            recordingID: RecordingID(random: &random), accountID: test.account, owner: .call(CallID(random: &random)),
            created: TestServer.start, isPrivate: false)
        recording.durationSeconds = 1
        try test.recordings.add(recording, content: content)
        return recording
    }

    @Test("To be heard it comes inline, to be kept as an attachment, under its own name")
    func disposition() async throws {
        let test = try TestServer()
        let recording = try recording(test, Array("abc".utf8))
        for (operation, disposition) in [("Stream", "inline"), ("Download", "attachment")] {
            let reply = try await test.send(
                .get, "\(test.base)/Recordings/\(recording.recordingID)/\(operation)")
            #expect(reply.status == 200)
            #expect(
                reply.header("Content-Disposition") == "\(disposition); filename=\"\(recording.recordingID).wav\"")
            #expect(reply.text == "abc")
        }
    }

    @Test("A file with nothing in it is not there")
    func empty() async throws {
        let test = try TestServer()
        let recording = try recording(test, [])
        #expect(try await test.send(.get, "\(test.base)/Recordings/\(recording.recordingID)/Stream").status == 404)
    }

    @Test("A call's recordings are its own; of a call that there is not, there are none to list")
    func ofCall() async throws {
        let test = try TestServer()
        let recording = try recording(test, [1])
        _ = try self.recording(test, [2])
        let callID = try #require(recording.callID)
        let path = "\(test.base)/Calls/\(callID)/Recordings"
        let unknown = try await test.send(.get, path)
        #expect(unknown.status == 404 && unknown.message.contains(callID.text), "\(unknown.text)")
        #expect(try await test.send(.get, "\(test.base)/Calls/x/Recordings").status == 404)
        test.calls.insert(
            Call(
                callID: callID, accountID: test.account, applicationID: nil, parentCallID: nil,
                phoneNumberID: nil, from: "+13125550100", to: "+13125550199", direction: .outboundAPI,
                status: .completed, created: TestServer.start))
        let list = try await test.send(.get, path)
        #expect(list["total"] == 1)
        #expect(
            list["recordings"]?.elements.compactMap { $0["recordingId"]?.string } == [recording.recordingID.text])
    }
}
