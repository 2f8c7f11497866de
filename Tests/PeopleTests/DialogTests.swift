import People
import SDP
import SIP
import Testing

/// One who speaks SIP by hand to a neighbourhood where everybody picks up.
private struct Wire {
    static let callee = "+15551230000"
    static let offer = LocalAudio(address: "192.0.2.1", port: 20_000, sessionID: 1, sessionVersion: 1).offer.bytes

    let here: TransportAddress
    var neighbourhood: Neighbourhood
    var now = Instant.zero
    var remoteTag: String?
    private var sequence = 0
    private var branches = 0
    /// What came back since it was last taken.
    private var responses: [SIPResponse] = []
    /// Where its media goes, from the first on.
    var peers: [UInt16] = []

    init() throws {
        here = try #require(TransportAddress("192.0.2.1:5060"))
        let there = try #require(TransportAddress("192.0.2.2:5060"))
        neighbourhood = Neighbourhood(
            configuration: NeighbourhoodConfiguration(
                userAgent: UserAgentConfiguration(node: 9, localAddress: there, tracesMessages: false),
                mediaAddress: "192.0.2.2", rtpPorts: 30_000...30_001),
            directory: OneKindOfPeople(.answers(after: 0...0, Conversation(ending: .waits))),
            random: RandomSource(seed: 2))
    }

    /// Sends an INVITE, of the dialog once there is one.
    mutating func invite(_ sdp: [UInt8]? = Wire.offer) -> SIPResponse? {
        sequence += 1
        send("INVITE", sdp)
        let final = responses.last { $0.status.rawValue >= 200 }
        responses = []
        if remoteTag == nil { remoteTag = (try? final?.headers.to())?.tag }
        return final
    }

    mutating func acknowledge(_ sdp: [UInt8]? = nil) { send("ACK", sdp) }

    private mutating func send(_ method: String, _ sdp: [UInt8]?) {
        branches += 1
        let lines = [
            "\(method) sip:\(Self.callee)@192.0.2.2 SIP/2.0",
            "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK\(branches)", "Max-Forwards: 70",
            "From: <sip:+15550000001@192.0.2.1>;tag=here",
            "To: <sip:\(Self.callee)@192.0.2.2>\(remoteTag.map { ";tag=\($0)" } ?? "")", "Call-ID: one@192.0.2.1",
            "CSeq: \(sequence) \(method)", "Contact: <sip:here@192.0.2.1:5060>",
        ]
        let type = sdp == nil ? [] : ["Content-Type: application/sdp"]
        let head = (lines + type + ["Content-Length: \(sdp?.count ?? 0)", "", ""]).joined(separator: "\r\n")
        let (bytes, source) = (Array(head.utf8) + (sdp ?? []), here)
        take { $0.receive(bytes, from: source, now: $1, into: &$2) }
    }

    private mutating func take(_ body: (inout Neighbourhood, Instant, inout [NeighbourhoodEffect]) -> Void) {
        var effects: [NeighbourhoodEffect] = []
        body(&neighbourhood, now, &effects)
        for effect in effects {
            switch effect {
            case .send(let bytes, _):
                if case .response(let response)? = try? SIPMessage(parsing: bytes) { responses.append(response) }
            case .openMedia(let id, _, _): take { $0.mediaOpened(id, now: $1, into: &$2) }
            case .connectMedia(_, let agreement): peers.append(agreement.remotePort)
            default: break
            }
        }
    }
}

@Suite("Descriptions within a call of a neighbourhood, RFC 3264 §8")
struct NeighbourhoodDialogTests {
    private func version(_ response: SIPResponse?) throws -> UInt64? {
        let body = try #require(response?.sessionDescription)
        return try SessionDescription(parsing: body).origin?.sessionVersion
    }

    private func offer(port: UInt16, codecs: [AudioCodec] = [.pcmu, .pcma]) -> [UInt8] {
        LocalAudio(address: "192.0.2.1", port: port, codecs: codecs, sessionID: 1, sessionVersion: 2).offer.bytes
    }

    @Test("Each answer to another offer has the next version, and media goes where the offer says")
    func versions() throws {
        var wire = try Wire()
        #expect(try version(wire.invite()) == 1)
        wire.acknowledge()
        for (port, expected) in [(20_002, 2), (20_004, 3), (20_006, 4)] as [(UInt16, UInt64)] {
            #expect(try version(wire.invite(offer(port: port))) == expected)
            wire.acknowledge()
        }
        #expect(wire.peers == [20_000, 20_002, 20_004, 20_006])
    }

    @Test("An INVITE without an offer takes ours, within the call and at its beginning, and the ACK brings the answer")
    func withoutOffer() throws {
        var wire = try Wire()
        let first = try #require(wire.invite(nil)?.sessionDescription)
        #expect(wire.peers == [])
        wire.acknowledge(offer(port: 20_002))
        #expect(wire.peers == [20_002])
        let second = wire.invite(nil)
        #expect(try version(second) == (SessionDescription(parsing: first).origin?.sessionVersion ?? 0) + 1)
        wire.acknowledge(offer(port: 20_004))
        #expect(wire.peers == [20_002, 20_004])
        #expect(wire.neighbourhood.callCount == 1)
    }

    @Test("What cannot be agreed on is refused with 488, and the call goes on as it was")
    func refused() throws {
        var wire = try Wire()
        _ = wire.invite()
        wire.acknowledge()
        #expect(wire.invite(Array("v=0\r\n".utf8))?.status == .notAcceptableHere)
        #expect(wire.peers == [20_000] && wire.neighbourhood.isAlive(.firstIncoming))
        var none = try Wire()
        #expect(none.invite(Array("v=0\r\n".utf8))?.status == .notAcceptableHere)
        #expect(!none.neighbourhood.isAlive(.firstIncoming))
    }
}
