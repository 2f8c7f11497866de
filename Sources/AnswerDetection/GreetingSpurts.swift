/// Talk and pauses: what is at least so loud, and what lies between. Talk that is interrupted for up to 200 ms is one spurt.
///
/// Times are in seconds.
struct GreetingSpurts {
    private static let bridgedFrames = 10
    /// Frames of a spurt that must be loud: a click is shorter.
    private static let shortestSpurt = 4

    /// From the first frame of talk to the last, in the history.
    private(set) var span = 0..<0
    /// From the first talk until now.
    private(set) var elapsed: Float = 0
    private(set) var talk: Float = 0
    private(set) var count = 0
    private(set) var first: Float = 0
    private(set) var longest: Float = 0
    private(set) var last: Float = 0
    private(set) var pauseNow: Float = 0
    /// How long the spurt that has not ended goes on already.
    private(set) var runNow: Float = 0
    /// Between two spurts: the newest, the longest, the mean.
    private(set) var lastInnerPause: Float = 0
    private(set) var longestInnerPause: Float = 0
    private(set) var meanInnerPause: Float = 0

    var longestPause: Float { max(longestInnerPause, pauseNow) }

    /// Nil where nothing is as loud.
    init?(_ history: GreetingHistory, threshold: Int) {
        var start = 0
        var lastLoud = -1
        var loud = 0
        var frames = Frames()
        history.levels.withUnsafeBufferPointer { levels in
            history.kinds.withUnsafeBufferPointer { kinds in
                for index in 0..<history.count where kinds[index] == .heard && Int(levels[index]) >= threshold {
                    if lastLoud < 0 || index - lastLoud > Self.bridgedFrames {
                        if loud >= Self.shortestSpurt { frames.close(start..<lastLoud + 1) }
                        start = index
                        loud = 0
                    }
                    loud += 1
                    lastLoud = index
                }
            }
        }
        if loud >= Self.shortestSpurt { frames.close(start..<lastLoud + 1) }
        guard frames.count > 0 else { return nil }

        let now = history.count
        span = frames.begin..<frames.end
        elapsed = Self.seconds(now - frames.begin)
        talk = Self.seconds(frames.talk)
        count = frames.count
        first = Self.seconds(frames.first)
        longest = Self.seconds(frames.longest)
        last = Self.seconds(frames.last)
        pauseNow = Self.seconds(now - frames.end)
        runNow = now - frames.end <= Self.bridgedFrames ? last : 0
        lastInnerPause = Self.seconds(frames.lastGap)
        longestInnerPause = Self.seconds(frames.longestGap)
        meanInnerPause = count > 1 ? Self.seconds(frames.gaps) / Float(count - 1) : 0
    }

    /// The same in frames, as they come.
    private struct Frames {
        var count = 0
        var begin = 0
        var end = 0
        var talk = 0
        var first = 0
        var longest = 0
        var last = 0
        var gaps = 0
        var lastGap = 0
        var longestGap = 0

        mutating func close(_ spurt: Range<Int>) {
            if count == 0 {
                begin = spurt.lowerBound
                first = spurt.count
            } else {
                lastGap = spurt.lowerBound - end
                longestGap = max(longestGap, lastGap)
                gaps += lastGap
            }
            end = spurt.upperBound
            count += 1
            talk += spurt.count
            longest = max(longest, spurt.count)
            last = spurt.count
        }
    }

    private static func seconds(_ frames: Int) -> Float { Float(frames) * 0.02 }
}
