import ArgumentParser

/// `belay-bench latency`: reads what tshark saw of a slow run, and prints how long a call waits for its INVITE and how
/// long the callee waits for the first packet of voice.
///
/// Both ends of each span are the kernel's time stamps of packets on one interface: neither the driver's nor the server's
/// own clock takes part.
struct LatencyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency", abstract: "Request to INVITE and 200 to first RTP, from a capture.",
        discussion: """
            Standard input is what tshark prints with -T fields and these, in order: frame.time_epoch http.request.method \
            http.file_data sip.Method sip.Status-Code sip.CSeq.method sip.to.user sip.Call-ID sdp.media.port udp.srcport.
            """)

    /// One call's moments, in microseconds since the epoch.
    private struct Moments {
        var answered: Int64?
        var mediaPort: String?
    }

    func run() throws {
        var requested: [String: Int64] = [:]
        var calls: [String: Moments] = [:]
        var callOfPort: [String: String] = [:]
        var toInvite = LatencyHistogram()
        var toVoice = LatencyHistogram()

        while let line = readLine() {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard fields.count >= 10, let time = Self.microseconds(fields[0]) else { continue }
            let (method, status, callID, port) = (fields[3], fields[4], fields[7], fields[9])
            if fields[1] == "POST", let number = Self.number(in: fields[2]) {
                requested[number] = time
            } else if method == "INVITE", calls[callID] == nil {
                if let start = requested.removeValue(forKey: fields[6]) { toInvite.record(microseconds: time - start) }
                calls[callID] = Moments(mediaPort: fields[8])
                callOfPort[fields[8]] = callID
            } else if status == "200", fields[5] == "INVITE", calls[callID]?.answered == nil {
                calls[callID]?.answered = time
            } else if method.isEmpty, status.isEmpty, let owner = callOfPort[port],
                let answered = calls[owner]?.answered
            {
                toVoice.record(microseconds: time - answered)
                callOfPort[port] = nil
            }
        }
        guard toInvite.count > 0, toVoice.count > 0 else {
            print(
                "VOID: the capture holds \(toInvite.count) requests with their INVITE, \(toVoice.count) answers with voice"
            )
            throw ExitCode.failure
        }
        print(
            "request to INVITE   p50 \(toInvite.milliseconds(50)) ms, p99 \(toInvite.milliseconds(99)) ms (\(toInvite.count) calls)"
        )
        print(
            "200 to first RTP    p50 \(toVoice.milliseconds(50)) ms, p99 \(toVoice.milliseconds(99)) ms (\(toVoice.count) calls)"
        )
    }

    /// `SECONDS.FRACTION` without going through floating point: epoch seconds take too many of its digits.
    private static func microseconds(_ text: String) -> Int64? {
        let parts = text.split(separator: ".")
        guard parts.count == 2, let seconds = Int64(parts[0]), let micros = Int64(parts[1].prefix(6)),
            parts[1].count >= 6
        else { return nil }
        return seconds * 1_000_000 + micros
    }

    /// The number called, from a request's JSON.
    private static func number(in body: String) -> String? {
        guard let range = body.firstRange(of: #""to":""#) else { return nil }
        let rest = body[range.upperBound...]
        return rest.firstIndex(of: "\"").map { String(rest[..<$0]) }
    }
}
