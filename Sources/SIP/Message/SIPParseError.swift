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

    public var description: String {
        "\(problem.rawValue) in \(element)" + (offset.map { " at byte \($0)" } ?? "")
    }
}
