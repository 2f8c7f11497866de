import HTTPTypes
import JSON
import Telephony
import Testing

@testable import API

/// docs/contract/rest.md#lists, docs/contract/rest.md#times
@Suite("The next page is a page of the same list, and a time filter is exact to its end")
struct PageLinkTests {
    private static let other = "+13125550177"

    /// Three days with a hundred and one calls each, and as many recordings, one each ten minutes.
    private static let days = ["2024-10-08", "2024-10-09", "2024-10-10"]
    private static let perDay = 101

    private struct Stock {
        var test: TestServer
        var parent: CallID
        var application: ApplicationID
        var recorded: CallID
    }

    private func stock() throws -> Stock {
        let test = try TestServer()
        let identifiers = SystemIdentifierSource()
        let stock = Stock(
            test: test, parent: identifiers.draw(CallKind.self), application: identifiers.draw(ApplicationKind.self),
            recorded: identifiers.draw(CallKind.self))
        for day in Self.days {
            let midnight = try #require(Timestamp(filter: day))
            for number in 0..<Self.perDay {
                let created = midnight.advanced(byMicroseconds: Int64(number) * 600_000_000)
                // One call in every other list alone, so that a lost filter shows.
                for isWanted in [true, false] {
                    var call = Call(
                        callID: identifiers.draw(CallKind.self), accountID: test.account,
                        applicationID: isWanted ? stock.application : nil,
                        parentCallID: isWanted ? stock.parent : nil, phoneNumberID: nil,
                        from: isWanted ? test.number.text : Self.other, to: isWanted ? "+13125550122" : Self.other,
                        direction: .outboundAPI, status: isWanted ? .completed : .failed, created: created)
                    call.startTime = created
                    call.endTime = created.advanced(byMicroseconds: 5_000_000)
                    test.calls.insert(call)
                    var recording = Recording(
                        recordingID: identifiers.draw(RecordingKind.self), accountID: test.account,
                        owner: .call(isWanted ? stock.recorded : call.callID), created: created, isPrivate: false)
                    recording.durationSeconds = 1
                    try test.recordings.add(recording, content: [1])
                }
            }
        }
        return stock
    }

    /// Follows the links from the first page on.
    private func all(
        _ test: TestServer, _ list: String, _ query: String
    ) async throws -> (ids: [String], total: Int64?) {
        var ids: [String] = []
        var path: String? = "\(test.base)/\(list)?\(query)"
        var total: Int64?
        var pages = 0
        while let uri = path {
            pages += 1
            try #require(pages < 10)
            let page = try await test.send(.get, uri)
            try #require(page.status == 200, "\(page.text)")
            #expect(total == nil || page["total"]?.integer == total, "\(uri)")
            total = page["total"]?.integer
            ids += (page[list.lowercased()]?.elements ?? []).compactMap { ($0["callId"] ?? $0["recordingId"])?.string }
            path = page["nextPageUri"]?.string.map { "/apiserver" + $0 }
        }
        return (ids, total)
    }

    @Test("Every filter of calls holds on every page that the links lead to")
    func calls() async throws {
        let stock = try stock()
        let test = stock.test
        for (query, count) in [
            ("to=%2B13125550122", 303), ("from=\(Query.encode(test.number.text))", 303), ("status=completed", 303),
            ("parentCallId=\(stock.parent)", 303), ("applicationId=\(stock.application)", 303),
            ("startTime=2024-10-09%2000:00:00", 404), ("endTime=2024-10-09", 404), ("endTime=2024-10-08", 202),
            ("startTime=2024-10-09&endTime=2024-10-09", 202),
            ("startTime=2024-10-09&endTime=2024-10-09&status=failed&to=\(Query.encode(Self.other))", 101),
            ("active=false", 606),
        ] {
            let found = try await all(test, "Calls", query)
            #expect(found.total == Int64(count), "\(query)")
            #expect(found.ids.count == count && Set(found.ids).count == count, "\(query)")
        }
        #expect(try await all(test, "Calls", "active=true").ids.isEmpty)
    }

    @Test("So does every filter of recordings")
    func recordings() async throws {
        let stock = try stock()
        for (query, count) in [
            ("dateCreated=2024-10-09", 202), ("startTime=2024-10-09", 404), ("endTime=2024-10-09", 404),
            ("startTime=2024-10-09&endTime=2024-10-09", 202), ("callId=\(stock.recorded)", 303),
            ("callId=\(stock.recorded)&dateCreated=2024-10-10", 101),
        ] {
            let found = try await all(stock.test, "Recordings", query)
            #expect(found.total == Int64(count), "\(query)")
            #expect(found.ids.count == count, "\(query)")
        }
    }

    @Test(
        "A day is over with its last microsecond, and a second with its last one",
        arguments: [
            ("2024-10-09", -1, false), ("2024-10-09", 0, true), ("2024-10-09", 86_399_000_000, true),
            ("2024-10-09", 86_399_999_999, true), ("2024-10-09", 86_400_000_000, false),
            ("2024-10-09%2023:59:59", 86_398_999_999, false), ("2024-10-09%2023:59:59", 86_399_000_000, true),
            ("2024-10-09%2023:59:59", 86_399_999_999, true), ("2024-10-09%2023:59:59", 86_400_000_000, false),
            ("2024-10-09T23:59:59.358Z", 86_399_357_999, false), ("2024-10-09T23:59:59.358Z", 86_399_358_999, true),
            ("2024-10-09T23:59:59.358Z", 86_399_359_000, false),
        ] as [(String, Int64, Bool)])
    func exact(text: String, sinceMidnight: Int64, isWithin: Bool) async throws {
        let test = try TestServer()
        let identifiers = SystemIdentifierSource()
        let time = try #require(Timestamp(filter: "2024-10-09")).advanced(byMicroseconds: sinceMidnight)
        let span = try #require(Timestamp.span(filter: text.replacing("%20", with: " ")))
        let callID = identifiers.draw(CallKind.self)
        let recording = Recording(
            recordingID: identifiers.draw(RecordingKind.self), accountID: test.account,
            owner: .call(callID), created: time, isPrivate: false)
        try test.recordings.add(recording, content: [1])
        var call = Call(
            callID: callID, accountID: test.account, applicationID: nil, parentCallID: nil,
            phoneNumberID: nil, from: test.number.text, to: Self.other, direction: .outboundAPI, status: .completed,
            created: time)
        call.startTime = time
        call.endTime = time
        test.calls.insert(call)
        func isFound(_ list: String, _ name: String) async throws -> Bool {
            try await test.send(.get, "\(test.base)/\(list)?\(name)=\(text)")["total"] == 1
        }
        #expect(try await isFound("Recordings", "dateCreated") == isWithin)
        for list in ["Recordings", "Calls"] {
            #expect(try await isFound(list, "startTime") == (time >= span.lowerBound))
            #expect(try await isFound(list, "endTime") == (time < span.upperBound))
        }
    }
}
