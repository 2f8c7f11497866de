import Foundation

/// Where the simulated carrier keeps what its side of a call heard and said.
struct CarrierFiles {
    /// The server's data folder.
    let folder: String

    /// Absolute paths: what was heard and said, then the second telephone's, then the message.
    func files(of call: String) -> [String] {
        let links = URL(filePath: folder).appending(path: "carrier/by-call").path
        return ["", "-2", "-message"].map { "\(links)/\(call)\($0).wav" }
            .filter { FileManager.default.fileExists(atPath: $0) }
    }
}
