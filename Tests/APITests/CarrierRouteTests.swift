import HTTPTypes
import JSON
import Telephony
import Testing

@testable import API

@Suite("Somebody of the simulated carrier calls in")
struct CarrierRouteTests {
    private func dial(_ test: TestServer, _ more: [String: JSONValue]) async throws -> Reply {
        let body = ["to": .string(test.number.text)].merging(more) { $1 }
        return try await test.send(.post, test.base + "/Carrier/Calls", json: .object(body))
    }

    @Test("Who calls, whom, what is said and pressed reaches the carrier; nobody named is 500 555 1000")
    func request() async throws {
        let test = try TestServer()
        #expect(try await dial(test, [:]).status == 202)
        var asked = try #require(test.carrier.requests.last)
        #expect(asked.from.text == "+15005551000" && asked.to == test.number)
        #expect(asked.say == nil && asked.presses.isEmpty)
        #expect(try await dial(test, ["from": "+13125550177", "say": "Hello", "press": "1,2#,*"]).status == 202)
        asked = try #require(test.carrier.requests.last)
        #expect(asked.from.text == "+13125550177" && asked.say == "Hello" && asked.presses == ["1", "2#", "*"])
    }

    @Test("A number that the account does not own is refused as Make a Call refuses one")
    func notOwned() async throws {
        let test = try TestServer()
        let reply = try await dial(test, ["to": "+13125550199"])
        #expect((reply.status, reply.code) == (400, 46))
        #expect(reply.blamed == ["to"] && test.carrier.requests.isEmpty)
        let missing = try await dial(test, ["to": .null])
        #expect((missing.status, missing.code) == (400, 80))
    }

    @Test("At most 1,000 characters are said, and at most 32 times 64 keys pressed")
    func bounds() async throws {
        let test = try TestServer()
        func presses(_ count: Int, _ keys: Int = 1) -> JSONValue {
            .string(Array(repeating: String(repeating: "5", count: keys), count: count).joined(separator: ","))
        }
        for (name, value, status) in [
            ("say", .string(String(repeating: "a", count: 1000)), 202),
            ("say", .string(String(repeating: "a", count: 1001)), 400), ("press", presses(32), 202),
            ("press", presses(33), 400), ("press", presses(2, 64), 202), ("press", presses(1, 65), 400),
            ("press", "", 400), ("press", ",", 400), ("press", "1a", 400), ("press", 1, 400),
        ] as [(String, JSONValue, Int)] {
            let reply = try await dial(test, [name: value])
            #expect(reply.status == status, "\(name) \(value.text)")
            if status == 400 { #expect(reply.blamed == [name]) }
        }
        #expect(test.carrier.requests.count == 3)
    }
}
