import HTTPTypes
import Hummingbird

/// A file as an answer, whole or one range of it (RFC 9110 §14), read as the client takes it.
struct FileAnswer: Sendable {
    private static let chunk = 128 * 1024

    let file: OpenFile
    let type: String
    let disposition: String

    func response(to exchange: APIExchange) throws -> Response {
        let size = file.size
        guard size > 0 else { throw APIError.notFound("The file is empty.") }
        var headers: HTTPFields = [.contentType: type, .contentDisposition: disposition, .acceptRanges: "bytes"]
        switch ByteRange(exchange.request.headers[.range], of: size) {
        case .whole:
            return Response(status: .ok, headers: headers, body: body(of: 0...size - 1))
        case .part(let range):
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound)/\(size)"
            return Response(status: .partialContent, headers: headers, body: body(of: range))
        case .unsatisfiable:
            headers[.contentRange] = "bytes */\(size)"
            return Response(status: .rangeNotSatisfiable, headers: headers)
        }
    }

    private func body(of range: ClosedRange<Int>) -> ResponseBody {
        ResponseBody(contentLength: range.count) { [file] writer in
            var offset = range.lowerBound
            while offset <= range.upperBound {
                let bytes = try await file.read(min(Self.chunk, range.upperBound - offset + 1), from: offset)
                // Shorter than it was: the connection ends before its length is reached, and the client sees that.
                guard bytes.readableBytes > 0 else { throw FileAnswerError.isShorter }
                offset += bytes.readableBytes
                try await writer.write(bytes)
            }
            try await writer.finish(nil)
        }
    }
}

enum FileAnswerError: Error {
    /// Than when it was opened.
    case isShorter
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
