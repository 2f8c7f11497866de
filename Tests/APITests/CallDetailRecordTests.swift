import HTTPTypes
import JSON
import Telephony
import Testing

@testable import API

/// docs/accounts.md
@Suite("Records of ended calls, for whoever pays for them")
struct CallDetailRecordTests {
    private static func id(_ prefix: String, _ digit: Character) -> String {
        prefix + String(repeating: digit, count: 40)
    }

    private static func call(_ test: TestServer, _ digit: Character, ended seconds: Int64?) throws -> Call {
        var call = Call(
            callID: try #require(CallID(id("CA", digit))), accountID: test.account,
            applicationID: ApplicationID(id("AP", "2")), parentCallID: CallID(id("CA", "3")),
            phoneNumberID: PhoneNumberID(id("PN", "4")), from: "+13125550100", to: "+13125550199",
            direction: .outboundAPI, status: .completed, created: TestServer.start)
        call.endTime = seconds.map { TestServer.start.advanced(byMicroseconds: $0 * 1_000_000) }
        return call
    }

    private func ended(_ test: TestServer, _ query: String) async throws -> Reply {
        try await test.send(.get, "/admin/calls" + query, authorization: "Bearer \(TestServer.operatorToken)")
    }

    @Test("A record has every field of the call; what it has not is null")
    func fields() async throws {
        let test = try TestServer()
        var call = try Self.call(test, "1", ended: 30)
        call.endedReason = .farEndHangup
        call.answeredBy = .human
        call.startTime = TestServer.start.advanced(byMicroseconds: 10_000_000)
        call.connectTime = TestServer.start.advanced(byMicroseconds: 15_500_000)
        test.calls.insert(call)
        let record = try #require(try await ended(test, "")["calls"]?.elements.first)
        #expect(
            record == [
                "callId": .string(call.callID.text), "accountId": .string(test.account.text),
                "applicationId": .string(Self.id("AP", "2")), "parentCallId": .string(Self.id("CA", "3")),
                "phoneNumberId": .string(Self.id("PN", "4")), "direction": .string(call.direction.rawValue),
                "from": "+13125550100", "to": "+13125550199", "status": "completed",
                "callEndedReason": .string(CallEndedReason.farEndHangup.rawValue), "answeredBy": .string("human"),
                "created": .string(TestServer.start.iso8601),
                "started": .string(TestServer.start.advanced(byMicroseconds: 10_000_000).iso8601),
                "connected": .string(TestServer.start.advanced(byMicroseconds: 15_500_000).iso8601),
                "ended": .string(TestServer.start.advanced(byMicroseconds: 30_000_000).iso8601),
                "duration": 20, "connectDuration": 15,
            ])
    }

    @Test("Of one account or of all, from a moment on, and until before another")
    func filters() async throws {
        let test = try TestServer()
        // It starts at 15:05:03.358921.
        for (digit, seconds) in [("1", 0), ("2", 1), ("3", 2), ("5", nil)] as [(Character, Int64?)] {
            test.calls.insert(try Self.call(test, digit, ended: seconds))
        }
        func found(_ query: String) async throws -> [String] {
            let reply = try await ended(test, query)
            #expect(reply.status == 200, "\(reply.text)")
            return (reply["calls"]?.elements ?? []).compactMap { $0["callId"]?.string }.map { String($0.suffix(1)) }
        }
        #expect(try await found("") == ["1", "2", "3"])
        #expect(try await found("?since=2024-10-09T15:05:04.358921Z") == ["2", "3"])
        #expect(try await found("?until=2024-10-09T15:05:04.358921Z") == ["1"])
        #expect(try await found("?since=2024-10-09&until=2024-10-10") == ["1", "2", "3"])
        #expect(try await found("?until=2024-10-09").isEmpty)
        #expect(try await found("?accountId=\(test.account)") == ["1", "2", "3"])
        #expect(try await found("?accountId=\(Self.id("AC", "9"))").isEmpty)
    }

    @Test("A page is asked for by a cursor, and by nothing else")
    func cursor() async throws {
        let test = try TestServer()
        for query in [
            "?cursor=x", "?cursor=1", "?cursor=1.", "?cursor=.1", "?cursor=1.2.3", "?cursor=a.1",
            "?cursor=1728486303358921.1",
        ] {
            #expect(try await ended(test, query).blamed == ["cursor"], "\(query)")
        }
        #expect(try await ended(test, "?page=0").blamed == ["page"])
        #expect(try await ended(test, "?pageSize=100").blamed == ["pageSize"])
        let call = Self.id("CA", "4")
        #expect(try await ended(test, "?cursor=1728486303358921.\(call)").status == 200)
        let position = EndedCallPosition(ended: Timestamp(microseconds: 17), callID: try #require(CallID(call)))
        #expect(position.text == "17.\(call)" && EndedCallPosition("17.\(call)") == position)
    }
}
