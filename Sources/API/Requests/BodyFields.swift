import JSON
import Telephony

/// Takes fields out of a body, each of the type it must have, and gathers everything that is wrong with them, so that
/// one answer names it all.
///
/// A `null` counts as absent; an empty text is malformed wherever a text is expected; fields that nobody asks for are
/// passed over, and remarked on.
struct BodyFields {
    /// What an update says of a field.
    enum Change<Value: Sendable>: Sendable {
        case absent
        /// A null: the field is to be emptied.
        case cleared
        case set(Value)

        /// What the field holds afterwards.
        func applied(to current: Value?) -> Value? {
            switch self {
            case .absent: current
            case .cleared: nil
            case .set(let value): value
            }
        }

        var isAbsent: Bool {
            if case .absent = self { true } else { false }
        }
    }

    private let members: [String: JSONValue]
    private let remarks: Remarks
    private(set) var faults: [FieldFault] = []
    /// What has been asked for: the fields that the request has.
    private var known: Set<String> = []

    init(_ members: [String: JSONValue], remarks: Remarks) {
        self.members = members
        self.remarks = remarks
    }

    func isPresent(_ name: String) -> Bool { members[name].map { $0 != .null } ?? false }

    // MARK: One kind of field each

    /// A text for people: no control characters; counted as JSON schemas count, in Unicode's code points.
    mutating func text(_ name: String, maximumLength: Int) -> String? {
        guard let value = value(name) else { return nil }
        guard case .string(let text) = value, !text.isEmpty, text.unicodeScalars.count <= maximumLength,
            text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
        else { return malformed(name, value, "1 to \(maximumLength) characters, none of them a control character") }
        return text
    }

    mutating func phoneNumber(_ name: String) -> PhoneNumber? {
        guard let value = value(name) else { return nil }
        guard let text = value.string, let number = PhoneNumber(text) else {
            return malformed(name, value, Self.numberForm)
        }
        return number
    }

    /// A telephone number or a SIP address.
    mutating func destination(_ name: String) -> CallDestination? {
        guard let value = value(name) else { return nil }
        guard let text = value.string, let destination = CallDestination(text) else {
            return malformed(name, value, Self.destinationForm)
        }
        return destination
    }

    mutating func url(_ name: String) -> WebURL? {
        guard let value = value(name) else { return nil }
        guard let text = value.string else { return malformed(name, value, Self.urlForm) }
        do throws(WebURL.Fault) { return try WebURL(checking: text) } catch {
            return malformed(name, .string(Mask.malformedURL(text)), "\(Self.urlForm); in this one: \(error)")
        }
    }

    mutating func identifier<Kind>(_ name: String) -> Identifier<Kind>? {
        guard let value = value(name) else { return nil }
        guard let text = value.string, let identifier = Identifier<Kind>(text) else {
            return malformed(name, value, "\(Kind.prefix) and \(Identifier<Kind>.digitCount) hexadecimal digits")
        }
        return identifier
    }

