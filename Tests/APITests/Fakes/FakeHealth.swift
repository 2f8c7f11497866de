import Synchronization

@testable import API

final class FakeHealth: HealthService {
    private let ready = Mutex(true)

    var isReady: Bool { ready.withLock { $0 } }

    func reasonNotReady() -> String? { isReady ? nil : "the disk failed: disk I/O error" }

    func set(ready: Bool) { self.ready.withLock { $0 = ready } }

    func metricsText() -> String { "# TYPE belay_calls_live gauge\nbelay_calls_live 3\n" }
}
