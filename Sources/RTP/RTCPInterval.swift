/// How long to wait from one report to the next (RFC 3550 §6.2, §6.3.1).
///
/// The general rule divides a share of the session's bandwidth among all members. In a call of two, 5 % of 64 kbit/s
/// allows a report each 0.3 s, so that the minimum of 5 s always rules, and with it the count of members, the
/// reconsideration of §6.3.3 and the back-off of §6.3.7 have nothing to decide. What is left: half the minimum before
/// the first report, and a random factor of 0.5 to 1.5, so that two ends which answered at one instant do not report
/// at one instant for ever.
public struct RTCPInterval: Equatable, Sendable {
    /// RFC 3550 §6.2's Tmin.
    public static let minimumSeconds = 5.0

    /// RFC 3550 §6.3.1: makes up for what the random factor takes from the mean.
    static let compensation = 2.718281828459045 - 1.5

    public var meanSeconds: Double

    public init(meanSeconds: Double = Self.minimumSeconds) {
        self.meanSeconds = meanSeconds
    }

    /// - Parameter random: evenly drawn from 0 to 1, by the caller.
    public func seconds(isFirst: Bool, random: Double) -> Double {
        let deterministic = isFirst ? meanSeconds / 2 : meanSeconds
        return deterministic * (0.5 + min(1, max(0, random))) / Self.compensation
    }
}
