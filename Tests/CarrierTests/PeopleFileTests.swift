import Foundation
import People
import SIP
import Testing

@testable import Carrier

@Suite("A file of people")
struct PeopleFileTests {
    @Test("A script becomes a conversation, step by step")
    func script() throws {
        let people = try PeopleFile.parse(
            """
            people:
              - number: +15005559001
                name: Ada
                language: en-GB
                rings: 2
                line: forks
                script:
                  - wait: 1.5
                  - say: Hello
                  - say: {text: Hallo, language: de-DE}
                  - hear: speech
                  - hear: {speech: true, within: 5, pause: 0.5}
                  - hear: {digits: "42#", within: 10}
                  - press: "12#"
                  - beep
                  - fax
                  - information tones
                  - take message
                  - hang up
            """, name: "people.yaml")
        let person = try #require(people.first)
        #expect(people.count == 1)
        #expect(person.number == "+15005559001")
        #expect(person.name == "Ada")
        #expect(person.subscriber.line == .forks)
        guard case .answers(let after, let conversation) = person.subscriber.behaviour else {
            Issue.record("\(person.subscriber.behaviour)")
            return
        }
        #expect(after == 1800...2200)
        #expect(
            conversation.steps == [
                .wait(1500...1500), .utter(.speech("Hello", language: "en-GB")),
                .utter(.speech("Hallo", language: "de-DE")), .hearSpeech(quiet: 1000...1000, within: 30_000...30_000),
                .hearSpeech(quiet: 500...500, within: 5000...5000), .hearDigits("42#", within: 10_000...10_000),
                .press("12#"), .utter(.beep), .utter(.faxAnswer), .utter(.informationTones),
                .takeMessage(quiet: 3000...3000, atMost: 60_000...60_000), .hangUp,
            ])
    }

    @Test("Who refuses does so at once, or after rings")
    func refusals() throws {
        let people = try PeopleFile.parse(
            """
            people:
              - {number: "+15005559001", refuses: 486}
              - {number: "+15005559002", refuses: 603, rings: 1}
            """, name: "people.yaml")
        #expect(people.map(\.subscriber.behaviour) == [.busy(), .declines(after: 900...1100)])
    }

    @Test("Early words come before the answer")
    func early() throws {
        let people = try PeopleFile.parse(
            """
            people:
              - {number: "+15005559001", early: One moment., script: [beep]}
            """, name: "people.yaml")
        #expect(
            people.first?.subscriber.behaviour
                == .announces([.ringback, .speech("One moment.")], CarrierTable.stays([.utter(.beep)])))
    }

    @Test(
        "A mistake is told with its line, what stands there, and what is allowed",
        arguments: [
            ("people: 5", 1, "people"), ("persons:\n  - number: 1", 1, "people"),
            ("people:\n  - name: Ada", 2, "number"), ("people:\n  - number: 0049123456", 2, "E.164"),
            ("people:\n  - number: \"+15005559001\"\n    ringz: 2", 3, "rings"),
            ("people:\n  - number: \"+15005559001\"\n    rings: 61", 3, "0 to 60"),
            ("people:\n  - number: \"+15005559001\"\n    refuses: 200", 3, "300 to 699"),
            ("people:\n  - number: \"+15005559001\"\n    line: bad", 3, "forks"),
            ("people:\n  - number: \"+15005559001\"\n    refuses: 486\n    script:\n      - beep", 5, "nothing"),
            ("people:\n  - number: \"+15005559001\"\n    script:\n      - sing: la", 4, "say, press"),
            ("people:\n  - number: \"+15005559001\"\n    script:\n      - beep\n      - bleep", 5, "beep"),
            ("people:\n  - number: \"+15005559001\"\n    script:\n      - wait: long", 4, "seconds"),
            ("people:\n  - number: \"+15005559001\"\n    script:\n      - press: 12+", 4, "0-9"),
            ("people:\n  - number: \"+15005559001\"\n    script:\n      - hear: music", 4, "speech"),
            ("people:\n  - number: \"+15005559001\"\n    script:\n      - hear: {digits: x}", 4, "0-9"),
            ("people:\n  - number: \"+15005559001\"\n    script:\n      - {say: a, wait: 1}", 4, "one thing a step"),
            ("people:\n  - number: \"+15005559001\"\n  - number: \"+15005559001\"", 3, "once"),
        ])
    func mistakes(_ text: String, _ line: Int, _ words: String) {
        do throws(PeopleFileError) {
            let people = try PeopleFile.parse(text, name: "people.yaml")
            Issue.record("taken: \(people)")
        } catch {
            #expect(error.description.hasPrefix("people.yaml, line \(line): "), "\(error)")
            #expect(error.description.contains(words), "\(error)")
        }
    }

    @Test("What is no YAML, or no file at all, is told")
    func unreadable() {
        #expect(throws: PeopleFileError.self) { try PeopleFile.parse("people: [", name: "people.yaml") }
        #expect(throws: PeopleFileError(description: "/nowhere/people.yaml cannot be read")) {
            try PeopleFile.read(at: "/nowhere/people.yaml")
        }
    }

    @Test("The file in docs/carrier.md can be used")
    func example() throws {
        let document = try String(
            contentsOf: URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/carrier.md"),
            encoding: .utf8)
        let parts = document.components(separatedBy: "```")
        let yaml = try #require(parts.first { $0.hasPrefix("yaml") }).dropFirst(4)
        let people = try PeopleFile.parse(String(yaml), name: "docs/carrier.md")
        #expect(people.map(\.number) == ["+15005559001", "+15005559002", "+13125550142"])
    }
}
