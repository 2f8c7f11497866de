/// The world's telephone numbers (ITU-T E.164 and the national plans): which there are, where they are, and which cost
/// more than a call.
package enum NumberingPlan {
    /// Where a number leads.
    package struct Destination: Hashable, Sendable {
        /// Digits, without `+`.
        package var callingCode: String
        /// ISO 3166-1 alpha-2 of the region. Where several share a calling code: +1's area codes tell, and elsewhere
        /// the number's beginning where a call there costs more than one to the code's main region; else that.
        /// `001` for numbers of no country.
        package var region: String
        /// It costs more than a call: premium rate, or a personal number where those do.
        package var isPremium: Bool

        package var country: Country { Country(region: region, callingCode: callingCode) }
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
        var region = country.separate.first { $0.numbers.contains(national) }?.region ?? country.region
        if code == northAmerica, let area = areas[text(national.prefix(areaCodeLength))] { region = area }
        let place = Destination(
            callingCode: code, region: region,
            isPremium: country.premium.contains(national) || (code == northAmerica && isInformationService(national)))
        return (place, country.valid.contains(national) && !country.short.contains(national))
    }

    /// The exchange 976 of every area is set apart for recorded services, which bill their callers.
    private static func isInformationService(_ national: ArraySlice<UInt8>) -> Bool {
        national.dropFirst(areaCodeLength).starts(with: "976".utf8)
    }

    /// The country that an operator names, by ISO 3166-1 alpha-2 or by a calling code, whose main region is meant then.
    static func country(named name: String) -> Country? {
        // Beyond ASCII there are letters whose capitals are ASCII's.
        guard name.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        if let region = regions[name.uppercased()] { return region }
        let code = name.hasPrefix("+") ? String(name.dropFirst()) : name
        return countries[code].map { Country(region: $0.region, callingCode: code) }
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

    static let northAmerica = "1"
    private static let areaCodeLength = 3
    /// `+`, a calling code, and the longest short number.
    private static let longestEmergency = 12

    /// What shares a calling code.
    struct CodePlan {
        var region: String
        var valid = Beginnings()
        /// Of `valid`, those of other countries that share the calling code.
        var separate: [(region: String, numbers: Beginnings)] = []
        /// Short numbers that have the form of others; behind the calling code they are none.
        var short = Beginnings()
        var premium = Beginnings()
        var emergency: Set<String> = []
    }

    /// Beginnings of national numbers, with the lengths of the whole.
    struct Beginnings {
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

    private static func country(of digits: [UInt8]) -> (code: String, CodePlan)? {
        for length in 1...3 {
            let code = text(digits.prefix(length))
            if let country = countries[code] { return (code, country) }
        }
        return nil
    }

    private static func text(_ digits: ArraySlice<UInt8>) -> String { String(decoding: digits, as: UTF8.self) }

    static let countries: [String: CodePlan] = {
        var countries: [String: CodePlan] = [:]
        var code = "", kind = ""
        for line in NumberingTable.countries.split(separator: "\n") {
            var words = line.split(separator: " ")[...]
            guard let first = words.first else { continue }
            if first.first?.isNumber == true, !line.hasPrefix(" ") {
                code = String(first)
                let regions = words.last?.split(separator: ",") ?? []
                countries[code] = CodePlan(region: regions.first.map(String.init) ?? "001")
                continue
            }
            // A line that is indented goes on with what the one before it began.
            if !line.hasPrefix(" ") {
                kind = String(first)
                words = words.dropFirst()
            }
            switch kind {
            case "valid": countries[code]?.valid.add(words)
            case "short": countries[code]?.short.add(words)
            case "region": add(&words, line.hasPrefix(" "), to: &countries[code])
            case "premium": countries[code]?.premium.add(words)
            case "emergency": countries[code]?.emergency.formUnion(words.map(String.init))
            default: break
            }
        }
        return countries
    }()

    /// A line that is not a continuation begins with its region.
    private static func add(
        _ words: inout ArraySlice<Substring>, _ isContinuation: Bool, to country: inout CodePlan?
    ) {
        if !isContinuation, let region = words.popFirst() { country?.separate.append((String(region), Beginnings())) }
        guard var last = country?.separate.popLast() else { return }
        last.numbers.add(words)
        country?.separate.append(last)
    }

    /// By each region's name its calling code.
    static let callingCodes: [String: String] = {
        var codes: [String: String] = [:]
        for line in NumberingTable.countries.split(separator: "\n") where line.first?.isNumber == true {
            let words = line.split(separator: " ")
            guard words.count == 2 else { continue }
            for region in words[1].split(separator: ",").map(String.init) { codes[region] = String(words[0]) }
        }
        return codes
    }()

    /// By each region's name the country that its numbers count as.
    private static let regions: [String: Country] = {
        var regions: [String: Country] = [:]
        for line in NumberingTable.countries.split(separator: "\n") where line.first?.isNumber == true {
            let words = line.split(separator: " ")
            guard words.count == 2, let country = countries[String(words[0])] else { continue }
            let code = String(words[0])
            let separate = Set(country.separate.map(\.region) + (code == northAmerica ? Array(areas.values) : []))
            for region in words[1].split(separator: ",").map(String.init) where region != "001" {
                regions[region] = Country(
                    region: separate.contains(region) ? region : country.region, callingCode: code)
            }
        }
        return regions
    }()

    static let emergencies = countries.values.reduce(into: Set<String>()) { $0.formUnion($1.emergency) }

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
