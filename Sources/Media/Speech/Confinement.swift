internal import CMedia
internal import Glibc

/// What keeps a child program in: layers of the kernel's that hold each by itself, where the kernel has them
/// (docs/decisions/0030-programs-that-speak.md).
package struct ConfinementLayers: OptionSet, Hashable, Sendable {
    package let rawValue: Int32

    package init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// Of memory, processor time and descriptors; no file grows.
    package static let limits = ConfinementLayers(rawValue: Int32(CMEDIA_LAYER_LIMITS))
    /// No file but the program, its libraries and its data (Landlock, Linux 5.13).
    package static let files = ConfinementLayers(rawValue: Int32(CMEDIA_LAYER_FILES))
    /// No network, no other process, no signal to one (seccomp).
    package static let calls = ConfinementLayers(rawValue: Int32(CMEDIA_LAYER_CALLS))

    package static let all: ConfinementLayers = [.limits, .files, .calls]

    /// What a program may do that a missing layer would have kept it from; one entry a layer.
    package var lacking: [String] {
        var words: [String] = []
        if !contains(.limits) { words.append("use memory and processor time without limits of its own (setrlimit)") }
        if !contains(.files) { words.append("read what the server's user can read (Landlock)") }
        if !contains(.calls) { words.append("open connections and start processes (seccomp)") }
        return words
    }
}

/// A confinement made ready for any number of children.
final class Confinement: Sendable {
    struct Limits: Sendable {
        /// Of address space: the libraries of espeak-ng take 60 MB of it.
        var memoryBytes = 256 << 20
        var processorSeconds = 20
        var descriptors = 16
    }

    /// What programs are made of on a Linux, beside themselves: libraries, the list of where they are, locales, and
    /// espeak-ng's data where it is not among the libraries.
    private static let readable = [
        "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/usr/share/locale",
        "/usr/share/espeak-ng-data", "/usr/local/share/espeak-ng-data",
    ]

    private let layers: ConfinementLayers
    private let limits: Limits
    /// Negative where the kernel has no Landlock.
    private let ruleset: Int32

    /// - Parameter program: an absolute path.
    init(of program: String, _ layers: ConfinementLayers, _ limits: Limits = Limits()) {
        self.layers = layers
        self.limits = limits
        ruleset = layers.contains(.files) ? Self.ruleset(Self.readable + [program]) : -1
    }

    deinit {
        if ruleset >= 0 { _ = cmedia_close(ruleset) }
    }

    var system: cmedia_confinement {
        cmedia_confinement(
            layers: layers.rawValue, ruleset: ruleset, memoryBytes: UInt64(limits.memoryBytes),
            cpuSeconds: UInt64(limits.processorSeconds), descriptors: UInt64(limits.descriptors))
    }

    private static func ruleset(_ paths: [String]) -> Int32 {
        // Safe: freed when the rules have been made of them; the last one is nil, as the callee wants it.
        let copies = unsafe paths.map { unsafe strdup($0) }
        defer { unsafe copies.forEach { unsafe free($0) } }
        return unsafe cmedia_ruleset_create(copies.map { unsafe UnsafePointer($0) } + [nil])
    }
}
