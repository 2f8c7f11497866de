import ArgumentParser
import Foundation
import JSON

/// `belay account …`, for the operator.
struct AccountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account",
        abstract: "Make accounts, say whom they may call and how much, suspend them.",
        discussion: """
            For the operator: the token stands in the file `admin` of the server's data folder (BELAY_ADMIN_TOKEN).

            Examples:
              belay account create --label "Night shift" --type full
              belay account update AC0123… --calls-at-once 5 --minutes-per-day 600 --refuse-prefix +1900
              belay account verify AC0123… +13125550100
              belay account suspend AC0123…
            """,
        subcommands: [
            List.self, Show.self, Create.self, Update.self, Verify.self, Unverify.self, Suspend.self, Resume.self,
            Close.self,
        ], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List them.")

        @OptionGroup var access: ServerAccess

        func run() async throws {
            try await ClientCommand.run {
                let answer = try await access.operatorClient().get("/admin/accounts")
                guard case .array(let accounts)? = answer["accounts"] else { return }
                Terminal.print(
                    lines: Terminal.table(
                        accounts.map { account in
                            ["accountId", "type", "status", "label"].map { account[$0]?.string ?? "" }
                        }))
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one with its rules.")

        @OptionGroup var access: ServerAccess
        @Argument(help: ArgumentHelp("The account, when not the data folder's.", valueName: "id"))
        var id: String?

        func run() async throws {
            try await ClientCommand.run {
                let client = try access.operatorClient()
                AccountListing.print(try await client.get("/admin/accounts/\(id ?? client.account)"))
            }
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make one; prints its id, key and signing secret, which nobody can read again.",
            discussion: "Without --type it is a trial account, which may call verified numbers only.")

        @OptionGroup var access: ServerAccess
        @OptionGroup var rules: AccountOptions

        func run() async throws {
            try await ClientCommand.run {
                let made = try await access.operatorClient().post("/admin/accounts", .object(try rules.members()))
                for (name, field) in [
                    ("BELAY_ACCOUNT_ID", "accountId"), ("BELAY_API_KEY", "apiKey"),
                    ("BELAY_SIGNING_SECRET", "signingSecret"),
                ] {
                    Terminal.print("\(name)=\(made[field]?.string ?? "")")
                }
            }
        }
    }

    struct Update: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change whom one may call and how much.",
            discussion: """
                What is not named stays as it is; `none` takes a limit away, and empties a list.

                Examples:
                  belay account update AC0123… --international yes
                  belay account update AC0123… --calls-per-second 2 --calls-per-day 500
                  belay account update AC0123… --allow-prefix +1 --allow-prefix +44 --at-once +44=2
                """)

        @OptionGroup var access: ServerAccess
        @Argument(help: ArgumentHelp("The account.", valueName: "id"))
        var id: String
        @OptionGroup var rules: AccountOptions

        func run() async throws {
            try await ClientCommand.run {
                let changes = try rules.members()
                guard !changes.isEmpty else { throw ClientError("nothing to change; see belay account update --help") }
                AccountListing.print(
                    try await access.operatorClient().post("/admin/accounts/\(id)", .object(changes)))
            }
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let a trial account call a number.")

        @OptionGroup var access: ServerAccess
        @Argument(help: ArgumentHelp("The account.", valueName: "id"))
        var id: String
        @Argument(help: ArgumentHelp("In E.164 form.", valueName: "number"))
        var number: String

        func run() async throws {
            try await AccountListing.changeVerified(access, id) { $0.filter { $0 != number } + [number] }
        }
    }

    struct Unverify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let a trial account call a number no longer.")

        @OptionGroup var access: ServerAccess
        @Argument(help: ArgumentHelp("The account.", valueName: "id"))
        var id: String
        @Argument(help: ArgumentHelp("In E.164 form.", valueName: "number"))
        var number: String

        func run() async throws {
            try await AccountListing.changeVerified(access, id) { $0.filter { $0 != number } }
        }
    }

    struct Suspend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let an account do nothing until it is resumed. Its waiting calls are canceled, live ones go on.")

        @OptionGroup var access: ServerAccess
        @Argument(help: ArgumentHelp("The account.", valueName: "id"))
        var id: String

        func run() async throws { try await AccountListing.setStatus(access, id, "suspended") }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let a suspended account go on.")

        @OptionGroup var access: ServerAccess
        @Argument(help: ArgumentHelp("The account.", valueName: "id"))
        var id: String

        func run() async throws { try await AccountListing.setStatus(access, id, "active") }
    }

    struct Close: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Close an account for good. What it did stays to be read by whoever has the data folder.")

        @OptionGroup var access: ServerAccess
        @Argument(help: ArgumentHelp("The account.", valueName: "id"))
        var id: String

        func run() async throws { try await AccountListing.setStatus(access, id, "closed") }
    }
}