    /// A whole number; JSON does not tell 30 from 30.0 (RFC 8259 §6).
    mutating func integer(_ name: String, in range: ClosedRange<Int>, unit: String) -> Int? {
        guard let value = value(name) else { return nil }
        let number: Int? =
            switch value {
            case .integer(let integer): Int(exactly: integer)
            case .number(let double): Int(exactly: double)
            default: nil
            }
        guard let number, range.contains(number) else {
            return malformed(name, value, "a whole number of \(unit) from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    mutating func number(_ name: String, in range: ClosedRange<Double>) -> Double? {
        guard let value = value(name) else { return nil }
        let number: Double? =
            switch value {
            case .integer(let integer): Double(integer)
            case .number(let double): double
            default: nil
            }
        guard let number, range.contains(number) else {
            return malformed(name, value, "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// An array whose every element `read` takes.
    mutating func list<Element>(
        _ name: String, allowed: String, maximumCount: Int, _ read: (JSONValue) -> Element?
    ) -> [Element]? {
        guard let value = value(name) else { return nil }
        guard case .array(let values) = value, values.count <= maximumCount else {
            return malformed(name, value, allowed)
        }
        var elements: [Element] = []
        for value in values {
            guard let element = read(value) else { return malformed(name, value, allowed) }
            elements.append(element)
        }
        return elements
    }

    /// An object whose every member `read` takes.
    mutating func members<Value>(
        _ name: String, allowed: String, maximumCount: Int, _ read: (String, JSONValue) -> Value?
    ) -> [String: Value]? {
        guard let value = value(name) else { return nil }
        guard case .object(let members) = value, members.count <= maximumCount else {
            return malformed(name, value, allowed)
        }
        var values: [String: Value] = [:]
        for (key, member) in members {
            guard let taken = read(key, member) else {
                return malformed(name, .string("\(key): \(member.text)"), allowed)
            }
            values[key] = taken
        }
        return values
    }

    /// `true`, `false`, or 1 and 0, which PHP programs send.
    mutating func flag(_ name: String) -> Bool? {
        switch value(name) {
        case nil: nil
        case .bool(let truth): truth
        case .integer(1): true
        case .integer(0): false
        case .some(let value): malformed(name, value, "true or false")
        }
    }

    /// `true` or `false`: nothing that might mean the opposite of what it says is guessed at, and a null is no truth either.
    mutating func truth(_ name: String) -> Bool? {
        known.insert(name)
        switch members[name] {
        case nil: return nil
        case .bool(let truth): return truth
        case .some(let value): return malformed(name, value, "true or false")
        }
    }

    mutating func choice<Choice: RawRepresentable & CaseIterable>(_ name: String) -> Choice?
    where Choice.RawValue == String {
        guard let value = value(name) else { return nil }
        guard let text = value.string, let choice = Choice(rawValue: text) else {
            return malformed(name, value, Self.list(Choice.self))
        }
        return choice
    }

    static func list<Choice: RawRepresentable & CaseIterable>(_: Choice.Type) -> String
    where Choice.RawValue == String {
        Choice.allCases.map(\.rawValue).joined(separator: ", ")
    }

    /// What an update says of the field that `read` takes.
    mutating func change<Value: Sendable>(_ name: String, _ read: (inout Self) -> Value?) -> Change<Value> {
        known.insert(name)
        if members[name] == .null { return .cleared }
        return read(&self).map(Change.set) ?? .absent
    }

    // MARK: Faults

    mutating func missing(_ name: String, allowed: String) {
        faults.append(.missing(name, allowed: allowed))
    }

    @discardableResult
    mutating func malformed<Value>(
        _ name: String, _ value: JSONValue, _ allowed: String, isPrivate: Bool = false
    ) -> Value? {
        faults.append(.malformed(name, given: value, allowed: allowed, isPrivate: isPrivate))
        return nil
    }

    /// Refuses fields that mean something this version does not do: to pass over them would be to do another thing
    /// than was asked.
    mutating func refuseUnsupported(_ names: [String]) {
        for name in names {
            guard let value = value(name) else { continue }
            let _: Never? = malformed(name, value, "nothing: this field is not in this version")
        }
    }

    /// Everything has been asked for.
    func check() throws(APIError) {
        remarks.fieldsAreRead(members.filter { $0.value != .null }.keys, known: known)
        guard !faults.isEmpty else { return }
        // What is missing may stand there under another name.
        throw .faults(faults, remarks: faults.contains(where: \.isMissing) ? remarks.sentences : [])
    }

    /// The field's value, nil where it is absent or null.
    mutating func value(_ name: String) -> JSONValue? {
        known.insert(name)
        guard let value = members[name] else { return nil }
        if case .null = value { return nil }
        return value
    }

    static let destinationForm = "\(numberForm), or \(SIPAddress.form)"
    static let numberForm = "a telephone number in E.164 form, such as +13125550100"
    static let urlForm = "an absolute http or https URL of at most \(WebURL.maximumLength) characters"
}
