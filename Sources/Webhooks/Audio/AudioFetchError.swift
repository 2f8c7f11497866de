package import Telephony

/// Why an audio file is not there to be played. All of them are log code 69 (spec "Play").
package enum AudioFetchError: Error, Hashable, Sendable {
    /// No whole answer came, or the address is forbidden.
    case unreachable(WebhookFailure)
    /// An answer other than 200 (redirects are not followed).
    case status(Int)
    /// More than the limit, in bytes.
    case tooLarge(limit: Int)
    /// An answer without a body.
    case emptyBody
    /// The cache's folder cannot be written.
    case cacheFailed(String)

    /// The error code that the log shows.
    package static let logCode = 69
}

extension AudioFetchError: CustomStringConvertible {
    /// One sentence for the log; the URL is not in it.
    package var description: String {
        switch self {
        case .unreachable(let failure): failure.explanation
        case .status(let status): "the server answered \(status) instead of 200"
        case .tooLarge(let limit): "the file is larger than \(limit / 1_000_000) MB"
        case .emptyBody: "the file is empty"
        case .cacheFailed(let reason): "the file could not be kept: \(reason)"
        }
    }
}
