import SIP
import Telephony

/// The clock that all times of one call are read from: the wall clock as it stood when the call began, and from there on
/// the monotonic one.
///
/// So a call's times are in order and what lies between them is how long it took, whatever becomes of the wall clock
/// meanwhile: set back, `endTime` would lie before `connectTime`, and the call would have cost nothing.
struct CallClock: Hashable, Sendable, Codable {
    /// Which monotonic clock: that of one start of the machine. Nil: of this process alone.
    let source: String?
    let wall: Timestamp
    let instant: Instant

    init(source: String?, from now: Moment) {
        self.source = source
        wall = now.wall
        instant = now.instant
    }

    /// Goes on in another process. Behind a start of the machine nobody knows how long it was off but the wall clock, which
    /// may have been set: what has happened stays before what happens.
    init(restoring stored: CallClock?, source: String?, latest: Timestamp, at now: Moment) {
        if let stored, stored.source == source, source != nil, stored.instant <= now.instant {
            self = stored
        } else {
            self.init(source: source, from: Moment(instant: now.instant, wall: max(now.wall, latest)))
        }
    }

    func reading(_ now: Moment) -> Timestamp {
        wall.advanced(byMicroseconds: (now.instant - instant).microseconds)
    }
}
