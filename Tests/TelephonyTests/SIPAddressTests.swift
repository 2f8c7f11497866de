import Telephony
import Testing

/// docs/contract/calls.md#sip-addresses.
@Suite("SIP addresses that may be called")
struct SIPAddressTests {
    @Test("Scheme and host are read without regard to case; a port is kept")
    func reading() throws {
        let address = try #require(SIPAddress("SIP:Alice.B@PBX.Example:5080"))
        #expect(address.text == "sip:Alice.B@pbx.example:5080")
        #expect(address.number == nil)
        #expect(SIPAddress("sip:+1.312(555)0123@10.0.0.1")?.number == PhoneNumber("+13125550123"))
        #expect(SIPAddress("sip:*21#@a") == nil)
        #expect(SIPAddress("sip:alice7@a")?.reading == .name)
        #expect(SIPAddress("sip:+1312,5550123@a")?.reading == .digits("+13125550123", others: ["1312"]))
        #expect(SIPAddress("sip:+1-312-555-0123@a")?.dialledUser == "+13125550123")
        #expect(SIPAddress("sip:alice7@a")?.dialledUser == "alice7")
    }

    @Test(
        "A user part of digits and marks alone is a number, wherever the marks stand",
        arguments: [
            (".911", "911"), ("(911)", "911"), ("9-1-1", "911"), ("-19005551234", "19005551234"),
            ("!00442079460123", "00442079460123"), ("_'~1=9$0&0,5551234", "19005551234"), ("*67.911", "*67911"),
            ("!+19005551234", "+19005551234"), ("1+9005551234", "19005551234"), ("++19005551234", "+19005551234"),
            ("+911", "+911"), ("911alice", "911"), ("x911", "911"), ("9a1b1", "911"), ("tel19005551234", "19005551234"),
            ("alice.1-900-555-1234", "19005551234"), ("-", ""), ("+", ""), ("!$&", ""), ("*", "*"),
        ])
    func numbers(_ user: String, _ dialled: String) {
        guard case .digits(dialled, _)? = SIPAddress("sip:\(user)@host")?.reading else {
            Issue.record("\(user) is no number")
            return
        }
    }

    @Test("A switch may stop at a pause, and take a star for a mark")
    func others() {
        #expect(SIPAddress("sip:9*11@a")?.reading == .digits("9*11", others: ["911"]))
        #expect(SIPAddress("sip:-911p1@a")?.reading == .digits("9111", others: ["911"]))
        #expect(SIPAddress("sip:91b1p1@a")?.reading == .digits("9111", others: ["91", "911"]))
        #expect(SIPAddress("sip:911,,1@a")?.reading == .digits("9111", others: ["911"]))
    }

    @Test(
        "A name is a name, with up to six digits and with any marks",
        arguments: ["alice", "alice7", "+alice", "room-101.b", "agent123456", "o'neill", "_sales"])
    func names(_ user: String) { #expect(SIPAddress("sip:\(user)@host")?.reading == .name) }

    @Test(
        "What is none",
        arguments: [
            "", "sip:", "sip:@host", "sip:a@", "sip:a", "sips:a@host", "sip:a@b@c", "sip:a:secret@host",
            "sip:a@host;transport=tcp", "sip:a@host?Route=x", "sip:%2b1900@host", "sip:a@host:0", "sip:a@host:70000",
            "sip:a@host:", "sip:a@-host", "sip:a@ho st", "sip:a@host..example", "sip:a\r\nVia: x@host",
            "tel:+13125550123",
            "sip:é@host", "sip:a@" + String(repeating: "a", count: 64),
            "sip:" + String(repeating: "a", count: 260) + "@b",
        ])
    func refused(_ text: String) { #expect(SIPAddress(text) == nil) }

    @Test("A user that begins with a digit behind marks does; one @ parts user and host, no more and no less")
    func beginning() throws {
        for (text, begins) in [("sip:9abc@h", true), ("sip:.-9abc@h", true), ("sip:a9@h", false), ("sip:-a9@h", false)]
        {
            #expect(SIPAddress(text)?.beginsWithDigit == begins, "\(text)")
        }
        for text in ["sip:bob@@h", "sip:@bob@h", "sip:bob@h@", "sip:@h", "sip:bob@"] {
            #expect(SIPAddress(text) == nil, "\(text)")
        }
    }
}
