/// Why a text is no query: where it goes wrong, what stands there, and what may.
package struct LogQueryFault: Error, Hashable, Sendable {
    /// In bytes of UTF-8, from 0.
    package let offset: Int
    /// In characters, from 1.
    package let column: Int
    /// What stands there, in words that follow "stands".
    package let found: String
    /// In words that go on from "allowed:".
    package let allowed: String

    init(in text: String, at offset: Int, found: String, allowed: String) {
        self.offset = offset
        let utf8 = text.utf8
        let place = utf8.index(utf8.startIndex, offsetBy: offset, limitedBy: utf8.endIndex) ?? utf8.endIndex
        column = text[..<place].count + 1
        self.found = found
        self.allowed = allowed
    }

    package var sentence: String {
        "The query goes wrong at column \(column) (byte \(offset)), where \(found) stands; allowed: \(allowed)."
    }
}
