/// Why bytes are no SIP message: what is wrong, and where.
public struct SIPParseError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Problem: String, Hashable, Sendable {
        case empty
        case tooLong
        case tooManyHeaderFields
        case tooManyValues
        case fieldTooLong
        case noEndOfHeaders
        case badFirstLine
        case badVersion
        case badMethod
        case badStatusCode
        case badFieldName
        case missingField
        case repeatedField
        case badNumber
        case badURI
        case badAddress
        case badVia
        case badCSeq
        case badParameter
        case methodMismatch
        case bodyTooShort
        case badChallenge
    }

    public let problem: Problem
    /// The header field or element at fault, as in `CSeq` or `Request-URI`.
    public let element: String
    /// Offset of the fault in the bytes that were parsed, where it is known.
    public let offset: Int?

    public init(_ problem: Problem, in element: String, at offset: Int? = nil) {
        self.problem = problem
        self.element = element
        self.offset = offset
    }

    /// For people who know SIP.
    public var explanation: String {
        switch problem {
        case .empty: "there is nothing in it"
        case .tooLong: "it is too long"
        case .tooManyHeaderFields: "it has too many header fields"
        case .tooManyValues: "\(element) has too many values"
        case .fieldTooLong: "its \(element) is too long"
        case .noEndOfHeaders: "its header fields do not end with an empty line"
        case .badFirstLine, .badMethod, .badStatusCode: "its \(element) cannot be read"
        case .badVersion: "\(element) names another version of SIP than 2.0"
        case .badFieldName: "a line is no header field"
        case .missingField: "it has no \(element)"
        case .repeatedField: "it has more than one \(element)"
        case .methodMismatch: "its CSeq names another method"
        case .bodyTooShort: "its body is shorter than Content-Length says"
        case .badNumber, .badURI, .badAddress, .badVia, .badCSeq, .badParameter, .badChallenge:
            "its \(element) is malformed"
        }
    }

    public var description: String {
        "\(problem.rawValue) in \(element)" + (offset.map { " at byte \($0)" } ?? "")
    }
}
