package import CallControl
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

    package static func wall() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}
