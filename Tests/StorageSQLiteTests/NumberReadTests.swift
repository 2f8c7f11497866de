// swift-format-ignore-file: NeverForceUnwrap
// Constants of the tests: one that is malformed fails every test at once.

import Storage
import StorageSamples
import Telephony
import Testing

@testable import StorageSQLite

/// docs/contract/rest.md#numbers
@Suite struct NumberReadTests {
    private static let phones = (1...4).map { PhoneNumber("+1312555010\($0)")! }

    /// The account's, in order: a bare one, one named, one with an application, one with both; and another's, with both.
    private static func opened(_ folder: TemporaryFolder) async throws -> SQLiteStorage {
        let storage = try await SQLiteStorage.opened(folder)
        for number in 0..<5 {
            var owned = OwnedNumber(
                phoneNumberID: Sample.phoneNumberID(number),
                accountID: number < 4 ? Sample.account : Sample.otherAccount,
                phoneNumber: number < 4 ? phones[number] : PhoneNumber("+13125550199")!, created: Sample.time)
            if number != 0, number != 2 { owned.alias = "desk" }
            if number >= 2 { owned.applicationID = Sample.applicationID(number == 2 ? 1 : 2) }
            try await storage.saveNumber(owned)
        }
        return storage
    }

    @Test("Filters choose by alias and application, alone and together, among the account's own")
    func filters() async throws {
        let folder = TemporaryFolder()
        let storage = try await Self.opened(folder)
        func found(
            _ filter: NumberFilter, of account: AccountID = Sample.account,
            choose: (@Sendable ([PhoneNumber]) -> Set<PhoneNumber>)? = nil
        ) async throws -> [Int] {
            var filter = filter
            filter.choose = choose
            let page = try await storage.numbers(account: account, filter: filter, after: nil)
            #expect(page.total == page.items.count)
            return page.items.map { number in
                (0..<5).first { Sample.phoneNumberID($0) == number.phoneNumberID } ?? -1
            }
        }
        let (one, two) = (Sample.applicationID(1), Sample.applicationID(2))
        #expect(try await found(NumberFilter()) == [3, 2, 1, 0])
        #expect(try await found(NumberFilter(alias: "desk")) == [3, 1])
        #expect(try await found(NumberFilter(alias: "Desk")) == [])
        #expect(try await found(NumberFilter(applicationID: one)) == [2])
        #expect(try await found(NumberFilter(hasApplication: true)) == [3, 2])
        #expect(try await found(NumberFilter(alias: "desk", applicationID: one)) == [])
        #expect(try await found(NumberFilter(alias: "desk", applicationID: two, hasApplication: true)) == [3])
        #expect(try await found(NumberFilter(alias: "desk"), of: Sample.otherAccount) == [4])
        // Who chooses sees what satisfies the others, and nobody else's.
        let offered = Log<[PhoneNumber]>()
        let all = try await found(NumberFilter(alias: "desk")) { numbers in
            offered.append(numbers)
            return Set(numbers)
        }
        #expect(all == [3, 1])
        #expect(offered.items.map { Set($0) } == [[Self.phones[1], Self.phones[3]]])
        #expect(try await found(NumberFilter()) { _ in [Self.phones[0], Self.phones[2]] } == [2, 0])
        #expect(try await found(NumberFilter()) { _ in [] } == [])
        await storage.close()
    }

    @Test("A number is given up by its own account alone, and once")
    func deletion() async throws {
        let folder = TemporaryFolder()
        let storage = try await Self.opened(folder)
        let id = Sample.phoneNumberID(1)
        await #expect(throws: StorageError.notFound) {
            try await storage.deleteNumber(id, account: Sample.otherAccount)
        }
        #expect(try await storage.number(Self.phones[1])?.phoneNumberID == id)
        try await storage.deleteNumber(id, account: Sample.account)
        #expect(try await storage.number(Self.phones[1]) == nil)
        await #expect(throws: StorageError.notFound) { try await storage.deleteNumber(id, account: Sample.account) }
        #expect(try await storage.numbers(account: Sample.account, filter: NumberFilter(), after: nil).total == 3)
        #expect(try await storage.number(Self.phones[3])?.accountID == Sample.account)
        await storage.close()
    }

    @Test(
        "Who called in, and whom he called, is known of the account's own inbound calls (docs/contract/calls.md#from)")
    func inbound() async throws {
        let folder = TemporaryFolder()
        let storage = try await SQLiteStorage.opened(folder)
        let (caller, called, out) = (Self.phones[0], Self.phones[1], Self.phones[2])
        var inbound = Sample.call(1, from: caller.text, to: called.text)
        inbound.direction = .inbound
        var others = Sample.call(2, account: Sample.otherAccount, from: Self.phones[3].text, to: called.text)
        others.direction = .inbound
        try await storage.commit([
            .saveCall(inbound), .saveCall(others), .saveCall(Sample.call(3, from: out.text, to: out.text)),
        ])
        func isKnown(_ number: PhoneNumber, _ account: AccountID = Sample.account) async throws -> Bool {
            try await storage.hasInboundCall(with: number, account: account)
        }
        #expect(try await isKnown(caller))
        #expect(try await isKnown(called))
        #expect(try await !isKnown(out), "that call went out")
        #expect(try await !isKnown(Self.phones[3]), "that one was another's")
        #expect(try await isKnown(called, Sample.otherAccount))
        #expect(try await !isKnown(caller, Sample.otherAccount))
        await storage.close()
    }
}
