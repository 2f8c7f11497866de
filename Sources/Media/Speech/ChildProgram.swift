internal import CMedia
internal import Glibc

/// Runs a program once: bytes in, bytes out, with limits on time and size. No shell, no inherited descriptor.
struct ChildProgram: Sendable {
    /// From the end of its output to its own.
    private static let farewellMilliseconds: Int32 = 1000

    /// An absolute path.
    let path: String
    let arguments: [String]
    let timeoutMilliseconds: Int
    let maximumOutputBytes: Int

    /// Runs it to its end; blocks the calling thread.
    ///
    /// The input is a file in memory rather than a pipe: nothing is written to a program that has ended (no SIGPIPE),
    /// and none can stop reading half-way while we wait for it to.
    ///
    /// - Throws: where it could not start, ended with a status other than 0, was too slow or wrote too much. It has
    ///   ended in any case, and has been waited for.
    func run(input: [UInt8]) throws(MediaFailure) -> [UInt8] {
        let text = cmedia_file_in_memory("input", input, input.count)
        guard text >= 0 else { throw MediaFailure("preparing a program's input", errno: Int(text)) }
        var child = cmedia_program()
        let error = Self.withVector([path] + arguments) { arguments in
            Self.withVector(["PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8", "HOME=/dev/null"]) {
                environment in
                cmedia_program_start(path, arguments, environment, text, &child)
            }
        }
        _ = cmedia_close(text)
        guard error == 0 else { throw MediaFailure("starting \(path)", errno: Int(error)) }

        let output = read(from: child.output)
        _ = cmedia_close(child.output)
        // A program that closed its output and goes on, or that has failed us, is ended; one that has ended is not
        // harmed, as its id stays its own until it is waited for.
        if case .failure = output { cmedia_program_kill(child.identifier) }
        // Its output is over, so that its end is near; where it is not, it is brought about.
        let status = cmedia_program_wait_or_kill(child.identifier, Self.farewellMilliseconds)
        let bytes = try output.get()
        guard status == 0 else { throw MediaFailure("\(path) ended with status \(status)") }
        return bytes
    }

    private func read(from output: Int32) -> Result<[UInt8], MediaFailure> {
        let deadline = cmedia_monotonic_nanoseconds() + Int64(timeoutMilliseconds) * 1_000_000
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let left = (deadline - cmedia_monotonic_nanoseconds()) / 1_000_000
            guard left > 0 else { return .failure(MediaFailure("\(path) took longer than \(timeoutMilliseconds) ms")) }
            let count = cmedia_program_read(output, &chunk, chunk.count, Int32(clamping: left))
            if count == -Int(ETIMEDOUT) { continue }
            guard count >= 0 else { return .failure(MediaFailure("reading from \(path)", errno: count)) }
            guard count > 0 else { return .success(bytes) }
            guard bytes.count + count <= maximumOutputBytes else {
                return .failure(MediaFailure("\(path) wrote more than \(maximumOutputBytes) bytes"))
            }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    /// C's form of an argument vector: pointers, ended by a null one.
    private static func withVector<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        return body(pointers)
    }
}
