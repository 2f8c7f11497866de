/// What a session has of its peer's at a tick, in the workspace.
struct HeardFrame {
    /// Samples that did not arrive, and are silence.
    let absent: Int
    /// It is there as samples too.
    let isDecoded: Bool
}
