import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Telephony

/// Makes responses of the kinds that the API gives.
enum Answer {
    static func json(_ status: Int, _ write: (inout JSONWriter) -> Void) -> Response {
        var writer = JSONWriter()
        write(&writer)
        return body(status, type: "application/json", ByteBuffer(bytes: writer.bytes))
    }

    static func text(_ status: Int, _ text: String, type: String = "text/plain; charset=utf-8") -> Response {
        body(status, type: type, ByteBuffer(string: text))
    }

    /// Nothing but the status.
    static func empty(_ status: Int) -> Response { Response(status: HTTPResponse.Status(code: status)) }

    /// The error's body is `{code, message, call, url, details}` (docs/contract/rest.md#errors).
    ///
    /// - Parameter base: what the link to the page about it begins with.
    static func error(_ error: APIError, base: String) -> Response {
        var response = body(
            error.status, type: "application/json", ByteBuffer(bytes: errorBody(error, base: base)))
        response.headers.append(contentsOf: error.headers)
        return response
    }

    static func errorBody(_ error: APIError, base: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { object in
            object.member("call", error.code.title)
            object.member("code", error.code.rawValue)
            object.member("details", error.details)
            object.member("message", error.message)
            object.member("url", link(to: error.code, base: base))
        }
        return writer.bytes
    }

    /// The page that explains a code.
    private static func link(to code: ErrorCode, base: String) -> String {
        var base = base
        while base.hasSuffix("/") { base.removeLast() }
        return "\(base)/errors/\(code.rawValue)"
    }

    private static func body(_ status: Int, type: String, _ buffer: ByteBuffer) -> Response {
        Response(
            status: HTTPResponse.Status(code: status), headers: [.contentType: type],
            body: ResponseBody(byteBuffer: buffer))
    }
}
