import Foundation
import Telephony

/// Where a redirect leads, and whether one goes there.
enum Redirection {
    /// Stores with a CDN before them need two or three.
    static let maximumHops = 5

    enum Refusal: Error, Hashable, CustomStringConvertible {
        case tooMany
        case fromTLS(to: String)
        case malformed(String, WebURL.Fault)

        var description: String {
            switch self {
            case .tooMany: "it is the \(maximumHops + 1)th on the way to the file; give the URL that they lead to"
            case .fromTLS(let place): "it leads from https to \(place), where anybody on the way could change the file"
            case .malformed(let location, let fault): "it leads to \(location), where no request can go: \(fault)"
            }
        }
    }

    /// - Parameter location: absolute or relative (RFC 9110 §10.2.2).
    static func target(of location: String, from url: WebURL) throws(Refusal) -> WebURL {
        let target: WebURL
        do throws(WebURL.Fault) {
            // A fragment is for the reader of the file, and never sent (RFC 9110 §10.2.2).
            target = try WebURL(checking: absolute(encoded(String(location.prefix { $0 != "#" })), from: url))
        } catch {
            throw .malformed(String(Mask.malformedURL(location).prefix(200)), error)
        }
        if url.isTLS, !target.isTLS { throw .fromTLS(to: target.description) }
        guard target.credentials == nil, let userInfo = url.userInfo, Origin(target) == Origin(url) else {
            return target
        }
        // User and password hold for the place that they were given for, and for no other.
        let scheme = target.isTLS ? "https://" : "http://"
        return WebURL(scheme + userInfo + "@" + target.text.dropFirst(scheme.count)) ?? target
    }

    /// RFC 3986 §5.
    private static func absolute(_ location: String, from url: WebURL) -> String {
        guard let base = URL(string: url.textWithoutUserInfo), let resolved = URL(string: location, relativeTo: base)
        else { return location }
        return resolved.absoluteString
    }

    /// Servers write blanks and letters outside ASCII as they are.
    private static func encoded(_ location: String) -> String {
        var encoded: [UInt8] = []
        for byte in location.utf8 {
            if byte > 0x20, byte < 0x7F {
                encoded.append(byte)
            } else {
                encoded += "%".utf8
                encoded += (byte < 16 ? "0" : "").utf8
                encoded += String(byte, radix: 16, uppercase: true).utf8
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}

extension WebURL {
    private var authorityStart: String.Index? { text.range(of: "://")?.upperBound }

    /// As it is written before the @.
    fileprivate var userInfo: Substring? {
        guard credentials != nil, let start = authorityStart else { return nil }
        let authority = text[start...].prefix { $0 != "/" && $0 != "?" }
        return authority.lastIndex(of: "@").map { authority[..<$0] }
    }

    fileprivate var textWithoutUserInfo: String {
        guard let userInfo else { return text }
        return text.replacingCharacters(in: userInfo.startIndex...userInfo.endIndex, with: "")
    }
}
