import HTTPTypes
import JSON
import Telephony

/// A path that no route has: what the API names and this version does not have is told from a slip of the keys.
struct UnknownPath {
    let error: APIError

    init(_ path: String, _ method: HTTPRequest.Method, _ table: RouteTable) {
        let segments = path.split(separator: "/").map(String.init)
        let shown = FieldFault.quoted(path)
        if let missing = AbsentPath(segments, method) {
            error = .notInThisVersion(
                "\(shown) is not in this version: \(missing.what) belong to the API, and Belay has none of them yet.",
                operation: missing.operation)
            return
        }
        let meant = Self.meant(segments, table).map { " Did you mean \(FieldFault.quoted($0))?" } ?? ""
        error = .notFound("Nothing is at \(shown).\(meant)")
    }

    /// The path as it may have been meant: below `/apiserver`, and with the names that there are, in their case.
    private static func meant(_ given: [String], _ table: RouteTable) -> String? {
        var segments = given
        guard segments.count < 16, segments.allSatisfy({ $0.utf8.count <= 64 }) else { return nil }
        if let first = segments.first,
            ["Accounts", "AvailablePhoneNumbers"].contains(where: { $0.lowercased() == first.lowercased() })
        {
            segments.insert("apiserver", at: 0)
        }
        let patterns = table.routes.map { $0.path.split(separator: "/").map(String.init) }
        let match = patterns.lazy.filter { $0.count == segments.count }.compactMap { pattern -> [String]? in
            var corrected: [String] = []
            for (wanted, segment) in zip(pattern, segments) {
                if wanted.hasPrefix("{") || wanted == segment {
                    corrected.append(segment)
                } else if NearestName.isSlip(segment, for: wanted) {
                    corrected.append(wanted)
                } else {
                    return nil
                }
            }
            return corrected
        }.first
        return match.map { "/" + $0.joined(separator: "/") }
    }
}

/// What FreeClimb's API names below an account and this version does not have
/// (docs/contract/rest.md#not-in-this-version).
private struct AbsentPath {
    let what: String
    /// Nil where the API itself has nothing there.
    let operation: String?

    init?(_ segments: [String], _ method: HTTPRequest.Method) {
        guard segments.count > 3, segments[0] == "apiserver", segments[1] == "Accounts" else { return nil }
        let path = Array(segments.dropFirst(3))
        guard let what = Self.families.first(where: { path.starts(with: $0.path) })?.what else { return nil }
        self.what = what
        operation = Self.operations.first { $0.method == method.rawValue && Self.matches($0.path, path) }?.name
    }

    private static let families: [(path: [String], what: String)] = [
        (["Messages"], "messages"), (["Calls", "WebRTC"], "WebRTC tokens"), (["Exports"], "exports"),
        (["Blobs"], "blobs"), (["KnowledgeBases"], "knowledge bases"),
    ]

    private static let operations: [(name: String, method: String, path: String)] = [
        ("make-a-webrtc-jwt", "POST", "Calls/WebRTC/Token"),
        ("list-messages", "GET", "Messages"),
        ("send-message", "POST", "Messages"),
        ("get-message", "GET", "Messages/*"),
    ]

    private static func matches(_ pattern: String, _ path: [String]) -> Bool {
        let wanted = pattern.split(separator: "/")
        return wanted.count == path.count && zip(wanted, path).allSatisfy { $0 == "*" || $0 == $1 }
    }
}
