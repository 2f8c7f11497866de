import Foundation
import NIOCore
import NIOPosix
import SIP
import SIPTransport

/// Are the ports free, and is the range of RTP ports a good one?
struct PortExamination {
    let configuration: ServerConfiguration
    /// The server whose ports these are; nil where none runs.
    let running: RunningServer?

    func findings() -> [Finding] {
        var findings: [Finding] = []
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        let http = configuration.http
        findings.append(
            finding(
                "REST at \(http.host):\(http.port)", http.port, .tcp, "--http",
                isOwn: running?.http == http.url(port: http.port)
            ) {
                try ServerBootstrap(group: group).bind(host: http.host, port: http.port).wait().close().wait()
            })
        let sip = configuration.sip
        findings.append(
            finding("SIP at udp:\(sip)", Int(sip.port), .udp, "--sip", isOwn: running?.sip == "\(sip)") {
                try DatagramBootstrap(group: group)
                    .bind(host: sip.address.description, port: Int(sip.port)).wait().close().wait()
            })
        findings.append(RTPPortExamination(configuration: configuration, running: running).finding())
        if let warning = ephemeral() { findings.append(warning) }
        return findings
    }

    private func finding(
        _ what: String, _ port: Int, _ kind: PortHolders.Kind, _ option: String, isOwn: Bool, _ bind: () throws -> Void
    ) -> Finding {
        if isOwn { return .well("\(what) is this server's") }
        do {
            try bind()
            return .well("\(what) is free")
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            return .wrong(
                "\(what) is in use, \(BindFailure.holder(of: port, kind))",
                "Stop that, or choose another port with \(option).")
        } catch {
            return .wrong("\(what) cannot be bound: \(BindFailure.reason(error))", "Choose another with \(option).")
        }
    }

    /// Ports that the kernel hands out to other programs' connections.
    private func ephemeral() -> Finding? {
        let path = "/proc/sys/net/ipv4/ip_local_port_range"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        let bounds = text.split(whereSeparator: \.isWhitespace).compactMap { UInt16($0) }
        guard bounds.count == 2, bounds[0] <= bounds[1], configuration.rtpPorts.overlaps(bounds[0]...bounds[1]) else {
            return nil
        }
        return .doubtful(
            "the RTP ports overlap those that the kernel gives to other programs (\(bounds[0])-\(bounds[1]))",
            "Choose a range outside with --rtp-ports, such as 16384-32767.")
    }
}
