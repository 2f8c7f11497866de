/// How long what nobody awaits may wait for something else to be committed with it
/// (docs/decisions/0004-writes-nobody-awaits.md).
package struct WriterPatience: Sendable {
    /// Rows and records: a crash meanwhile loses what a restart would have known.
    package var rowsMilliseconds: Int
    /// Journal entries alone: a crash meanwhile loses the last lines of a story.
    package var journalMilliseconds: Int

    package init(rowsMilliseconds: Int = 5, journalMilliseconds: Int = 20) {
        self.rowsMilliseconds = rowsMilliseconds
        self.journalMilliseconds = journalMilliseconds
    }
}
