import Foundation

/// May the server have as many files open as its calls, webhooks and connections need?
struct DescriptorExamination {
    let configuration: ServerConfiguration
    /// Whose limit it is; nil: that of a server that would start from here.
    let running: RunningServer?

    func finding() -> Finding {
        let limit = running.flatMap { Self.limit(of: $0.processID) } ?? Descriptors.raiseLimit()
        let descriptors = Descriptors(limit: limit, wants: configuration.descriptorWants)
        return descriptors.isEnough ? .well(descriptors.words) : .doubtful(descriptors.words, descriptors.remedy)
    }

    /// `Max open files  1024  1048576  files` of proc(5): what holds, and what may be had.
    private static func limit(of process: String) -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/limits", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Max open files") })
        else { return nil }
        return line.split(separator: " ").compactMap { Int($0) }.first
    }
}
