import SIP
package import Telephony

/// What the rules of admission begin with, as it stands on disk.
package struct AdmissionState: Sendable {
    package var accounts: [Account]
    /// Of this day of UTC.
    package var use: [DayUse]
    /// The operator stopped all dialling, and has not started it again.
    package var isStopped: Bool

    package init(accounts: [Account] = [], use: [DayUse] = [], isStopped: Bool = false) {
        self.accounts = accounts
        self.use = use
        self.isStopped = isStopped
    }
}

/// Decides whether a call may be made, by the rules of its account and of the server. What has been used of a day is
/// counted here; what is in use now is asked of the calls that there are.
struct Admission: Sendable {
    private struct Day: Sendable {
        /// Days of UTC since the epoch.
        var number: Int64
        var calls = 0
        var seconds = 0
    }

    /// As the shell last told; an account that it has not told of has the rules of a new one.
    private var accounts: [AccountID: Account] = [:]
    /// Of each account the latest that anything was counted of, in that order.
    private var days: [AccountID: [Day]] = [:]
    /// Of an account's calls those that were accepted and have not ended, with who is called.
    private var open: [AccountID: [CallID: CallDestination]] = [:]
    var isStopped = false
    private var trunk: ExchangeConfiguration.Trunk

    init(trunk: ExchangeConfiguration.Trunk) { self.trunk = trunk }

    private static let microsecondsPerDay: Int64 = 86_400_000_000
    private static let secondsPerMinute = 60
    private static let longestExtension = 6
    /// The wall clock may be set to another day and back again: each finds what was used of it.
    private static let daysKept = 4

    mutating func trunkMoved(to address: TransportAddress) { trunk.address = address }

    mutating func update(_ account: Account) { accounts[account.accountID] = account }

    func rules(of account: AccountID) -> AccountRules? { accounts[account]?.rules }

    /// No other account may call.
    func isAlone(_ account: AccountID) -> Bool {
        !accounts.contains { $0.key != account && $0.value.status == .active }
    }

    /// The first rule that a new call breaks; nil where it may be made.
    ///
    /// - Parameter talking: seconds that the account's calls under way have talked so far; asked only where a rule
    ///   counts them.
    func broken(by request: CallRequest, now: Timestamp, talking: () -> Int) -> DialRule? {
        if let rule = broken(by: request.to, of: request.accountID) { return rule }
        let rules = rules(of: request.accountID) ?? AccountRules()
        return brokenByUse(request.accountID, request.to, rules, talking: talking, now: now)
    }

    /// Of those rules the ones that are about the account and whom it may call: they may have come to hold while a call
    /// waited. Who calls is none of them: a caller's number is whatever somebody wrote.
    func broken(by destination: CallDestination, of id: AccountID) -> DialRule? {
        if let rule = brokenByAccount(id) { return rule }
        let rules = rules(of: id) ?? AccountRules()
        if accounts[id]?.kind == .trial, !(destination.number.map(rules.verifiedNumbers.contains) ?? false) {
            return .notVerified(destination)
        }
        switch destination {
        case .number(let number): return broken(by: number, rules)
        case .address(let address): return broken(by: address, rules)
        }
    }

    func brokenByAccount(_ id: AccountID) -> DialRule? {
        if isStopped { return .diallingStopped }
        if let status = accounts[id]?.status, status != .active { return .accountNotActive(status) }
        return nil
    }

    private func broken(by address: SIPAddress, _ rules: AccountRules) -> DialRule? {
        guard trunk.addressHosts.contains(address.host) else {
            return .foreignHost(address, hosts: trunk.addressHosts)
        }
        switch address.reading {
        case .number(let number): return broken(by: number, rules)
        case .digits(let dialled, let others):
            let readings = others.union([dialled]).union(address.keypadReading.map { [$0] } ?? [])
            let emergency = readings.sorted().first { digits in
                NumberingPlan.isEmergency(digits) || NumberingPlan.isEmergencyBehindPrefix(digits.drop { $0 == "+" })
            }
            if let emergency { return .emergency(emergency, in: address) }
            guard isExtension(dialled, at: address.host) else { return .ambiguousNumber(address) }
        case .name: break
        }
        if let rule = brokenByLetters(of: address, rules) { return rule }
        return rules.allowedPrefixes.isEmpty ? nil : .noAllowedPrefix(.address(address))
    }

    /// A name with digits is dialled by who leaves its letters out, and by who takes them for the keypad's digits. The
    /// letters go out: what begins with a digit has to be an extension with them as well.
    private func brokenByLetters(of address: SIPAddress, _ rules: AccountRules) -> DialRule? {
        guard let keypad = address.keypadReading else { return nil }
        let home = rules.homeCountries ?? trunk.homeCountries
        let emergency = address.readingsWithoutLetters.union([keypad]).sorted().first {
            NumberingPlan.isEmergencyInName($0, home: home)
        }
        if let emergency { return .emergency(emergency, in: address) }
        let isNumber =
            NumberingPlan.isPremium(dialled: keypad, home: home) || NumberingPlan.isDialledAbroad(keypad)
            || (address.beginsWithDigit && !isExtension(keypad, at: address.host))
        return isNumber ? .ambiguousNumber(address) : nil
    }

