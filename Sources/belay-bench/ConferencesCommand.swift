import ArgumentParser
import Media
import Telephony

#if canImport(Glibc)
    import Glibc
#endif

/// `belay-bench conferences`: what a participant of a conference costs beside a plain call that plays and receives, both in
/// this process, with more and more of them until packets are late.
///
/// The far ends are `belay-bench conference-peers` on another core. Everybody talks all the time. What is counted is the
/// processor time of this process and the media threads' own count of ticks that were late.
struct ConferencesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conferences", abstract: "Processor time and memory of a conference's participant.")

    @Option(help: "Port of belay-bench conference-peers on this host.")
    var peers: Int
    @Option(help: "Participants of each conference.")
    var of = 3
    @Option(help: "Seconds that each number is measured.")
    var seconds = 10
    @Option(help: "Participants at first, and how many come each time.")
    var step = 150
    @Option(help: "Participants at most.")
    var limit = 3_000
    @Option(help: "Media threads.")
    var threads = 1
    @Option(help: "The core that the far ends run on.")
    var core = 1

    /// Fewer of the expected packets, and the far ends are what is measured.
    private static let fewestReceived = 0.99

    func validate() throws {
        guard (1...65_535).contains(peers) else { throw ValidationError("--peers is a port") }
        guard (2...1_000).contains(of) else { throw ValidationError("--of is between 2 and 1000") }
        guard (1...600).contains(seconds) else { throw ValidationError("--seconds is between 1 and 600") }
        guard (1...20_000).contains(step), (step...20_000).contains(limit) else {
            throw ValidationError("--step and --limit are between 1 and 20000, and --limit is not below --step")
        }
        guard (1...64).contains(threads) else { throw ValidationError("--threads is between 1 and 64") }
    }

    func run() async throws {
        let start = try ProcessFigures.memory(of: Int(getpid())).residentMiB
        print("conferences of \(of), \(seconds) s each, all talking; CPU is per cent of a core for a hundred\n")
        print("calls   plain CPU %   in conferences   ratio   plain KiB each   in conferences   far ends' core")
        var isInTime = (plain: true, mixed: true)
        let whole = max(of, step / of * of)
        for count in stride(from: whole, through: limit, by: whole) where isInTime.plain || isInTime.mixed {
            let plain = isInTime.plain ? try await measure(count, of: 1, beyond: start) : nil
            let mixed = isInTime.mixed ? try await measure(count, of: of, beyond: start) : nil
            print(Self.row(count, plain, mixed))
            for (name, sample) in [("plain calls", plain), ("participants", mixed)] {
                if let sample { sample.remarks(name).forEach { print("        \($0)") } }
            }
            isInTime = (plain?.isInTime ?? false, mixed?.isInTime ?? false)
        }
    }

    private static func row(_ count: Int, _ plain: Sample?, _ mixed: Sample?) -> String {
        func cell(_ text: String?, _ width: Int) -> String {
            let text = text ?? "–"
            return String(repeating: " ", count: max(1, width - text.count)) + text
        }
        let ratio = plain.flatMap { plain in mixed.map { $0.percentAHundred / plain.percentAHundred } }
        return cell("\(count)", 5) + cell(plain?.percentAHundred.rounded(to: 1), 14)
            + cell(mixed?.percentAHundred.rounded(to: 1), 17) + cell(ratio?.rounded(to: 2), 8)
            + cell(plain?.kibibytesEach.rounded(to: 1), 17) + cell(mixed?.kibibytesEach.rounded(to: 1), 17)
            + cell((mixed ?? plain).map { "\(($0.farEnds * 100).rounded(to: 0)) %" }, 17)
    }

    // MARK: One number of participants

    private struct Sample {
        let percentAHundred: Double
        let kibibytesEach: Double
        let lateTicks: UInt64
        /// Of the slots that were run, those that began more than a millisecond late.
        let shareBeyondMillisecond: Double
        let receivedShare: Double
        let sendFailures: UInt64
        let farEnds: Double

        var isInTime: Bool { lateTicks == 0 && sendFailures == 0 && receivedShare >= fewestReceived }

        func remarks(_ name: String) -> [String] {
            var remarks: [String] = []
            if lateTicks > 0 || sendFailures > 0 {
                remarks.append(
                    "\(name): \(lateTicks) slots more than 20 ms late, \(sendFailures) packets not sent; "
                        + "\((shareBeyondMillisecond * 100).rounded(to: 2)) % of all slots more than 1 ms late")
            }
            if receivedShare < fewestReceived {
                remarks.append("\(name): \((receivedShare * 100).rounded(to: 1)) % of the far ends' packets came: void")
            }
            return remarks
        }
    }

    /// - Parameter size: of the conferences; 1: plain calls, each of which plays a clip.
    private func measure(_ count: Int, of size: Int, beyond start: Double) async throws -> Sample {
        let engine = MediaEngine(configuration: MediaConfiguration(threads: threads)) { _ in }
        try engine.start()
        defer { engine.shutDown() }
        call(count, of: size, on: engine)
        while engine.figures.sessions < count { try await Task.sleep(for: .milliseconds(20)) }
        // The first packets, the sources' probation, the jitter buffers.
        try await Task.sleep(for: .seconds(2))

        let pid = Int(getpid())
        let clock = ContinuousClock()
        let (began, cpu, figures) = (clock.now, try ProcessFigures.processorSeconds(of: pid), engine.figures)
        let farEnds = try ProcessFigures.core(core)
        try await Task.sleep(for: .seconds(seconds))
        let elapsed = (clock.now - began) / .seconds(1)
        let used = try ProcessFigures.processorSeconds(of: pid) - cpu
        let end = engine.figures
        let memory = try ProcessFigures.memory(of: pid).residentMiB - start

        let slots = zip(end.ticksByLateness, figures.ticksByLateness).map { $0 - $1 }
        let late = zip(slots, MediaFigures.latenessBounds + [.infinity]).reduce(0) { $1.1 > 1 ? $0 + $1.0 : $0 }
        return Sample(
            percentAHundred: used / elapsed * 100 * 100 / Double(count),
            kibibytesEach: memory * 1024 / Double(count), lateTicks: end.lateTicks - figures.lateTicks,
            shareBeyondMillisecond: Double(late) / Double(max(1, slots.reduce(0, +))),
            receivedShare: Double(end.packetsReceived - figures.packetsReceived) / (Double(count) * elapsed * 50),
            sendFailures: end.sendFailures - figures.sendFailures,
            farEnds: try ProcessFigures.core(core).busyShare(since: farEnds))
    }

    private func call(_ count: Int, of size: Int, on engine: MediaEngine) {
        let clip = AudioClip(samples: ConferencePeersCommand.noise(samples: 80_000))
        let route = MediaRoute(
            remoteAddress: "127.0.0.1", remotePort: UInt16(clamping: peers), rtcpMux: true, payload: .pcmu,
            telephoneEventPayload: 101, offeredEventPayload: 101)
        for number in 0..<count {
            let id = MediaSessionID(rawValue: UInt64(number), epoch: 0)
            engine.open(
                id,
                MediaOpening(
                    port: 0, synchronizationSource: UInt32(truncatingIfNeeded: number), firstSequenceNumber: 0,
                    firstTimestamp: 0),
                at: "127.0.0.1")
            engine.connect(id, route)
            guard size > 1 else {
                engine.play(id, PlaybackID(rawValue: 1), clip, loop: 0)
                continue
            }
            let mix = MixID(rawValue: UInt64(number / size))
            if number % size == 0 {
                engine.openMix(mix)
                engine.hear(mix, .talk)
            }
            engine.join(id, mix, MixMembership())
        }
    }
}
