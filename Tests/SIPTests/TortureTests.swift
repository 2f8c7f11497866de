import Testing

@testable import SIP

/// Messages after RFC 4475. `L` as Content-Length stands for the true one.
@Suite("Torture messages, RFC 4475")
struct TortureTests {
    private static let body = "v=0\no=mhandley 29739 7272939 IN IP4 192.0.2.3\ns=-\nc=IN IP4 192.0.2.4\nt=0 0\n"

    private static func wire(_ text: String) -> String {
        var text = text.replacing("\n", with: "\r\n")
        if let end = text.firstRange(of: "\r\n\r\n") {
            let length = text[end.upperBound...].utf8.count
            text = text.replacing(": L\r\n", with: ": \(length)\r\n")
        }
        return text
    }

    private static func plain(
        _ first: String, to: String = "<sip:user@example.com>", from: String = "<sip:caller@example.net>;tag=323",
        cseq: String = "60 INVITE", extra: String = ""
    ) -> String {
        wire(
            """
            \(first)
            To: \(to)
            From: \(from)
            Max-Forwards: 70
            Call-ID: torture.0ha0isndaksdj
            CSeq: \(cseq)
            Via: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKkdjuw
            Contact: <sip:caller@host5.example.net>
            \(extra)Content-Length: L


            """)
    }

    /// RFC 4475 §3.1.1.1 wsinv, §3.1.1.2 intmeth, then the others of §3.1.1 that parse.
    static let messages: [String] = [
        wire(
            """
            INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0
            TO :
             sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n
            from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>
              ;
              tag = 98asjd8
            MaX-fOrWaRdS: 0068
            Call-ID: wsinv.ndaksdj@192.0.2.1
            Content-Length   : L
            cseq: 0009
              INVITE
            Via  : SIP  /   2.0
             /UDP
                192.0.2.2;branch=390skdjuw
            s :
            NewFangledHeader:   newfangled value
             continued newfangled value
            UnknownHeaderWithUnusualValue: ;;,,;;,;
            Content-Type: application/sdp
            Route:
             <sip:services.example.com;lr;unknownwith=value;unknown-no-value>
            v:  SIP  / 2.0  / TCP     spindle.example.com   ;
              branch  =   z9hG4bK9ikj8  ,
             SIP  /    2.0   / UDP  192.168.255.111   ; branch=
             z9hG4bK30239
            m:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =
                  newvalue ;
              secondparam ; q = 0.33

            \(body)
            """),
        wire(
            """
            !interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0
            Via: SIP/2.0/UDP host1.example.com;rport;branch=z9hG4bK-.!%66*_+`'~
            To: "BEL:\\\u{07} NUL:\\\u{00} DEL:\\\u{7F}" <sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com>
            From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%="\u{440}\u{430}\u{431}";tag=_token~1'+`*%!-.
            Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/"][?}{
            CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~
            Max-Forwards: 255
            extensionHeader-!.%*+_`'~:\u{FEFF}\u{5927}\u{505C}\u{96FB}
            Content-Length: 0


            """),
        // RFC 4475 §3.1.1.3 esc01
        plain("INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0", to: "sip:%75se%72@example.com"),
        // RFC 4475 §3.1.1.6 lwsdisp
        plain(
            "OPTIONS sip:user@example.com SIP/2.0", from: "caller<sip:caller@example.com>;tag=323", cseq: "60 OPTIONS"),
        // RFC 4475 §3.1.1.9 semiuri
        plain("OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0", cseq: "8 OPTIONS"),
        // RFC 4475 §3.1.1.10 transports
        plain(
            "OPTIONS sip:user@example.com SIP/2.0", cseq: "60 OPTIONS",
            extra: """
                Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf
                Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK2980unddj
                Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en
                Via: SIP/2.0/TCP t5.example.com;branch=z9hG4bK0a9idfnee

                """),
        // RFC 4475 §3.1.1.12 unreason
        plain("SIP/2.0 200 = 2**3 * 5**2 \u{43D}\u{43E} \u{441}\u{442}\u{43E}", cseq: "35 INVITE"),
        // RFC 4475 §3.1.1.13 noreason
        plain("SIP/2.0 100 ", cseq: "35 INVITE"),
        plain("SIP/2.0 100", cseq: "35 INVITE"),
        // RFC 4475 §3.2.1 badbranch
        plain("OPTIONS sip:user@example.com SIP/2.0", cseq: "8 OPTIONS").replacing("z9hG4bKkdjuw", with: "z9hG4bK"),
        // RFC 4475 §3.3.2 unkscm
        plain("OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0", cseq: "3 OPTIONS"),
    ]

