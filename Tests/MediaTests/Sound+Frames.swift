@testable import Media

extension Sound {
    /// The largest step from a sample to the next.
    static func largestStep(_ samples: [Int16]) -> Int {
        zip(samples, samples.dropFirst()).reduce(0) { max($0, abs(Int($1.1) - Int($1.0))) }
    }

    /// Frames of 20 ms.
    static func frames(_ samples: [Int16]) -> [[Int16]] {
        stride(from: 0, to: samples.count - MediaFrame.samples + 1, by: MediaFrame.samples).map {
            Array(samples[$0..<($0 + MediaFrame.samples)])
        }
    }
}
