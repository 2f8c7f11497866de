import Foundation
import Telephony
import Testing

@testable import Runtime

@Suite("Files of recordings")
struct RecordingFilesTests {
    private struct Refused: Error {}

    private let folder = FileManager.default.temporaryDirectory.path + "/belay-recordings-\(UUID())"
    private let files: RecordingFiles
    private let id: RecordingID
    private let complete: String
    private var partial: String { complete + ".part" }

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        files = RecordingFiles(folder: folder)
        var random = SystemRandomNumberGenerator()
        id = RecordingID(random: &random)
        complete = files.path(of: id)
    }

    /// What is opened, and each path that was tried.
    private func open(_ before: (String) throws -> Void = { _ in }) throws -> (content: String?, tried: [String]) {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var tried: [String] = []
        let content = try files.use(id) { path in
            tried.append(path)
            try before(path)
            return try String(contentsOfFile: path, encoding: .utf8)
        }
        return (content, tried)
    }

    private func write(_ path: String) throws { try Data("sound".utf8).write(to: URL(filePath: path)) }

    @Test("One that is being written is read as far as it goes")
    func unfinished() throws {
        try write(partial)
        #expect(try open().content == "sound")
    }

    @Test("One that gets its name just as it is opened is found under it")
    func named() throws {
        try write(partial)
        let found = try open { path in
            if path == partial { try FileManager.default.moveItem(atPath: partial, toPath: complete) }
        }
        #expect(found.content == "sound")
        #expect(found.tried == [complete, partial, complete])
    }

    @Test("One that is removed just as it is opened is not there")
    func removed() throws {
        try write(complete)
        #expect(try open { try? FileManager.default.removeItem(atPath: $0) }.content == nil)
    }

    @Test("What is wrong with one that is there is told")
    func refused() throws {
        try write(complete)
        #expect(throws: Refused.self) { try open { _ in throw Refused() } }
    }
}