    /// Of RFC 4475 §3.1.2 and §3.3: what must not be taken.
    static let broken: [(name: String, text: String)] = [
        (
            "badinv01",
            plain(
                "INVITE sip:user@example.com SIP/2.0", to: "\"Unterminated <sip:j.user@example.com>", cseq: "8 INVITE")
        ),
        (
            "badinv01 Via",
            plain("INVITE sip:user@example.com SIP/2.0").replacing("192.0.2.2:5060", with: "192.0.2.15;;,;,,")
        ),
        (
            "clerr",
            plain("INVITE sip:user@example.com SIP/2.0").replacing("Content-Length: 0", with: "Content-Length: 9999")
        ),
        (
            "ncl",
            plain("INVITE sip:user@example.com SIP/2.0").replacing("Content-Length: 0", with: "Content-Length: -999")
        ),
        ("scalar02 CSeq", plain("INVITE sip:user@example.com SIP/2.0", cseq: "36893488147419103232 INVITE")),
        (
            "scalar02 Max-Forwards",
            plain("INVITE sip:user@example.com SIP/2.0").replacing("Max-Forwards: 70", with: "Max-Forwards: 300")
        ),
        ("scalarlg", plain("SIP/2.0 503 Service Unavailable", cseq: "9292394834772304023312 OPTIONS")),
        ("ltgtruri", plain("INVITE <sip:user@example.com> SIP/2.0")),
        ("lwsruri", plain("INVITE sip:user@example.com; lr SIP/2.0")),
        ("lwsstart", plain("INVITE  sip:user@example.com  SIP/2.0")),
        ("trws", plain("OPTIONS sip:remote-target@example.com SIP/2.0  ", cseq: "8 OPTIONS")),
        (
            "badaspec",
            plain(
                "OPTIONS sip:user@example.org SIP/2.0", to: "\"Watson, Thomas\" < t.watson@example.org >",
                cseq: "8 OPTIONS")
        ),
        (
            "baddn, with a second address",
            plain(
                "OPTIONS sip:user@example.org SIP/2.0", from: "sip:bell@example.com, <sip:a.g@example.com>;tag=43",
                cseq: "8 OPTIONS")
        ),
        ("badvers", plain("OPTIONS sip:t.watson@example.org SIP/7.0", cseq: "8 OPTIONS")),
        ("mismatch01", plain("OPTIONS sip:user@example.com SIP/2.0", cseq: "8 INVITE")),
        ("mismatch02", plain("NEWMETHOD sip:user@example.com SIP/2.0", cseq: "8 INVITE")),
        ("bigcode", plain("SIP/2.0 4294967301 better not break the receiver", cseq: "353494 INVITE")),
        (
            "insuf",
            wire(
                "INVITE sip:user@example.com SIP/2.0\nCSeq: 193942 INVITE\nVia: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf\nContent-Length: 0\n\n"
            )
        ),
        ("multi01", plain("INVITE sip:user@company.com SIP/2.0", extra: "CSeq: 59 INVITE\n")),
        (
            "mcl01",
            plain("OPTIONS sip:user@example.com SIP/2.0", cseq: "8 OPTIONS", extra: "Content-Length: 13\n")
                + "12345678901234567890"
        ),
    ]

    @Test("A short tortuous INVITE (RFC 4475 §3.1.1.1) is read whole")
    func tortuous() throws {
        let bytes = Array(Self.messages[0].utf8)
        guard case .request(let invite) = try SIPMessage(parsing: bytes) else {
            Issue.record("no request")
            return
        }
        #expect(invite.method == .invite)
        #expect(invite.uri.sip?.parameters.contains("unknownparam") == true)
        #expect(try invite.headers.to().tag == "1918181833n")
        #expect(try invite.headers.from().tag == "98asjd8")
        #expect(try invite.headers.from().displayName == "J Rosenberg \\\"")
        #expect(try invite.headers.cseq() == CSeq(9, .invite))
        #expect(try invite.headers.vias().map(\.transport) == ["UDP", "TCP", "UDP"])
        #expect(try invite.headers.vias().map(\.branch) == ["390skdjuw", "z9hG4bK9ikj8", "z9hG4bK30239"])
        #expect(try invite.headers.addresses(.contact)[0].displayName == "Quoted string \"\"")
        #expect(try invite.headers.addresses(.contact)[0].parameters["q"] == "0.33")
        #expect(try invite.headers.addresses(.route)[0].uri.sip?.isLooseRouter == true)
        #expect(invite.headers["NewFangledHeader"] == "newfangled value continued newfangled value")
        #expect(invite.headers[.maxForwards] == "0068")
        #expect(String(decoding: invite.body, as: UTF8.self).hasPrefix("v=0\r\no=mhandley"))
        try SIPMessageView.withView(of: bytes) { view in
            #expect(view.kind == .request(.invite))
            #expect(view.text(view.branch) == "390skdjuw")
            #expect(view.text(view.sentBy) == "192.0.2.2")
            #expect(view.text(view.toTag) == "1918181833n")
            #expect(view.text(view.fromTag) == "98asjd8")
            #expect(view.text(view.callID) == "wsinv.ndaksdj@192.0.2.1")
            #expect(view.cseqNumber == 9)
            #expect(view.maxForwards == 68)
        }
    }

