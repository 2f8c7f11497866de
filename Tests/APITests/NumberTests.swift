import HTTPTypes
import JSON
import Telephony
import Testing

@testable import API

/// docs/contract/rest.md#offered-numbers, docs/contract/rest.md#numbers.
@Suite("Numbers that are offered and registered")
struct NumberTests {
    private static let offered = ["+13125550101", "+13125550102", "+442079460103"].compactMap(PhoneNumber.init)

    private func available(_ test: TestServer, _ query: String = "") async throws -> [String] {
        let reply = try await test.send(.get, "/apiserver/AvailablePhoneNumbers" + query)
        #expect(reply.status == 200, "\(reply.text)")
        return reply.json["availablePhoneNumbers"]?.elements.compactMap { $0["phoneNumber"]?.string } ?? []
    }

    @Test("What is registered is no longer available, and what is not offered cannot be registered")
    func offer() async throws {
        let test = try TestServer(offered: Self.offered)
        #expect(try await available(test) == Self.offered.map(\.text))
        let path = test.base + "/IncomingPhoneNumbers"
        #expect(try await test.send(.post, path, json: ["phoneNumber": "+13125550101"]).status == 200)
        #expect(try await available(test) == ["+13125550102", "+442079460103"])
        #expect(try await test.send(.post, path, json: ["phoneNumber": "+13125550101"]).status == 409)
        let refused = try await test.send(.post, path, json: ["phoneNumber": "+13125550199"])
        #expect(refused.status == 400)
        #expect(refused.json["message"]?.string?.contains("AvailablePhoneNumbers") == true)
    }

    @Test(
        "Filters",
        arguments: [
            ("?phoneNumber=%2B1312", 2), ("?phoneNumber=+1312", 2), ("?phoneNumber=010%5B12%5D%24", 2),
            ("?phoneNumber=%5E%5C%2B44%5Cd%7B10%7D%24", 1), ("?phoneNumber=99", 0), ("?country=GB", 1),
            ("?country=US&phoneNumber=2%24", 1), ("?smsEnabled=true&voiceEnabled=1", 3), ("?capabilities.sms=true", 0),
            ("?region=Illinois", 0),
        ])
    func filters(_ query: String, _ count: Int) async throws {
        let test = try TestServer(offered: Self.offered)
        #expect(try await available(test, query).count == count)
    }

    @Test(
        "Filters of the account's own numbers",
        arguments: [
            ("", 4), ("?phoneNumber=%2B1312", 3), ("?phoneNumber=+1312", 3), ("?phoneNumber=010%5B12%5D%24", 2),
            ("?phoneNumber=99", 0), ("?country=GB", 1), ("?country=US&phoneNumber=2%24", 1), ("?country=us", 0),
            ("?alias=desk&phoneNumber=0103", 1), ("?alias=desk&phoneNumber=0199", 0),
            ("?smsEnabled=true&voiceEnabled=1&capabilities.voice=true", 4), ("?capabilities.sms=true", 0),
            ("?capabilities.sms=0&capabilities.tollFree=false&hasCampaign=false&offnet=0", 4),
            ("?capabilities.tollFree=1", 0), ("?capabilities.tenDLC=true", 0), ("?capabilities.shortCode=true", 0),
            ("?hasCampaign=true", 0), ("?offnet=true", 0), ("?region=Illinois", 0), ("?tfn.campaignId=C1", 0),
        ])
    func ownFilters(_ query: String, _ count: Int) async throws {
        let test = try TestServer()
        let path = test.base + "/IncomingPhoneNumbers"
        let before = try await test.send(.get, path).json["total"]?.integer
        #expect(before == 1)
        for number in Self.offered {
            let body: JSONValue = ["phoneNumber": .string(number.text), "alias": "desk"]
            #expect(try await test.send(.post, path, json: body).status == 200)
        }
        let reply = try await test.send(.get, path + query)
        #expect(reply.status == 200, "\(reply.text)")
        #expect(reply.json["incomingPhoneNumbers"]?.elements.count == count, "\(reply.text)")
        #expect(reply.json["total"] == .integer(Int64(count)))
    }

    @Test(
        "A wrong filter of the account's numbers is refused by name",
        arguments: [
            ("phoneNumber=(", "phoneNumber"), ("capabilities.sms=perhaps", "capabilities.sms"), ("country=", "country"),
            ("hasCampaign=2", "hasCampaign"), ("region=", "region"), ("offnet=no", "offnet"),
        ])
    func ownFaults(_ query: String, _ field: String) async throws {
        let test = try TestServer()
        let reply = try await test.send(.get, test.base + "/IncomingPhoneNumbers?" + query)
        #expect(reply.status == 400)
        #expect(reply.json["details"]?["fields"]?.elements.first?["field"] == .string(field))
    }

    @Test(
        "A pattern that could keep the server busy, or that is none, is refused by name",
        arguments: ["(1%2B)%2B", "1*1*1*1*1*", "(", "%5B", "a", "(%3F%3D1)", "%5Cw", ""])
    func patterns(_ pattern: String) async throws {
        let test = try TestServer(offered: Self.offered)
        let reply = try await test.send(.get, "/apiserver/AvailablePhoneNumbers?phoneNumber=\(pattern)")
        #expect(reply.status == 400)
        #expect(reply.json["details"]?["fields"]?.elements.first?["field"] == "phoneNumber")
    }

    @Test("A pattern has 64 characters and four repetitions, and no more; of letters it has \\d alone")
    func patternBounds() throws {
        for text in [
            String(repeating: "1", count: 64), "1*2+3?4{2}", "\\+1\\d{3}", "+1312", "^(1|2)-[0-9],.$", "1{1,2}",
        ] {
            #expect(NumberPattern(text) != nil, "\(text)")
        }
        for text in [
            String(repeating: "1", count: 65), "1*2+3?4{2}5*", "(1)*", "(1)+", "(1)?", "(1){2}", "d", "\\D", "\\", "1 ",
        ] {
            #expect(NumberPattern(text) == nil, "\(text)")
        }
        let number = try #require(PhoneNumber("+13125550101"))
        #expect(NumberPattern("+1312")?.matches(number) == true && NumberPattern("1312$")?.matches(number) == false)
    }

    @Test("Nobody without a key sees them; whose key does not matter")
    func access() async throws {
        let test = try TestServer(offered: Self.offered)
        let stranger = TestServer.basic(test.account.text, "wrong")
        #expect(try await test.send(.get, "/apiserver/AvailablePhoneNumbers", authorization: stranger).status == 401)
    }

    @Test("What changes something, and what is refused, stands in the account's log; what only reads does not")
    func told() async throws {
        let test = try TestServer(offered: Self.offered)
        let path = test.base + "/IncomingPhoneNumbers"
        _ = try await test.send(.get, path)
        _ = try await test.send(.post, path, json: ["phoneNumber": "+13125550101"])
        _ = try await test.send(.post, path, json: ["phoneNumber": "12"])
        let log = try await test.send(.get, test.base + "/Logs").json["logs"]?.elements ?? []
        #expect(log.count == 2)
        let messages = log.compactMap { $0["message"]?.string }
        #expect(messages.contains("buy-a-phone-number: 200"))
        #expect(messages.contains { $0.hasPrefix("buy-a-phone-number was refused: ") })
    }
}
