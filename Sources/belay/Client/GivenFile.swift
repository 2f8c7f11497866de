import Foundation

/// A file that a user names: any path that can be read, so also `/dev/stdin`, a named pipe, and the shell's `<(command)`.
enum GivenFile {
    /// More than any script or configuration has; what never ends, such as `/dev/zero`, is no file to hold in memory.
    static let maximumBytes = 64 << 20

    /// - Returns: all that it holds; nil where it cannot be read or holds more than `maximumBytes`.
    static func contents(of path: String) -> Data? {
        // A handle reads what can be read until nothing comes any more; `FileManager` refuses what is no regular file.
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        guard let data = try? file.read(upToCount: maximumBytes + 1) ?? Data(), data.count <= maximumBytes else {
            return nil
        }
        return data
    }
}
