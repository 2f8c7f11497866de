import API
import ArgumentParser
import JSON

/// `belay export calls`.
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write records out for other programs.", subcommands: [ExportCalls.self])
}

struct ExportCalls: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case csv, jsonl
    }

    static let configuration = CommandConfiguration(
        commandName: "calls", abstract: "Write a record of every call that has ended, of all accounts, oldest first.",
        discussion: """
            Moments are YYYY-MM-DD or "YYYY-MM-DD hh:mm:ss" in UTC, and are those of calls' ends. CSV begins with a line \
            of names (RFC 4180); jsonl is a JSON object in each line.

            Examples:
              belay export calls --since 2026-01-01 --until 2026-02-01 > january.csv
              belay export calls --account AC0123… --format jsonl
            """)

    @OptionGroup var access: ServerAccess
    @Option(help: ArgumentHelp("Only calls that ended then or later.", valueName: "moment"))
    var since: String?
    @Option(help: ArgumentHelp("Only calls that ended before.", valueName: "moment"))
    var until: String?
    @Option(help: "csv or jsonl.")
    var format = Format.csv

    private static let columns = [
        "callId", "accountId", "applicationId", "parentCallId", "phoneNumberId", "direction", "from", "to", "status",
        "callEndedReason", "answeredBy", "created", "started", "connected", "ended", "duration", "connectDuration",
    ]

    func run() async throws {
        try await ClientCommand.run {
            let client = try access.operatorClient()
            let filters = [("accountId", access.account), ("since", since), ("until", until)]
            let query = filters.compactMap { name, value in value.map { "\(name)=\(Query.encode($0))" } }
            var cursor: String?
            var isFirst = true
            repeat {
                let parameters = query + (cursor.map { ["cursor=\($0)"] } ?? [])
                let page = try await client.get(
                    "/admin/calls" + (parameters.isEmpty ? "" : "?" + parameters.joined(separator: "&")))
                guard case .array(let calls)? = page["calls"] else {
                    throw ClientError("the server's answer has no calls; is it a belay of another version?")
                }
                if isFirst, format == .csv { Terminal.print(lines: Self.columns.joined(separator: ",")) }
                isFirst = false
                for call in calls { Terminal.print(lines: line(call)) }
                cursor = page["cursor"]?.string
            } while cursor != nil
        }
    }

    private func line(_ call: JSONValue) -> String {
        switch format {
        case .jsonl: call.text
        case .csv: Self.columns.map { Self.field(call[$0] ?? .null) }.joined(separator: ",")
        }
    }

    /// What a caller's own program chose to call itself must be no formula to a spreadsheet.
    private static func field(_ value: JSONValue) -> String {
        guard value != .null else { return "" }
        var text = value.string ?? value.text
        let isNumber = text.hasPrefix("+") && text.dropFirst().allSatisfy { $0.isASCII && $0.isNumber }
        if let first = text.first, "=+-@\t".contains(first), !isNumber { text = "'" + text }
        guard text.contains(where: { "\",\r\n".contains($0) }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
