import Testing

@testable import Telephony

@Suite("The name that somebody may have meant")
struct NearestNameTests {
    private static let makeACall = [
        "from", "to", "applicationId", "callConnectUrl", "parentCallId", "sendDigits", "ifMachine", "ifMachineUrl",
        "ifMachineBeepSeconds", "timeout", "privacyMode",
    ]
    private static let getDigits = [
        "actionUrl", "initialTimeoutMs", "digitTimeoutMs", "finishOnKey", "minDigits", "maxDigits", "flushBuffer",
        "prompts", "privacyMode",
    ]

    @Test(
        "A slip of the keys, another case, another way to part words, and a word in common lead to it",
        arguments: [
            ("maxDigts", "maxDigits", getDigits), ("maxdigits", "maxDigits", getDigits),
            ("max_digits", "maxDigits", getDigits), ("MaxDigits", "maxDigits", getDigits),
            ("maxDigtis", "maxDigits", getDigits), ("finishKey", "finishOnKey", getDigits),
            ("initialTimeout", "initialTimeoutMs", getDigits), ("actionURL", "actionUrl", getDigits),
            ("frm", "from", makeACall), ("form", "from", makeACall), ("machineDetection", "ifMachine", makeACall),
            ("sendDigit", "sendDigits", makeACall), ("application_id", "applicationId", makeACall),
            ("callConnectURL", "callConnectUrl", makeACall), ("timeOut", "timeout", makeACall),
        ])
    func near(_ name: String, _ meant: String, _ known: [String]) {
        #expect(NearestName.of(name, among: known) == meant)
        #expect(NearestName.of(name, among: known.reversed()) == meant, "the order of what is known decides nothing")
    }

    @Test(
        "What is like none of them leads nowhere",
        arguments: ["", "x", "colour", "q", String(repeating: "a", count: 5000)])
    func far(_ name: String) {
        #expect(NearestName.of(name, among: Self.makeACall) == nil)
    }

    @Test("Only a letter or two make a slip: another name that is like it is no slip for it")
    func slips() {
        #expect(NearestName.isSlip("actionURL", for: "actionUrl"))
        #expect(NearestName.isSlip("desination", for: "destination"))
        #expect(!NearestName.isSlip("grammarType", for: "grammarFile"))
        #expect(!NearestName.isSlip("to", for: "from"))
        #expect(!NearestName.isSlip("to", for: "to"))
    }

    @Test("A stranger's name is shown short, and fit for a header")
    func shown() {
        #expect(ShownName.of("maxDigts") == "\"maxDigts\"")
        #expect(ShownName.of("a\r\nb\"é") == "\"a??b??\"")
        #expect(ShownName.of(String(repeating: "x", count: 10_000)).utf8.count == ShownName.maximumLength + 5)
    }
}
