import Testing

@testable import SIP

@Suite("Names and numbers as RFC 3261 and the registries have them")
struct NameTableTests {
    @Test(
        "A compact form is its field's (RFC 3261 §7.3.3 and the registry), in either case",
        arguments: [
            ("c", "Content-Type"), ("e", "Content-Encoding"), ("f", "From"), ("i", "Call-ID"), ("k", "Supported"),
            ("l", "Content-Length"), ("m", "Contact"), ("t", "To"), ("v", "Via"), ("s", "Subject"),
            ("u", "Allow-Events"), ("r", "Refer-To"), ("b", "Referred-By"), ("o", "Event"), ("x", "Session-Expires"),
            ("a", "Accept-Contact"), ("d", "Request-Disposition"), ("j", "Reject-Contact"), ("n", "Identity-Info"),
            ("y", "Identity"),
        ])
    func compact(_ letter: String, _ name: String) {
        #expect(SIPHeaderName(letter) == SIPHeaderName(name))
        #expect(SIPHeaderName(letter.uppercased()) == SIPHeaderName(name))
        #expect(SIPHeaderName(letter).text == name)
    }

    @Test("No other letter is one", arguments: ["g", "h", "p", "q", "w", "z"])
    func noCompact(_ letter: String) {
        for name in ["Contact", "Via", "To", "From"] { #expect(SIPHeaderName(letter) != SIPHeaderName(name)) }
        #expect(SIPHeaderName(letter).text == letter)
    }

    @Test(
        "A method is known by its name in capitals, and told by it (RFC 3261 §7.1)",
        arguments: [
            ("INVITE", SIPMethod.invite), ("ACK", .ack), ("BYE", .bye), ("CANCEL", .cancel), ("OPTIONS", .options),
            ("REGISTER", .register), ("PRACK", .prack), ("SUBSCRIBE", .subscribe), ("NOTIFY", .notify),
            ("PUBLISH", .publish), ("INFO", .info), ("REFER", .refer), ("MESSAGE", .message), ("UPDATE", .update),
        ])
    func methods(_ name: String, _ method: SIPMethod) {
        #expect(SIPMethod(name) == method && method.name == name && method.isKnown)
        let other = SIPMethod(name.lowercased())
        #expect(other == .other(name.lowercased()) && !other.isKnown && other.name == name.lowercased())
    }

    @Test("Codes are 100 to 699, and each belongs to its class (RFC 3261 §21)")
    func classes() throws {
        #expect(StatusCode(99) == nil && StatusCode(700) == nil && StatusCode(-200) == nil)
        for value in 100...699 {
            let code = try #require(StatusCode(value))
            #expect(code.responseClass == value / 100)
            #expect(code.isProvisional == (value < 200) && code.isFinal == (value >= 200))
            #expect(code.isSuccess == (200..<300).contains(value))
            #expect(code.isRedirection == (300..<400).contains(value))
            #expect(!code.reasonPhrase.isEmpty)
        }
    }

    @Test(
        "A code has its registered phrase, and one that is not registered its class's",
        arguments: [
            (100, "Trying"), (180, "Ringing"), (181, "Call Is Being Forwarded"), (183, "Session Progress"), (200, "OK"),
            (202, "Accepted"), (302, "Moved Temporarily"), (404, "Not Found"), (410, "Gone"),
            (422, "Session Interval Too Small"), (423, "Interval Too Brief"), (483, "Too Many Hops"),
            (484, "Address Incomplete"), (485, "Ambiguous"), (486, "Busy Here"), (487, "Request Terminated"),
            (488, "Not Acceptable Here"), (491, "Request Pending"), (493, "Undecipherable"), (502, "Bad Gateway"),
            (504, "Server Time-out"), (513, "Message Too Large"), (600, "Busy Everywhere"), (603, "Decline"),
            (604, "Does Not Exist Anywhere"), (606, "Not Acceptable"), (607, "Unwanted"), (608, "Rejected"),
            (188, "Progress"), (299, "OK"), (399, "Redirection"), (499, "Request Failure"), (599, "Server Failure"),
            (699, "Global Failure"),
        ])
    func phrases(_ value: Int, _ phrase: String) throws {
        #expect(try #require(StatusCode(value)).reasonPhrase == phrase)
    }

    @Test("A URI without a port means its scheme's (RFC 3261 §19.1.2); one of an address names its transport, but UDP")
    func uris() throws {
        #expect(try SIPURI("sip:a@example.com").effectivePort == 5060)
        #expect(try SIPURI("sips:a@example.com").effectivePort == 5061)
        #expect(try SIPURI("sips:a@example.com:5060").effectivePort == 5060)
        #expect(try SIPURI("sip:a@example.com:5061").effectivePort == 5061)
        for (transport, text) in [
            (TransportProtocol.udp, "sip:a@10.0.0.1:5070"), (.tcp, "sip:a@10.0.0.1:5070;transport=tcp"),
            (.tls, "sip:a@10.0.0.1:5070;transport=tls"),
        ] {
            let address = TransportAddress(transport: transport, address: .v4(0x0A00_0001), port: 5070)
            #expect(SIPURI(user: "a", address: address).description == text)
        }
        #expect(try SIPURI("sip:10.0.0.1").address == .v4(0x0A00_0001))
        #expect(try SIPURI("sip:example.com").address == nil)
    }

    @Test("Timers follow T1 (RFC 3261 §17, table 4); timer D is 32 s at least")
    func timers() {
        let usual = TransactionTimers()
        #expect(usual.t1 == .milliseconds(500) && usual.t2 == .seconds(4) && usual.t4 == .seconds(5))
        #expect(usual.transactionTimeout == .seconds(32) && usual.completedLinger == .seconds(32))
        let (quick, slow) = (TransactionTimers(t1: .milliseconds(100)), TransactionTimers(t1: .seconds(1)))
        #expect(quick.transactionTimeout == .milliseconds(6400) && quick.completedLinger == .seconds(32))
        #expect(slow.transactionTimeout == .seconds(64) && slow.completedLinger == .seconds(64))
        // Ours end while the callee still repeats its 2xx.
        #expect(usual.lookUpTimeout == .seconds(4) && usual.recordTimeout == .seconds(8))
        #expect(usual.recordTimeout < usual.transactionTimeout)
    }

    @Test("What is wrong with a message is told to people who know SIP, with the element")
    func words() {
        let problems: [(SIPParseError.Problem, String)] = [
            (.empty, "nothing in it"), (.tooLong, "too long"), (.tooManyHeaderFields, "too many header fields"),
            (.tooManyValues, "Via has too many values"), (.fieldTooLong, "its Via is too long"),
            (.noEndOfHeaders, "empty line"), (.badFirstLine, "its Via cannot be read"),
            (.badMethod, "its Via cannot be read"), (.badStatusCode, "its Via cannot be read"),
            (.badVersion, "another version of SIP"), (.badFieldName, "no header field"),
            (.missingField, "it has no Via"),
            (.repeatedField, "more than one Via"), (.badNumber, "its Via is malformed"),
            (.badURI, "its Via is malformed"), (.badVia, "its Via is malformed"), (.badCSeq, "its Via is malformed"),
            (.methodMismatch, "another method"),
        ]
        for (problem, words) in problems {
            #expect(SIPParseError(problem, in: "Via").explanation.contains(words), "\(problem)")
        }
    }
}
