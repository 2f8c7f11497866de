package import SIP
package import Telephony

/// When an input happened: on the monotonic clock for timers, on the wall clock for what people read.
package struct Moment: Hashable, Sendable {
    package var instant: Instant
    package var wall: Timestamp

    package init(instant: Instant, wall: Timestamp) {
        self.instant = instant
        self.wall = wall
    }
}
