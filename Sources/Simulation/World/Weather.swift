import SIP

/// What kind of world a seed gives: the network's faults, the disk's, the trunk's limits, the crashes.
struct Weather: Hashable {
    /// Of 1000 datagrams.
    var lossPerMille: Int
    var duplicationPerMille: Int
    /// Of 1000 datagrams, delayed by up to `lagMilliseconds` more than usual, so that others overtake them.
    var lagPerMille: Int
    var lagMilliseconds: Int
    var delayMicroseconds: ClosedRange<Int>
    var commitMicroseconds: ClosedRange<Int>
    var slowCommitPerMille: Int
    var failedCommitPerMille: Int
    var crashes: Int
    /// Crashes between a 2xx and its ACK, which waits for the commit of the dialog.
    var crashesBeforeACK: Int
    /// The operator stops the server in an orderly way, once.
    var hasStop: Bool
    var callsPerSecond: Double?
    var callsAtOnce: Int?
    /// Even ports.
    var ports: Int

    init(seed: UInt64, random: inout RandomSource) {
        let isPerfect = seed % 4 == 0
        lossPerMille = isPerfect ? 0 : Int.random(in: 5...60, using: &random)
        duplicationPerMille = isPerfect ? 0 : Int.random(in: 5...60, using: &random)
        lagPerMille = isPerfect ? 0 : Int.random(in: 10...80, using: &random)
        lagMilliseconds = isPerfect ? 0 : [40, 200, 700][Int.random(in: 0..<3, using: &random)]
        delayMicroseconds = isPerfect ? 30...60 : 200...Int.random(in: 1_000...60_000, using: &random)
        commitMicroseconds = isPerfect ? 60...200 : 60...Int.random(in: 500...20_000, using: &random)
        slowCommitPerMille = isPerfect ? 0 : 10
        failedCommitPerMille = seed % 3 == 1 ? 20 : 0
        crashes = isPerfect && seed % 8 == 0 ? 0 : Int.random(in: 1...4, using: &random)
        crashesBeforeACK = crashes == 0 ? 0 : Int.random(in: 0...3, using: &random)
        hasStop = seed % 5 == 2
        let limits = Int.random(in: 0..<4, using: &random)
        callsPerSecond = limits == 1 ? Double(Int.random(in: 3...8, using: &random)) : nil
        callsAtOnce = limits == 2 ? Int.random(in: 15...40, using: &random) : nil
        ports = limits == 3 ? Int.random(in: 20...40, using: &random) : 2_000
    }

    /// Of the scenario `rooms`: its disk refuses more often, and the trunk lets everybody in, so that they meet.
    init(ofRooms seed: UInt64, random: inout RandomSource) {
        self.init(seed: seed, random: &random)
        failedCommitPerMille *= 3
        callsPerSecond = nil
        callsAtOnce = nil
        ports = 2_000
    }
}
