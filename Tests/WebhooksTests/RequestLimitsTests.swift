import NameResolution
import Telephony
import Testing

@testable import Webhooks

@Suite struct RequestLimitsTests {
    @Test("5 s to connect and 15 s in all are a webhook's (docs/contract/webhooks.md#time-limits); audio has a minute")
    func times() {
        let limits = RequestLimits()
        #expect(limits.connect == .seconds(5) && limits.whole == .seconds(15))
        #expect(WebhookClient.maximumAnswerBytes == 1_048_576)
        #expect(RequestLimits.audio.connect == .seconds(5) && RequestLimits.audio.whole == .seconds(60))
    }

    @Test("A connection is given up before common servers close theirs, after five seconds")
    func idle() { #expect(RequestLimits().idle < .seconds(5) && RequestLimits.audio.idle < .seconds(5)) }

    @Test("No account has all places: not of audio, whose places are fewer")
    func places() {
        let audio = RequestLimits.audio
        #expect(audio.perHost < audio.perAccount && audio.perAccount < audio.total)
        let some = RequestLimits(total: 7)
        #expect(some.perAccount == 7, "unless nothing else was said")
    }

    @Test("Where fewer are allowed at once an account's share shrinks with them, and a host's to the account's")
    func within() {
        let limits = RequestLimits(perHost: 64, perAccount: 512, total: 1024)
        let some = limits.within(100)
        #expect((some.total, some.perAccount, some.perHost) == (100, 50, 50))
        let many = limits.within(200)
        #expect((many.total, many.perAccount, many.perHost) == (200, 100, 64))
        #expect(limits.within(1024) == limits && limits.within(5000) == limits)
        let one = limits.within(1)
        #expect((one.total, one.perAccount, one.perHost) == (1, 1, 1))
    }

    @Test("Times are told in seconds where they are whole ones, else in milliseconds")
    func words() {
        let limits = RequestLimits(connect: .milliseconds(1500), whole: .seconds(15), wait: .milliseconds(999))
        #expect((limits.connectText, limits.wholeText, limits.waitText) == ("1500 ms", "15 s", "999 ms"))
    }
}

@Suite struct OriginTests {
    @Test(
        "Host names the port where it is not the scheme's own (RFC 9110 §7.2); for people it always stands there",
        arguments: [
            ("http://a.example/x", "a.example", "a.example:80"), ("https://a.example/x", "a.example", "a.example:443"),
            ("http://a.example:80", "a.example", "a.example:80"),
            ("http://a.example:443", "a.example:443", "a.example:443"),
            ("https://a.example:80", "a.example:80", "a.example:80"),
            ("https://a.example:8443", "a.example:8443", "a.example:8443"),
            ("http://[2001:db8::1]/", "[2001:db8::1]", "[2001:db8::1]:80"),
            ("http://[2001:db8::1]:81/", "[2001:db8::1]:81", "[2001:db8::1]:81"),
        ])
    func names(_ url: String, _ header: String, _ name: String) throws {
        let origin = Origin(try #require(WebURL(url)))
        #expect(origin.hostHeader == header)
        #expect(origin.name == name)
    }

    @Test(
        "What is connected to is the address that was judged; TLS alone asks for the name, unless that is an address",
        arguments: [
            ("http://a.example/", "1.2.3.4", "1.2.3.4:80"), ("http://a.example:81/", "2001:db8::1", "[2001:db8::1]:81"),
            ("https://a.example/", "1.2.3.4", "a.example:443"), ("https://a.example/", "2001:db8::1", "a.example:443"),
            ("https://127.1:8443/", "127.0.0.1", "127.0.0.1:8443"),
            ("https://[2001:db8:0::1]/", "2001:db8::1", "[2001:db8::1]:443"),
        ])
    func pinned(_ url: String, _ address: String, _ authority: String) throws {
        let pin = PinnedClients.Pin(
            origin: Origin(try #require(WebURL(url))), address: try #require(HostAddress(address)))
        #expect(PinnedClients.authority(of: pin) == authority)
    }
}
