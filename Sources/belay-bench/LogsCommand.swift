import ArgumentParser
import JSON
import NIOCore
import NIOHTTP1
import NIOPosix
import SIP
import Storage
import StorageSQLite
import Telephony

/// `belay-bench fill-logs`: writes the logs of many calls into the data folder of a server that does not run, by the
/// server's own writer.
struct FillLogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fill-logs", abstract: "Logs of many calls into a data folder.")

    @Option(help: "The server's data folder.")
    var data: String
    @Option(help: "The account, its key, and a number it owns, separated by commas.")
    var identity: String
    @Option(help: "How many calls.")
    var calls = 200_000
    @Option(help: "When the first call was asked for, in seconds since 1970: days ago, or the server removes the logs.")
    var since: Int

    func run() async throws {
        let words = identity.split(separator: ",").map(String.init)
        guard words.count == 3, let account = AccountID(words[0]) else {
            throw ValidationError("--identity is ACCOUNT,KEY,NUMBER")
        }
        let sample = LogSample(since: since)
        let storage = try SQLiteStorage(SQLiteStorage.Configuration(folder: data))
        let start = ContinuousClock.now
        for first in stride(from: 0, to: calls, by: 500) {
            let operations = (first..<min(calls, first + 500)).flatMap { sample.operations($0, account) }
            let result: Result<Void, StorageError> = await withCheckedContinuation { continuation in
                storage.submit(operations) { continuation.resume(returning: $0) }
            }
            try result.get()
        }
        await storage.close()
        let seconds = start.duration(to: .now) / .seconds(1)
        let rows = calls * LogSample.entriesOfACall
        print("filled              \(calls) calls, \(rows) entries in \(seconds.rounded(to: 1)) s")
    }
}

/// One call's rows as a short call leaves them: sizes and metadata as in life.
struct LogSample {
    static let entriesOfACall = 14
    /// Ten calls a second.
    private static let microsecondsBetweenCalls: Int64 = 100_000

    private let start: Int64

    /// - Parameter since: when the first call was asked for, in seconds since 1970.
    init(since: Int) { start = Int64(since) * 1_000_000 }

    static func callID(_ number: Int) -> CallID {
        var random = RandomSource(seed: UInt64(number) &* 2)
        return CallID(random: &random)
    }

    static func requestID(_ number: Int) -> RequestID {
        var random = RandomSource(seed: UInt64(number) &* 2 &+ 1)
        return RequestID(random: &random)
    }

    /// Ten applications, which have a hundredth of the calls each.
    static func applicationID(_ number: Int) -> ApplicationID? {
        guard number % 100 < 10 else { return nil }
        var random = RandomSource(seed: 900_000_000 + UInt64(number % 100))
        return ApplicationID(random: &random)
    }

    /// One of ten numbers.
    static func from(_ number: Int) -> String { "+131255501\(number % 10)0" }

    /// When the call was asked for, in microseconds since 1970.
    func time(_ number: Int) -> Int64 { start + Int64(number) * Self.microsecondsBetweenCalls }

