import Foundation

/// The Unix socket in the data folder where the operator is answered: only the folder's owner may connect to it.
enum OperatorSocket {
    static let fileName = "admin.sock"
    /// `sockaddr_un` has room for 108 bytes with the NUL (unix(7)), elsewhere for 104.
    private static let longestPath = 100

    /// What this process reaches it by: a longer path goes by way of the folder's descriptor (proc(5)), which stays open
    /// as long as the process.
    static func path(in folder: String) -> String {
        let path = URL(filePath: folder).standardizedFileURL.path + "/" + fileName
        guard path.utf8.count > longestPath else { return path }
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        return descriptor < 0 ? path : "/proc/self/fd/\(descriptor)/\(fileName)"
    }
}
