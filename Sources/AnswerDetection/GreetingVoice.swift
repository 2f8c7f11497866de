/// How the talk's pitch ends: a hello rises, a sentence that goes on does not.
struct GreetingVoice {
    /// Voiced frames at the end that are looked at.
    private static let lastFrames: Float = 10
    private static let fewest: Float = 4
    private static let steepest: Float = 20

    /// Of the last voiced frames against all, in octaves.
    private var end: Float = 0
    /// Of the last voiced frames, in octaves a second.
    private var slope: Float = 0

    init() {}

    /// - Parameter span: from the first frame of talk to the last.
    init(_ history: GreetingHistory, talk span: Range<Int>, threshold: Int) {
        var sum: Float = 0
        var count: Float = 0
        var line = Line()
        history.pitches.withUnsafeBufferPointer { pitches in
            history.levels.withUnsafeBufferPointer { levels in
                history.kinds.withUnsafeBufferPointer { kinds in
                    var index = span.upperBound
                    while index > span.lowerBound {
                        index -= 1
                        guard pitches[index] > 0, kinds[index] == .heard, Int(levels[index]) >= threshold else {
                            continue
                        }
                        sum += pitches[index]
                        count += 1
                        if count <= Self.lastFrames {
                            line.take(Float(index - span.upperBound) * 0.02, pitches[index])
                        }
                    }
                }
            }
        }
        guard count >= Self.fewest else { return }
        end = line.mean - sum / count
        slope = max(-Self.steepest, min(Self.steepest, line.slope))
    }

    /// The straight line that lies nearest to some points.
    private struct Line {
        private var count: Float = 0
        private var xs: Float = 0
        private var ys: Float = 0
        private var xx: Float = 0
        private var xy: Float = 0

        mutating func take(_ x: Float, _ y: Float) {
            count += 1
            xs += x
            ys += y
            xx += x * x
            xy += x * y
        }

        var mean: Float { count > 0 ? ys / count : 0 }
        var slope: Float {
            let divisor = count * xx - xs * xs
            return divisor > 1e-6 ? (count * xy - xs * ys) / divisor : 0
        }
    }

    // MARK: Features

    static let featureNames = ["pitchEnd", "pitchSlope"]

    func write(into features: inout [Float]) {
        features.append(end)
        features.append(slope)
    }
}
