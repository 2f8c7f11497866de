import Storage
import StorageSamples
import Telephony
import Testing

@testable import StorageSQLite

@Suite("Long reads take turns by account")
struct ReadGateTests {
    @Test("Searches wait for one another, and too many of them are refused")
    func gate() async throws {
        let gate = ReadGate(places: 2)
        let account = Sample.account
        try await gate.enter(account)
        try await gate.enter(account)
        let entered = Log<Int>()
        var waiting: [Task<Void, any Error>] = []
        for number in 0..<ReadGate.maximumWaiting {
            waiting.append(
                Task {
                    try await gate.enter(account)
                    entered.append(number)
                    await gate.leave(account)
                })
            while await gate.waitingCount <= number { await Task.yield() }
        }
        await #expect(throws: StorageError.busy) { try await gate.enter(account) }
        #expect(entered.items.isEmpty)
        await gate.leave(account)
        for task in waiting { try await task.value }
        #expect(entered.items == Array(0..<ReadGate.maximumWaiting))
        await gate.leave(account)
        try await gate.enter(account)
        try await gate.enter(account)
    }

    @Test("However many of one account's reads wait, another's is next, and none has all places")
    func gateOfTwo() async throws {
        let gate = ReadGate(places: 2, ofAnAccount: 1)
        let (flood, other) = (Sample.account, try #require(AccountID("AC" + String(repeating: "7", count: 40))))
        try await gate.enter(flood)
        let entered = Log<String>()
        var waiting: [Task<Void, any Error>] = []
        for number in 0..<ReadGate.maximumWaiting {
            waiting.append(
                Task {
                    try await gate.enter(flood)
                    entered.append("flood")
                    await gate.leave(flood)
                })
            while await gate.waitingCount <= number { await Task.yield() }
        }
        try await gate.enter(other)
        waiting.append(
            Task {
                try await gate.enter(other)
                entered.append("other")
                await gate.leave(other)
            })
        while await gate.waitingCount <= ReadGate.maximumWaiting { await Task.yield() }
        #expect(entered.items.isEmpty)
        await gate.leave(other)
        await gate.leave(flood)
        for task in waiting { try await task.value }
        #expect(entered.items.prefix(3).contains("other") && entered.items.count == ReadGate.maximumWaiting + 1)
    }
}
