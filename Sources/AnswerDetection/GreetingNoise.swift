/// What lies behind the talk: before it, in its pauses, after it. A room is there before somebody speaks in it, and stays;
/// what lies behind a recording begins with it and ends with it.
///
///     before      just before  │ talk   pause   talk │ tail      now
///     ░░░░░░░░░░░░▒▒▒▒▒▒▒▒▒▒▒▒▒│█████████░░░░░░██████│▒▒▒▒▒░░░░░░░░░░
///
/// Levels are the means over the bands' levels, in decibels: noise of any colour counts as much as a hum.
struct GreetingNoise {
    /// Where there is nothing to compare.
    private static let nothing: Float = -60
    /// Frames that the edges of talk reach into what lies beside it.
    private static let edge = 2
    private static let nearFrames = 14
    private static let tailFrames = 9
    /// So soon after the talk the room may still ring, or the sender still send.
    private static let nowAfterFrames = 13
    private static let fewest: Float = 3
    /// Levels that are no more than a code's smallest step.
    private static let silence = 6

    private var before = Part()
    private var justBefore = Part()
    private var talk = Part()
    private var pauses = Part()
    private var tail = Part()
    private var now = Part()
    /// Of each band the quietest of the talk, and their mean.
    private var floor: Float?

    /// Some frames.
    private struct Part {
        private var bandLevels: Float = 0
        private var levels: Float = 0
        private var squares: Float = 0
        private var silent: Float = 0
        private var count: Float = 0

        mutating func take(_ bandLevel: Float, _ level: UInt8) {
            bandLevels += bandLevel
            levels += Float(level)
            squares += Float(level) * Float(level)
            if level <= GreetingNoise.silence { silent += 1 }
            count += 1
        }

        /// Nil where there are too few.
        var bandLevel: Float? { count >= fewest ? bandLevels / count : nil }
        var level: Float? { count >= fewest ? levels / count : nil }
        var silentShare: Float { count >= fewest ? silent / count : nothing }
        var spread: Float {
            guard count >= fewest else { return nothing }
            let mean = levels / count
            return max(0, squares / count - mean * mean).squareRoot()
        }
    }

    init() {}

    /// - Parameter span: from the first frame of talk to the last.
    init(_ history: GreetingHistory, talk span: Range<Int>, threshold: Int) {
        history.levels.withUnsafeBufferPointer { levels in
            history.kinds.withUnsafeBufferPointer { kinds in
                history.meanLevels.withUnsafeBufferPointer { means in
                    let start = max(0, span.lowerBound - Self.edge)
                    for index in 0..<start where kinds[index] == .heard {
                        before.take(means[index], levels[index])
                        if index >= start - Self.nearFrames { justBefore.take(means[index], levels[index]) }
                    }
                    var quiet = 0
                    for index in span where kinds[index] == .heard {
                        guard Int(levels[index]) < threshold else {
                            talk.take(means[index], levels[index])
                            quiet = 0
                            continue
                        }
                        quiet += 1
                        if quiet > Self.edge { pauses.take(means[index], levels[index]) }
                    }
                    let end = min(span.upperBound + Self.edge, history.count)
                    for index in end..<history.count where kinds[index] == .heard {
                        if index < end + Self.tailFrames {
                            tail.take(means[index], levels[index])
                        } else if index >= span.upperBound + Self.nowAfterFrames {
                            now.take(means[index], levels[index])
                        }
                    }
                }
            }
        }
        measureFloor(history, span)
    }

    private mutating func measureFloor(_ history: GreetingHistory, _ span: Range<Int>) {
        var quietest = SIMD16<UInt8>(repeating: .max)
        var run = 0
        history.bands.withUnsafeBufferPointer { bands in
            history.kinds.withUnsafeBufferPointer { kinds in
                for index in span {
                    run = kinds[index] == .heard ? run + 1 : 0
                    // They hold the two frames before.
                    guard run >= 3 else { continue }
                    quietest.replace(with: bands[index], where: bands[index] .< quietest)
                }
            }
        }
        guard quietest[0] < .max else { return }
        var sum = 0
        for band in 0..<FrameSpectrum.bandCount { sum += Int(quietest[band]) }
        floor = Float(sum) / Float(2 * FrameSpectrum.bandCount)
    }

    // MARK: Features

    static let featureNames = [
        "floorRise", "floorRiseNear", "floorToPauses", "pauseRise", "pauseFall", "nowRise", "nowToFloor", "tailToNow",
        "tailRise", "nearRise", "spreadBefore", "spreadNow", "silentBefore", "silentNow", "nearLevel", "floorLevel",
        "nowLevel",
    ]

    func write(into features: inout [Float]) {
        features.append(Self.difference(floor, before.bandLevel))
        features.append(Self.difference(floor, justBefore.bandLevel))
        features.append(Self.difference(pauses.bandLevel, floor))
        features.append(Self.difference(pauses.bandLevel, justBefore.bandLevel))
        features.append(Self.difference(pauses.bandLevel, now.bandLevel))
        features.append(Self.difference(now.bandLevel, justBefore.bandLevel))
        features.append(Self.difference(now.bandLevel, floor))
        features.append(Self.difference(tail.bandLevel, now.bandLevel))
        features.append(Self.difference(tail.bandLevel, justBefore.bandLevel))
        features.append(Self.difference(justBefore.bandLevel, before.bandLevel))
        features.append(before.spread)
        features.append(now.spread)
        features.append(before.silentShare)
        features.append(now.silentShare)
        features.append(Self.difference(talk.level, justBefore.level))
        features.append(Self.difference(talk.bandLevel, floor))
        features.append(Self.difference(talk.level, now.level))
    }

    private static func difference(_ one: Float?, _ other: Float?) -> Float {
        guard let one, let other else { return nothing }
        return one - other
    }
}
