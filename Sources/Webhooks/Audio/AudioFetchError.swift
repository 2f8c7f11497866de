package import Telephony

/// Why an audio file is not there to be played. To the API all of them are code 69 (docs/contract/percl.md#play).
package enum AudioFetchError: Error, Hashable, Sendable {
    /// No whole answer came, or the address is forbidden.
    case unreachable(WebhookFailure)
    /// An answer other than 200, and none that leads to another place.
    case status(Int)
    /// A redirect that is not followed, and why not.
    case redirect(status: Int, reason: String)
    /// More than the limit, in bytes.
    case tooLarge(limit: Int)
    /// An answer without a body.
    case emptyBody
    /// The cache's folder cannot be written.
    case cacheFailed(String)
    /// Nobody waits for it any more.
    case cancelled
    /// Its disk has no room to spare.
    case noRoom

    /// The error code that the log shows.
    package static let logCode = 69
}

extension AudioFetchError: CustomStringConvertible {
    /// One sentence for the log; the URL is not in it.
    package var description: String {
        switch self {
        case .unreachable(let failure): failure.explanation
        case .status(let status): "the server answered \(status) instead of 200\(Self.advice(status))"
        case .redirect(let status, let reason):
            "the server answered \(status), a redirect that is not followed: \(reason)"
        case .tooLarge(let limit):
            "the file is larger than \(limit / 1_000_000) MB; 8 kHz and one channel, all that is heard on the telephone, make it smaller"
        case .emptyBody: "the file is empty; does it hold what was meant?"
        case .cancelled: "nobody waits for the file any more"
        case .noRoom: noDiskRoom
        case .cacheFailed(let reason): "the file could not be kept on this server's disk: \(reason)"
        }
    }

    private static func advice(_ status: Int) -> String {
        switch status {
        case 401: "; it wants a user and a password: http://user:password@host/"
        case 403: "; it does not give the file to this server: has a signed URL expired?"
        case 404, 410: "; is the path written right, and the file still there?"
        case 500...: "; its own log may tell why"
        default: ""
        }
    }
}
