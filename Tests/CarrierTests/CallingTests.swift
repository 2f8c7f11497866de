import Foundation
import Logging
import People
import SIP
import Telephony
import Testing

@testable import Carrier

/// Two carriers: people of the first call numbers of the second, over real sockets.
private final class Exchange: Sendable {
    let caller: SimulatedCarrier
    let callee: SimulatedCarrier
    let server: TransportAddress
    let folder: String
    let from: PhoneNumber

    private init(
        caller: SimulatedCarrier, callee: SimulatedCarrier, server: TransportAddress, folder: String,
        from: PhoneNumber
    ) {
        self.caller = caller
        self.callee = callee
        self.server = server
        self.folder = folder
        self.from = from
    }

    static func with(_ body: (Exchange) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "belay-calling-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let carriers = ["caller", "callee"].enumerated().map { index, name in
            SimulatedCarrier(
                configuration: CarrierConfiguration(
                    listen: TransportAddress(address: .loopback, port: 0),
                    rtpPorts: UInt16(15_000 + index * 500)...UInt16(15_399 + index * 500),
                    recordings: "\(folder)/\(name)", timers: TransactionTimers(t1: .milliseconds(100))),
                logger: Logger(label: name) { _ in SwiftLogNoOpLogHandler() })
        }
        _ = try await carriers[0].start()
        let server = try await carriers[1].start()
        let exchange = Exchange(
            caller: carriers[0], callee: carriers[1], server: server, folder: folder,
            from: try #require(PhoneNumber("+13125550142")))
        let result: Result<Void, any Error>
        do { result = .success(try await body(exchange)) } catch { result = .failure(error) }
        for carrier in carriers { await carrier.stop() }
        try result.get()
    }

    func call(_ digits: String, _ steps: [Conversation.Step], patience: Int = 10_000) async throws -> CarrierCall {
        try await caller.call(
            from: from, to: try #require(PhoneNumber(CarrierNumber.prefix + digits)), at: server,
            Conversation(steps, ending: .hangsUp(after: 20_000...20_000)), patienceMilliseconds: patience)
    }
}

@Suite("Somebody of the carrier's calls", .timeLimit(.minutes(1)), .serialized)
struct CallingTests {
    @Test("Both hear each other: the caller speaks, presses, hangs up, and what was said is recorded on both sides")
    func talks() async throws {
        try await Exchange.with { exchange in
            let call = try await exchange.call(
                "1042", [.hearSpeech(quiet: 300...300, within: 5000...5000), .press("12#"), .hangUp])
            let end = try await call.end()
            #expect(end.parting == .ended(.localHangUp(confirmed: true)))
            // Its people's recordings are complete then.
            await exchange.callee.stop()
            #expect(call.recording == "\(exchange.folder)/caller/\(call.callID).wav")
            let caller = try Recording(call.recording)
            let callee = try Recording("\(exchange.folder)/callee/\(call.callID).wav")
            #expect(caller.heard.contains { abs($0) > 3000 })
            #expect(!caller.said.contains { $0 != 0 }, "keys go as events")
            #expect(callee.said.contains { abs($0) > 3000 })
            #expect(abs(caller.heard.count - callee.said.count) < 8000 / 5)
        }
    }

    @Test("Somebody speaks to who answers late, and hears the digits that they press")
    func isPressedTo() async throws {
        try await Exchange.with { exchange in
            let call = try await exchange.call("42123", [.hearDigits("123#", within: 9000...9000), .hangUp])
            let end = try await call.end()
            #expect(end.wasAnswered)
            #expect(end.digitsHeard == "123#")
        }
    }

    @Test("Who is refused is told so, and leaves no recording", arguments: [486, 404, 603])
    func isRefused(_ code: Int) async throws {
        try await Exchange.with { exchange in
            let call = try await exchange.call("0\(code)", [])
            let end = try await call.end()
            guard case .failed(.response(let status, _)) = end.parting else {
                Issue.record("\(end)")
                return
            }
            #expect(Int(status.rawValue) == code)
            #expect(!FileManager.default.fileExists(atPath: call.recording))
        }
    }

    @Test("Who loses patience cancels")
    func losesPatience() async throws {
        try await Exchange.with { exchange in
            let call = try await exchange.call("0001", [], patience: 300)
            #expect(try await call.end().parting == .failed(.canceled))
        }
    }

    @Test("Who calls where nobody is hears of it")
    func nobodyIsThere() async throws {
        try await Exchange.with { exchange in
            let call = try await exchange.call("0000", [])
            #expect(try await call.end().parting == .failed(.timedOut))
        }
    }

    @Test("Who expects in vain hangs up")
    func expectsInVain() async throws {
        try await Exchange.with { exchange in
            let call = try await exchange.call("0010", [.hearSpeech(quiet: 300...300, within: 700...700)])
            #expect(try await call.end().parting == .ended(.localHangUp(confirmed: true)))
        }
    }
}

/// A recording of ours: both channels.
private struct Recording {
    var heard: [Int16] = []
    var said: [Int16] = []

    init(_ path: String) throws {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)).dropFirst(44))
        for offset in stride(from: 0, to: bytes.count - 3, by: 4) {
            func sample(_ at: Int) -> Int16 { Int16(bitPattern: UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8) }
            heard.append(sample(offset))
            said.append(sample(offset + 2))
        }
    }
}
