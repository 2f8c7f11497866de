#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What the kernel tells of a process and of a core: proc(5).
enum ProcessFigures {
    enum Fault: Error, CustomStringConvertible {
        case unreadable(String)
        case unexpected(String)

        var description: String {
            switch self {
            case .unreadable(let path): "\(path) cannot be read"
            case .unexpected(let path): "\(path) is not as proc(5) describes it"
            }
        }
    }

    struct Memory: Sendable {
        let residentMiB: Double
        let peakMiB: Double
    }

    /// Time a core has spent, in the kernel's ticks since it started.
    struct Core: Sendable {
        let busy: Int
        let all: Int

        /// From 0 to 1, between two looks.
        func busyShare(since earlier: Core) -> Double {
            all > earlier.all ? Double(busy - earlier.busy) / Double(all - earlier.all) : 0
        }
    }

    /// User and system time of all threads, in seconds.
    static func processorSeconds(of pid: Int) throws -> Double {
        let path = "/proc/\(pid)/stat"
        // The name, in brackets, may hold anything: the fields are counted from behind it.
        guard let fields = try text(path).split(separator: ")").last?.split(separator: " "), fields.count > 12,
            let user = Double(fields[11]), let system = Double(fields[12])
        else { throw Fault.unexpected(path) }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    static func memory(of pid: Int) throws -> Memory {
        let path = "/proc/\(pid)/status"
        let lines = try text(path).split(separator: "\n")
        func mebibytes(_ name: String) throws -> Double {
            guard let line = lines.first(where: { $0.hasPrefix(name) }),
                let kibibytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap({
                    Double($0)
                })
            else { throw Fault.unexpected(path) }
            return kibibytes / 1_024
        }
        return Memory(residentMiB: try mebibytes("VmRSS:"), peakMiB: try mebibytes("VmHWM:"))
    }

    static func core(_ number: Int) throws -> Core {
        let path = "/proc/stat"
        guard let line = try text(path).split(separator: "\n").first(where: { $0.hasPrefix("cpu\(number) ") })
        else { throw Fault.unexpected(path) }
        // user nice system idle iowait irq softirq steal; guest times are part of user's.
        let ticks = line.split(separator: " ").dropFirst().prefix(8).compactMap { Int($0) }
        guard ticks.count == 8 else { throw Fault.unexpected(path) }
        let all = ticks.reduce(0, +)
        return Core(busy: all - ticks[3] - ticks[4], all: all)
    }

    private static func text(_ path: String) throws -> String {
        guard let file = fopen(path, "r") else { throw Fault.unreadable(path) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&part, 1, part.count, file)
            guard count > 0 else { break }
            bytes += part[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
