/// A country as an operator names it and as a number is in it; and likewise what stands beside countries in E.164, such as
/// the satellites' +881.
package struct Country: Hashable, Sendable, CustomStringConvertible {
    /// ISO 3166-1 alpha-2 in capitals; of numbers of no country their calling code, with its `+`.
    package let text: String

    /// - Parameter text: a region (`DE`), or a calling code (`49`, `+49`), of which the main region is meant. Places that
    ///   their country's callers pay no more for count as that country: `AX` is `FI`.
    package init?(_ text: String) {
        guard let country = NumberingPlan.country(named: text) else { return nil }
        self = country
    }

    init(region: String, callingCode: String) {
        text = region == Self.noRegion ? "+" + callingCode : region
    }

    private static let noRegion = "001"

    /// Satellites, UPT and others that are no country's.
    package var isNetwork: Bool { text.hasPrefix("+") }

    /// Universal freephone (ITU-T E.169.1): whoever is called pays.
    package var isFreephone: Bool { text == "+800" }

    package var description: String { text }
}

/// Where an account calls without leave for other countries. The operator says which; no number that calls, or that
/// somebody registers, adds to them.
package struct HomeCountries: Hashable, Sendable, CustomStringConvertible {
    /// Each once, in order.
    package let countries: [Country]

    /// The United States and Canada are one country to callers: the same plan, the same price. The other countries of +1
    /// are not.
    private static let mainland = ["CA", "US"].compactMap { Country($0) }
    /// Where nobody says anything: what the server's own first number is in.
    package static let northAmerica = HomeCountries(mainland)

    package init(_ countries: [Country]) {
        var all = Set(countries)
        if !all.isDisjoint(with: Self.mainland) { all.formUnion(Self.mainland) }
        self.countries = all.sorted { $0.text < $1.text }
    }

    /// The country of numbers that are all in one; nil where they are in several, or in none that has a name.
    package init?(of numbers: [PhoneNumber]) {
        let homes = Set(
            numbers.map { number in
                NumberingPlan.origin(of: number).flatMap { $0.country.isNetwork ? nil : HomeCountries([$0.country]) }
            })
        guard homes.count == 1, case let home?? = homes.first else { return nil }
        self = home
    }

    package func contains(_ country: Country) -> Bool { countries.contains(country) }

    package var description: String { countries.map(\.text).joined(separator: ", ") }
}

extension HomeCountries: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let names = try container.decode([String].self)
        self.init(
            try names.map { name in
                guard let country = Country(name) else {
                    throw DecodingError.dataCorruptedError(
                        in: container, debugDescription: "\(name) is no country of the numbering plan")
                }
                return country
            })
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(countries.map(\.text))
    }
}
