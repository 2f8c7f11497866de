import SIP
import Testing

@Suite("SIP URIs")
struct URITests {
    @Test(
        "A URI is printed as it was read",
        arguments: [
            "sip:alice@atlanta.com", "sip:alice:secretword@atlanta.com;transport=tcp",
            "sips:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:+1-212-555-1212:1234@gateway.com;user=phone",
            "sips:1212@gateway.com", "sip:alice@192.0.2.4", "sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com",
            "sip:alice;day=tuesday@atlanta.com", "sip:[2001:db8::10]", "sip:user@[2001:db8::10]:5070;lr",
            "sip:sip%3Auser%40example.com@company.com;other-param=summit", "sip:p1.example.com;lr",
        ])
    func roundTrip(text: String) throws {
        #expect(try SIPURI(text).description == text)
    }

    @Test("The parts of a URI are what RFC 3261 §19.1.1 says")
    func parts() throws {
        let uri = try SIPURI("sip:alice;day=tuesday:pw@atlanta.com:5070;transport=tcp;lr?subject=x")
        #expect(uri.user == "alice;day=tuesday")
        #expect(uri.escapedPassword == "pw")
        #expect(uri.host == "atlanta.com")
        #expect(uri.port == 5070)
        #expect(uri.parameters["Transport"] == "tcp")
        #expect(uri.isLooseRouter)
        #expect(uri.escapedHeaders == "subject=x")
        #expect(try SIPURI("sip:%61lice@h").user == "alice")
    }

    @Test(
        "What is no URI is refused",
        arguments: [
            "", "sip:", "alice@atlanta.com", "http://x", "sip:@host", "sip:alice@", "sip:alice@host:99999",
            "sip:a b@host",
            "sip:host:", "sip:[::1", "sip:[nonsense]", "sip:host;=x", "sip:host/path",
        ])
    func refused(text: String) {
        #expect(throws: SIPParseError.self) { try SIPURI(text) }
    }

    @Test(
        "Equivalent URIs of RFC 3261 §19.1.4",
        arguments: [
            ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com"
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x"
            ),
        ])
    func equivalent(left: String, right: String) throws {
        #expect(try SIPURI(left).isEquivalent(to: SIPURI(right)))
        #expect(try SIPURI(right).isEquivalent(to: SIPURI(left)))
    }

    @Test(
        "URIs of RFC 3261 §19.1.4 that are not equivalent",
        arguments: [
            ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"), ("sip:a@h", "sips:a@h"),
            ("sip:a@h;security=on", "sip:a@h;security=off"),
        ])
    func different(left: String, right: String) throws {
        #expect(try !SIPURI(left).isEquivalent(to: SIPURI(right)))
        #expect(try !SIPURI(right).isEquivalent(to: SIPURI(left)))
    }

    @Test("A user made from text is escaped, and comes back readable")
    func escaping() throws {
        let uri = SIPURI(user: "bob smith@home", host: "example.com")
        #expect(uri.description == "sip:bob%20smith%40home@example.com")
        #expect(try SIPURI(uri.description).user == "bob smith@home")
        #expect(SIPURI(user: "+15551234", host: "h").description == "sip:+15551234@h")
    }

    @Test("A tel URI keeps its number")
    func telephone() throws {
        let uri = try AnyURI("tel:+1-212-555-1212;phone-context=x")
        #expect(uri.user == "+1-212-555-1212")
        #expect(uri.description == "tel:+1-212-555-1212;phone-context=x")
    }
}
