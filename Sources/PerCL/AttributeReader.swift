import JSON
import Telephony

/// Reads a command's attributes and says exactly what is wrong with one. Unknown attributes are ignored
/// (spec §3.1); `null` counts as absent.
struct AttributeReader {
    let index: Int
    let command: String
    /// Where the command is nested: `prompts[1]`; empty at the top.
    let path: String
    let attributes: [String: JSONValue]

    func error(_ field: String?, _ explanation: String) -> ScriptError {
        let place = [path.isEmpty ? nil : "\(path).\(command)", field].compactMap(\.self).joined(separator: ".")
        return ScriptError(
            index: index, command: command, field: place.isEmpty ? nil : place, explanation: explanation)
    }

    /// Privacy was asked for, be it in words that are not taken: then it is given, for a wrong command too.
    private var isPrivate: Bool {
        switch value("privacyMode") {
        case nil, .bool(false): false
        case .some: true
        }
    }

    /// A value as an explanation may repeat it.
    func shown(_ text: String) -> String { isPrivate ? Mask.text : Excerpt.of(Array(text.utf8)) }

    /// What was given as a URL.
    func shownURL(_ text: String) -> String { shown(Mask.malformedURL(text)) }

    func value(_ field: String) -> JSONValue? {
        guard let value = attributes[field], value != .null else { return nil }
        return value
    }

    func string(_ field: String) throws(ScriptError) -> String? {
        guard let value = value(field) else { return nil }
        guard let text = value.string else { throw error(field, "must be a string, not \(value.kind)") }
        return text
    }

    func requiredString(_ field: String) throws(ScriptError) -> String {
        guard let text = try string(field) else { throw error(field, "is missing; a string is required") }
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
            throw error(field, "is missing; an absolute http or https URL is required")
        }
        return url
    }

    func bool(_ field: String, default fallback: Bool) throws(ScriptError) -> Bool {
        switch value(field) {
        case nil: return fallback
        case .bool(let value): return value
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
            throw error(field, "is missing; a whole number from \(range.lowerBound) to \(range.upperBound) is required")
        }
        return number
    }

    func fraction(_ field: String) throws(ScriptError) -> Double? {
        let number: Double
        switch value(field) {
        case nil: return nil
        case .number(let value): number = value
        case .integer(let value): number = Double(value)
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

    /// Say, Play and Pause within another command (spec §3.2, column N).
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
                    element, index: index, allowed: [Say.name, Play.name, Pause.name],
                    path: "\(command).\(field)[\(position)]"))
        }
        return prompts
    }

    /// `ifMachine` and `ifMachineUrl` together (seed; spec §2.5.2).
    func machineHandling() throws(ScriptError) -> MachineHandling? {
        let url = try url("ifMachineUrl")
        switch try choice("ifMachine", MachineHandling.Kind.self) {
        case nil:
            return nil
        case .hangup:
            guard url == nil else { throw error("ifMachineUrl", "must not be given when ifMachine is hangup") }
            return .hangup
        case .redirect:
            guard let url else { throw error("ifMachineUrl", "is missing; it is required when ifMachine is redirect") }
            return .redirect(url)
        }
    }
}
