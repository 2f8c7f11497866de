import Telephony

@testable import Media

/// A mix alone, whose members work when a test says.
final class MixRounds {
    let mix = Mix(MixID(rawValue: 1))
    let workspace: MediaWorkspace
    private var numbers: UInt64 = 0

    init(writer: RecordingWriter = RecordingWriter { _ in }) throws {
        workspace = try MediaWorkspace(figures: ThreadFigures(), writer: writer)
        mix.hear(.talk, at: 0)
    }

    func add(_ membership: MixMembership = MixMembership(), at tick: Int64 = 0) -> MixMember {
        numbers += 1
        return mix.add(MediaSessionID(rawValue: numbers, epoch: 0), membership, at: tick)
    }

    /// 20 ms of what a member hears at a tick; nothing computed is silence.
    func heard(by member: MixMember, at tick: Int64, in law: G711 = .pcmu, isSeam: Bool = false) -> [Int16] {
        switch member.hear(at: tick, in: law, isSeam: isSeam, needsAudio: true, workspace) {
        case .silence: [Int16](repeating: 0, count: MediaFrame.samples)
        case .samples, .octets: Array(workspace.said)
        }
    }
}