/// What an account may do, as options.
struct AccountOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A name for people.", valueName: "text"))
    var label: String?
    @Option(help: ArgumentHelp("trial or full.", valueName: "type"))
    var type: String?
    @Option(help: ArgumentHelp("Calls it may begin in a second.", valueName: "n"))
    var callsPerSecond: String?
    @Option(help: ArgumentHelp("Calls it may have at once.", valueName: "n"))
    var callsAtOnce: String?
    @Option(help: ArgumentHelp("Calls it may begin in a day of UTC.", valueName: "n"))
    var callsPerDay: String?
    @Option(help: ArgumentHelp("Minutes it may talk in a day of UTC.", valueName: "n"))
    var minutesPerDay: String?
    @Option(
        help: ArgumentHelp(
            "Where its calls are no calls abroad, such as DE, instead of the server's home-countries; may be given "
                + "several times.", valueName: "country"))
    var homeCountry: [String] = []
    @Option(help: ArgumentHelp("May it call other countries than at home: yes or no.", valueName: "answer"))
    var international: String?
    @Option(help: ArgumentHelp("Only numbers that begin so; may be given several times.", valueName: "prefix"))
    var allowPrefix: [String] = []
    @Option(help: ArgumentHelp("No numbers that begin so; may be given several times.", valueName: "prefix"))
    var refusePrefix: [String] = []
    @Option(
        help: ArgumentHelp(
            "At most so many calls at once to numbers that begin so; may be given several times.",
            valueName: "prefix=n"))
    var atOnce: [String] = []

    private static let nothing = "none"

    /// What was given, as the API takes it.
    func members() throws -> [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        if let label { members["label"] = label == Self.nothing ? .null : .string(label) }
        if let type { members["type"] = .string(type) }
        for (name, text) in [
            ("callsPerSecond", callsPerSecond), ("callsAtOnce", callsAtOnce), ("callsPerDay", callsPerDay),
            ("minutesPerDay", minutesPerDay),
        ] {
            guard let text else { continue }
            members[name] = text == Self.nothing ? .null : Self.number(text)
        }
        if let international {
            guard ["yes", "no"].contains(international) else {
                throw ClientError("--international is \"\(international)\"; yes or no is needed")
            }
            members["allowsInternational"] = .bool(international == "yes")
        }
        for (name, list) in [
            ("allowedPrefixes", allowPrefix), ("refusedPrefixes", refusePrefix), ("homeCountries", homeCountry),
        ] where !list.isEmpty {
            members[name] = list == [Self.nothing] ? .null : .array(list.map(JSONValue.string))
        }
        if !atOnce.isEmpty {
            members["callsAtOnceByPrefix"] = atOnce == [Self.nothing] ? .null : .object(try limits())
        }
        return members
    }

    /// A text that is no number goes as it is: the server says what is wrong with it.
    private static func number(_ text: String) -> JSONValue {
        Int64(text).map(JSONValue.integer) ?? Double(text).map(JSONValue.number) ?? .string(text)
    }

    private func limits() throws -> [String: JSONValue] {
        var limits: [String: JSONValue] = [:]
        for text in atOnce {
            let parts = text.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                throw ClientError("--at-once is \"\(text)\"; a prefix and a number, as in +44=2, are needed")
            }
            limits[String(parts[0])] = Self.number(String(parts[1]))
        }
        return limits
    }
}

private enum AccountListing {
    static func print(_ account: JSONValue) {
        guard case .object(let members) = account else { return }
        Terminal.print(
            lines: Terminal.table(
                members.sorted { $0.key < $1.key }.filter { $0.value != .null && $0.value != [] && $0.value != [:] }
                    .map { [$0.key, $0.value.string ?? $0.value.text] }))
    }

    static func setStatus(_ access: ServerAccess, _ id: String, _ status: String) async throws {
        try await ClientCommand.run {
            _ = try await access.operatorClient().post("/admin/accounts/\(id)", ["status": .string(status)])
        }
    }

    static func changeVerified(
        _ access: ServerAccess, _ id: String, _ change: @Sendable ([String]) -> [String]
    ) async throws {
        try await ClientCommand.run {
            let client = try access.operatorClient()
            let account = try await client.get("/admin/accounts/\(id)")
            guard case .array(let numbers)? = account["verifiedNumbers"] else { return }
            let changed = change(numbers.compactMap(\.string))
            _ = try await client.post(
                "/admin/accounts/\(id)", ["verifiedNumbers": .array(changed.map(JSONValue.string))])
        }
    }
}
