import SIP
import Telephony

/// Who answers under which number of the simulated carrier: the one table that `belay carrier list` prints, and that
/// README.md, docs/carrier.md and openapi.yaml repeat (a test compares them).
package struct CarrierTable: PeopleDirectory {
    /// One row: a form of numbers, and who answers.
    package struct Entry: Sendable {
        /// What follows `CarrierNumber.prefix`: digits, and letters that stand for digits. `D…` is one to six.
        package let form: String
        /// In words that go on from "whoever is called there".
        package let summary: String
        /// The letters' digits in order → who answers; nil where they name nobody.
        fileprivate let make: @Sendable ([Int]) -> Subscriber?

        /// The whole number in its form.
        package var number: String { CarrierNumber.prefix + form }
    }

    package struct Subscriber: Hashable, Sendable {
        package var behaviour: Behaviour
        package var line: Line

        package init(_ behaviour: Behaviour, line: Line = .sound) {
            self.behaviour = behaviour
            self.line = line
        }
    }

    /// People of the user's own, by number; they come before the table's.
    private let own: [String: Subscriber]

    package init(own: [String: Subscriber] = [:]) { self.own = own }

    package func behaviour(of number: String) -> Behaviour { subscriber(of: number).behaviour }

    package func line(of number: String) -> Line { subscriber(of: number).line }

    /// Outside the carrier's range everybody is an `ordinary` listener; a number of the range that names nobody is not
    /// found.
    package func subscriber(of number: String) -> Subscriber {
        if let own = own[number] { return own }
        guard number.hasPrefix(CarrierNumber.prefix) else { return Subscriber(Self.ordinary) }
        let digits = number.dropFirst(CarrierNumber.prefix.count)
        for entry in Self.entries {
            if let values = Self.match(entry.form, digits), let subscriber = entry.make(values) { return subscriber }
        }
        return Subscriber(.isNotFound)
    }

    /// The digits that stand where a form has letters; nil where the digits have another form.
    private static func match(_ form: String, _ digits: Substring) -> [Int]? {
        var values: [Int] = []
        var rest = digits
        for sign in form {
            if sign == "…" {
                values += rest.compactMap(\.wholeNumberValue)
                return values.count <= maximumPressed + 1 ? values : nil
            }
            guard let digit = rest.popFirst(), let value = digit.wholeNumberValue else { return nil }
            if sign.isNumber {
                guard sign == digit else { return nil }
            } else {
                values.append(value)
            }
        }
        return rest.isEmpty ? values : nil
    }

    // MARK: The table

    private static let maximumPressed = 6
    /// A telephone rings once a second here, not once in six: a test has no time.
    package static let ringMilliseconds = 900...1100
    /// However long the other side goes on, people hang up in the end.
    private static let patience = 600_000...600_000

    /// So many rings, in milliseconds.
    package static func rings(_ count: Int) -> ClosedRange<Int> {
        ringMilliseconds.lowerBound * count...ringMilliseconds.upperBound * count
    }

    /// Everybody who has no number of the range: picks up after a ring, listens, and hangs up when spoken to.
    package static let ordinary = Behaviour.answers(
        after: ringMilliseconds,
        Conversation(ending: .hangsUpWhenSpokenTo(silence: 1000...1500, patience: 30_000...30_000)))

    /// A conversation that the other side is to end.
    package static func stays(_ steps: [Conversation.Step]) -> Conversation {
        Conversation(steps, ending: .hangsUp(after: patience))
    }

    private static let hello = Utterance.speech("Hello?")

    /// Picks up after a ring and says hello, on a line of the given kind.
    private static func greets(_ line: Line) -> Subscriber {
        // Two telephones pick up in the same instant: of two answers each then wins some day.
        let after = line == .forks ? 1000...1000 : ringMilliseconds
        return Subscriber(.answers(after: after, stays([.utter(hello)])), line: line)
    }

    private static func voicemail(after: ClosedRange<Int>, _ greeting: String) -> Subscriber {
        Subscriber(
            .answers(
                after: after,
                Conversation(
                    [
                        .utter(.speech(greeting)), .utter(.beep),
                        .takeMessage(quiet: 3000...3000, atMost: 60_000...60_000), .hangUp,
                    ], ending: .waits)))
    }

    private static func presses(_ values: [Int], then end: String) -> Subscriber? {
        guard let seconds = values.first, values.count > 1 else { return nil }
        let digits = values.dropFirst().map(String.init).joined() + end
        let wait = seconds * 1000...seconds * 1000
        return Subscriber(.answers(after: ringMilliseconds, stays([.wait(wait), .press(digits)])))
    }

    private static func refuses(_ status: Int) -> Subscriber? {
        StatusCode(status).map { Subscriber(.rejects($0, after: 0...0)) }
    }

    /// Who answers outside the range.
    package static let others = "picks up after a ring, listens, and hangs up when spoken to"

    package static let announcement = "The person you are calling is being looked for. Please hold the line."
    package static let voicemailGreeting =
        "Nobody is here to take your call. Please leave a message after the tone."

    package static let personalGreeting =
        "Hi, you have reached Anna. I cannot come to the telephone just now. Please leave your name and your number, "
        + "and I will call you back as soon as I can."
    package static let firmGreeting = "Good morning, Smith and Sons, how can I help you?"
    package static let outOfService = "The number you have dialled is not in service."

    package static let guestTalk =
        "And so we went on, one step after the other, up to where the snow begins; and when we looked back, the whole "
        + "valley lay beneath us."
    /// So often it is said: for longer than anybody's patience lasts.
    package static let guestSentences = 80
    /// Between two sentences.
    package static let breath = 400...600

    /// What extension `number`, two digits, says.
    package static func greeting(ofExtension number: Int) -> String {
        number == 0 ? "Hello?" : "Hello, this is extension \(number / 10) \(number % 10)."
    }

    package static let entries: [Entry] = [
        Entry(form: "0000", summary: "never responds; not even the network answers") { _ in
            Subscriber(.neverResponds)
        },
        Entry(form: "0001", summary: "rings for ever") { _ in Subscriber(.ringsForEver) },
        Entry(form: "0002", summary: "rings, and picks up in the instant of the CANCEL, so that 200 and CANCEL cross") {
            _ in Subscriber(.answersAsCanceled(stays([])))
        },
        Entry(form: "0003", summary: "picks up; the first two ACKs are lost, so that the 200 comes three times") { _ in
            greets(.losesACKs(2))
        },
        Entry(form: "0004", summary: "picks up; sends every message twice") { _ in greets(.doubles) },
        Entry(form: "0005", summary: "picks up; its media comes from another port than its SDP names") { _ in
            greets(.mediaFromAnotherPort)
        },
        Entry(form: "0006", summary: "is two telephones that pick up at once: two 200 with two tags") { _ in
            greets(.forks)
        },
        Entry(form: "0007", summary: "answers 183 with ringback and an announcement, then picks up and says hello") {
            _ in
            Subscriber(.announces([.ringback, .speech(announcement)], stays([.utter(hello)])))
        },
        Entry(form: "0008", summary: "is a fax machine: 2100 Hz for 3 s, after 2 s of silence") { _ in
            Subscriber(
                .answers(
                    after: ringMilliseconds,
                    // T.30 §4.3.3.2, and its timer T1 for what never comes.
                    Conversation(
                        [.wait(1800...2500), .utter(.faxAnswer), .wait(35_000...35_000), .hangUp], ending: .waits)))
        },
        Entry(form: "0009", summary: "is voicemail: a greeting, a beep, and it keeps the message") { _ in
            voicemail(after: rings(2), voicemailGreeting)
        },
        Entry(form: "0010", summary: "picks up and stays silent") { _ in
            Subscriber(.answers(after: ringMilliseconds, stays([])))
        },
        Entry(form: "0011", summary: "picks up, listens, and hangs up when spoken to, as everybody outside the range") {
            _ in Subscriber(ordinary)
        },
        Entry(form: "0012", summary: "picks up; every ACK is lost, so that it hangs up after 64·T1 (32 s)") { _ in
            greets(.losesACKs(.max))
        },
        Entry(form: "0013", summary: "answers as a firm does: a long greeting, and then silence") { _ in
            Subscriber(.answers(after: ringMilliseconds, stays([.utter(.speech(firmGreeting))])))
        },
        Entry(
            form: "0014",
            summary: "is voicemail with a long greeting of somebody's own, a beep, and it keeps the message"
        ) {
            _ in
            voicemail(after: rings(2), personalGreeting)
        },
        Entry(form: "0015", summary: "is a number out of service: three information tones and an announcement, twice") {
            _ in
            let announced: [Conversation.Step] = [.utter(.informationTones), .utter(.speech(outOfService))]
            return Subscriber(
                .answers(after: ringMilliseconds, Conversation(announced + announced + [.hangUp], ending: .waits)))
        },
        Entry(form: "0016", summary: "is a guest who says hello and talks on until the other side hangs up") { _ in
            let sentence: [Conversation.Step] = [.utter(.speech(guestTalk)), .wait(breath)]
            let talk = Array(repeating: sentence, count: guestSentences).flatMap(\.self)
            return Subscriber(.answers(after: ringMilliseconds, stays([.utter(hello)] + talk)))
        },
        Entry(
            form: "0017",
            summary: "is a guest who says hello, presses *9 five seconds later, and hangs up after two minutes"
        ) {
            _ in
            Subscriber(
                .answers(
                    after: ringMilliseconds,
                    Conversation(
                        [.utter(hello), .wait(5000...5000), .press("*9")], ending: .hangsUp(after: 120_000...120_000))))
        },
        Entry(form: "0404", summary: "is not found (404)") { _ in refuses(404) },
        Entry(form: "0480", summary: "is unavailable (480)") { _ in refuses(480) },
        Entry(form: "0486", summary: "is busy (486)") { _ in refuses(486) },
        Entry(form: "0503", summary: "is behind a trunk in trouble (503)") { _ in refuses(503) },
        Entry(form: "0603", summary: "lets it ring once and declines (603)") { _ in
            Subscriber(.declines(after: ringMilliseconds))
        },
        Entry(form: "0SSS", summary: "is refused with the SIP status SSS, 400 to 699") { values in
            let status = values.reduce(0) { $0 * 10 + $1 }
            return (400...699).contains(status) ? refuses(status) : nil
        },
        Entry(form: "1NPP", summary: "picks up after N rings: \"Hello, this is extension P P.\"; 00: \"Hello?\"") {
            values in
            let greeting = greeting(ofExtension: values[1] * 10 + values[2])
            return Subscriber(.answers(after: rings(values[0]), stays([.utter(.speech(greeting))])))
        },
        Entry(form: "2NNN", summary: "picks up and hangs up after NNN seconds, in the middle of whatever is said") {
            values in
            let seconds = values.reduce(0) { $0 * 10 + $1 }
            return Subscriber(
                .answers(
                    after: ringMilliseconds,
                    Conversation(ending: .hangsUp(after: seconds * 1000...seconds * 1000))))
        },
        Entry(form: "3SDD…", summary: "picks up, listens, and presses D… (two to six digits) after S seconds") {
            values in presses(values, then: "")
        },
        Entry(form: "4SDD…", summary: "the same, and # after the digits") { values in presses(values, then: "#") },
        Entry(form: "5S0D", summary: "picks up, listens, and presses the one digit D after S seconds") { values in
            presses(values, then: "")
        },
    ]
}
