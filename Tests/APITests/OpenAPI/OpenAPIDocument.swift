import Foundation
import JSON
import Yams

/// `openapi.yaml` as JSON, and a check of values against its schemas: as much of OpenAPI 3.0.3 as that file uses.
struct OpenAPIDocument {
    struct Unreadable: Error {}

    let root: JSONValue
    /// RFC 3339 §5.6, in the one form that the API writes.
    private nonisolated(unsafe) static let dateTime = #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/#

    init() throws {
        let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../openapi.yaml")
        guard let node = try Yams.compose(yaml: String(contentsOf: url, encoding: .utf8)) else { throw Unreadable() }
        root = try Self.json(node)
    }

    subscript(path: String...) -> JSONValue? {
        path.reduce(root) { $0?[$1] }
    }

    /// What is wrong with `value` under `schema`, each with its place; empty for a valid one.
    func faults(of value: JSONValue, under schema: JSONValue, at place: String = "$") -> [String] {
        if let reference = schema["$ref"]?.string {
            guard let target = resolve(reference) else { return ["\(place): no \(reference)"] }
            return faults(of: value, under: target, at: place)
        }
        if value == .null { return schema["nullable"] == true ? [] : ["\(place) is null"] }
        var faults: [String] = []
        if let choices = schema["enum"]?.elements, !choices.contains(value) {
            faults.append("\(place) is \(value.text), not one of \(choices.map(\.text))")
        }
        switch (schema["type"]?.string, value) {
        case ("string", .string(let text)):
            if let pattern = schema["pattern"]?.string, text.range(of: pattern, options: .regularExpression) == nil {
                faults.append("\(place) is \(text), which does not match \(pattern)")
            }
            if schema["format"] == "date-time", text.wholeMatch(of: Self.dateTime) == nil {
                faults.append("\(place) is \(text), which is no date-time")
            }
        case ("integer", .integer(let number)):
            if let minimum = schema["minimum"]?.integer, number < minimum { faults.append("\(place) is \(number)") }
            if let maximum = schema["maximum"]?.integer, number > maximum { faults.append("\(place) is \(number)") }
        case ("boolean", .bool), ("number", .integer), ("number", .number), (nil, _): break
        case ("array", .array(let elements)):
            for (index, element) in elements.enumerated() {
                faults += self.faults(of: element, under: schema["items"] ?? [:], at: "\(place)[\(index)]")
            }
        case ("object", .object(let members)):
            let properties = schema["properties"]?.members ?? [:]
            for name in schema["required"]?.elements.compactMap(\.string) ?? [] where members[name] == nil {
                faults.append("\(place).\(name) is missing")
            }
            for (name, member) in members {
                if let property = properties[name] {
                    faults += self.faults(of: member, under: property, at: "\(place).\(name)")
                } else if schema["additionalProperties"] == false {
                    faults.append("\(place).\(name) is not in the schema")
                }
            }
        case (let type, _): faults.append("\(place) is \(value.kind), not \(type ?? "anything")")
        }
        return faults
    }

    /// What `#/components/…` points to.
    func resolve(_ reference: String) -> JSONValue? {
        reference.split(separator: "/").dropFirst().reduce(root) { $0?[String($1)] }
    }

    private static func json(_ node: Node) throws -> JSONValue {
        switch node {
        case .mapping(let mapping):
            var members: [String: JSONValue] = [:]
            for (key, value) in mapping { members[key.string ?? ""] = try json(value) }
            return .object(members)
        case .sequence(let sequence): return .array(try sequence.map(json))
        case .scalar(let scalar):
            // A quoted scalar is a text, whatever it looks like.
            guard scalar.style == .any || scalar.style == .plain else { return .string(scalar.string) }
            if node.null != nil { return .null }
            if let truth = node.bool { return .bool(truth) }
            if let number = node.int { return .integer(Int64(number)) }
            if let number = node.float { return .number(number) }
            return .string(scalar.string)
        default: throw Unreadable()
        }
    }
}
