/// Whom an account may call, how often, and how much (docs/contract/calls.md#pace).
///
/// What is nil has no limit of the account's own; the trunk's limits hold in any case.
package struct AccountRules: Hashable, Sendable {
    package var callsPerSecond: Double?
    package var callsAtOnce: Int?
    /// Calls that may be begun, and minutes that may be talked, in one day of UTC.
    package var callsPerDay: Int?
    package var minutesPerDay: Int?
    /// Beginnings of numbers, each with its `+`. Where there are any, only numbers with one of them may be called.
    package var allowedPrefixes: [String] = []
    /// Beginnings of numbers that may not be called, whatever else allows them.
    package var refusedPrefixes: [String] = []
    /// How many calls at once may go to numbers with a beginning. The longest beginning that fits a number counts.
    package var callsAtOnceByPrefix: [String: Int] = [:]
    /// Where calls are no calls abroad; nil: as the server's `home-countries`.
    package var homeCountries: HomeCountries?
    /// Other countries may be called, but no satellites and their like.
    package var allowsInternational = false
    /// The only numbers that a trial account may call, sorted.
    package var verifiedNumbers: [PhoneNumber] = []

    /// A longer list is refused where it is set.
    package static let maximumEntries = 1000

    package init() {}
}

extension AccountRules: Codable {
    private enum CodingKeys: String, CodingKey {
        case callsPerSecond, callsAtOnce, callsPerDay, minutesPerDay, allowedPrefixes, refusedPrefixes
        case callsAtOnceByPrefix, homeCountries, allowsInternational, verifiedNumbers
    }

    /// What an older version did not write is as in new rules.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        callsPerSecond = try container.decodeIfPresent(Double.self, forKey: .callsPerSecond)
        callsAtOnce = try container.decodeIfPresent(Int.self, forKey: .callsAtOnce)
        callsPerDay = try container.decodeIfPresent(Int.self, forKey: .callsPerDay)
        minutesPerDay = try container.decodeIfPresent(Int.self, forKey: .minutesPerDay)
        allowedPrefixes = try container.decodeIfPresent([String].self, forKey: .allowedPrefixes) ?? []
        refusedPrefixes = try container.decodeIfPresent([String].self, forKey: .refusedPrefixes) ?? []
        callsAtOnceByPrefix =
            try container.decodeIfPresent([String: Int].self, forKey: .callsAtOnceByPrefix) ?? [:]
        homeCountries = try container.decodeIfPresent(HomeCountries.self, forKey: .homeCountries)
        allowsInternational = try container.decodeIfPresent(Bool.self, forKey: .allowsInternational) ?? false
        verifiedNumbers = try container.decodeIfPresent([PhoneNumber].self, forKey: .verifiedNumbers) ?? []
    }
}
