/// Talk and pauses: what is at least so loud, and what lies between. Talk that is interrupted for up to 200 ms is one spurt.
///
/// Times are in seconds.
struct GreetingSpurts {
    private static let bridgedFrames = 10
    /// Frames of a spurt that must be loud: a click is shorter.
    private static let shortestSpurt = 4

    /// In frames.
    private var begin = 0
    private var end = 0
    private var now = 0
    private var talkFrames = 0
    private var firstFrames = 0
    private var longestFrames = 0
    private var lastFrames = 0
    private var gapFrames = 0
    private var lastGapFrames = 0
    private var longestGapFrames = 0

    private(set) var count = 0

    /// Nil where nothing is as loud.
    init?(_ history: GreetingHistory, threshold: Int) {
        var start = 0
        var lastLoud = -1
        var loud = 0
        now = history.count
        history.levels.withUnsafeBufferPointer { levels in
            history.kinds.withUnsafeBufferPointer { kinds in
                for index in 0..<history.count where kinds[index] == .heard && Int(levels[index]) >= threshold {
                    if lastLoud < 0 || index - lastLoud > Self.bridgedFrames {
                        if loud >= Self.shortestSpurt { close(start..<lastLoud + 1) }
                        start = index
                        loud = 0
                    }
                    loud += 1
                    lastLoud = index
                }
            }
        }
        if loud >= Self.shortestSpurt { close(start..<lastLoud + 1) }
        guard count > 0 else { return nil }
    }

    private mutating func close(_ spurt: Range<Int>) {
        if count == 0 {
            begin = spurt.lowerBound
            firstFrames = spurt.count
        } else {
            lastGapFrames = spurt.lowerBound - end
            longestGapFrames = max(longestGapFrames, lastGapFrames)
            gapFrames += lastGapFrames
        }
        end = spurt.upperBound
        count += 1
        talkFrames += spurt.count
        longestFrames = max(longestFrames, spurt.count)
        lastFrames = spurt.count
    }

    // MARK: Measures

    /// From the first frame of talk to the last, in the history.
    var span: Range<Int> { begin..<end }
    /// From the first talk until now.
    var elapsed: Float { Self.seconds(now - begin) }
    var talk: Float { Self.seconds(talkFrames) }
    var first: Float { Self.seconds(firstFrames) }
    var longest: Float { Self.seconds(longestFrames) }
    var last: Float { Self.seconds(lastFrames) }
    var pauseNow: Float { Self.seconds(now - end) }
    /// How long the spurt that has not ended goes on already.
    var runNow: Float { now - end <= Self.bridgedFrames ? last : 0 }
    /// Between two spurts: the newest, the longest, the mean.
    var lastInnerPause: Float { Self.seconds(lastGapFrames) }
    var longestInnerPause: Float { Self.seconds(longestGapFrames) }
    var meanInnerPause: Float { count > 1 ? Self.seconds(gapFrames) / Float(count - 1) : 0 }
    var longestPause: Float { max(longestInnerPause, pauseNow) }

    private static func seconds(_ frames: Int) -> Float { Float(frames) * 0.02 }
}
