import Telephony

@testable import API

/// A server with the simulated carrier, and one call.
struct FakeStatus: StatusService {
    func status() async -> ServerStatus {
        ServerStatus(
            version: "0.1.0", processID: 4711, started: TestServer.start, dataFolder: "/var/lib/belay",
            http: "http://127.0.0.1:8080", sip: "127.0.0.1:5060", rtpPorts: 16_384...32_767, rtpPortsInUse: 1,
            trunk: nil, carrier: "127.0.0.1:40123", isReady: true, isDiallingStopped: false, liveCalls: 1,
            queuedCalls: 0, pendingWebhooks: 0, freeBytes: nil, minimumFreeBytes: 104_857_600,
            settings: [
                ServerStatus.Setting(name: "http", value: "127.0.0.1:8080", origin: nil),
                ServerStatus.Setting(name: "trunk", value: nil, origin: nil),
                ServerStatus.Setting(name: "trunk-password", value: "XXXXX", origin: "BELAY_TRUNK_PASSWORD"),
            ])
    }
}