    /// A short number at another host than the trunk is an extension there. No extension begins with 0, which takes a
    /// line to the outside, but for the 0 of whoever answers there; and none has a `*`, which commands the switch
    /// (`*72` has it forward calls).
    private func isExtension(_ dialled: String, at host: String) -> Bool {
        let isTrunk = host == trunk.host.lowercased() || host == trunk.address.address.hostText.lowercased()
        return !isTrunk && (1...Self.longestExtension).contains(dialled.utf8.count)
            && dialled.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            && (dialled.first != "0" || dialled == "0")
    }

    private func broken(by to: PhoneNumber, _ rules: AccountRules) -> DialRule? {
        if let prefix = rules.refusedPrefixes.first(where: to.text.hasPrefix) {
            return .refusedPrefix(to, prefix: prefix)
        }
        if !rules.allowedPrefixes.isEmpty, !rules.allowedPrefixes.contains(where: to.text.hasPrefix) {
            return .noAllowedPrefix(.number(to))
        }
        if CarrierNumber.isReserved(to) { return trunk.isSimulated ? nil : .carrierNumber(to) }
        if NumberingPlan.isEmergency(to.text) { return .emergency(to.text) }
        guard let destination = NumberingPlan.destination(of: to) else { return .noSuchNumber(to) }
        if destination.isPremium { return .premium(to) }
        let home = rules.homeCountries ?? trunk.homeCountries
        let country = destination.country
        guard !home.contains(country) else { return nil }
        guard rules.allowsInternational else { return .international(to, home: home, to: country) }
        return country.isNetwork && !country.isFreephone ? .network(to, country) : nil
    }

    private func brokenByUse(
        _ id: AccountID, _ to: CallDestination, _ rules: AccountRules, talking: () -> Int, now: Timestamp
    ) -> DialRule? {
        let day = today(of: id, now)
        if let limit = rules.callsPerDay, day.calls >= limit { return .callsPerDay(limit: limit) }
        if let limit = rules.minutesPerDay, day.seconds + talking() >= limit * Self.secondsPerMinute {
            return .minutesPerDay(limit: limit)
        }
        let prefixes = to.number.map { rules.callsAtOnceByPrefix.keys.filter($0.text.hasPrefix) } ?? []
        if let prefix = prefixes.max(by: { $0.count < $1.count }), let limit = rules.callsAtOnceByPrefix[prefix] {
            let inUse = open[id]?.values.count { $0.number?.text.hasPrefix(prefix) ?? false } ?? 0
            if inUse >= limit { return .callsAtOnceByPrefix(prefix: prefix, limit: limit) }
        }
        return nil
    }

    // MARK: What is used

    /// A call was accepted; it counts for the day on which it was asked for.
    mutating func accepted(_ call: CallID, _ request: CallRequest, now: Timestamp) {
        restored(call, of: request.accountID, to: request.to)
        var day = today(of: request.accountID, now)
        day.calls += 1
        keep(day, of: request.accountID)
    }

    /// A call that was accepted and then could not be stored: as if nobody had asked for it.
    mutating func takenBack(_ call: Call) {
        guard open[call.accountID]?.removeValue(forKey: call.callID) != nil else { return }
        if open[call.accountID]?.isEmpty == true { open[call.accountID] = nil }
        let number = Self.number(of: call.dateCreated)
        guard let index = days[call.accountID]?.firstIndex(where: { $0.number == number }) else { return }
        days[call.accountID]?[index].calls -= 1
    }

    /// A call that an earlier process accepted.
    mutating func restored(_ call: CallID, of account: AccountID, to destination: CallDestination) {
        open[account, default: [:]][call] = destination
    }

    func isOpen(_ call: CallID, of account: AccountID) -> Bool { open[account]?[call] != nil }

    /// A call is over; its talk counts for the day on which it ended.
    mutating func ended(_ call: Call, now: Timestamp) {
        guard open[call.accountID]?.removeValue(forKey: call.callID) != nil else { return }
        if open[call.accountID]?.isEmpty == true { open[call.accountID] = nil }
        guard let seconds = call.connectDurationSeconds, seconds > 0 else { return }
        var day = today(of: call.accountID, now)
        day.seconds += seconds
        keep(day, of: call.accountID)
    }

    /// What an earlier process left.
    mutating func restore(_ state: AdmissionState, now: Timestamp) {
        for account in state.accounts { update(account) }
        for use in state.use {
            keep(Day(number: Self.number(of: now), calls: use.calls, seconds: use.seconds), of: use.accountID)
        }
        isStopped = state.isStopped
    }

    /// Of an account's calls those that may not be made any more, each with the rule.
    func openCallsBroken(of account: AccountID) -> [(call: CallID, rule: DialRule)] {
        (open[account] ?? [:]).sorted { $0.key < $1.key }.compactMap { call, destination in
            broken(by: destination, of: account).map { (call: call, rule: $0) }
        }
    }

    func openCalls(of account: AccountID) -> [CallID] { (open[account] ?? [:]).keys.sorted() }

    private func today(of account: AccountID, _ now: Timestamp) -> Day {
        let number = Self.number(of: now)
        let known = days[account] ?? []
        if let day = known.first(where: { $0.number == number }) { return day }
        // Set back to a day that nothing is known of, the clock gives nothing back.
        guard let latest = known.last, latest.number > number else { return Day(number: number) }
        return Day(number: number, calls: latest.calls, seconds: latest.seconds)
    }

    private mutating func keep(_ day: Day, of account: AccountID) {
        let others = (days[account] ?? []).filter { $0.number != day.number }
        days[account] = others.suffix(Self.daysKept - 1) + [day]
    }

    private static func number(of now: Timestamp) -> Int64 { now.microseconds / microsecondsPerDay }
}
