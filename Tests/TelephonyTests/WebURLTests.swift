import Telephony
import Testing

@Suite("A URL is taken if a request can go to it, and refused with the reason if none ever can")
struct WebURLTests {
    private static let label63 = String(repeating: "a", count: 63)
    private static let name253 = String(repeating: "abcdefg.", count: 31) + "abcde"

    @Test(
        "What is valid stays valid",
        arguments: [
            "http://a", "https://example.com:8443/x?y=z", "HTTP://EXAMPLE.com/", "http://[::1]:80/",
            "http://xn--bcher-kva.example/", "https://user:p%40ss@h.example/x", "https://token@h.example/",
            "http://h?x=1", "http://h/?u=http://other/%20a", "http://h:/x", "http://h:1/", "http://h:65535/",
            "http://h:0080/", "http://h./x", "http://my_container:3000/", "http://127.1/", "http://0x7f000001/",
            "http://2130706433/", "http://[2001:db8::1]/", "http://[::ffff:192.0.2.1]:8080/a",
            "http://[1:2:3:4:5:6:7:8]/",
            "http://h/a|b{c}", "http://\(label63).example/", "http://\(name253)/", "http://1.example/",
        ])
    func valid(_ text: String) throws {
        let url = try WebURL(checking: text)
        #expect(url.text == text)
    }

    @Test(
        "What can never work is refused, and the reason names what is wrong",
        arguments: [
            ("", "empty"), ("example.com", "begin with"), ("/x", "begin with"), ("mailto:a@b", "begin with"),
            ("http:/a", "begin with"), ("ftp://a/", "ftp"), ("http://", "no host"), ("http:///x", "no host"),
            ("http://:80/", "no host"), ("http://?x", "no host"), ("http://./", "no host"),
            ("http://user@/", "no host"),
            ("http://a b", "blank"), ("http://a/b c", "blank"), ("https://ä.de", "ASCII"), ("http://a/\n", "control"),
            ("http://a/x#y", "#"), ("http://a:0/", "port 0"), ("http://a:65536/", "port 65536"),
            ("http://a:99999/", "port 99999"), ("http://a:99999999999999999999/", "port 99999"),
            ("http://a:8x/", "port is no number"), ("http://a:-1/", "port is no number"),
            ("http://\(String(repeating: "abcdefghi.", count: 30))com/", "303 characters"),
            ("http://\(label63)a.example/", "64 characters"), ("http://a..b/", "empty part"),
            ("http://.a/", "empty part"), ("http://a%20b/", "holds %"), ("http://a,b/", "holds ,"),
            ("http://a\\b/", "holds \\"), ("http://256.1.1.1/", "IPv4"), ("http://1.2.3.4.5/", "IPv4"),
            ("http://a.1/", "IPv4"), ("http://[::1%25lo]/", "zone"), ("http://[fe80::1%eth0]/", "zone"),
            ("http://[::1/", "end with ]"), ("http://[::1]x/", "after ]"), ("http://[1::2::3]/", "no IPv6"),
            ("http://[12345::]/", "no IPv6"), ("http://[]/", "no IPv6"), ("http://[1:2:3]/", "no IPv6"),
            ("http://[::1.2.3.256]/", "no IPv6"), ("http://a/%", "two hexadecimal"),
            ("http://a/%g1", "two hexadecimal"),
            ("http://a/?x=%2", "two hexadecimal"), ("http://us%er@a/", "two hexadecimal"),
            ("http://a%3Ab:c@h/", "colon"), ("http://a:b%0Ac@h/", "control"), ("http://a<b@h/", "percent-encoded"),
            ("http://a@b@h/", "percent-encoded"),
        ])
    func invalid(_ text: String, _ reason: String) {
        #expect(WebURL(text) == nil)
        do throws(WebURL.Fault) {
            _ = try WebURL(checking: text)
        } catch {
            #expect(error.description.contains(reason), "\(error)")
        }
    }

    @Test("One character more than the most is too many")
    func length() {
        let path = String(repeating: "x", count: WebURL.maximumLength - 9)
        #expect(WebURL("http://a/" + path) != nil)
        #expect(WebURL("http://a/" + path + "x") == nil)
    }

    @Test("It is taken apart: TLS, host, port, what goes into the request line")
    func parts() throws {
        let url = try WebURL(checking: "HTTPS://user:secret@Example.COM./a%20b/c?x={1}&y=%2F")
        #expect(url.isTLS && url.host == "example.com" && url.port == 443)
        #expect(url.target == "/a%20b/c?x=%7B1%7D&y=%2F")
        let literal = try WebURL(checking: "http://[2001:DB8::1]:8080?q")
        #expect(!literal.isTLS && literal.host == "2001:db8::1" && literal.port == 8080 && literal.target == "/?q")
    }

    @Test(
        "User and password are decoded (RFC 3986 §2.1), and a colon in the password stays in it (RFC 7617 §2)",
        arguments: [
            ("http://u:p@h/", "u", "p"), ("http://u@h/", "u", ""), ("http://:p@h/", "", "p"),
            ("http://u:p%40%3a%2F:x@h/", "u", "p@:/:x"), ("http://%C3%BC:p@h/", "ü", "p"),
        ])
    func credentials(_ text: String, _ user: String, _ password: String) {
        let credentials = WebURL(text)?.credentials
        #expect(credentials?.user == user && credentials?.password == password)
    }

    /// docs/contract/privacy.md#the-mask.
    @Test("In words for people user and password are masked, and nothing else")
    func masked() throws {
        #expect("\(try WebURL(checking: "http://u:p%40x@h/a@b?c=d@e"))" == "http://XXXXX@h/a@b?c=d@e")
        #expect("\(try WebURL(checking: "http://h/a@b"))" == "http://h/a@b")
        #expect(
            Mask.userInfo(in: #"[{"Play":{"file":"http:\/\/u:p@h\/x"}}]"#)
                == #"[{"Play":{"file":"http:\/\/XXXXX@h\/x"}}]"#)
        #expect(Mask.userInfo(in: "http://a/ and https://b:c@d/e") == "http://a/ and https://XXXXX@d/e")
        #expect(Mask.userInfo(in: "sip:bob@h") == "sip:bob@h")
        #expect(Mask.malformedURL("http://u:p/a ss@h/") == "http://XXXXX@h/")
        #expect(Mask.malformedURL("u:p@h") == "XXXXX@h")
    }

    @Test("What an earlier version stored is read: its fragment was never sent")
    func stored() {
        #expect(WebURL(stored: "http://a/x#y")?.text == "http://a/x")
        #expect(WebURL(stored: "http://a:0/") == nil)
    }
}
