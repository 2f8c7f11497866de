import Dispatch
import Foundation

/// While it lasts, Ctrl-C and SIGTERM end the command with words about what goes on without it, also where whoever started
/// it has signals ignored.
final class Interruption {
    /// What shells give for a program that a signal ended: 128 and its number.
    private static let base: Int32 = 128

    private let sources: [any DispatchSourceSignal]

    /// - Parameter words: nil where nothing goes on.
    init(_ words: String?) {
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if let words { Terminal.say("\nbelay: \(words)") }
                exit(Self.base + number)
            }
            source.resume()
            return source
        }
    }

    func cancel() {
        for source in sources { source.cancel() }
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
    }
}
