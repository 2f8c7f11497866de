import API
import CallControl
import Foundation
import Runtime
import Synchronization
import Telephony

/// How the running server is, for `belay status` and those who ask what it goes by.
final class LiveStatus: StatusService {
    let configuration: ServerConfiguration
    let loop: CallLoop
    let health: ServerHealth
    let administration: Administration
    /// Where SIP listens, and where the simulated carrier does.
    let sip: String
    let carrier: String?
    private let started: Timestamp
    private let source: Mutex<SettingSource>
    private let port: Mutex<Int>

    init(
        configuration: ServerConfiguration, source: SettingSource, loop: CallLoop, health: ServerHealth,
        administration: Administration, sip: String, carrier: String?, started: Timestamp
    ) {
        self.configuration = configuration
        self.loop = loop
        self.health = health
        self.administration = administration
        self.sip = sip
        self.carrier = carrier
        self.started = started
        self.source = Mutex(source)
        port = Mutex(configuration.http.port)
    }

    /// The configuration was read again: what can be taken over while calls are live is.
    func reloaded(_ next: SettingSource) {
        source.withLock { $0.take(Setting.reloadable, from: next) }
    }

    /// The REST API listens there.
    func bound(port: Int) { self.port.withLock { $0 = port } }

    func status() async -> ServerStatus {
        let gauges = await loop.gauges()
        let source = source.withLock { $0 }
        return ServerStatus(
            version: Belay.version, processID: Int(getpid()), started: started,
            dataFolder: URL(filePath: configuration.dataFolder).standardizedFileURL.path,
            http: configuration.http.url(port: port.withLock { $0 }), sip: sip, rtpPorts: configuration.rtpPorts,
            rtpPortsInUse: gauges.portsInUse, trunk: configuration.trunk.map { "\($0.uri)" }, carrier: carrier,
            isReady: health.isReady, isDiallingStopped: administration.isDiallingStopped,
            liveCalls: max(0, gauges.liveCalls - gauges.queuedCalls), queuedCalls: gauges.queuedCalls,
            conferences: gauges.conferences, participants: gauges.participants, queues: gauges.queues,
            waitingCalls: gauges.waitingCalls, pendingWebhooks: gauges.outboxDepth,
            freeBytes: DiskWatch.freeBytes(at: configuration.dataFolder),
            minimumFreeBytes: configuration.minimumFreeBytes, settings: Setting.all.map { Self.setting($0, source) })
    }

    private static func setting(_ setting: Setting, _ source: SettingSource) -> ServerStatus.Setting {
        guard let value = source.values[setting.name] else {
            return ServerStatus.Setting(name: setting.name, value: setting.fallback, origin: nil)
        }
        return ServerStatus.Setting(
            name: setting.name, value: setting.isSecret ? Mask.text : value.text, origin: value.origin)
    }
}
