/// The unit of all media work: 20 ms (RFC 3551 §4.2's default).
enum MediaFrame {
    static let milliseconds = 20
    static let samples = 160
    static let nanoseconds: Int64 = 20_000_000
}
