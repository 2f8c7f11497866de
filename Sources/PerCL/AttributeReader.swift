import JSON
import Telephony

/// Reads a command's attributes and says exactly what is wrong with one. `null` counts as absent, and a text that is a
/// number or a truth is one where one is wanted: SDKs before mid-2024 can send `"initialTimeoutMs": "6000"` only.
/// Unknown attributes are ignored (docs/contract/percl.md#attributes), with a hint.
///
/// A class, as a command's initialiser and what is nested in it share it: it notes which attributes they ask for, and
/// those are the ones that the command has.
final class AttributeReader {
    let index: Int
    let command: String
    /// Where the command is nested: `prompts[1]`; empty at the top.
    let path: String
    let attributes: [String: JSONValue]
    private(set) var hints: ScriptHints
    private var known: Set<String> = []
    private var passedOver: Set<String> = []

    init(index: Int, command: String, path: String, attributes: [String: JSONValue], hints: ScriptHints) {
        self.index = index
        self.command = command
        self.path = path
        self.attributes = attributes
        self.hints = hints
    }

    /// What was noted about this command and what is nested in it, once all of its attributes have been asked for.
    func finish() -> ScriptHints {
        for name in attributes.keys.sorted()
        where !known.contains(name) && !passedOver.contains(name) && attributes[name] != .null {
            hint(nil, "has no attribute \(ShownName.of(name)), which is passed over\(question(name))")
        }
        return hints
    }

    /// Attributes of earlier versions of the API, which official samples still send and which mean nothing.
    func passOver(_ fields: String...) { passedOver.formUnion(fields) }

    private func question(_ name: String) -> String {
        if let near = NearestName.of(name, among: known) { return ": did you mean \(near)?" }
        guard !known.isEmpty else { return ": it has none" }
        return "; it has \(known.sorted().joined(separator: ", "))"
    }

    private func hint(_ field: String?, _ explanation: String) {
        hints.append(error(field, explanation))
    }

    func error(_ field: String?, _ explanation: String) -> ScriptError {
        let place = [path.isEmpty ? nil : "\(path).\(command)", field].compactMap(\.self).joined(separator: ".")
        return ScriptError(
            index: index, command: command, field: place.isEmpty ? nil : place, explanation: explanation)
    }

    /// Privacy was asked for, be it in words that are not taken: then it is given, for a wrong command too.
    private var isPrivate: Bool {
        switch value("privacyMode") {
        case nil, .bool(false): false
        case .string(let text): Self.truth(text) != false
        case .some: true
        }
    }

    /// A value as an explanation may repeat it.
    func shown(_ text: String) -> String { isPrivate ? Mask.text : Excerpt.of(Array(text.utf8)) }

    /// What was given as a URL.
    func shownURL(_ text: String) -> String { shown(Mask.malformedURL(text)) }

    /// A required attribute that is not there; perhaps another one was meant for it.
    func missing(_ field: String, _ required: String) -> ScriptError {
        let meant = attributes.keys.sorted().first { !known.contains($0) && NearestName.isSlip($0, for: field) }
        let question = meant.map { "; \(ShownName.of($0)) is no attribute of it: did you mean \(field)?" } ?? ""
        return error(field, "is missing; \(required)\(question)")
    }

    func value(_ field: String) -> JSONValue? {
        known.insert(field)
        guard let value = attributes[field], value != .null else { return nil }
        return value
    }

    func string(_ field: String) throws(ScriptError) -> String? {
        guard let value = value(field) else { return nil }
        guard let text = value.string else { throw error(field, "must be a string, not \(value.kind)") }
        return text
    }

    func requiredString(_ field: String) throws(ScriptError) -> String {
        guard let text = try string(field) else { throw missing(field, "a string is required") }
        return text
    }

    func url(_ field: String) throws(ScriptError) -> WebURL? {
        guard let text = try string(field) else { return nil }
        do throws(WebURL.Fault) { return try WebURL(checking: text) } catch {
            throw self.error(field, "is \(shownURL(text)); an absolute http or https URL is required: \(error)")
        }
    }

    func requiredURL(_ field: String) throws(ScriptError) -> WebURL {
        guard let url = try url(field) else {
            throw missing(field, "an absolute http or https URL is required")
        }
        return url
    }

    func bool(_ field: String, default fallback: Bool) throws(ScriptError) -> Bool {
        switch value(field) {
        case nil: return fallback
        case .bool(let value): return value
        case .string(let text):
            guard let truth = Self.truth(text) else {
                throw error(field, "is \(shown(text)); true or false is required")
            }
            hint(field, "is a text and is taken for \(truth): write it without quotation marks")
            return truth
        case .some(let other): throw error(field, "must be true or false, not \(other.kind)")
        }
    }

    func integer(_ field: String, in range: ClosedRange<Int>) throws(ScriptError) -> Int? {
        let number: Int64?
        switch value(field) {
        case nil: return nil
        case .integer(let value): number = value
        // 5.0 and 5e3 are whole numbers too: JSON knows one kind (RFC 8259 §6).
        case .number(let value) where value == value.rounded(): number = Int64(exactly: value)
        case .string(let text):
            guard let written = WrittenNumber(text), written.isWhole else {
                throw error(field, "is \(shown(text)); a whole number is required")
            }
            number = written.integer
            hint(field, "is a text and is taken for the number in it: write it without quotation marks")
        case .some(let other): throw error(field, "must be a whole number, not \(other.kind)")
        }
        guard let number, let number = Int(exactly: number), range.contains(number) else {
            let given = number.map(String.init) ?? "beyond 64 bits"
            throw error(field, "is \(given); \(range.lowerBound) to \(range.upperBound) is allowed")
        }
        return number
    }

