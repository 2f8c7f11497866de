/// Names a message that waits for its session's record to be stored.
public struct RecordHold: Hashable, Sendable {
    /// The dialog that it belongs to.
    let remoteTag: String
    /// Within the dialog.
    let number: Int
}
