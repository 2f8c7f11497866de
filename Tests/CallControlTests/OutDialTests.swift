import JSON
import SIP
import Telephony
import Testing

@testable import CallControl

/// docs/contract/percl.md#outdial.
@Suite("OutDial")
struct OutDialTests {
    private static let script =
        #"[{"OutDial":{"destination":"+15555550199","callingNumber":"+15555550111","actionUrl":"http://app/dialled","callConnectUrl":"http://app/child","sendDigits":"31415926","privacyMode":true}}]"#

    @Test("The child is a call in its own right, and the parent goes on at once")
    func child() throws {
        var bench = Bench()
        var random = SystemRandomNumberGenerator()
        bench.owned[try #require(PhoneNumber("+15555550111"))] = PhoneNumberID(random: &random)
        try bench.run(Self.script)
        let parent = try #require(bench.rows.values.first { $0.direction == .outboundAPI })
        let child = try #require(bench.rows.values.first { $0.direction == .outboundDial })
        #expect(child.parentCallID == parent.callID)
        #expect(bench.invites == 2)
        #expect(bench.delivered.last?.requestType == "outDialStart")
        #expect(bench.field("dialCallId") == .string(child.callID.text))
        #expect(bench.field("callId") == .string(parent.callID.text))
        bench.answerWebhook(#"[{"Hangup":{}}]"#)
        #expect(bench.rows[parent.callID]?.status == .completed)
        #expect(bench.rows[child.callID]?.status == .ringing)

        bench.farAnswer()
        let connect = try #require(bench.delivered.last)
        #expect(connect.requestType == "outDialConnect")
        #expect(connect.url.text == "http://app/child")
        #expect(bench.field("parentCallId") == .string(parent.callID.text))
        #expect(bench.field("dialCallStatus") == "inProgress")
        #expect(!bench.journal.contains { JSONValue.object($0.metadata).text.contains("31415926") })
    }

    @Test("A child that is not answered posts outDialConnect as a notification, then the parent's callStatus")
    func busyChild() throws {
        var bench = Bench()
        try bench.run(Self.script.replacing("+15555550111", with: "+15555550100"))
        bench.answerWebhook(#"[{"Pause":{"length":60000}}]"#)
        bench.farReject(.busyHere)
        let child = try #require(bench.rows.values.first { $0.direction == .outboundDial })
        #expect(child.status == .busy)
        #expect(bench.delivered.last?.requestType == "outDialConnect")
        #expect(bench.field("dialCallStatus") == "busy")
        bench.answerWebhook("[]")
        #expect(bench.delivered.last?.requestType == "callStatus")
        #expect(bench.field("callId") == .string(child.callID.text))
    }

    @Test("A callingNumber that is nobody's ends the call and says why")
    func notOwned() throws {
        var bench = Bench()
        try bench.run(Self.script)
        #expect(bench.rows.count == 1)
        #expect(bench.call?.endedReason == .perclProcessingError)
        #expect(bench.journal.contains { $0.metadata["code"] == 46 })
    }
}
