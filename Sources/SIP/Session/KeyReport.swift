/// A key that the peer reports by INFO, as gateways do where no telephone-event was agreed.
///
/// There is no standard for it. `application/dtmf-relay` (Cisco's) has lines `Signal=5` and `Duration=160`;
/// `application/dtmf` is the key alone, `5`, or has the same lines. Found in the field and taken: blanks around `=` and
/// at line ends, names in any case, line ends of CR or LF alone, no Duration, `Signal` by number as RFC 4733 §3.2 counts
/// events (10 is `*`, 11 is `#`, 12 to 15 are A to D), quotes around the value.
enum KeyReport: Equatable, Sendable {
    /// `0`…`9`, `*`, `#`, `A`…`D`. The length is the one reported, or what a key lasts where none is.
    case key(Character, milliseconds: Int)
    /// The hook was flashed: understood, and nothing that an application is told.
    case flash
    case unreadable

    static let contentTypes = ["application/dtmf-relay", "application/dtmf"]
    /// Where none is said.
    private static let usualMilliseconds = 160
    /// Of what an INFO may claim: an hour.
    private static let longestMilliseconds: UInt64 = 3_600_000

    /// Nil where the body is of another type, or encoded such that nobody here can read it.
    init?(_ request: SIPRequest) {
        guard !request.headers.isBodyEncoded else { return nil }
        guard let type = request.headers[.contentType]?.split(separator: ";").first.map(String.init),
            Self.contentTypes.contains(where: { name in
                type.withWindow { $0.trimmed.text.equalsIgnoringCase(name) }
            })
        else { return nil }
        self = Self.read(request.body)
    }

    /// A body of either type.
    static func read(_ body: [UInt8]) -> KeyReport {
        var signal: String?
        var milliseconds = usualMilliseconds
        for line in body.split(whereSeparator: { $0 == .carriageReturn || $0 == .lineFeed || $0 == 0 }) {
            // Safe: only texts leave the closure, which are copies.
            unsafe line.withUnsafeBufferPointer { buffer in
                let window = unsafe ByteWindow(buffer).trimmed
                guard let equals = window.firstIndex(of: UInt8(ascii: "="), from: window.start) else {
                    if signal == nil, !window.isEmpty { signal = window.text }
                    return
                }
                let name = window.window(window.start, equals).trimmed
                let value = window.window(equals + 1, window.end).trimmed
                if name.equalsIgnoringCase("Signal") {
                    signal = value.text
                } else if name.equalsIgnoringCase("Duration"), let length = value.number(limit: longestMilliseconds) {
                    milliseconds = Int(length)
                }
            }
        }
        guard let signal else { return .unreadable }
        return event(signal.filter { $0 != "\"" }, milliseconds)
    }

    private static func event(_ signal: String, _ milliseconds: Int) -> KeyReport {
        let keys = Array("0123456789*#ABCD")
        if let number = Int(signal), signal.utf8.count <= 2 {
            if number == 16 { return .flash }
            return keys.indices.contains(number) ? .key(keys[number], milliseconds: milliseconds) : .unreadable
        }
        if signal == "!" || signal.equalsIgnoringCase("hf") || signal.equalsIgnoringCase("flash") { return .flash }
        guard let key = signal.uppercased().first, signal.count == 1, keys.contains(key) else { return .unreadable }
        return .key(key, milliseconds: milliseconds)
    }

    /// The body that reports a key, of `application/dtmf-relay`.
    static func body(_ key: Character, milliseconds: Int) -> [UInt8] {
        Array("Signal=\(key)\r\nDuration=\(milliseconds)\r\n".utf8)
    }
}
