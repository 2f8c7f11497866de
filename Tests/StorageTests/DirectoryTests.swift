import Storage
import StorageSamples
import Telephony
import Testing

@Suite struct DirectoryTests {
    @Test(
        "An account comes back with its credentials and numbers, and changes with them",
        arguments: Implementation.allCases)
    func account(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.open()
        var account = Account(accountID: Sample.account, kind: .trial, status: .active, created: Sample.time)
        account.alias = "main"
        account.label = "Main"
        var credentials = AccountCredentials(
            accountID: Sample.account, apiKeyHashes: [Array(0..<32)], signingSecrets: ["sigsec_a", "sig\"sec_b"])
        var number = OwnedNumber(
            phoneNumberID: Sample.phoneNumberID(1), accountID: Sample.account,
            phoneNumber: PhoneNumber("+15551234567")!, created: Sample.time)
        number.alias = "front desk"
        number.applicationID = Sample.applicationID(3)
        try await storage.saveAccount(account, credentials: credentials, numbers: [number])
        #expect(try await storage.account(Sample.account) == account)
        #expect(try await storage.credentials(Sample.account) == credentials)
        #expect(try await storage.number(number.phoneNumber) == number)

        account.status = .suspended
        account.revision = 2
        credentials.signingSecrets = ["sigsec_c"]
        number.alias = nil
        number.revision = 2
        try await storage.saveAccount(account, credentials: nil, numbers: [number])
        try await storage.saveCredentials(credentials)
        #expect(try await storage.accounts() == [account])
        #expect(try await storage.credentials(Sample.account) == credentials)
        #expect(
            try await storage.numbers(account: Sample.account, filter: NumberFilter(), after: nil).items == [number])
        #expect(try await storage.credentials(Sample.otherAccount) == nil)
        await storage.close()
    }

    @Test("An account that cannot be saved whole is not saved", arguments: Implementation.allCases)
    func accountIsAtomic(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        let number = OwnedNumber(
            phoneNumberID: Sample.phoneNumberID(1), accountID: Sample.account,
            phoneNumber: PhoneNumber("+15551234567")!, created: Sample.time)
        try await storage.saveNumber(number)
        let third = AccountID(Sample.text("AC", 3))!
        var same = number
        same.phoneNumberID = Sample.phoneNumberID(2)
        same.accountID = third
        do {
            try await storage.saveAccount(
                Account(accountID: third, kind: .full, status: .active, created: Sample.time), credentials: nil,
                numbers: [same])
            Issue.record("A number belongs to one account at most")
        } catch {
            guard case .conflict = error else { throw error }
        }
        #expect(try await storage.account(third) == nil)
        await storage.close()
    }

    @Test(
        "Applications are created, changed, listed and deleted, each by its own account only",
        arguments: Implementation.allCases)
    func applications(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        var application = Application(
            applicationID: Sample.applicationID(1), accountID: Sample.account, created: Sample.time)
        application.alias = "bank"
        application.voiceURL = WebURL("https://example.com/voice")
        application.voiceFallbackURL = WebURL("https://example.com/voice2")
        application.callConnectURL = WebURL("https://example.com/connect")
        application.statusCallbackURL = WebURL("https://example.com/status")
        application.smsURL = WebURL("https://example.com/sms")
        application.smsFallbackURL = WebURL("https://example.com/sms2")
        try await storage.createApplication(application)
        #expect(try await storage.application(application.applicationID, account: Sample.account) == application)
        #expect(try await storage.application(application.applicationID, account: Sample.otherAccount) == nil)
        do {
            try await storage.createApplication(application)
            Issue.record("An identifier exists once")
        } catch {
            guard case .conflict = error else { throw error }
        }

        application.alias = nil
        application.voiceURL = nil
        application.revision = 2
        try await storage.updateApplication(application)
        #expect(try await storage.application(application.applicationID, account: Sample.account) == application)
        var foreign = application
        foreign.accountID = Sample.otherAccount
        await #expect(throws: StorageError.notFound) { try await storage.updateApplication(foreign) }
        await #expect(throws: StorageError.notFound) {
            try await storage.deleteApplication(application.applicationID, account: Sample.otherAccount)
        }
        try await storage.deleteApplication(application.applicationID, account: Sample.account)
        await #expect(throws: StorageError.notFound) {
            try await storage.deleteApplication(application.applicationID, account: Sample.account)
        }
        #expect(try await storage.application(application.applicationID, account: Sample.account) == nil)
        await storage.close()
    }

    @Test("The list of applications is paged and filtered by alias", arguments: Implementation.allCases)
    func applicationList(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        for number in 1...130 {
            var application = Application(
                applicationID: Sample.applicationID(number), accountID: Sample.account, created: Sample.time)
            application.alias = number % 2 == 0 ? "even" : nil
            try await storage.createApplication(application)
        }
        let first = try await storage.applications(account: Sample.account, alias: nil, after: nil)
        let second = try await storage.applications(account: Sample.account, alias: nil, after: first.next)
        #expect(
            (first.items + second.items).map(\.applicationID) == (1...130).reversed().map(Sample.applicationID))
        #expect(second.next == nil && second.start == 100 && first.total == 130)
        let even = try await storage.applications(account: Sample.account, alias: "even", after: nil)
        #expect(even.total == 65 && even.items.allSatisfy { $0.alias == "even" })
        #expect(try await storage.applications(account: Sample.account, alias: "EVEN", after: nil).total == 0)
        await storage.close()
    }
}
