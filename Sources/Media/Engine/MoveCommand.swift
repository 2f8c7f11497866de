/// How a session goes from one media thread to another.
///
///     engine ──expect──▶ its thread to be: what comes for the session waits there
///        └────handOver──▶ its thread ──arrive, or neverArrives──▶ its thread to be: what waited is carried out
enum MoveCommand: Sendable {
    case expect(MediaSessionID)
    case handOver(MediaSessionID, to: MediaThread)
    case arrive(MovingSession)
    /// It was over before it could be handed over.
    case neverArrives(MediaSessionID)

    var session: MediaSessionID? {
        switch self {
        case .expect(let id), .handOver(let id, to: _): id
        case .arrive, .neverArrives: nil
        }
    }
}

/// A session between two threads.
///
/// `@unchecked Sendable`: the thread that it leaves does not touch it any more once it is posted.
struct MovingSession: @unchecked Sendable {
    let session: MediaSession
}
