import Foundation
import Testing

@testable import Media

@Suite("A program that speaks has no rights", .timeLimit(.minutes(10)))
struct ConfinementTests {
    private static let python = "/usr/bin/python3"

    /// Runs a Python program as if it were espeak-ng, with all layers unless others are named. It is waited for long: on a
    /// machine that has others to serve a second of processor time takes half a minute.
    private func run(
        _ program: String, _ layers: ConfinementLayers = .all, _ limits: Confinement.Limits = .init()
    ) throws(ProgramFailure) -> (lines: [String], held: ConfinementLayers) {
        let child = ChildProgram(
            path: Self.python, arguments: ["-I", "-S", "-"], timeoutMilliseconds: 600_000, maximumOutputBytes: 1 << 16,
            confinement: Confinement(of: Self.python, layers, limits))
        let output = try child.run(input: Array(program.utf8))
        return (String(decoding: output.bytes, as: UTF8.self).split(separator: "\n").map(String.init), output.layers)
    }

    /// Python that prints what becomes of an attempt: `done`, or the name of the system's error.
    private func attempts(_ attempts: [String]) -> String {
        """
        import errno, os, signal, resource, mmap
        def attempt(text):
            try:
                exec(text, globals())
                print("done")
            except OSError as error:
                print(errno.errorcode[error.errno])
            except (MemoryError, ValueError, RuntimeError) as error:
                print(type(error).__name__)

        """ + attempts.map { "attempt(\(String(reflecting: $0)))\n" }.joined()
    }

    @Test("This machine grants every layer, and espeak-ng speaks under all of them")
    func trial() async {
        let trial = await SpeechTrial.run()
        #expect(trial.outcome == .speaks(layers: .all, held: .all))
        #expect(trial.remarks.isEmpty)
    }

    @Test("It opens no socket of any family", arguments: ["2, 1", "2, 2", "10, 1", "1, 1", "16, 3", "17, 3", "40, 1"])
    func network(_ kind: String) throws {
        // Python's own module for sockets would take libraries; the system's call is what counts.
        let family = kind.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        let (lines, held) = try run(
            """
            import ctypes
            libc = ctypes.CDLL(None, use_errno=True)
            print(libc.socket(\(family[0]), \(family[1]), 0), ctypes.get_errno())
            """)
        #expect(held == .all)
        #expect(lines == ["-1 1"])
    }

    @Test("It reads no file but the program's, and writes, makes, renames or removes none")
    func files() throws {
        let scratch = try Scratch()
        let secret = try scratch.write(Array("secret".utf8), to: "secret")
        let (lines, _) = try run(
            attempts([
                "open('\(secret)').read()", "open('/etc/passwd').read()", "open('/proc/self/environ').read()",
                "os.listdir('\(scratch.file(""))')", "os.listdir('/')", "open('\(secret)', 'a')",
                "open('\(scratch.file("other"))', 'w')", "open('/tmp/belay-confined', 'w')", "os.unlink('\(secret)')",
                "os.rename('\(secret)', '\(scratch.file("other"))')", "os.mkdir('\(scratch.file("folder"))')",
                "os.symlink('/', '\(scratch.file("link"))')", "os.chmod('\(secret)', 0o777)",
                "os.truncate('\(secret)', 0)", "os.utime('\(secret)')", "os.memfd_create('x')",
            ]))
        #expect(lines.count == 16)
        #expect(lines.allSatisfy { ["EACCES", "EPERM"].contains($0) }, "\(lines)")
        #expect(try Data(contentsOf: URL(fileURLWithPath: secret)) == Data("secret".utf8))
    }

    @Test("The layer of files keeps it from secrets by itself, where there is no other")
    func filesAlone() throws {
        let scratch = try Scratch()
        let secret = try scratch.write(Array("secret".utf8), to: "secret")
        let (lines, held) = try run(attempts(["open('\(secret)').read()", "open('\(secret)', 'w')"]), [.files])
        #expect(held == [.files])
        #expect(lines == ["EACCES", "EACCES"])
    }

    @Test("It starts no process, runs no other program, and sends no signal")
    func processes() throws {
        let (lines, _) = try run(
            attempts([
                "os.fork()", "os.posix_spawn('/bin/true', ['true'], {})", "os.execv('/bin/true', ['true'])",
                "os.execv('/usr/bin/env', ['env'])", "os.kill(os.getppid(), 0)", "os.kill(1, 0)", "os.setsid()",
                "os.setuid(0)", "os.setpriority(os.PRIO_PROCESS, 0, -5)",
                "resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE)",
                "resource.setrlimit(resource.RLIMIT_CPU, (60, 60))",
            ]))
        #expect(lines.count == 11)
        #expect(lines.allSatisfy { ["EACCES", "EPERM"].contains($0) || $0 == "ValueError" }, "\(lines)")
    }

    @Test("It uses no more descriptors and memory than it may")
    func bounds() throws {
        let (lines, _) = try run(
            """
            import os
            count = 0
            try:
                while True:
                    os.open('/etc/ld.so.cache', os.O_RDONLY)
                    count += 1
            except OSError as error:
                print(count < 16, error.errno)
            try:
                print(len(bytearray(300 << 20)))
            except MemoryError:
                print("no memory")
            """)
        #expect(lines == ["True 24", "no memory"])
    }

    @Test("It starts no flood of threads")
    func threads() throws {
        let (lines, _) = try run(
            """
            import _thread, os
            lock = _thread.allocate_lock()
            lock.acquire()
            _thread.stack_size(65536)
            count = 0
            # Given back where there is no memory for one more thread: to tell the count takes some.
            spare = bytearray(4 << 20)
            try:
                while count < 100_000:
                    _thread.start_new_thread(lock.acquire, ())
                    count += 1
            except (RuntimeError, MemoryError):
                pass
            spare = None
            print(count, flush=True)
            os._exit(0)
            """)
        let count = try #require(lines.first.flatMap { Int($0) })
        // Where the test runs as root the system's count of a user's threads does not hold; memory's limit does.
        #expect(count < (geteuid() == 0 ? 4000 : 9))
    }

    @Test("One that spins is ended by its own limit of processor time, long before it would be waited for")
    func spinning() throws {
        #expect(throws: ProgramFailure.overran("\(Self.python) used more processor time than it may")) {
            _ = try run("while True: pass", .all, .init(processorSeconds: 1))
        }
    }

    @Test("A file that is missing does not keep a program from running, and neither does a missing layer")
    func degrades() throws {
        for layers: ConfinementLayers in [.all, [.limits, .calls], [.limits, .files], [.limits], []] {
            let (lines, held) = try run("print('well')", layers)
            #expect(lines == ["well"])
            #expect(held == layers)
        }
        #expect(ConfinementLayers.all.lacking.isEmpty)
        #expect(ConfinementLayers([.limits]).lacking.count == 2)
    }

    @Test("A trial that finds no voice says why, and one that finds a layer in the way says which")
    func trials() async throws {
        let missing = await SpeechTrial.run("/nonexistent")
        #expect(missing.layers == .all)
        #expect(missing.remarks.first?.contains("/nonexistent") == true)
        // A shell's script needs files and processes that espeak-ng does not.
        let scratch = try Scratch()
        let script = try SpeechTests().script("exec /usr/bin/espeak-ng \"$@\"", in: scratch)
        let trial = await SpeechTrial.run(script)
        #expect(!trial.layers.contains(.files))
        #expect(trial.layers.contains([.limits, .calls]))
        #expect(trial.remarks.count == 1)
    }
}
