import HTTPTypes
import JSON
import Telephony
import Testing

@testable import API

/// docs/contract/rest.md#participants.
@Suite("Participants over REST")
struct ParticipantRouteTests {
    private static let callID = "CA" + String(repeating: "b", count: 40)

    private static func path(_ test: TestServer) -> String {
        "\(test.base)/Conferences/\(ConferenceRouteTests.conferenceID)/Participants"
    }

    private static func place() throws -> (ConferenceID, CallID) {
        (try #require(ConferenceID(ConferenceRouteTests.conferenceID)), try #require(CallID(callID)))
    }

    private static func participant(_ test: TestServer) throws -> Participant {
        let (conference, call) = try place()
        var participant = Participant(
            conferenceID: conference, accountID: test.account, callID: call,
            standing: ParticipantStanding(talk: false, listen: true, dtmfPassThrough: false), startConfOnEnter: true,
            created: TestServer.start)
        participant.revision = 2
        return participant
    }

    @Test("The resource has every field, and so has the list")
    func resource() async throws {
        let test = try TestServer()
        let participant = try Self.participant(test)
        test.conferences.prepare(
            .participant(participant), .participants(Page(items: [participant], total: 1, start: 0, next: nil)))
        let reply = try await test.send(.get, "\(Self.path(test))/\(Self.callID)")
        let conference = ConferenceRouteTests.conferenceID
        #expect(reply.status == 200)
        #expect(
            reply.json
                == [
                    "accountId": .string(test.account.text), "callId": .string(Self.callID),
                    "conferenceId": .string(conference), "dateCreated": "Wed, 09 Oct 2024 15:05:03 GMT",
                    "dateUpdated": "Wed, 09 Oct 2024 15:05:03 GMT", "dtmfPassThrough": false, "listen": true,
                    "revision": 2, "startConfOnEnter": true, "talk": false,
                    "uri": .string(
                        "/Accounts/\(test.account)/Conferences/\(conference)/Participants/\(Self.callID)"),
                ])
        #expect(try await test.send(.get, Self.path(test))["participants"]?.elements == [reply.json])
    }

    @Test(
        "Lists are filtered by what participants may, and the link to a further page keeps that",
        arguments: [
            ("", ParticipantFilter()), ("talk=true", ParticipantFilter(talk: true)),
            ("listen=false", ParticipantFilter(listen: false)),
            ("dtmfPassThrough=1&talk=0", ParticipantFilter(talk: false, dtmfPassThrough: true)),
        ])
    func filters(_ query: String, _ filter: ParticipantFilter) async throws {
        let test = try TestServer()
        let (conference, _) = try Self.place()
        test.conferences.prepare(
            .participants(
                Page(
                    items: [try Self.participant(test)], total: 200, start: 0,
                    next: PageCursor(after: 101, position: 100))))
        let reply = try await test.send(.get, "\(Self.path(test))?\(query)")
        #expect(test.conferences.asked == [.participants(conference, filter, after: nil)])
        let next = try #require(reply["nextPageUri"]?.string)
        test.conferences.prepare(.participants(Page(items: [], total: 200, start: 100, next: nil)))
        #expect(try await test.send(.get, "/apiserver" + next).status == 200)
        #expect(
            test.conferences.asked.last
                == .participants(conference, filter, after: PageCursor(after: 101, position: 100)))
    }

    @Test("What is no truth filters nothing", arguments: ["talk", "listen", "dtmfPassThrough"])
    func badFilters(_ name: String) async throws {
        let test = try TestServer()
        #expect(try await test.send(.get, "\(Self.path(test))?\(name)=yes").blamed == [name])
        #expect(test.conferences.asked.isEmpty)
    }

    @Test("A change names what it changes and leaves the rest")
    func changes() async throws {
        let test = try TestServer()
        let (conference, call) = try Self.place()
        for (body, change) in [
            (["talk": false], ParticipantChange(talk: false)), (["listen": true], ParticipantChange(listen: true)),
            (
                ["talk": true, "listen": false, "dtmfPassThrough": true],
                ParticipantChange(talk: true, listen: false, dtmfPassThrough: true)
            ), ([:], ParticipantChange()),
        ] as [([String: JSONValue], ParticipantChange)] {
            test.conferences.prepare(.participant(try Self.participant(test)))
            let reply = try await test.send(.post, "\(Self.path(test))/\(Self.callID)", json: .object(body))
            #expect(reply.status == 200)
            #expect(reply["callId"] == .string(Self.callID))
            #expect(test.conferences.asked.last == .updateParticipant(conference, call, change))
        }
    }

    @Test(
        "What is neither true nor false is refused, and changes nothing else that stands beside it",
        arguments: ["talk", "listen", "dtmfPassThrough"],
        ["false", "", 1, 0, .number(1), .null, [], [:]] as [JSONValue])
    func noTruth(_ name: String, _ value: JSONValue) async throws {
        let test = try TestServer()
        let other = name == "talk" ? "listen" : "talk"
        let reply = try await test.send(
            .post, "\(Self.path(test))/\(Self.callID)", json: .object([name: value, other: false]))
        #expect(reply.status == 400)
        #expect(reply.blamed == [name])
        #expect(reply["details"]?["fields"]?.elements.first?["allowed"] == "true or false")
        #expect(test.conferences.asked.isEmpty)
    }

    @Test("Taken out is 204; a second time there is nobody")
    func removed() async throws {
        let test = try TestServer()
        let (conference, call) = try Self.place()
        test.conferences.prepare(.removed, .noParticipant)
        let reply = try await test.send(.delete, "\(Self.path(test))/\(Self.callID)")
        #expect(reply.status == 204 && reply.text.isEmpty)
        #expect(test.conferences.asked == [.removeParticipant(conference, call)])
        let again = try await test.send(.delete, "\(Self.path(test))/\(Self.callID)")
        #expect((again.status, again.code) == (404, 66))
        #expect(again.message == "The call \(Self.callID) is not in the conference \(conference).")
    }

    @Test("Nobody is in a conference that has been terminated; in one that there never was, that is said")
    func terminated() async throws {
        let test = try TestServer()
        for method in [.get, .post, .delete] as [HTTPRequest.Method] {
            let never = try await test.send(method, "\(Self.path(test))/\(Self.callID)")
            #expect(never.status == 404 && never.message.hasPrefix("The account has no conference"), "\(never.text)")
        }
        #expect(try await test.send(.get, Self.path(test)).status == 404)
        test.conferences.add(try ConferenceRouteTests.conference(test, .terminated))
        for method in [.get, .post, .delete] as [HTTPRequest.Method] {
            let gone = try await test.send(method, "\(Self.path(test))/\(Self.callID)")
            #expect(gone.status == 404 && gone.message.contains("is not in the conference"), "\(gone.text)")
        }
        let list = try await test.send(.get, Self.path(test))
        #expect(list.status == 200 && list["participants"] == [] && list["total"] == 0)
        let asked = test.conferences.asked.count
        let noCall = try await test.send(.get, Self.path(test) + "/Front")
        #expect(noCall.status == 404 && noCall.message.contains("CA and 40 hexadecimal digits"), "\(noCall.text)")
        #expect(test.conferences.asked.count == asked)
    }
}
