import Foundation

/// A file that only its owner may read, replaced as a whole.
enum SecretFile {
    static func write(_ text: String, to path: String) throws {
        let temporary = path + ".new"
        unlink(temporary)
        // The mode is given as the file is made: it is at no moment readable for others.
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw ConfigurationError(description: "\(temporary) cannot be made: \(String(cString: strerror(errno)))")
        }
        try FileHandle(fileDescriptor: descriptor, closeOnDealloc: true).write(contentsOf: Data(text.utf8))
        guard rename(temporary, path) == 0 else {
            throw ConfigurationError(description: "\(path) cannot be written: \(String(cString: strerror(errno)))")
        }
    }
}
