import Testing

@testable import Carrier

@Suite("A call's recording")
struct CallRecordingTests {
    @Test("A Call-ID becomes a file's name that leads nowhere else")
    func fileName() {
        let recording = CallRecording(folder: "/data", callID: "../a b@192.0.2.1", isSecond: false)
        #expect(recording.path == "/data/.._a_b@192.0.2.1.wav")
        #expect(recording.messagePath == "/data/.._a_b@192.0.2.1-message.wav")
        #expect(CallRecording(folder: "/data", callID: "x", isSecond: true).path == "/data/x-2.wav")
    }
}