    func requiredInteger(_ field: String, in range: ClosedRange<Int>) throws(ScriptError) -> Int {
        guard let number = try integer(field, in: range) else {
            throw missing(field, "a whole number from \(range.lowerBound) to \(range.upperBound) is required")
        }
        return number
    }

    func fraction(_ field: String) throws(ScriptError) -> Double? {
        let number: Double
        switch value(field) {
        case nil: return nil
        case .number(let value): number = value
        case .integer(let value): number = Double(value)
        case .string(let text):
            guard let written = WrittenNumber(text) else {
                throw error(field, "is \(shown(text)); a number is required")
            }
            number = written.value
            hint(field, "is a text and is taken for the number in it: write it without quotation marks")
        case .some(let other): throw error(field, "must be a number, not \(other.kind)")
        }
        guard (0...1).contains(number) else { throw error(field, "is \(number); 0 to 1 is allowed") }
        return number
    }

    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ field: String, _: Choice.Type
    ) throws(ScriptError) -> Choice? {
        guard let text = try string(field) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let allowed = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw error(field, "is \(shown(text)); allowed: \(allowed)")
        }
        return choice
    }

    func phoneNumber(_ field: String) throws(ScriptError) -> PhoneNumber {
        let text = try requiredString(field)
        guard let number = PhoneNumber(text) else {
            throw error(
                field, "is \(shown(text)); a number in E.164 form such as +15551234567 is required")
        }
        return number
    }

    func digits(_ field: String, pauseMilliseconds: Int) throws(ScriptError) -> DigitString? {
        guard let text = try string(field) else { return nil }
        do { return try DigitString(text, pauseMilliseconds: pauseMilliseconds) } catch {
            // The explanation repeats part of the digits.
            throw self.error(
                field, isPrivate ? "may hold digits 0-9, *, # and pauses such as {2} only" : error.explanation)
        }
    }

    /// Keys that a caller may press, for `finishOnKey` and its kind.
    func keys(_ field: String) throws(ScriptError) -> String? {
        guard let text = try string(field) else { return nil }
        guard text.utf8.allSatisfy({ "0123456789*#".utf8.contains($0) }) else {
            throw error(field, "may hold the keys 0-9, * and # only")
        }
        return text
    }

    /// What an object within the command holds, under the command's own name.
    func nested(_ field: String) throws(ScriptError) -> AttributeReader {
        let members: [String: JSONValue]
        switch value(field) {
        case nil: members = [:]
        case .object(let given): members = given
        case .some(let other): throw error(field, "must be an object, not \(other.kind)")
        }
        return AttributeReader(
            index: index, command: "\(command).\(field)", path: path, attributes: members, hints: hints)
    }

    /// Takes over what was noted while a nested object was read.
    func finish(_ nested: AttributeReader) { hints = nested.finish() }

    /// Say, Play and Pause within another command (docs/contract/percl.md#prompts).
    func prompts(_ field: String) throws(ScriptError) -> [Command] {
        guard let value = value(field) else { return [] }
        guard case .array(let elements) = value else { throw error(field, "must be an array, not \(value.kind)") }
        guard elements.count <= Script.maximumCommands else {
            throw error(field, "has \(elements.count) prompts; at most \(Script.maximumCommands) are allowed")
        }
        var prompts: [Command] = []
        for (position, element) in elements.enumerated() {
            prompts.append(
                try Command(
                    element, index: index, allowed: [.say, .play, .pause],
                    path: "\(command).\(field)[\(position)]", hints: &hints))
        }
        return prompts
    }

    /// `ifMachine` and `ifMachineUrl` together (docs/contract/calls.md#ifmachine).
    func machineHandling() throws(ScriptError) -> MachineHandling? {
        let url = try url("ifMachineUrl")
        switch try choice("ifMachine", MachineHandling.Kind.self) {
        case nil:
            return nil
        case .hangup:
            guard url == nil else { throw error("ifMachineUrl", "must not be given when ifMachine is hangup") }
            return .hangup
        case .redirect:
            guard let url else { throw missing("ifMachineUrl", "it is required when ifMachine is redirect") }
            return .redirect(url)
        }
    }

    /// `true` and `false`, and as Python prints them.
    private static func truth(_ text: String) -> Bool? {
        switch text {
        case "true", "True", "TRUE": true
        case "false", "False", "FALSE": false
        default: nil
        }
    }
}

/// A number as a text: digits with a sign and decimals, nothing around them, no exponent.
private struct WrittenNumber {
    let value: Double
    let isWhole: Bool
    /// Nil beyond 64 bits.
    let integer: Int64?

    init?(_ text: String) {
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        let parts = digits.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy({ (48...57).contains($0) }) }),
            let value = Double(text)
        else { return nil }
        self.value = value
        isWhole = parts.count == 1 || parts[1].utf8.allSatisfy { $0 == 48 }
        integer = Int64((digits.count == text.count ? "" : "-") + parts[0])
    }
}
