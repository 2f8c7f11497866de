/// What a switch may make of digits that are not in E.164 form: with what takes an outside line in front, with what begins
/// a call abroad, or as somebody at home dials (docs/decisions/0023-what-a-switch-dials.md).
extension NumberingPlan {
    /// What any phone dials as an emergency call where it has no SIM card to tell the country (3GPP TS 22.101, emergency calls).
    private static let knownEmergencies: Set = ["000", "110", "112", "118", "119", "911", "999"]
    private static let shortestBehindSeveralDigits = 3

    /// Whether a switch that dials these digits, without a `+`, may reach an emergency service: any country's short
    /// number, also behind what takes an outside line or begins a call abroad, behind a calling code, or behind a
    /// service code such as `*67`.
    package static func isEmergencyBehindPrefix(_ dialled: some StringProtocol) -> Bool {
        if isEmergency(dialled, among: emergencies) { return true }
        // 8 takes an outside line too, but seldom: extensions such as 8101 stay.
        return dialled.first == "8" && knownEmergencies.contains(String(dialled.dropFirst()))
    }

    /// The same of what is left of a name. There are many names such as `room101`: only the numbers count that are
    /// emergency numbers everywhere or at home.
    package static func isEmergencyInName(_ dialled: some StringProtocol, home: HomeCountries) -> Bool {
        // The plan of +1 lists the numbers of all its countries; the mainland's are known everywhere.
        let codes = Set(home.countries.compactMap { callingCodes[$0.text] }).subtracting([northAmerica])
        let near = codes.reduce(into: knownEmergencies) { $0.formUnion(countries[$1]?.emergency ?? []) }
        return isEmergency(dialled, among: near)
    }

    private static func isEmergency(_ dialled: some StringProtocol, among numbers: Set<String>) -> Bool {
        if numbers.contains(String(dialled)) { return true }
        if dialled.first == "9" || dialled.first == "0", numbers.contains(String(dialled.dropFirst())) { return true }
        return linesTaken(dialled).contains { rest in
            rest.utf8.count >= shortestBehindSeveralDigits && numbers.contains(rest)
        } || isEmergencyBehindCode(dialled)
    }

    /// What is left behind each run of 9 and 0, and behind 011, with a 9 in front and without.
    private static func linesTaken(_ dialled: some StringProtocol) -> [String] {
        let text = String(dialled)
        let run = text.prefix { $0 == "0" || $0 == "9" }.count
        let abroad = ["011", "9011"].filter(text.hasPrefix).map { String(text.dropFirst($0.count)) }
        return (0...run).map { String(text.dropFirst($0)) } + abroad
    }

    /// Behind a calling code, or a service code.
    private static func isEmergencyBehindCode(_ dialled: some StringProtocol) -> Bool {
        guard let service = ["112", "911", "999"].first(where: { dialled.hasSuffix($0) }) else { return false }
        let prefix = dialled.dropLast(service.count)
        if prefix.utf8.contains(UInt8(ascii: "*")) { return true }
        // 9 or 0 for a line, 00 and 011 for abroad.
        let code = prefix.hasPrefix("011") ? prefix.dropFirst(3) : prefix.drop { $0 == "0" || $0 == "9" }
        if code.isEmpty { return true }
        guard let country = countries[String(code)] else { return false }
        return service != "999" || (code != northAmerica && country.emergency.contains(service))
    }

    /// Whether these digits are a premium number: of E.164 without its `+`, or as somebody at home dials it; with a digit
    /// in front that takes an outside line, or without.
    package static func isPremium(dialled: String, home: HomeCountries) -> Bool {
        let codes = Set(home.countries.compactMap { callingCodes[$0.text] })
        return withoutLine(dialled).contains { digits in
            let national = digits.first == "0" ? String(digits.dropFirst()) : digits
            let numbers = ["+" + digits] + codes.flatMap { ["+" + $0 + digits, "+" + $0 + national] }
            return numbers.contains { number in
                PhoneNumber(number).flatMap { destination(of: $0) }?.isPremium ?? false
            }
        }
    }

    /// Whether these digits begin a call abroad, behind a digit that takes an outside line or without, and go on with as
    /// many as a number has.
    package static func isDialledAbroad(_ dialled: String) -> Bool {
        withoutLine(dialled).contains { digits in
            ["00", "011"].contains { prefix in
                digits.hasPrefix(prefix) && digits.count - prefix.count >= PhoneNumber.digitCount.lowerBound
            }
        }
    }

    private static func withoutLine(_ dialled: String) -> [String] {
        guard let first = dialled.first, "089".contains(first) else { return [dialled] }
        return [dialled, String(dialled.dropFirst())]
    }
}