    func operations(_ number: Int, _ account: AccountID) -> [StorageOperation] {
        let id = Self.callID(number)
        let to = "+1312" + String(5_000_000 + number)
        // Of a thousand calls twenty were busy, and one goes on.
        let status: CallStatus = number % 1_000 == 7 ? .inProgress : number % 50 == 0 ? .busy : .completed
        var call = Call(
            callID: id, accountID: account, applicationID: Self.applicationID(number),
            parentCallID: number % 20 == 19 ? Self.callID(number - 1) : nil, phoneNumberID: nil,
            from: Self.from(number), to: to, direction: .outboundAPI, status: status,
            created: Timestamp(microseconds: time(number)))
        call.startTime = call.dateCreated
        if status != .busy { call.connectTime = call.dateCreated.advanced(byMicroseconds: 1_000_000) }
        if status != .inProgress {
            call.endTime = call.dateCreated.advanced(byMicroseconds: 20_000_000)
            call.endedReason = status == .busy ? .busy : .appHangup
        }
        let sip = JSONValue.string(String(repeating: "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK\r\n", count: 16))
        let webhook: JSONValue = [
            "accountId": .string(account.text), "callId": .string(id.text), "from": "+13125550100", "to": .string(to),
        ]
        let lines: [(JournalScope, String, [String: JSONValue])] = [
            (.request, "Call accepted", ["from": "+13125550100", "to": .string(to), "timeout": 40]),
            (.status, "Call queued", ["status": "queued"]),
            (.sip, "SIP sent : INVITE sip:\(to)@192.0.2.2", ["text": sip, "direction": "sent"]),
            (.sip, "SIP received : SIP/2.0 180 Ringing", ["text": sip, "direction": "received"]),
            (.status, "Call ringing", ["status": "ringing"]),
            (.sip, "SIP received : SIP/2.0 200 OK", ["text": sip, "direction": "received"]),
            (.sip, "SIP sent : ACK sip:\(to)@192.0.2.2", ["text": sip, "direction": "sent"]),
            (.status, "Call inProgress", ["status": "inProgress"]),
            (.webhook, "Webhook outDialApiConnect : POST http://app.example/", ["requestBody": webhook]),
            (.webhook, "Webhook outDialApiConnect answered : 200", ["status": 200, "milliseconds": 12]),
            (.percl, "PerCL Hangup started", ["index": 0]),
            (.sip, "SIP sent : BYE sip:\(to)@192.0.2.2", ["text": sip, "direction": "sent"]),
            (.status, "Call completed", ["status": "completed", "callEndedReason": "appHangup"]),
            (.media, "Media figures", ["packetsSent": 500, "jitterMilliseconds": .number(0.25)]),
        ]
        let entries = lines.enumerated().map { index, line in
            // Of a thousand calls ten have a warning and one an error.
            let level: JournalLevel =
                index != 9 ? .info : number % 1_000 == 0 ? .error : number % 100 == 1 ? .warning : .info
            return StorageOperation.appendJournal(
                JournalEntry(
                    timestamp: Timestamp(microseconds: time(number) + Int64(index) * 40_000), sequence: index + 1,
                    level: level, scope: line.0, accountID: account, callID: id, requestID: Self.requestID(number),
                    message: line.1, metadata: line.2))
        }
        return [.saveCall(call)] + entries
    }
}

