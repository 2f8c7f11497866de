import Foundation
import NIOCore
import NIOPosix
import SIP

/// Are the ports free, and is the range of RTP ports a good one?
struct PortExamination {
    private static let portsTried = 50

    let configuration: ServerConfiguration

    func findings() -> [Finding] {
        var findings: [Finding] = []
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        let http = configuration.http
        findings.append(
            finding("REST at \(http.host):\(http.port)", "--http") {
                try ServerBootstrap(group: group).bind(host: http.host, port: http.port).wait().close().wait()
            })
        let sip = configuration.sip
        findings.append(
            finding("SIP at udp:\(sip)", "--sip") {
                try DatagramBootstrap(group: group)
                    .bind(host: sip.address.description, port: Int(sip.port)).wait().close().wait()
            })
        findings.append(rtp(group))
        if let warning = ephemeral() { findings.append(warning) }
        return findings
    }

    private func finding(_ what: String, _ option: String, _ bind: () throws -> Void) -> Finding {
        do {
            try bind()
            return .well("\(what) is free")
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            return .doubtful(
                "\(what) is in use", "If that is not this server, running already, choose another with \(option).")
        } catch {
            return .wrong("\(what) cannot be bound: \(error)", "Choose another with \(option).")
        }
    }

    private func rtp(_ group: any EventLoopGroup) -> Finding {
        let range = configuration.rtpPorts
        let calls = (Int(range.upperBound) - Int(range.lowerBound) + 1) / 2
        let stride = max(2, calls / Self.portsTried * 2)
        let host = configuration.sip.address.description
        let taken = Swift.stride(from: Int(range.lowerBound), to: Int(range.upperBound), by: stride).filter { port in
            (try? DatagramBootstrap(group: group).bind(host: host, port: port).wait().close().wait()) == nil
        }
        let text = "RTP at \(range.lowerBound)-\(range.upperBound): \(calls) calls at once"
        guard let first = taken.first else { return .well(text) }
        return .doubtful(
            "\(text); \(taken.count) of the ports tried are in use, \(first) for one",
            "Calls take another port then; choose a quiet range with --rtp-ports.")
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
