import Storage
import Synchronization
import Telephony
import Testing

@Suite("The reserve of the disk")
struct DiskReserveTests {
    private final class Disk: Sendable {
        let free: Mutex<Int?>

        init(free: Int?) { self.free = Mutex(free) }

        func write(_ bytes: Int) { free.withLock { $0 = $0.map { $0 - bytes } } }
    }

    private func reserve(_ minimum: Int, on disk: Disk) -> DiskReserve {
        DiskReserve(minimumBytes: minimum) { disk.free.withLock { $0 } }
    }

    @Test("What is claimed and not written yet counts as if it were")
    func claims() {
        let disk = Disk(free: 300)
        let reserve = reserve(100, on: disk)
        let granted = (0..<6).map { _ in reserve.claim(95) }
        #expect(granted == [true, true, false, false, false, false])
        disk.write(95)
        reserve.giveBack(95)
        #expect(!reserve.claim(95))
        // The other is given up.
        reserve.giveBack(95)
        #expect(reserve.claim(95))
    }

    @Test("To the byte: what leaves the reserve whole is granted, one more is not")
    func edge() {
        #expect(reserve(100, on: Disk(free: 300)).claim(200))
        #expect(!reserve(100, on: Disk(free: 300)).claim(201))
        #expect(!reserve(100, on: Disk(free: 99)).claim(0))
    }

    @Test("Without a reserve, or on a disk that does not tell, nothing is refused")
    func unbounded() {
        #expect(reserve(0, on: Disk(free: 3)).claim(1000))
        #expect(reserve(100, on: Disk(free: nil)).claim(1000))
        let later = reserve(0, on: Disk(free: 3))
        later.set(minimumBytes: 100)
        #expect(!later.claim(1))
    }

    @Test("What is kept for convenience goes before anything is refused, and before calls are")
    func relief() {
        let disk = Disk(free: 150)
        let reserve = reserve(100, on: disk)
        let asked = Mutex<[Int]>([])
        reserve.relieve { bytes in
            asked.withLock { $0.append(bytes) }
            disk.write(-bytes)
        }
        #expect(reserve.claim(80))
        #expect(asked.withLock { $0 } == [30])
        reserve.makeRoom()
        #expect(asked.withLock { $0 } == [30])
        disk.write(130)
        reserve.makeRoom()
        #expect(asked.withLock { $0 } == [30, 60])
    }
}
