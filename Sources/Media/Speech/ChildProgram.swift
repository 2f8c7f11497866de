internal import CMedia
internal import Glibc

/// Why a program's output is not to be had; the words are for logs.
enum ProgramFailure: Error, Equatable, CustomStringConvertible {
    case didNotStart(String)
    /// A signal ended it, or it says itself that it failed.
    case crashed(String)
    /// It was ended by us, as it took too long or wrote too much.
    case overran(String)
    /// It ended well, and what it wrote is no use.
    case unusable(String)

    var description: String {
        switch self {
        case .didNotStart(let words), .crashed(let words), .overran(let words), .unusable(let words): words
        }
    }
}

/// Runs a program once: bytes in, bytes out, with limits on time and size. No shell, no inherited descriptor, no right
/// that its confinement takes away.
struct ChildProgram: Sendable {
    /// From the end of its output to its own.
    private static let farewellMilliseconds: Int32 = 1000

    /// An absolute path.
    let path: String
    let arguments: [String]
    let timeoutMilliseconds: Int
    let maximumOutputBytes: Int
    var confinement: Confinement?

    struct Output: Sendable {
        let bytes: [UInt8]
        /// Those that the kernel granted of its confinement.
        let layers: ConfinementLayers
    }

    /// Runs it to its end; blocks the calling thread.
    ///
    /// The input is a file in memory rather than a pipe: nothing is written to a program that has ended (no SIGPIPE),
    /// and none can stop reading half-way while we wait for it to.
    ///
    /// - Throws: where it could not start, ended with a status other than 0, was too slow or wrote too much. It has
    ///   ended in any case, and has been waited for.
    func run(input: [UInt8]) throws(ProgramFailure) -> Output {
        // Safe: the bytes and their count outlive the call.
        let text = unsafe cmedia_file_in_memory("input", input, input.count)
        guard text >= 0 else {
            throw .didNotStart(MediaFailure("preparing a program's input", errno: Int(text)).description)
        }
        var child = cmedia_program()
        // Safe: the vectors live until the child has been started, which has copies of its own.
        let error = unsafe Self.withVector([path] + arguments) { arguments in
            unsafe Self.withVector(["PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8", "HOME=/dev/null"]) {
                environment in
                guard var confinement = confinement?.system else {
                    return unsafe cmedia_program_start(path, arguments, environment, text, nil, &child)
                }
                return unsafe cmedia_program_start(path, arguments, environment, text, &confinement, &child)
            }
        }
        _ = cmedia_close(text)
        guard error == 0 else {
            throw .didNotStart(MediaFailure("starting \(path)", errno: Int(error)).description)
        }

        let output = read(from: child.output)
        _ = cmedia_close(child.output)
        // A program that closed its output and goes on, or that has failed us, is ended; one that has ended is not
        // harmed, as its id stays its own until it is waited for.
        if case .failure = output { cmedia_program_kill(child.identifier) }
        // Its output is over, so that its end is near; where it is not, it is brought about.
        let status = cmedia_program_wait_or_kill(child.identifier, Self.farewellMilliseconds)
        let bytes = try output.get()
        guard status != 128 + SIGXCPU, status != 128 + SIGKILL else {
            throw .overran("\(path) used more processor time than it may")
        }
        guard status == 0 else { throw .crashed("\(path) \(Self.words(for: status))") }
        return Output(bytes: bytes, layers: ConfinementLayers(rawValue: child.layers))
    }

    private static func words(for status: Int32) -> String {
        // Safe: copied before anybody asks for the next.
        guard status > 128, let name = unsafe strsignal(status - 128) else { return "ended with status \(status)" }
        return unsafe "was ended by signal \(status - 128) (\(String(cString: name)))"
    }

    private func read(from output: Int32) -> Result<[UInt8], ProgramFailure> {
        let deadline = cmedia_monotonic_nanoseconds() + Int64(timeoutMilliseconds) * 1_000_000
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let left = (deadline - cmedia_monotonic_nanoseconds()) / 1_000_000
            guard left > 0 else { return .failure(.overran("\(path) took longer than \(timeoutMilliseconds) ms")) }
            // Safe: at most `chunk.count` bytes are written.
            let count = unsafe cmedia_program_read(output, &chunk, chunk.count, Int32(clamping: left))
            if count == -Int(ETIMEDOUT) { continue }
            guard count >= 0 else {
                return .failure(.unusable(MediaFailure("reading from \(path)", errno: count).description))
            }
            guard count > 0 else { return .success(bytes) }
            guard bytes.count + count <= maximumOutputBytes else {
                return .failure(.overran("\(path) wrote more than \(maximumOutputBytes) bytes"))
            }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    /// C's form of an argument vector: pointers, ended by a null one.
    private static func withVector<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        // Safe: freed when `body` has returned; the last one is nil, as execve wants it.
        var pointers: [UnsafeMutablePointer<CChar>?] = unsafe strings.map { unsafe strdup($0) }
        unsafe pointers.append(nil)
        defer { unsafe pointers.forEach { unsafe free($0) } }
        return unsafe body(pointers)
    }
}
