internal import CMedia
internal import Synchronization
internal import Telephony

/// Writes recordings, on a thread of its own: a slow disk delays no packet.
final class RecordingWriter: Sendable {
    struct FileID: Hashable, Sendable {
        let rawValue: UInt64
    }

    private enum Job: Sendable {
        case begin(FileID, RecordingOwner, RecordingTarget)
        case append(FileID, [Int16])
        case finish(FileID, last: [MediaEvent])
    }

    private struct Inbox {
        var jobs: [Job] = []
        var samples = 0
        var isAsleep = false
        var isStopping = false
        var bell: Int32 = -1
        var thread: UInt = 0
    }

    /// Samples that may wait for the disk: 32 MB, or twelve seconds of 80 recordings. What comes beyond is left out,
    /// and the recordings that it belongs to fail.
    private static let maximumWaiting = 16_000_000

    private let inbox = Mutex(Inbox())
    private let nextFile = Atomic<UInt64>(0)
    private let room: any DiskRoom
    private let onMixEvents: @Sendable ([MixEvent]) -> Void
    private let onEvents: @Sendable ([MediaEvent]) -> Void

    init(
        room: any DiskRoom = UnboundedDiskRoom(), onMixEvents: @escaping @Sendable ([MixEvent]) -> Void = { _ in },
        onEvents: @escaping @Sendable ([MediaEvent]) -> Void
    ) {
        self.room = room
        self.onMixEvents = onMixEvents
        self.onEvents = onEvents
    }

    func start() throws(MediaFailure) {
        let bell = cmedia_bell_create()
        guard bell >= 0 else { throw MediaFailure("creating a wake-up", errno: Int(bell)) }
        inbox.withLock { $0.bell = bell }
        var thread: UInt = 0
        // Safe: retained once, taken once by the thread, or released where there is none.
        let start = unsafe Unmanaged.passRetained(self)
        let error = unsafe cmedia_thread_start(
            "recordings",
            { context in
                guard let context = unsafe context else { return }
                unsafe Unmanaged<RecordingWriter>.fromOpaque(context).takeRetainedValue().run()
            }, unsafe start.toOpaque(), &thread)
        guard error == 0 else {
            unsafe start.release()
            throw MediaFailure("starting the recordings' thread", errno: Int(error))
        }
        inbox.withLock { $0.thread = thread }
    }

    /// Finishes what is waiting, and ends the thread.
    func stop() {
        let (bell, thread) = inbox.withLock { inbox in
            inbox.isStopping = true
            inbox.isAsleep = false
            defer { inbox.thread = 0 }
            return (inbox.bell, inbox.thread)
        }
        if bell >= 0, thread != 0 {
            _ = cmedia_bell_ring(bell)
            _ = cmedia_thread_join(thread)
        }
        let last = inbox.withLock { inbox in
            defer { inbox.bell = -1 }
            return inbox.bell
        }
        if last >= 0 { _ = cmedia_close(last) }
    }

    // MARK: The sessions' side

    func begin(_ owner: RecordingOwner, _ target: RecordingTarget) -> FileID {
        let file = FileID(rawValue: nextFile.wrappingAdd(1, ordering: .relaxed).newValue)
        post(.begin(file, owner, target))
        return file
    }

    func append(_ samples: [Int16], to file: FileID) {
        post(.append(file, samples))
    }

    func finish(_ file: FileID, last: [MediaEvent]) {
        post(.finish(file, last: last))
    }

    private func post(_ job: Job) {
        let bell = inbox.withLock { inbox -> Int32? in
            if case .append(let file, let samples) = job {
                if inbox.samples + samples.count > Self.maximumWaiting {
                    inbox.jobs.append(.append(file, []))
                } else {
                    inbox.samples += samples.count
                    inbox.jobs.append(job)
                }
            } else {
                inbox.jobs.append(job)
            }
            guard inbox.isAsleep else { return nil }
            inbox.isAsleep = false
            return inbox.bell
        }
        if let bell { _ = cmedia_bell_ring(bell) }
    }

    // MARK: The thread

    private struct Recording {
        let owner: RecordingOwner
        let target: RecordingTarget
        var file: WAVFileWriter?
        var failure: String?
    }

    private func run() {
        var recordings: [FileID: Recording] = [:]
        while true {
            let (jobs, isStopping, bell) = inbox.withLock { inbox in
                defer {
                    inbox.jobs = []
                    inbox.samples = 0
                }
                inbox.isAsleep = inbox.jobs.isEmpty && !inbox.isStopping
                return (inbox.jobs, inbox.isStopping, inbox.bell)
            }
            for job in jobs { perform(job, &recordings) }
            if jobs.isEmpty {
                if isStopping { return }
                _ = cmedia_bell_wait(bell)
            }
        }
    }

    private func perform(_ job: Job, _ recordings: inout [FileID: Recording]) {
        switch job {
        case .begin(let file, let owner, let target):
            var recording = Recording(owner: owner, target: target)
            do {
                recording.file = try WAVFileWriter(path: target.partialPath, channels: target.channels)
            } catch {
                recording.failure = error.description
            }
            recordings[file] = recording
        case .append(let file, let samples):
            guard recordings[file]?.failure == nil, !samples.isEmpty else { return }
            // What was recorded so far stays; live calls' own rows need what is left of the disk.
            let bytes = samples.count * MemoryLayout<Int16>.size
            guard room.claim(bytes) else {
                recordings[file]?.failure = "the recording ends early: \(noDiskRoom)"
                return
            }
            defer { room.giveBack(bytes) }
            do {
                try recordings[file]?.file?.append(samples)
            } catch {
                recordings[file]?.failure = error.description
            }
        case .finish(let file, let last):
            guard var recording = recordings.removeValue(forKey: file) else {
                onEvents(last)
                return
            }
            let milliseconds = recording.file?.milliseconds ?? 0
            recording.file = nil
            // Safe: the paths outlive the call.
            let moved = unsafe cmedia_file_rename(recording.target.partialPath, recording.target.path)
            if moved != 0, recording.failure == nil {
                recording.failure = MediaFailure("completing \(recording.target.path)", errno: Int(moved)).description
            }
            tellEnd(of: recording, milliseconds, last: last)
        }
    }

    private func tellEnd(of recording: Recording, _ milliseconds: Int, last: [MediaEvent]) {
        let path = recording.target.path
        switch recording.owner {
        case .session(let id):
            onEvents(
                [.recordingEnded(id, path: path, milliseconds: milliseconds, failure: recording.failure)] + last)
        case .mix(let id):
            onMixEvents([
                .recordingEnded(id, path: path, milliseconds: milliseconds, failure: recording.failure)
            ])
            if !last.isEmpty { onEvents(last) }
        }
    }
}
