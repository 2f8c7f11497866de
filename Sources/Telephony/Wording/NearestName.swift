/// The known name that somebody may have meant by one that does not exist: for warnings that ask "did you mean".
package enum NearestName {
    /// No name of the API is longer; what is, is not compared letter by letter.
    private static let longestCompared = 64
    /// A word that two names share says nothing where it is shorter: `to`, `url`, `if`.
    private static let shortestSharedWord = 4

    /// - Returns: the name that differs in case, in `_` and `-`, or in a third of its letters at most; else one that
    ///   begins with it (`lang`, `language`); else one that shares a word with it (`machineDetection`, `ifMachine`);
    ///   else nil.
    package static func of(_ name: String, among known: some Sequence<String>) -> String? {
        guard name.unicodeScalars.count <= longestCompared else { return nil }
        let wanted = folded(name)
        let limit = min(max(1, wanted.count / 3), wanted.count - 1)
        let candidates = known.filter { $0 != name }.sorted().map { Candidate(name: $0, wanted: wanted) }
        let near = candidates.filter { $0.distance <= limit }.min { $0.comesBefore($1) }
        if let near { return near.name }
        let begun = candidates.filter { wanted.count >= shortestSharedWord && folded($0.name).starts(with: wanted) }
        if let whole = begun.min(by: { $0.comesBefore($1) }) { return whole.name }
        let words = Set(words(of: name))
        var best: (candidate: Candidate, shared: Int)?
        for candidate in candidates {
            let shared = Self.words(of: candidate.name).filter(words.contains).reduce(0) { $0 + $1.count }
            guard shared > 0 else { continue }
            guard let known = best else {
                best = (candidate, shared)
                continue
            }
            // Of those that share as much, the plainest.
            if (shared, -candidate.name.utf8.count) > (known.shared, -known.candidate.name.utf8.count) {
                best = (candidate, shared)
            }
        }
        return best?.candidate.name
    }

    /// Whether it is surely the same name, but for a slip of the keys: one letter or two, case, `_` and `-`.
    package static func isSlip(_ name: String, for known: String) -> Bool {
        guard name != known, name.unicodeScalars.count <= longestCompared else { return false }
        return distance(folded(name), folded(known)) <= min(2, known.utf8.count / 3)
    }

    private struct Candidate {
        let name: String
        let distance: Int

        init(name: String, wanted: [Unicode.Scalar]) {
            self.name = name
            distance = NearestName.distance(wanted, NearestName.folded(name))
        }

        func comesBefore(_ other: Self) -> Bool {
            (distance, name.utf8.count, name) < (other.distance, other.name.utf8.count, other.name)
        }
    }

    /// Without what people write differently: case, and what they put between words.
    private static func folded(_ name: String) -> [Unicode.Scalar] {
        name.lowercased().unicodeScalars.filter { $0 != "_" && $0 != "-" }
    }

    /// `ifMachineUrl`: machine.
    private static func words(of name: String) -> [String] {
        var words: [String] = [""]
        for character in name {
            switch character {
            case "_", "-", ".", "[", "]": words.append("")
            case _ where character.isUppercase: words.append(character.lowercased())
            default: words[words.count - 1].append(character)
            }
        }
        return words.filter { $0.count >= shortestSharedWord }
    }

    /// How many letters must be put in, left out, changed, or swapped with the next one.
    private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var rows = [Array(0...right.count)]
        for row in left.indices {
            var next = [row + 1]
            for column in right.indices {
                var least = min(
                    rows[row][column + 1] + 1, next[column] + 1,
                    rows[row][column] + (left[row] == right[column] ? 0 : 1))
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    least = min(least, rows[row - 1][column - 1] + 1)
                }
                next.append(least)
            }
            rows.append(next)
        }
        return rows[left.count][right.count]
    }
}

/// A name that a stranger gave, as a sentence may repeat it: short, in ASCII, and fit for one line of a log or header.
package enum ShownName {
    package static let maximumLength = 40

    package static func of(_ name: String) -> String {
        let scalars = name.unicodeScalars.prefix(maximumLength).map { scalar -> Character in
            (0x20...0x7E).contains(scalar.value) && scalar != "\"" ? Character(scalar) : "?"
        }
        return "\"" + String(scalars) + (name.unicodeScalars.count > maximumLength ? "..." : "") + "\""
    }
}
