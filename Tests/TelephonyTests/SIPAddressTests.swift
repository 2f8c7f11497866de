import Telephony
import Testing

@Suite("SIP addresses that may be called (decision 36)")
struct SIPAddressTests {
    @Test("Scheme and host are read without regard to case; a port is kept")
    func reading() throws {
        let address = try #require(SIPAddress("SIP:Alice.B@PBX.Example:5080"))
        #expect(address.text == "sip:Alice.B@pbx.example:5080")
        #expect(address.number == nil)
        #expect(SIPAddress("sip:+1.312(555)0123@10.0.0.1")?.number == PhoneNumber("+13125550123"))
        #expect(SIPAddress("sip:*21#@a") == nil)
        #expect(SIPAddress("sip:alice7@a")?.dialled == nil)
        #expect(SIPAddress("sip:+1312,5550123@a")?.dialled == "+13125550123")
        #expect(SIPAddress("sip:+1312,5550123@a")?.number == nil)
    }

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
}
