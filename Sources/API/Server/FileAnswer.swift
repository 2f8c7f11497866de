import FoundationEssentials
import HTTPTypes
import Hummingbird

/// A file as an answer, whole or one range of it (RFC 9110 §14), read as the client takes it.
struct FileAnswer: Sendable {
    let path: String
    let type: String
    let disposition: String

    func response(to exchange: APIExchange) async throws -> Response {
        guard let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int, size > 0 else {
            throw APIError.notFound("The file is empty.")
        }
        let files = FileIO()
        var headers: HTTPFields = [.contentType: type, .contentDisposition: disposition, .acceptRanges: "bytes"]
        switch ByteRange(exchange.request.headers[.range], of: size) {
        case .whole:
            let body = try await files.loadFile(path: path, range: 0...size - 1, context: exchange.context)
            return Response(status: .ok, headers: headers, body: body)
        case .part(let range):
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound)/\(size)"
            let body = try await files.loadFile(path: path, range: range, context: exchange.context)
            return Response(status: .partialContent, headers: headers, body: body)
        case .unsatisfiable:
            headers[.contentRange] = "bytes */\(size)"
            return Response(status: .rangeNotSatisfiable, headers: headers)
        }
    }
}

/// What a Range header asks for.
enum ByteRange: Equatable {
    /// No range, one of another unit, several (which a server may answer whole), or one that is malformed: RFC 9110
    /// §14.2 has those ignored.
    case whole
    /// First and last byte.
    case part(ClosedRange<Int>)
    case unsatisfiable

    init(_ header: String?, of size: Int) {
        self = .whole
        guard let header, header.hasPrefix("bytes="), !header.contains(",") else { return }
        let bounds = header.dropFirst("bytes=".count).split(separator: "-", omittingEmptySubsequences: false)
        guard bounds.count == 2 else { return }
        switch (Self.number(bounds[0]), Self.number(bounds[1])) {
        case (let first?, let last?) where first <= last:
            self = first < size ? .part(first...min(last, size - 1)) : .unsatisfiable
        case (let first?, nil) where bounds[1].isEmpty:
            self = first < size ? .part(first...size - 1) : .unsatisfiable
        case (nil, let length?) where bounds[0].isEmpty:
            self = length > 0 && size > 0 ? .part(max(0, size - length)...size - 1) : .unsatisfiable
        default: break
        }
    }

    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.count < 18, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text)
    }
}
