package import CallControl
import FoundationEssentials
import NIOCore
import SIP
package import Telephony

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The machine's clocks, read for each input.
package enum SystemClock {
    package static func now() -> Moment {
        Moment(
            instant: Instant(nanoseconds: Int64(clamping: NIODeadline.now().uptimeNanoseconds)), wall: wall())
    }

    private static let start = now()

    /// The wall clock as it stood when this was first asked, and from there on by the monotonic one: nobody can set it. For
    /// how long something is kept.
    package static func steady() -> Timestamp {
        start.wall.advanced(byMicroseconds: (now().instant.nanoseconds - start.instant.nanoseconds) / 1000)
    }

    /// Names this start of the machine, through which its monotonic clock runs, whatever process reads it; nil where the
    /// system does not say.
    package static let source: String? = {
        let text = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
        return text?.split(separator: "\n").first.map(String.init)
    }()

    package static func wall() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}
