import JSON
import SIP
import Telephony
import Testing

@testable import CallControl

@Suite("What dialogs come to for a call")
struct DialogTests {
    /// Bytes of a request or response of the far end, taken from what the other side sent.
    private func invite(_ bench: Bench) throws -> SIPRequest {
        for effect in bench.effects {
            guard case .send(let bytes, _) = effect, case .request(let request)? = try? SIPMessage(parsing: bytes),
                request.method == .invite
            else { continue }
            return request
        }
        throw Bench.Missing()
    }

    private func response(_ status: Int, to invite: SIPRequest, _ bench: Bench, contact: String) throws -> SIPResponse {
        var response = SIPResponse(
            to: invite, status: try #require(StatusCode(status)), toTag: "odd",
            body: status == 200 ? bench.answer : [])
        response.headers.append(.contact, contact)
        if status == 200 { response.headers.append(.contentType, "application/sdp") }
        return response
    }

    private func bye(_ invite: SIPRequest) throws -> SIPRequest {
        var request = SIPRequest(method: .bye, uri: try AnyURI("sip:belay@127.0.0.1:5060"))
        request.headers.append(.via, "SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKbye")
        request.headers.append(.from, (invite.headers[.to] ?? "") + ";tag=odd")
        request.headers.append(.to, invite.headers[.from] ?? "")
        request.headers.append(.callID, invite.headers.callID ?? "")
        request.headers.append(.cseq, "1 BYE")
        return request
    }

    private static let contact = "<sip:callee@127.0.0.1:5070>"

    @Test("A BYE that overtakes the answer: the call was answered and hung up by the far end (RFC 3261 §15)")
    func byeBeforeAnswer() throws {
        var bench = Bench()
        bench.reachesFarEnd = false
        try bench.makeCall()
        let invite = try invite(bench)
        bench.give(
            .datagramReceived(try response(180, to: invite, bench, contact: Self.contact).bytes, from: Bench.remote))
        bench.give(.datagramReceived(try bye(invite).bytes, from: Bench.remote))
        #expect(bench.call?.status == .ringing)
        bench.give(
            .datagramReceived(try response(200, to: invite, bench, contact: Self.contact).bytes, from: Bench.remote))
        #expect(bench.call?.status == .completed)
        #expect(bench.call?.endedReason == .farEndHangup)
        #expect(bench.call?.connectTime != nil)
        #expect(bench.delivered.map(\.requestType) == ["outDialApiConnect"])
        bench.pass(.seconds(70))
        #expect(bench.sent("BYE ") == 0)
    }

    @Test("A BYE on an early dialog whose answer never comes ends the call within seconds")
    func byeWithoutAnswer() throws {
        var bench = Bench()
        bench.reachesFarEnd = false
        try bench.makeCall()
        let invite = try invite(bench)
        bench.give(
            .datagramReceived(try response(180, to: invite, bench, contact: Self.contact).bytes, from: Bench.remote))
        bench.give(.datagramReceived(try bye(invite).bytes, from: Bench.remote))
        bench.pass(.seconds(3))
        #expect(bench.call?.status == .failed)
        #expect(bench.sent("CANCEL ") == 1)
        let entry = try #require(bench.entry("Call failed"))
        #expect(entry.metadata["explanation"] == "the far end hung up, and its answer never came")
    }

    @Test("A Contact that is a name is looked up, and the ACK goes where it leads (RFC 3263 §4)")
    func name() throws {
        var bench = Bench()
        bench.reachesFarEnd = false
        bench.hosts["pbx.example.com"] = [.v4(0x7f00_0002)]
        try bench.makeCall()
        let invite = try invite(bench)
        bench.give(
            .datagramReceived(
                try response(200, to: invite, bench, contact: "<sip:x@pbx.example.com:5099>").bytes, from: Bench.remote)
        )
        let acks = bench.effects.compactMap { effect -> TransportAddress? in
            if case .send(let bytes, let target) = effect, bytes.starts(with: "ACK ".utf8) { target } else { nil }
        }
        #expect(acks == [TransportAddress(address: .v4(0x7f00_0002), port: 5099)])
    }

    @Test("A response that cannot be taken is dropped, and the call's log tells of it")
    func brokenResponse() throws {
        var bench = Bench()
        bench.reachesFarEnd = false
        try bench.makeCall()
        let invite = try invite(bench)
        let whole = String(
            decoding: try response(200, to: invite, bench, contact: Self.contact).bytes, as: UTF8.self)
        let broken = whole.replacing("Content-Length: \(bench.answer.count)", with: "Content-Length: 9999")
        bench.give(.datagramReceived(Array(broken.utf8), from: Bench.remote))
        #expect(bench.call?.status == .ringing)
        let entry = try #require(bench.entry("SIP dropped : SIP/2.0 200 OK"))
        #expect(entry.level == .warning)
        #expect(
            entry.metadata["explanation"]
                == "a message that belongs to this call was not taken: its body is shorter than Content-Length says")
        #expect(entry.metadata["peer"] == .string(Bench.remote.description))
    }
}
