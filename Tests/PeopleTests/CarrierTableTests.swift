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
