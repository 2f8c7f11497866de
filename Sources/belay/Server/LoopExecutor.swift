import NIOCore
import ServiceLifecycle

/// Runs tasks on one event loop: a request is then read, answered and written by one thread, where it would otherwise
/// change threads at every step.
final class LoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// A service whose tasks run on one event loop.
struct OnLoop<Wrapped: Service>: Service {
    let service: Wrapped
    let executor: LoopExecutor

    func run() async throws {
        try await withTaskExecutorPreference(executor) { try await service.run() }
    }
}
