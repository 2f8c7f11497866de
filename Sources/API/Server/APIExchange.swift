import Hummingbird
import JSON
import Logging
import NIOCore
import Telephony

/// One request that a route is to answer.
struct APIExchange: Sendable {
    let request: Request
    /// What the path's braces stand for.
    let parameters: Parameters
    /// Given back in the `Request-Id` header; webhooks that follow from the request carry it too
    /// (docs/contract/rest.md#request-ids).
    let requestID: Telephony.RequestID
    let logger: Logger
    let context: APIRequestContext
    let remarks = Remarks()

    var query: Query { Query(request.uri.query ?? "") }

    func queryReader() -> QueryReader {
        remarks.expectsQuery()
        return QueryReader(query, remarks: remarks)
    }

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
    func fields() async throws(APIError) -> BodyFields { BodyFields(try await members(), remarks: remarks) }

    func members() async throws(APIError) -> [String: JSONValue] { try members(of: try await body()) }

    private func members(of bytes: [UInt8]) throws(APIError) -> [String: JSONValue] {
        guard !bytes.isEmpty else { return [:] }
        do {
            let value = try JSONReader.read(bytes)
            guard case .object(let members) = value else {
                throw APIError.badBody("The body is \(value.kind). \(wanted)")
            }
            return members
        } catch let error as APIError {
            throw error
        } catch let error as JSONReader.Malformed {
            throw .badBody("The body is not JSON: \(error.sentence(about: bytes)). \(wanted)")
        } catch {
            throw .badBody("The body is not JSON. \(wanted)")
        }
    }

    /// Any Content-Type is taken for JSON; where the body is none, it may be the reason: what `curl -d from=…` and HTML
    /// forms send.
    private var wanted: String {
        let sent = request.headers[.contentType]
        let isForm = sent?.lowercased().hasPrefix("application/x-www-form-urlencoded") ?? false
        return "A JSON object is wanted, such as {\"alias\": \"Front desk\"}"
            + (isForm ? " and no form-encoded body" : "") + ", with Content-Type application/json; this came with "
            + (sent.map { "Content-Type \(ShownName.of($0))." } ?? "no Content-Type.")
    }
}
