internal import CMedia
internal import Synchronization

/// Sound to play: 8 kHz, one channel, 16 bits. Shared by any number of playbacks.
///
/// Either it lies in memory, or in a file that a decoder may still be filling: a playback begins before the decoding is
/// done, and no more of a long file is in memory than is being played.
package final class AudioClip: Sendable {
    /// Samples a second.
    package static let rate = 8000

    private enum Storage: Sendable {
        case memory([Int16])
        /// Raw samples in this machine's byte order.
        case file(descriptor: Int32)
    }

    enum Progress: UInt8, AtomicRepresentable {
        case growing
        case complete
        case failed
    }

    /// What a playback gets.
    package enum Reading: Equatable, Sendable {
        case samples(Int)
        /// The decoder has not come so far yet.
        case notYet
        case end
        case failed(String)
    }

    private let storage: Storage
    private let available: Atomic<Int>
    private let progress: Atomic<Progress>
    private let failure = Mutex<String?>(nil)
    private let remarked = Mutex<String?>(nil)
    /// The farthest sample from zero.
    private let peak = Atomic<Int>(0)
    private let farewell = Mutex<(@Sendable () -> Void)?>(nil)
    /// Who waits for the end of its growth.
    private let waiting = Mutex<[@Sendable () -> Void]>([])

    /// A finished clip in memory.
    package init(samples: [Int16]) {
        storage = .memory(samples)
        available = Atomic(samples.count)
        progress = Atomic(.complete)
    }

    /// A clip that is about to be written to an unnamed file; it closes the descriptor at its end.
    init(growingIn descriptor: Int32) {
        storage = .file(descriptor: descriptor)
        available = Atomic(0)
        progress = Atomic(.growing)
    }

    deinit {
        farewell.withLock { $0 }?()
        if case .file(let descriptor) = storage { _ = cmedia_close(descriptor) }
    }

    /// Samples so far; all of them once the clip is complete.
    package var count: Int { available.load(ordering: .acquiring) }

    /// Length so far.
    package var milliseconds: Int { count * 1000 / Self.rate }

    package var isComplete: Bool { progress.load(ordering: .acquiring) == .complete }

    /// Why decoding ended early, if it did. What came before can still be played.
    package var failureReason: String? { failure.withLock { $0 } }

    /// What the log should say of a clip that is not all that it was to be.
    package var remark: String? { remarked.withLock { $0 } }

    /// Below this, in samples of 16 bits, nothing is heard on a telephone line: 70 dB below full scale, where G.711 has
    /// its last step.
    private static let faintest = 10

    /// Why nothing can be heard of a file that was decoded whole; nil where something can, or may yet.
    package var silence: String? {
        guard case .file = storage, isComplete else { return nil }
        if count == 0 { return "the file holds no sound: nothing was heard" }
        return peak.load(ordering: .relaxed) < Self.faintest ? "the file holds silence only: nothing was heard" : nil
    }

    /// Nothing more comes: it is complete, or has failed. Told once, here and now where it is so already, else on the
    /// thread that fills it.
    package func whenSettled(_ action: @escaping @Sendable () -> Void) {
        let isSettled = waiting.withLock { waiting in
            guard progress.load(ordering: .acquiring) == .growing else { return true }
            waiting.append(action)
            return false
        }
        if isSettled { action() }
    }

    /// Copies samples from a position into the beginning of `output`.
    package func read(at position: Int, into output: UnsafeMutableBufferPointer<Int16>) -> Reading {
        // The order matters: what was available before the decoder said "complete" is all there is.
        let state = progress.load(ordering: .acquiring)
        let left = available.load(ordering: .acquiring) - position
        guard position >= 0, left > 0, let base = output.baseAddress, !output.isEmpty else {
            switch state {
            case .growing: return .notYet
            case .complete: return .end
            case .failed: return .failed(failureReason ?? "decoding failed")
            }
        }
        let wanted = min(left, output.count)
        switch storage {
        case .memory(let samples):
            // Safe: `wanted` is cut to what both have from there on.
            unsafe samples.withUnsafeBufferPointer { source in
                guard let start = source.baseAddress else { return }
                unsafe base.update(from: start + position, count: wanted)
            }
            return .samples(wanted)
        case .file(let descriptor):
            // Safe: as many bytes as `wanted` samples have, which fit.
            let bytes = unsafe cmedia_file_read(descriptor, base, wanted * 2, Int64(position) * 2)
            guard bytes >= 0 else { return .failed(MediaFailure.text(of: bytes)) }
            guard bytes >= 2 else { return .failed("the decoded file is shorter than it was") }
            return .samples(bytes / 2)
        }
    }

    /// All samples, for tests and for what is known to be short.
    package func samples() -> [Int16] {
        let total = count
        // Safe: `initialized` counts what has been read so far.
        return unsafe [Int16](unsafeUninitializedCapacity: total) { buffer, initialized in
            initialized = 0
            while initialized < total {
                let rest = unsafe UnsafeMutableBufferPointer(rebasing: buffer[initialized..<total])
                guard case .samples(let count) = unsafe read(at: initialized, into: rest) else { return }
                initialized += count
            }
        }
    }

    // MARK: The decoder's side

    /// Whoever fills the clip is told once nobody has it any more.
    func whenLetGo(_ action: @escaping @Sendable () -> Void) {
        farewell.withLock { $0 = action }
    }

    /// Appends to a growing clip; one thread alone may do so.
    func append(_ samples: [Int16]) throws(MediaFailure) {
        guard case .file(let descriptor) = storage, !samples.isEmpty else { return }
        let position = available.load(ordering: .relaxed)
        // Safe: the array outlives the call.
        let error = unsafe cmedia_file_write(descriptor, samples, samples.count * 2, Int64(position) * 2)
        guard error == 0 else { throw MediaFailure("writing decoded audio", errno: Int(error)) }
        let loudest = samples.reduce(peak.load(ordering: .relaxed)) { max($0, abs(Int($1))) }
        peak.store(loudest, ordering: .relaxed)
        available.store(position + samples.count, ordering: .releasing)
    }

    func finish() {
        progress.store(.complete, ordering: .releasing)
        tellWaiting()
    }

    /// The first of several stays.
    func remark(_ text: String) {
        remarked.withLock { $0 = $0 ?? text }
    }

    func fail(_ reason: String) {
        failure.withLock { $0 = reason }
        progress.store(.failed, ordering: .releasing)
        tellWaiting()
    }

    private func tellWaiting() {
        let actions = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        for action in actions { action() }
    }
}
