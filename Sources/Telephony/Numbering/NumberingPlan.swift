/// The world's telephone numbers (ITU-T E.164 and the national plans): which there are, where they are, and which cost
/// more than a call.
package enum NumberingPlan {
    /// Where a number leads.
    package struct Destination: Hashable, Sendable {
        /// Digits, without `+`.
        package var callingCode: String
        /// ISO 3166-1 alpha-2 of the region; the calling code's main one where several share it, but for +1, whose
        /// area codes tell. `001` for numbers of no country.
        package var region: String
        package var isPremium: Bool
    }

    /// Nil where no country has such a number.
    package static func destination(of number: PhoneNumber) -> Destination? {
        guard let (place, isAssigned) = place(of: number), isAssigned else { return nil }
        return place
    }

    /// Where a caller is, whether their number is one that a country has or not; nil for an unknown calling code.
    package static func origin(of number: PhoneNumber) -> Destination? { place(of: number)?.place }

    private static func place(of number: PhoneNumber) -> (place: Destination, isAssigned: Bool)? {
        let digits = Array(number.text.utf8.dropFirst())
        guard let (code, country) = country(of: digits) else { return nil }
        let national = digits.dropFirst(code.utf8.count)
        var region = country.region
        if code == "1", let area = areas[text(national.prefix(areaCodeLength))] { region = area }
        let place = Destination(callingCode: code, region: region, isPremium: country.premium.contains(national))
        return (place, country.valid.contains(national))
    }

    /// Whether two destinations are one country to a caller. The United States and Canada are (both +1, and callers
    /// pay the same); the Caribbean's countries within +1 are not, and are known for fraud.
    package static func isInternational(from: Destination, to: Destination) -> Bool {
        guard from.callingCode == to.callingCode else { return true }
        guard from.callingCode == "1" else { return false }
        let mainland: Set<String> = ["US", "CA"]
        return from.region != to.region && !(mainland.contains(from.region) && mainland.contains(to.region))
    }

    /// Whether somebody's emergency service answers to what is dialled: a bare short number of any country, or one
    /// behind its country's calling code.
    package static func isEmergency(_ dialled: some StringProtocol) -> Bool {
        guard dialled.utf8.count <= longestEmergency else { return false }
        guard dialled.first == "+" else { return emergencies.contains(String(dialled)) }
        let digits = Array(dialled.utf8.dropFirst())
        guard let (code, country) = country(of: digits) else { return false }
        let national = text(digits.dropFirst(code.utf8.count))
        return country.emergency.contains(national) || national == "112" || national == "911"
    }

    // MARK: The table, read once

    private static let areaCodeLength = 3
    /// `+`, a calling code, and the longest short number.
    private static let longestEmergency = 12

    private struct Country {
        var region: String
        var valid = Beginnings()
        var premium = Beginnings()
        var emergency: Set<String> = []
    }

    /// Beginnings of national numbers, with the lengths of the whole.
    private struct Beginnings {
        private var lengths: [[UInt8]: UInt32] = [:]

        /// - Parameter words: each `BEGINNING:LENGTH,LENGTH`.
        mutating func add(_ words: some Sequence<Substring>) {
            for word in words {
                let parts = word.split(separator: ":", omittingEmptySubsequences: false)
                guard parts.count == 2 else { continue }
                for length in parts[1].split(separator: ",").compactMap({ Int($0) }) where length < UInt32.bitWidth {
                    lengths[Array(parts[0].utf8), default: 0] |= 1 << length
                }
            }
        }

        func contains(_ national: ArraySlice<UInt8>) -> Bool {
            guard national.count < UInt32.bitWidth else { return false }
            return (0...national.count).contains { count in
                guard let lengths = lengths[Array(national.prefix(count))] else { return false }
                return lengths & (1 << national.count) != 0
            }
        }
    }

    private static func country(of digits: [UInt8]) -> (code: String, Country)? {
        for length in 1...3 {
            let code = text(digits.prefix(length))
            if let country = countries[code] { return (code, country) }
        }
        return nil
    }

    private static func text(_ digits: ArraySlice<UInt8>) -> String { String(decoding: digits, as: UTF8.self) }

    private static let countries: [String: Country] = {
        var countries: [String: Country] = [:]
        var code = "", kind = ""
        for line in NumberingTable.countries.split(separator: "\n") {
            var words = line.split(separator: " ")[...]
            guard let first = words.first else { continue }
            if first.first?.isNumber == true, !line.hasPrefix(" ") {
                code = String(first)
                let regions = words.last?.split(separator: ",") ?? []
                countries[code] = Country(region: regions.first.map(String.init) ?? "001")
                continue
            }
            // A line that is indented goes on with what the one before it began.
            if !line.hasPrefix(" ") {
                kind = String(first)
                words = words.dropFirst()
            }
            switch kind {
            case "valid": countries[code]?.valid.add(words)
            case "premium": countries[code]?.premium.add(words)
            case "emergency": countries[code]?.emergency.formUnion(words.map(String.init))
            default: break
            }
        }
        return countries
    }()

    private static let emergencies = countries.values.reduce(into: Set<String>()) { $0.formUnion($1.emergency) }

    private static let areas: [String: String] = {
        var areas: [String: String] = [:]
        var region = ""
        for line in NumberingTable.northAmericanAreas.split(separator: "\n") {
            var words = line.split(separator: " ")[...]
            if !line.hasPrefix(" ") { region = words.popFirst().map(String.init) ?? "" }
            for word in words { areas[String(word)] = region }
        }
        return areas
    }()
}
