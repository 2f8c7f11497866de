/// `HOST:PORT` of the command line.
struct Endpoint: Sendable {
    let host: String
    let port: Int

    /// Nil when the text is not a host, a colon, and a port from 1 to 65535.
    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), colon > text.startIndex,
            let port = Int(text[text.index(after: colon)...]), (1...65_535).contains(port)
        else { return nil }
        self.host = String(text[..<colon])
        self.port = port
    }
}
