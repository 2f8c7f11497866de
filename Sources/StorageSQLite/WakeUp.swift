#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A semaphore whose time limit goes by the monotonic clock.
///
/// `DispatchSemaphore` waits on Linux until a time of the wall clock (`sem_timedwait`): where that clock is set back
/// meanwhile, the wait lasts so much longer.
///
/// `@unchecked Sendable`: `signals` is touched under the mutex alone; the pointers never change.
final class WakeUp: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// Those that no wait has taken yet.
    private var signals = 0

    init() {
        mutex.initialize(to: pthread_mutex_t())
        condition.initialize(to: pthread_cond_t())
        var attributes = pthread_condattr_t()
        let failures = [
            pthread_mutex_init(mutex, nil), pthread_condattr_init(&attributes),
            pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC), pthread_cond_init(condition, &attributes),
        ]
        precondition(failures.allSatisfy { $0 == 0 }, "the system makes no condition variable: \(failures)")
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func signal() {
        pthread_mutex_lock(mutex)
        signals += 1
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    func wait() { _ = take { pthread_cond_wait(condition, mutex) } }

    /// - Parameter uptimeNanoseconds: on the clock of `DispatchTime`, which is the monotonic one.
    /// - Returns: false where nobody has signalled until then.
    func wait(until uptimeNanoseconds: UInt64) -> Bool {
        var end = timespec()
        end.tv_sec = Int(uptimeNanoseconds / 1_000_000_000)
        end.tv_nsec = Int(uptimeNanoseconds % 1_000_000_000)
        return take { pthread_cond_timedwait(condition, mutex, &end) }
    }

    /// - Parameter sleep: gives the mutex up and takes it again; anything but 0 says that the wait is over.
    private func take(_ sleep: () -> Int32) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while signals == 0 {
            guard sleep() == 0 else { break }
        }
        guard signals > 0 else { return false }
        signals -= 1
        return true
    }
}
