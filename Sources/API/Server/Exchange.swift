import Hummingbird
import JSON
import Logging
import NIOCore
import Telephony

/// One request that a route is to answer.
struct Exchange: Sendable {
    let request: Request
    /// What the path's braces stand for.
    let parameters: Parameters
    /// Given back in the `Request-Id` header; webhooks that follow from the request carry it too (spec §1.1).
    let requestID: Telephony.RequestID
    let logger: Logger
    let context: APIRequestContext

    var query: Query { Query(request.uri.query ?? "") }

    /// The body, whole.
    ///
    /// - Throws: 413 as soon as it is known to be too large, with the rest of it unread.
    func body() async throws(APIError) -> [UInt8] {
        let limit = APIConfiguration.maximumBodyLength
        if let announced = request.headers[.contentLength], Int(announced).map({ $0 > limit }) ?? true {
            throw .bodyTooLarge(limit: limit)
        }
        do {
            let buffer = try await request.body.collect(upTo: limit)
            return Array(buffer.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw .bodyTooLarge(limit: limit)
        } catch {
            throw .badBody("The body broke off.")
        }
    }

    /// The body's members; none where it is empty, which the SDKs send for "nothing to say".
    func fields() async throws(APIError) -> BodyFields { BodyFields(try await members()) }

    func members() async throws(APIError) -> [String: JSONValue] {
        let bytes = try await body()
        do { return try Self.members(of: bytes) } catch {
            // What `curl -d from=…` and HTML forms send.
            guard isForm, bytes.first(where: { $0 > 0x20 }) != UInt8(ascii: "{") else { throw error }
            throw .badBody(
                "The body is form-encoded (application/x-www-form-urlencoded); a JSON object is expected, such as "
                    + #"{"from": "+15551230000"}, with the Content-Type application/json."#)
        }
    }

    private var isForm: Bool {
        request.headers[.contentType]?.lowercased().hasPrefix("application/x-www-form-urlencoded") ?? false
    }

    private static func members(of bytes: [UInt8]) throws(APIError) -> [String: JSONValue] {
        guard !bytes.isEmpty else { return [:] }
        do {
            let value = try JSONReader.read(bytes)
            guard case .object(let members) = value else {
                throw APIError.badBody("The body is \(value.kind); a JSON object is expected.")
            }
            return members
        } catch let error as APIError {
            throw error
        } catch let error as JSONReader.Malformed {
            throw .badBody("The body is not JSON: at byte \(error.offset) \(error.explanation).")
        } catch {
            throw .badBody("The body is not JSON.")
        }
    }
}
