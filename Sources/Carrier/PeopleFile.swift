import Foundation
package import People
import SIP
import Telephony
import Yams

/// Somebody of the user's own, out of a file.
package struct OwnPerson: Hashable, Sendable {
    package var number: String
    package var name: String?
    package var subscriber: CarrierTable.Subscriber
}

/// Why a file of people cannot be used: where in it, what stands there, what is allowed.
package struct PeopleFileError: Error, Equatable, CustomStringConvertible {
    package let description: String
}

/// Reads a YAML file of people of the user's own; docs/carrier.md tells its form.
package enum PeopleFile {
    /// No hand writes more.
    static let maximumBytes = 1 << 20
    static let maximumSteps = 200

    /// - Returns: by number; nobody where there is no file.
    /// - Throws: `PeopleFileError`.
    package static func people(at path: String?) throws(PeopleFileError) -> [String: CarrierTable.Subscriber] {
        var people: [String: CarrierTable.Subscriber] = [:]
        for person in try read(at: path) { people[person.number] = person.subscriber }
        return people
    }

    /// - Throws: `PeopleFileError`.
    package static func read(at path: String?) throws(PeopleFileError) -> [OwnPerson] {
        guard let path else { return [] }
        return try parse(text(at: path), name: path)
    }

    /// What the file holds; a pipe can be read only once, so who wants it twice keeps it.
    ///
    /// - Throws: `PeopleFileError`.
    package static func text(at path: String) throws(PeopleFileError) -> String {
        // A handle reads a pipe to its end; `FileManager` refuses what is no regular file.
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw PeopleFileError(description: "\(path) cannot be read")
        }
        defer { try? file.close() }
        let data: Data
        do { data = try file.read(upToCount: maximumBytes + 1) ?? Data() } catch {
            throw PeopleFileError(description: "\(path) cannot be read")
        }
        guard data.count <= maximumBytes, let text = String(bytes: data, encoding: .utf8) else {
            throw PeopleFileError(description: "\(path) is not UTF-8 of at most \(maximumBytes) bytes")
        }
        return text
    }

    /// - Parameter name: the file's, for errors.
    package static func parse(_ text: String, name: String) throws(PeopleFileError) -> [OwnPerson] {
        let root: Node?
        do { root = try Yams.compose(yaml: text) } catch {
            throw PeopleFileError(description: "\(name) is not YAML: \(error)")
        }
        return try PeopleReader(file: name).people(root)
    }
}

/// Goes through the file's nodes, and knows of each where it stands.
private struct PeopleReader {
    let file: String

    private static let keys = ["number", "name", "language", "rings", "refuses", "line", "early", "script"]
    private static let lines: [String: Line] = [
        "sound": .sound, "loses ACKs": .losesACKs(2), "doubles": .doubles, "other port": .mediaFromAnotherPort,
        "forks": .forks,
    ]
    private static let lineNames = ["sound", "loses ACKs", "doubles", "other port", "forks"]
    private static let steps = [
        "wait", "say", "press", "hear", "beep", "fax", "information tones", "take message", "hang up",
    ]
    private static let maximumSeconds = 3600.0

    func people(_ root: Node?) throws(PeopleFileError) -> [OwnPerson] {
        guard let root, case .mapping(let members) = root, let list = members["people"] else {
            throw fault(root, "the file", "`people:` and a list under it")
        }
        for (key, _) in members where key.string != "people" {
            throw fault(key, "\"\(key.string ?? "?")\"", "people")
        }
        guard case .sequence(let nodes) = list else { throw fault(list, "people", "a list, each with `- number: …`") }
        var people: [OwnPerson] = []
        for node in nodes {
            let person = try person(node)
            guard !people.contains(where: { $0.number == person.number }) else {
                throw fault(node, "number \(person.number)", "each number once")
            }
            people.append(person)
        }
        return people
    }

    private func person(_ node: Node) throws(PeopleFileError) -> OwnPerson {
        guard case .mapping(let members) = node else { throw fault(node, "a person", "`number:` and what they do") }
        try checkKeys(members, Self.keys)
        guard let numberNode = members["number"] else { throw fault(node, "a person", "a `number:`; it is missing") }
        guard let text = numberNode.string, PhoneNumber(text) != nil else {
            throw fault(
                numberNode, "number \"\(numberNode.string ?? "")\"", "a number in E.164 form such as \"+15005559001\"")
        }
        let line = try members["line"].map { node throws(PeopleFileError) -> Line in
            guard let line = Self.lines[node.string ?? ""] else {
                throw fault(node, "line \"\(node.string ?? "")\"", "one of \(list(Self.lineNames))")
            }
            return line
        }
        return OwnPerson(
            number: text, name: members["name"]?.string,
            subscriber: CarrierTable.Subscriber(try behaviour(node, members), line: line ?? .sound))
    }

