import Foundation
import Yams

/// Why a configuration cannot be used: names the setting and where it was set, what was given, what is allowed.
struct ConfigurationError: Error, CustomStringConvertible {
    let description: String
}

/// The settings' texts, and where each came from.
struct SettingSource {
    struct Value {
        var text: String
        /// `--http`, `BELAY_HTTP`, or `http in belay.yaml`.
        var origin: String
    }

    private(set) var values: [String: Value] = [:]

    /// - Parameter flags: by setting name; only those that were given.
    /// - Throws: `ConfigurationError` for a file that cannot be read or that holds what nobody knows.
    init(flags: [String: String], environment: [String: String], file path: String?) throws {
        if let path { try read(path) }
        for setting in Setting.all {
            if let text = environment[setting.environmentName], !text.isEmpty {
                values[setting.name] = Value(text: text, origin: setting.environmentName)
            }
            if let text = flags[setting.name] {
                values[setting.name] = Value(text: text, origin: "--\(setting.name)")
            }
        }
    }

    /// What is known already, such as a running server's.
    ///
    /// - Parameter flags: outweigh it.
    init(_ known: [String: Value], flags: [String: String]) {
        values = known
        for (name, text) in flags { values[name] = Value(text: text, origin: "--\(name)") }
    }

    /// These settings as another source has them.
    mutating func take(_ names: Set<String>, from other: SettingSource) {
        for name in names { values[name] = other.values[name] }
    }

    private mutating func read(_ path: String) throws {
        guard let data = GivenFile.contents(of: path) else {
            throw ConfigurationError(description: "the configuration file \(path) cannot be read")
        }
        let document: Any?
        do { document = try Yams.load(yaml: String(decoding: data, as: UTF8.self)) } catch {
            throw ConfigurationError(description: "\(path) is not YAML: \(error)")
        }
        guard let document else { return }
        guard let members = document as? [String: Any] else {
            throw ConfigurationError(description: "\(path) must hold settings as `name: value`, one a line")
        }
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            guard Setting.all.contains(where: { $0.name == name }) else {
                throw ConfigurationError(
                    description: "\(path) sets \(name), which does not exist; did you mean \(Self.nearest(to: name))?")
            }
            let text: String
            switch value {
            case let list as [Any]: text = list.map { "\($0)" }.joined(separator: ",")
            case is [String: Any]:
                throw ConfigurationError(description: "\(name) in \(path) must be a single value or a list")
            default: text = "\(value)"
            }
            values[name] = Value(text: text, origin: "\(name) in \(path)")
        }
    }

    /// The known name with the fewest edits to it.
    static func nearest(to name: String) -> String {
        Setting.all.map(\.name).min { distance($0, name) < distance($1, name) } ?? ""
    }

    /// Levenshtein's distance.
    private static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left), right = Array(right)
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let above = row[j + 1]
                row[j + 1] = min(above + 1, row[j] + 1, diagonal + (a == b ? 0 : 1))
                diagonal = above
            }
        }
        return row[right.count]
    }
}
