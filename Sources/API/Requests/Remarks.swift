import Synchronization
import Telephony

/// What a request holds that nothing knows, and that was passed over: told in a header of the answer, and in the log of
/// a call that it made. A misspelled field would otherwise be one that does nothing and says nothing.
final class Remarks: Sendable {
    /// As many as a person reads; a header has little room.
    static let maximum = 5

    private struct State {
        var sentences: [String] = []
        var more = 0
        var isQueryRead = false
    }

    private let state = Mutex(State())

    /// In ASCII, each a line's length or two.
    var sentences: [String] {
        state.withLock { state in
            state.sentences + (state.more > 0 ? ["\(state.more) more names are not known."] : [])
        }
    }

    func fieldsAreRead(_ names: some Sequence<String>, known: Set<String>) {
        for name in names.sorted() where !known.contains(name) { add(name, "field", known) }
    }

    /// The operation has parameters; where it does not come to look at them, nothing is said of them.
    func expectsQuery() { state.withLock { $0.isQueryRead = true } }

    func queryIsRead(_ query: Query, known: Set<String>) {
        for name in query.names where !known.contains(name) { add(name, "parameter", known) }
    }

    /// The operation has looked at no parameter, so that it has none.
    func finish(_ query: Query) {
        if !(state.withLock { $0.isQueryRead }) { queryIsRead(query, known: []) }
    }

    private func add(_ name: String, _ kind: String, _ known: Set<String>) {
        let question =
            if let near = NearestName.of(name, among: known) {
                ": did you mean \(near)?"
            } else if known.isEmpty {
                ": it has none."
            } else {
                "; it has \(known.sorted().joined(separator: ", "))."
            }
        state.withLock { state in
            guard state.sentences.count < Self.maximum else {
                state.more += 1
                return
            }
            state.sentences.append("\(ShownName.of(name)) is no \(kind) of this request and is passed over\(question)")
        }
    }
}
