import ArgumentParser

/// A telephone number as people write it, as a filter takes it.
enum PartyFilter {
    /// Visual separators are left out, and an international number gets its plus; whatever is no number stays.
    static func text(_ given: String) -> String {
        let bare = given.filter { !" -.()/".contains($0) }
        guard !bare.isEmpty, bare.drop(while: { $0 == "+" }).allSatisfy({ $0.isASCII && $0.isNumber }) else {
            return given
        }
        return bare.hasPrefix("+") ? bare : "+" + bare
    }
}

/// A number of things to list.
enum Limit {
    static func check(_ limit: Int) throws {
        guard limit > 0 else { throw ValidationError("--limit is \(limit); at least 1 is needed") }
    }
}