    private func behaviour(_ node: Node, _ members: Node.Mapping) throws(PeopleFileError) -> Behaviour {
        let rings = try members["rings"].map { node throws(PeopleFileError) in
            guard let rings = node.int, (0...60).contains(rings) else {
                throw fault(node, "rings \"\(node.string ?? "")\"", "a whole number from 0 to 60")
            }
            return rings
        }
        let after = CarrierTable.rings(rings ?? 1)
        if let refusal = members["refuses"] {
            guard let code = refusal.int, (300...699).contains(code), let status = StatusCode(code) else {
                throw fault(refusal, "refuses \"\(refusal.string ?? "")\"", "a SIP status from 300 to 699")
            }
            for other in ["script", "early"] {
                if let other = members[other] { throw fault(other, "a script", "nothing: who refuses says nothing") }
            }
            return .rejects(status, after: rings == nil ? 0...0 : after)
        }
        let language = members["language"]?.string ?? "en-US"
        var steps: [Conversation.Step] = []
        if let script = members["script"] {
            guard case .sequence(let nodes) = script, nodes.count <= PeopleFile.maximumSteps else {
                throw fault(script, "script", "a list of at most \(PeopleFile.maximumSteps) steps")
            }
            for node in nodes { steps.append(try step(node, language)) }
        }
        let conversation = CarrierTable.stays(steps)
        guard let early = members["early"] else { return .answers(after: after, conversation) }
        guard let announcement = early.string, case .scalar = early else {
            throw fault(early, "early", "the text that is said before the answer")
        }
        return .announces([.ringback, .speech(announcement, language: language)], conversation)
    }

    // MARK: Steps

    private func step(_ node: Node, _ language: String) throws(PeopleFileError) -> Conversation.Step {
        switch node {
        case .scalar(let scalar):
            switch scalar.string {
            case "hang up": return .hangUp
            case "beep": return .utter(.beep)
            case "fax": return .utter(.faxAnswer)
            case "information tones": return .utter(.informationTones)
            case "take message":
                return .takeMessage(quiet: 3000...3000, atMost: 60_000...60_000)
            case "hear": return try hear(node)
            default: throw unknownStep(node, scalar.string)
            }
        case .mapping(let members):
            guard members.count == 1, let (key, value) = members.first else {
                throw fault(node, "a step", "one thing a step; begin the next with `- `")
            }
            switch key.string {
            case "wait":
                let pause = try milliseconds(value, "wait")
                return .wait(pause...pause)
            case "say": return .utter(try speech(value, language))
            case "press":
                guard let digits = value.string, (1...64).contains(digits.count),
                    digits.allSatisfy({ "0123456789*#ABCD".contains($0) })
                else { throw fault(value, "press \"\(value.string ?? "")\"", "1 to 64 of 0-9, *, #, A-D, in quotes") }
                return .press(digits)
            case "hear": return try hear(value)
            default: throw unknownStep(key, key.string ?? "?")
            }
        default: throw unknownStep(node, "?")
        }
    }

    private func unknownStep(_ node: Node, _ name: String) -> PeopleFileError {
        fault(node, "step \"\(name)\"", "one of \(list(Self.steps))")
    }

    private func speech(_ node: Node, _ language: String) throws(PeopleFileError) -> Utterance {
        var text = node
        var language = language
        if case .mapping(let members) = node {
            try checkKeys(members, ["text", "language"])
            guard let inner = members["text"] else { throw fault(node, "say", "a `text:`; it is missing") }
            text = inner
            language = members["language"]?.string ?? language
        }
        guard case .scalar(let scalar) = text, (1...4096).contains(scalar.string.utf8.count) else {
            throw fault(text, "say", "a text of at most 4096 bytes")
        }
        return .speech(scalar.string, language: language)
    }

    /// `speech`, or `{speech: …}` and `{digits: …}` with limits.
    private func hear(_ node: Node) throws(PeopleFileError) -> Conversation.Step {
        guard case .mapping(let members) = node else {
            guard node.string == "speech" || node.string == "hear" else {
                throw fault(node, "hear \"\(node.string ?? "")\"", "`speech`, or `{digits: \"12#\", within: 10}`")
            }
            return .hearSpeech(quiet: 1000...1000, within: 30_000...30_000)
        }
        try checkKeys(members, ["speech", "digits", "within", "pause"])
        let limit = try members["within"].map { node throws(PeopleFileError) in try milliseconds(node, "within") }
        let within = limit ?? 30_000
        guard let expected = members["digits"] else {
            let pause = try members["pause"].map { node throws(PeopleFileError) in try milliseconds(node, "pause") }
            let quiet = pause ?? 1000
            return .hearSpeech(quiet: quiet...quiet, within: within...within)
        }
        for other in ["speech", "pause"] {
            if let node = members[other] { throw fault(node, "\(other) beside digits", "one of the two") }
        }
        guard let digits = expected.string, (1...64).contains(digits.count),
            digits.allSatisfy({ "0123456789*#ABCD".contains($0) })
        else {
            throw fault(expected, "digits \"\(expected.string ?? "")\"", "1 to 64 of 0-9, *, #, A-D, in quotes")
        }
        return .hearDigits(digits, within: within...within)
    }

    private func milliseconds(_ node: Node, _ name: String) throws(PeopleFileError) -> Int {
        guard let seconds = node.float, (0...Self.maximumSeconds).contains(seconds) else {
            throw fault(node, "\(name) \"\(node.string ?? "")\"", "seconds from 0 to \(Int(Self.maximumSeconds))")
        }
        return Int((seconds * 1000).rounded())
    }

    // MARK: Faults

    private func checkKeys(_ members: Node.Mapping, _ allowed: [String]) throws(PeopleFileError) {
        for (key, _) in members where !allowed.contains(key.string ?? "") {
            throw fault(key, "\"\(key.string ?? "?")\"", "one of \(list(allowed))")
        }
    }

    private func list(_ words: [String]) -> String { words.joined(separator: ", ") }

    private func fault(_ node: Node?, _ what: String, _ allowed: String) -> PeopleFileError {
        let place = node?.mark.map { ", line \($0.line)" } ?? ""
        return PeopleFileError(description: "\(file)\(place): \(what) cannot be used; allowed: \(allowed)")
    }
}
