import NIOCore
import Synchronization

/// Asks for calls at a steady rate, whatever the answers take: request number n leaves at n ÷ rate seconds, or as soon
/// after as one of the connections is free. How late the latest left is part of the result.
struct LoadDriver: Sendable {
    let client: RESTClient
    let from: String
    let webhookURL: String
    let rate: Double
    let seconds: Int
    let connections: Int

    struct Result: Sendable {
        var accepted = 0
        /// Answered with something else than a 202.
        var refused = 0
        /// Not answered: the connection failed.
        var failed = 0
        /// Of the request that left latest after its time.
        var latestSeconds = 0.0
        var latency = LatencyHistogram()
    }

    func run() async -> Result {
        let total = Int(rate * Double(seconds))
        let book = Book()
        let start = ContinuousClock.now
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<connections {
                group.addTask { await drive(total: total, start: start, book: book) }
            }
        }
        return book.result
    }

    /// One connection's work; a connection that fails is opened anew for the next request.
    private func drive(total: Int, start: ContinuousClock.Instant, book: Book) async {
        while book.hasMore(of: total) {
            do {
                try await client.withConnection { answers, outbound in
                    while let number = book.next(of: total) {
                        let due = start.advanced(by: .seconds(Double(number) / rate))
                        if due > .now { try await Task.sleep(until: due, clock: .continuous) }
                        let left = ContinuousClock.now
                        for part in client.makeCall(document(number)) { try await outbound.write(part) }
                        let answer = try await RESTClient.readAnswer(&answers)
                        book.enter(
                            status: answer.status, took: left.duration(to: .now), late: due.duration(to: left))
                    }
                }
            } catch {
                book.enterFailure()
            }
        }
    }

    /// Every call has a number of its own, so that it can be found in a capture.
    private func document(_ number: Int) -> String {
        let digits = String(number % 10_000_000)
        let to = "+1312" + String(repeating: "0", count: 7 - digits.count) + digits
        return #"{"from":"\#(from)","to":"\#(to)","callConnectUrl":"\#(webhookURL)"}"#
    }

    /// What the connections share.
    private final class Book: Sendable {
        private let state = Mutex((next: 0, result: Result()))

        var result: Result { state.withLock { $0.result } }

        func hasMore(of total: Int) -> Bool { state.withLock { $0.next < total } }

        func next(of total: Int) -> Int? {
            state.withLock { state in
                guard state.next < total else { return nil }
                state.next += 1
                return state.next - 1
            }
        }

        func enter(status: Int, took: Duration, late: Duration) {
            state.withLock { state in
                if status == 202 { state.result.accepted += 1 } else { state.result.refused += 1 }
                state.result.latency.record(took)
                state.result.latestSeconds = max(state.result.latestSeconds, late / .seconds(1))
            }
        }

        func enterFailure() { state.withLock { $0.result.failed += 1 } }
    }
}