    @Test("An unusual method, user and tag (RFC 4475 §3.1.1.2) come through unchanged")
    func unusual() throws {
        guard case .request(let request) = try SIPMessage(parsing: Array(Self.messages[1].utf8)) else {
            Issue.record("no request")
            return
        }
        #expect(request.method.name == "!interesting-Method0123456789_*+`.%indeed'~")
        #expect(request.uri.sip?.host == "example.com")
        #expect(request.uri.description.hasSuffix("weird!*pas$wo~d_too.(doesn't-it)@example.com"))
        #expect(try request.headers.from().tag == "_token~1'+`*%!-.")
        #expect(try request.headers.topVia().branch == "z9hG4bK-.!%66*_+`'~")
        #expect(request.headers.callID == "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{")
    }

    @Test("Every valid message is read, printed and read again as the same", arguments: messages.indices)
    func roundTrip(index: Int) throws {
        let message = try SIPMessage(parsing: Array(Self.messages[index].utf8))
        #expect(try SIPMessage(parsing: message.bytes).bytes == message.bytes)
    }

    @Test("Every broken message is refused", arguments: broken.indices)
    func refused(index: Int) {
        let bytes = Array(Self.broken[index].text.utf8)
        #expect(throws: SIPParseError.self, "\(Self.broken[index].name)") { try SIPMessage(parsing: bytes) }
    }

    @Test("Line ends of LF alone, line ends before the message, and a missing Content-Length are forgiven")
    func forgiving() throws {
        let text =
            "\r\n\r\n" + Self.plain("INVITE sip:user@example.com SIP/2.0").replacing("Content-Length: 0\r\n", with: "")
            + "v=0\r\n"
        for variant in [text, text.replacing("\r\n", with: "\n")] {
            guard case .request(let request) = try SIPMessage(parsing: Array(variant.utf8)) else {
                Issue.record("no request")
                return
            }
            #expect(String(decoding: request.body, as: UTF8.self).hasPrefix("v=0"))
        }
    }

    @Test("What follows the Content-Length is no part of the message (RFC 4475 §3.1.1.8)")
    func trailing() throws {
        let text = Self.plain("INVITE sip:user@example.com SIP/2.0") + "INVITE sip:second@example.com SIP/2.0\r\n"
        guard case .request(let request) = try SIPMessage(parsing: Array(text.utf8)) else { return }
        #expect(request.body.isEmpty)
    }

    @Test("An INVITE of RFC 2543 (RFC 4475 §3.4.1), with neither branch nor tag, is taken, and its ACK finds it")
    func oldInvite() throws {
        var bench = Bench()
        let invite = Self.wire(
            """
            INVITE sip:UserB@example.com SIP/2.0
            Via: SIP/2.0/UDP iftgw.example.com
            From: <sip:+13035551111@ift.client.example.net;user=phone>
            Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>
            To: sip:+16505552222@ss1.example.net;user=phone
            Call-ID: inv2543.1717@ift.client.example.com
            CSeq: 56 INVITE
            Contact: <sip:+13035551111@ift.client.example.net>
            Content-Type: application/sdp

            \(Self.body)
            """)
        bench.deliver(Array(invite.utf8))
        #expect(bench.summary == ["100 INVITE"])
        bench.deliver(Array(invite.utf8))
        #expect(bench.agent.gauges.sessions == 1)
        bench.agent.reject(
            .firstIncoming, status: .busyHere, now: bench.now, random: &bench.random, into: &bench.effects)
        let refusal = try #require(bench.responses.last)
        guard case .request(let request) = try SIPMessage(parsing: Array(invite.utf8)) else { return }
        var ack = followUp(.ack, to: refusal, invite: request, cseq: 56)
        ack.headers[.via] = request.headers[.via]
        bench.deliver(ack.bytes)
        _ = bench.take()
        bench.pass(.seconds(40))
        #expect(bench.summary.isEmpty)
        #expect(bench.agent.gauges.isIdle)
    }
}
