/// A point in wall-clock time: microseconds since 1970-01-01T00:00:00Z.
///
/// Prints and parses the three forms that the API uses (docs/contract/rest.md#times) without a calendar library:
/// the proleptic Gregorian calendar by Howard Hinnant's `days_from_civil`.
package struct Timestamp: Hashable, Sendable, Comparable {
    package let microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }

    /// Whole seconds since the epoch, rounded down.
    package var seconds: Int64 { Self.floorDivide(microseconds, 1_000_000) }

    package static func < (left: Self, right: Self) -> Bool { left.microseconds < right.microseconds }

    package func advanced(byMicroseconds amount: Int64) -> Self {
        let (sum, overflow) = microseconds.addingReportingOverflow(amount)
        return Self(microseconds: overflow ? (amount > 0 ? .max : .min) : sum)
    }

    /// Whole seconds from `earlier` to this, rounded up and never negative (docs/contract/calls.md#durations).
    package func secondsRoundedUp(since earlier: Timestamp) -> Int {
        let (span, overflow) = microseconds.subtractingReportingOverflow(earlier.microseconds)
        guard !overflow, span > 0 else { return 0 }
        return Int((span - 1) / 1_000_000 + 1)
    }

    /// The last midnight of UTC.
    package var startOfDay: Timestamp {
        let day: Int64 = 86_400_000_000
        let into = microseconds % day
        return Timestamp(microseconds: microseconds - (into < 0 ? into + day : into))
    }

    /// `Mon, 15 Jun 2009 20:45:30 GMT`, the form of `dateCreated` and its kind (RFC 1123).
    package var rfc1123: String {
        let civil = Civil(seconds: seconds)
        // Safe: as many bytes are told to be there as the printer has written.
        return unsafe String(unsafeUninitializedCapacity: Printer.capacity) { buffer in
            var printer = unsafe Printer(buffer)
            printer.text(Self.weekdays[Int(Self.floorModulo(civil.days + 4, 7))])
            printer.text(", ")
            printer.number(civil.day, width: 2)
            printer.text(" ")
            printer.text(Self.months[civil.month - 1])
            printer.text(" ")
            printer.number(civil.year, width: 4)
            printer.text(" ")
            printer.clock(civil)
            printer.text(" GMT")
            return printer.count
        }
    }

    /// `2024-10-09T15:05:03.358Z`, the form of the `…ISO` fields (RFC 3339).
    package var iso8601: String {
        let civil = Civil(seconds: seconds)
        // Safe: as above.
        return unsafe String(unsafeUninitializedCapacity: Printer.capacity) { buffer in
            var printer = unsafe Printer(buffer)
            printer.number(civil.year, width: 4)
            printer.text("-")
            printer.number(civil.month, width: 2)
            printer.text("-")
            printer.number(civil.day, width: 2)
            printer.text("T")
            printer.clock(civil)
            printer.text(".")
            printer.number(Int(Self.floorModulo(microseconds, 1_000_000) / 1000), width: 3)
            printer.text("Z")
            return printer.count
        }
    }

    /// Prints into a string's own memory: a list of a hundred calls has a thousand times in it.
    ///
    /// Safe: no time is longer than `capacity`, and the printer does not outlive the closure that it is made in.
    @safe private struct Printer {
        /// Enough for every year that a timestamp can have: six digits and a sign.
        static let capacity = 40

        private let buffer: UnsafeMutableBufferPointer<UInt8>
        private(set) var count = 0

        init(_ buffer: UnsafeMutableBufferPointer<UInt8>) { unsafe self.buffer = buffer }

        mutating func text(_ text: StaticString) {
            for index in 0..<text.utf8CodeUnitCount { unsafe append(text.utf8Start[index]) }
        }

        mutating func number(_ number: Int, width: Int) {
            if number < 0 { append(UInt8(ascii: "-")) }
            var divisor: UInt = 1
            var digits = 1
            while digits < width || number.magnitude / divisor >= 10 {
                divisor *= 10
                digits += 1
            }
            while divisor > 0 {
                append(UInt8(ascii: "0") + UInt8(number.magnitude / divisor % 10))
                divisor /= 10
            }
        }

        mutating func clock(_ civil: Civil) {
            number(civil.hour, width: 2)
            text(":")
            number(civil.minute, width: 2)
            text(":")
            number(civil.second, width: 2)
        }

        private mutating func append(_ byte: UInt8) {
            unsafe buffer[count] = byte
            count += 1
        }
    }

    /// Parses `YYYY-MM-DD hh:mm:ss` or `YYYY-MM-DD`, GMT: the forms of the list filters.
    package init?(filter text: some StringProtocol) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 1 || parts.count == 2,
            let date = Self.numbers(parts[0], separator: "-", widths: [4, 2, 2]),
            (1...12).contains(date[1]), (1...31).contains(date[2])
        else { return nil }
        var time = [0, 0, 0]
        if parts.count == 2 {
            guard let parsed = Self.numbers(parts[1], separator: ":", widths: [2, 2, 2]),
                (0...23).contains(parsed[0]), (0...59).contains(parsed[1]), (0...60).contains(parsed[2])
            else { return nil }
            time = parsed
        }
        let days = Civil.days(year: date[0], month: date[1], day: date[2])
        let seconds = days * 86_400 + Int64(time[0] * 3600 + time[1] * 60 + time[2])
        guard Civil(seconds: days * 86_400).day == date[2] else { return nil }
        self.init(microseconds: seconds * 1_000_000)
    }

    private static let weekdays: [StaticString] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months: [StaticString] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func numbers(_ text: some StringProtocol, separator: Character, widths: [Int]) -> [Int]? {
        let parts = text.split(separator: separator, omittingEmptySubsequences: false)
        guard parts.count == widths.count else { return nil }
        var numbers: [Int] = []
        for (part, width) in zip(parts, widths) {
            guard part.utf8.count == width, part.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(part)
            else { return nil }
            numbers.append(number)
        }
        return numbers
    }

    fileprivate static func floorDivide(_ dividend: Int64, _ divisor: Int64) -> Int64 {
        dividend >= 0 ? dividend / divisor : (dividend + 1) / divisor - 1
    }

    fileprivate static func floorModulo(_ dividend: Int64, _ divisor: Int64) -> Int64 {
        let rest = dividend % divisor
        return rest < 0 ? rest + divisor : rest
    }

    /// A date and time of day in the Gregorian calendar, GMT.
    private struct Civil {
        let days: Int64
        let year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int

        init(seconds: Int64) {
            days = Timestamp.floorDivide(seconds, 86_400)
            let timeOfDay = Int(seconds - days * 86_400)
            let shifted = days + 719_468
            let era = Timestamp.floorDivide(shifted, 146_097)
            let dayOfEra = Int(shifted - era * 146_097)
            let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
            let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
            let shiftedMonth = (5 * dayOfYear + 2) / 153
            day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
            month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
            year = yearOfEra + Int(era) * 400 + (month <= 2 ? 1 : 0)
            hour = timeOfDay / 3600
            minute = timeOfDay / 60 % 60
            second = timeOfDay % 60
        }

        static func days(year: Int, month: Int, day: Int) -> Int64 {
            let shiftedYear = Int64(month <= 2 ? year - 1 : year)
            let era = Timestamp.floorDivide(shiftedYear, 400)
            let yearOfEra = shiftedYear - era * 400
            let dayOfYear = Int64((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1)
            let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            return era * 146_097 + dayOfEra - 719_468
        }
    }
}

extension Timestamp: Codable {
    package init(from decoder: any Decoder) throws {
        self.init(microseconds: try decoder.singleValueContainer().decode(Int64.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(microseconds)
    }
}
