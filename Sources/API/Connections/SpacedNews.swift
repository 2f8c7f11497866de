import NIOCore

/// What is to be said once a minute only, since strangers can cause it at any rate. What is kept for that has a limit.
struct SpacedNews<Subject: Hashable> {
    /// Beyond so many in a minute nothing is said of further ones.
    private let maximumSubjects: Int
    private let pause: TimeAmount
    private var said: [Subject: NIODeadline] = [:]

    init(maximumSubjects: Int = 1024, pause: TimeAmount = .seconds(60)) {
        self.maximumSubjects = maximumSubjects
        self.pause = pause
    }

    /// Whether it is to be said now.
    mutating func isDue(_ subject: Subject, now: NIODeadline) -> Bool {
        if let last = said[subject], now - last < pause { return false }
        if said[subject] == nil, said.count >= maximumSubjects {
            said = said.filter { now - $0.value < pause }
            guard said.count < maximumSubjects else { return false }
        }
        said[subject] = now
        return true
    }
}
