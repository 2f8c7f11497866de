import Foundation
import People
import SIP
import Telephony
import Testing

@Suite("The carrier's table")
struct CarrierTableTests {
    private let table = CarrierTable()

    private func behaviour(_ digits: String) -> Behaviour { table.behaviour(of: CarrierNumber.prefix + digits) }

    @Test("Digits name the status that a number is refused with", arguments: [404, 480, 486, 488, 503, 600, 699])
    func refusals(_ code: Int) throws {
        let status = try #require(StatusCode(code))
        #expect(behaviour("0\(code)") == .rejects(status, after: 0...0))
    }

    @Test("Digits say how often it rings, and what is said")
    func rings() {
        guard case .answers(let after, let conversation) = behaviour("1342") else {
            Issue.record("\(behaviour("1342"))")
            return
        }
        #expect(after == 2700...3300)
        #expect(conversation.utterances == [.speech("Hello, this is extension 4 2.")])
        guard case .answers(0...0, let bare) = behaviour("1000") else {
            Issue.record("\(behaviour("1000"))")
            return
        }
        #expect(bare.utterances == [.speech("Hello?")])
    }

    @Test(
        "Digits say what is pressed, and when",
        arguments: [
            ("3042", 0, "42"), ("39123456", 9, "123456"), ("4242", 2, "42#"), ("5309", 3, "9"),
        ])
    func presses(_ digits: String, _ seconds: Int, _ pressed: String) {
        guard case .answers(_, let conversation) = behaviour(digits) else {
            Issue.record("\(behaviour(digits))")
            return
        }
        #expect(conversation.steps == [.wait(seconds * 1000...seconds * 1000), .press(pressed)])
    }

    @Test(
        "A number of the range that names nobody is not found",
        arguments: ["", "1", "304", "0399", "0700", "5319", "31234567890", "6000", "abcd", "10001"])
    func nobody(_ digits: String) {
        #expect(behaviour(digits) == .isNotFound)
    }

    /// docs/carrier.md.
    @Test("Each of the special ones does what its row says")
    func special() {
        let (rings, twice) = (900...1100, 1800...2200)
        func stays(_ steps: [Conversation.Step]) -> Conversation {
            Conversation(steps, ending: .hangsUp(after: 600_000...600_000))
        }
        func voicemail(_ greeting: String) -> Behaviour {
            .answers(
                after: twice,
                Conversation(
                    [
                        .utter(.speech(greeting)), .utter(.beep),
                        .takeMessage(quiet: 3000...3000, atMost: 60_000...60_000), .hangUp,
                    ], ending: .waits))
        }
        let hello = stays([.utter(.speech("Hello?"))])
        let announced: [Conversation.Step] = [.utter(.informationTones), .utter(.speech(CarrierTable.outOfService))]
        let sentence: [Conversation.Step] = [.utter(.speech(CarrierTable.guestTalk)), .wait(400...600)]
        let greeting: [Conversation.Step] = [.utter(.speech("Hello?"))]
        let talker = stays(greeting + (0..<80).flatMap { _ in sentence })
        let expected: [(String, Behaviour, Line)] = [
            ("0000", .neverResponds, .sound), ("0001", .ringsForEver, .sound),
            ("0002", .answersAsCanceled(stays([])), .sound), ("0003", .answers(after: rings, hello), .losesACKs(2)),
            ("0004", .answers(after: rings, hello), .doubles),
            ("0005", .answers(after: rings, hello), .mediaFromAnotherPort),
            ("0006", .answers(after: 1000...1000, hello), .forks),
            ("0007", .announces([.ringback, .speech(CarrierTable.announcement)], hello), .sound),
            (
                "0008",
                .answers(
                    after: rings,
                    Conversation(
                        [.wait(1800...2500), .utter(.faxAnswer), .wait(35_000...35_000), .hangUp], ending: .waits)),
                .sound
            ),
            ("0009", voicemail(CarrierTable.voicemailGreeting), .sound),
            ("0010", .answers(after: rings, stays([])), .sound), ("0011", CarrierTable.ordinary, .sound),
            ("0012", .answers(after: rings, hello), .losesACKs(.max)),
            ("0013", .answers(after: rings, stays([.utter(.speech(CarrierTable.firmGreeting))])), .sound),
            ("0014", voicemail(CarrierTable.personalGreeting), .sound),
            (
                "0015", .answers(after: rings, Conversation(announced + announced + [.hangUp], ending: .waits)),
                .sound
            ),
            ("0016", .answers(after: rings, talker), .sound),
            (
                "0017",
                .answers(
                    after: rings,
                    Conversation(
                        [.utter(.speech("Hello?")), .wait(5000...5000), .press("*9")],
                        ending: .hangsUp(after: 120_000...120_000))), .sound
            ),
            ("0603", .declines(after: rings), .sound),
            ("2000", .answers(after: rings, Conversation(ending: .hangsUp(after: 0...0))), .sound),
            ("2120", .answers(after: rings, Conversation(ending: .hangsUp(after: 120_000...120_000))), .sound),
            ("0400", .rejects(StatusCode(400) ?? .decline, after: 0...0), .sound), ("0018", .isNotFound, .sound),
            ("391234567", .isNotFound, .sound), ("21200", .isNotFound, .sound), ("212", .isNotFound, .sound),
        ]
        for (digits, behaviour, line) in expected {
            let subscriber = table.subscriber(of: CarrierNumber.prefix + digits)
            #expect(subscriber == CarrierTable.Subscriber(behaviour, line: line), "\(digits)")
        }
        #expect(
            CarrierTable.ordinary
                == .answers(
                    after: rings,
                    Conversation(
                        ending: .hangsUpWhenSpokenTo(silence: 1000...1500, patience: 30_000...30_000))))
    }

    @Test("Outside the range everybody listens")
    func others() {
        #expect(table.behaviour(of: "+13125550142") == CarrierTable.ordinary)
        #expect(table.line(of: "+13125550142") == .sound)
    }

    @Test("People of the user's own come first")
    func own() {
        let number = CarrierNumber.prefix + "0486"
        let table = CarrierTable(own: [number: .init(.ringsForEver, line: .doubles)])
        #expect(table.behaviour(of: number) == .ringsForEver)
        #expect(table.line(of: number) == .doubles)
    }

    @Test("Every number of the table can be dialled, and is of the range that a trunk refuses")
    func numbers() throws {
        for entry in CarrierTable.entries {
            var digits = entry.number.map { $0.isLetter ? "5" : String($0) }.joined()
            if digits.hasSuffix("…") { digits.removeLast() }
            let number = try #require(PhoneNumber(digits), "\(digits)")
            #expect(CarrierNumber.isReserved(number))
        }
        #expect(PhoneNumber("+15005540486").map(CarrierNumber.isReserved) == false)
        #expect(PhoneNumber("+13125550100").map(CarrierNumber.isReserved) == false)
    }

    @Test("The documents repeat the table", arguments: ["README.md", "docs/carrier.md", "openapi.yaml"])
    func documents(_ name: String) throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        let lines = try String(contentsOf: root.appending(path: name), encoding: .utf8)
            .split(separator: "\n").map { $0.drop { $0 == " " } }
        for entry in CarrierTable.entries {
            let row = "| `\(entry.number)` | \(entry.summary) |"
            #expect(lines.contains { $0 == row }, "\(name) lacks: \(row)")
        }
        let rows = lines.filter { $0.hasPrefix("| `\(CarrierNumber.prefix)") }
        #expect(rows.count == CarrierTable.entries.count, "\(name) has rows that the table lacks")
    }
}
