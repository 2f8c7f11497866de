/// The codes that an error's body carries (docs/contract/rest.md#error-codes). Existing clients know some of them by
/// number.
package enum ErrorCode: Int, Sendable, CaseIterable {
    case internalFailure = 0
    case notFound = 1
    case methodNotAllowed = 2
    case badRequestBody = 3
    case querySyntax = 5
    case malformedValue = 9
    case callNotCreated = 16
    case tooManyRequests = 24
    case destinationNotVerified = 29
    /// Ours: the API's public codes have none for it.
    case destinationNotAllowed = 30
    case numberNotOwned = 46
    case internationalNotEnabled = 47
    case unauthorized = 50
    case accountNotActive = 51
    case unavailable = 55
    case conferenceNotFound = 66
    case recordingNotFound = 68
    case resourceDeleted = 77
    case missingParameters = 80
    case resourceConflict = 108

    /// The short title: the body's `call` field (docs/contract/rest.md#errors).
    package var title: String {
        switch self {
        case .internalFailure: "Internal Failure"
        case .notFound: "Not Found"
        case .methodNotAllowed: "Method Not Allowed"
        case .badRequestBody: "BadRequestBody"
        case .querySyntax: "PQL Syntax Error"
        case .malformedValue: "Invalid JSON"
        case .callNotCreated: "Call Not Created"
        case .tooManyRequests: "Too Many Requests"
        case .destinationNotVerified: "Destination Not Verified"
        case .destinationNotAllowed: "Destination Not Allowed"
        case .numberNotOwned: "Number Not Owned"
        case .internationalNotEnabled: "International Destination Not Enabled"
        case .unauthorized: "Unauthorized To Make Request"
        case .accountNotActive: "Account Not Active"
        case .unavailable: "Temporarily Unavailable"
        case .conferenceNotFound: "Conference Or Participant Not Found"
        case .recordingNotFound: "Recording Not Found"
        case .resourceDeleted: "Resource Was Deleted"
        case .missingParameters: "Missing Required Parameter(s)"
        case .resourceConflict: "ResourceConflict"
        }
    }

    /// What happened and what to do about it: the page that the body's `url` leads to.
    package var explanation: String {
        switch self {
        case .internalFailure:
            "The server failed at something that is not the request's fault. Its log names the request by the "
                + "Request-Id that the answer carries."
        case .notFound:
            "Nothing is at this path, or what is named there does not exist, belongs to another account, or is a "
                + "call that has ended. Paths begin with /apiserver and are case-sensitive. What FreeClimb's API has and "
                + "this version has not (messages, WebRTC tokens, exports, blobs, knowledge bases) "
                + "is told by details.notInThisVersion, with the operation's name."
        case .methodNotAllowed:
            "The path exists, but not with this method. The answer's Allow header lists those that it has."
        case .badRequestBody:
            "The body is no JSON object in UTF-8, or is larger than 64 KiB. The message says where it goes wrong, and "
                + "what Content-Type it came with. Forms (curl's -d a=b) are not taken: send -d '{\"a\": \"b\"}' with "
                + "-H 'Content-Type: application/json'."
        case .querySyntax:
            "The query in `pql` is not one of the Performance Query Language. The details say where it goes wrong "
                + "(`offset` in bytes from 0, `column` in characters from 1) and what is allowed there. Texts stand in "
                + "double quotes: level = \"error\" AND message CONTAINS \"timeout\"."
        case .malformedValue:
            "A field or a query parameter has a value that it cannot have. The details name each with what was "
                + "given and what is allowed."
        case .callNotCreated:
            "The call could not be stored, so it was not made and nothing was dialled. It is safe to ask again."
        case .tooManyRequests:
            "The call would wait for its turn for longer than calls may on this server (queueSeconds), or more calls wait "
                + "than the account or its trunk may queue: ask again after the seconds that the Retry-After header "
                + "names. Or the account has used what its rules give it for a day, or for calls at once to one "
                + "destination; or as many feeds are open as may be at once. details.rule names the rule."
        case .destinationNotVerified:
            "A trial account may call the numbers that were verified for it only."
        case .destinationNotAllowed:
            "The account's rules, or the server's, do not let it call this number: details.rule names which. Premium "
                + "and emergency numbers are never called; the operator sets prefixes with `belay account update`."
        case .numberNotOwned:
            "The number in `from` is neither one that the account owns, nor the To or From of a call that came in to it. "
                + "GET ~/IncomingPhoneNumbers lists the account's numbers; `belay number add` registers one."
        case .internationalNotEnabled:
            "The number is in none of the account's home countries, whoever calls. The operator says which they are "
                + "(`home-countries`, `belay account update --home-country`), or allows all with `--international yes`."
        case .unauthorized:
            "The account id and API key were missing or wrong, or they are another account's than the path names. "
                + "Send them by HTTP Basic authentication: the account id as the user, the key as the password."
        case .accountNotActive:
            "The account is suspended or closed."
        case .unavailable:
            "The server is stopping or not ready and takes no new calls, or too many searches of logs are under way. "
                + "Ask again after the seconds that the Retry-After header names."
        case .conferenceNotFound:
            "The account has no such conference, or the call is not in it. A call is in one conference at most; where it is, "
                + "its log tells."
        case .recordingNotFound:
            "The account has no such recording."
        case .resourceDeleted:
            "The recording's file is gone: it was deleted, or it was private and its two minutes are over."
        case .resourceConflict:
            "What was asked for does not fit the state that something is in, or something of the same name exists. "
                + "The message says which."
        case .missingParameters:
            "A field that the request needs was not given. The details name all of them at once."
        }
    }
}