/// `belay-bench logs`: asks a server that was filled by `fill-logs` for lists and searches, and prints what they cost.
struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "CPU and time of lists and searches over logs.")

    @Option(help: "HOST:PORT of the server's REST interface.")
    var server: String
    @Option(help: "The account, its key, and a number it owns, separated by commas.")
    var identity: String
    @Option(help: "Process id of the server.")
    var pid: Int
    @Option(help: "How many calls it was filled with.")
    var calls = 200_000
    @Option(help: "When the first of them was asked for, in seconds since 1970.")
    var since: Int
    @Option(help: "How often each request is made.")
    var rounds = 50

    /// What a list along an index may cost.
    private static let allowedMilliseconds = 20.0

    private struct Question {
        var name: String
        /// What is searched for; nil for a list.
        var pql: String?
        /// Of the list, below the account.
        var path = "/Logs"
        /// One index serves it.
        var isServed = true
    }

    /// When the call was asked for, as a list's filter has it.
    private func moment(_ number: Int) -> String {
        let text = Timestamp(microseconds: LogSample(since: since).time(number)).iso8601
        return text.prefix(10) + "+" + text.dropFirst(11).prefix(8)
    }

    private var questions: [Question] {
        let application = LogSample.applicationID(4).map(\.text) ?? ""
        let otherApplication = LogSample.applicationID(5).map(\.text) ?? ""
        let middle = LogSample(since: since).time(calls / 2)
        let old = LogSample(since: since).time(calls / 100)
        let number = LogSample.from(0).replacing("+", with: "%2B")
        return [
            Question(name: "calls", path: "/Calls"),
            Question(name: "calls to a number", path: "/Calls?to=%2B1312\(5_000_000 + calls / 3)"),
            Question(name: "calls from a number", path: "/Calls?from=\(LogSample.from(3).replacing("+", with: "%2B"))"),
            Question(name: "completed calls", path: "/Calls?status=completed"),
            Question(name: "busy calls", path: "/Calls?status=busy"),
            Question(name: "active calls", path: "/Calls?active=true"),
            Question(name: "calls of an application", path: "/Calls?applicationId=\(application)"),
            Question(
                name: "children of a call", path: "/Calls?parentCallId=\(LogSample.callID(calls / 2 / 20 * 20 + 18))"),
            Question(name: "calls begun, last 1 %", path: "/Calls?startTime=\(moment(calls * 99 / 100))"),
            Question(name: "calls begun, last 90 %", path: "/Calls?startTime=\(moment(calls / 10))"),
            Question(name: "calls ended, first 1 %", path: "/Calls?endTime=\(moment(calls / 100))"),
            Question(name: "calls ended, first 10 %", path: "/Calls?endTime=\(moment(calls / 10))"),
            Question(name: "calls ended, first 90 %", path: "/Calls?endTime=\(moment(calls * 9 / 10))"),
            Question(
                name: "calls of a minute",
                path: "/Calls?startTime=\(moment(calls / 2))&endTime=\(moment(calls / 2 + 600))"),
            Question(name: "busy from a number", path: "/Calls?status=busy&from=\(number)"),
            Question(name: "completed from a number", path: "/Calls?status=completed&from=\(number)"),
            Question(name: "failed from a number", path: "/Calls?status=failed&from=\(number)"),
            Question(
                name: "of a minute from a number",
                path: "/Calls?from=\(number)&startTime=\(moment(calls / 2))&endTime=\(moment(calls / 2 + 600))"),
            Question(
                name: "of two applications, busy",
                path: "/Calls?status=busy&applicationId=\(application)&applicationId=\(otherApplication)"),
            Question(name: "a call", path: "/Calls/\(LogSample.callID(calls / 3))"),
            Question(name: "a call's log", path: "/Calls/\(LogSample.callID(calls / 3))/Logs"),
            Question(name: "the whole log"),
            Question(name: "one call", pql: "callId = \"\(LogSample.callID(calls / 3))\""),
            Question(name: "one request", pql: "requestId = \"\(LogSample.requestID(calls / 3))\""),
            Question(
                name: "one request and a word",
                pql: "requestId = \"\(LogSample.requestID(7))\" AND message CONTAINS \"BYE\""),
            Question(name: "errors", pql: "level = \"error\""),
            Question(name: "warnings, old", pql: "level = \"warning\" AND timestamp < \(old)"),
            Question(name: "a minute", pql: "\(middle) <= timestamp < \(middle + 60_000_000)"),
            Question(name: "since the middle", pql: "timestamp > \(middle)"),
            Question(
                name: "a minute's webhooks",
                pql: "\(middle) <= timestamp < \(middle + 60_000_000) AND metadata.scope = \"webhook\""),
            Question(name: "a field of webhooks", pql: "metadata.requestBody.from = \"+13125550100\"", isServed: false),
            Question(name: "a word, often", pql: "message CONTAINS \"BYE\"", isServed: false),
            Question(name: "a word, nowhere", pql: "message CONTAINS \"nowhere\"", isServed: false),
        ]
    }

    func run() async throws {
        let words = identity.split(separator: ",").map(String.init)
        guard let endpoint = Endpoint(server), words.count == 3 else {
            throw ValidationError("--server is HOST:PORT, --identity ACCOUNT,KEY,NUMBER")
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let client = RESTClient(endpoint: endpoint, account: words[0], key: words[1], group: group)
        print("\("list or search".padded(to: 26)) status    total   CPU ms    p50 ms    p99 ms")
        var isSound = true
        for question in questions {
            let figures = try await ask(question, client)
            let line = [
                "\(figures.status)", figures.total, figures.processor.rounded(to: 2),
                figures.latency.milliseconds(50), figures.latency.milliseconds(99),
            ].map { String(repeating: " ", count: max(0, 9 - $0.count)) + $0 }
            print(question.name.padded(to: 24) + line.joined())
            if question.isServed, figures.status != 200 || figures.processor > Self.allowedMilliseconds {
                isSound = false
            }
        }
        try await group.shutdownGracefully()
        guard isSound else {
            print("FAILED: a list or search that an index serves costs more than \(Int(Self.allowedMilliseconds)) ms")
            throw ExitCode.failure
        }
    }

    private struct Figures {
        var status = 0
        var total = ""
        /// Milliseconds of the server's processor a request.
        var processor = 0.0
        var latency = LatencyHistogram()
    }

    private func ask(_ question: Question, _ client: RESTClient) async throws -> Figures {
        let request: [HTTPClientRequestPart]
        if let pql = question.pql {
            request = client.request(.POST, "/Logs", body: JSONValue.object(["pql": .string(pql)]).text)
        } else {
            request = client.request(.GET, question.path)
        }
        let rounds = question.isServed ? rounds : max(1, rounds / 10)
        let pid = pid
        return try await client.withConnection { answers, outbound in
            var figures = Figures()
            let before = try ProcessFigures.processorSeconds(of: pid)
            for _ in 0..<rounds {
                let start = ContinuousClock.now
                for part in request { try await outbound.write(part) }
                let answer = try await RESTClient.readAnswer(&answers)
                figures.latency.record(microseconds: Int64(start.duration(to: .now) / .microseconds(1)))
                figures.status = answer.status
                let total = (try? JSONValue(parsing: answer.body.utf8))?["total"]
                figures.total = total.map(\.text) ?? "-"
            }
            // The kernel counts in hundredths of a second.
            figures.processor = 1_000 * (try ProcessFigures.processorSeconds(of: pid) - before) / Double(rounds)
            return figures
        }
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
