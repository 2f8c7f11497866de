/// Room on the data folder's disk, which whoever writes what can be done without asks for first: downloads, decoded audio,
/// kept speech, recordings. What a live call must write, its rows and its log, has the reserve that they leave.
package protocol DiskRoom: Sendable {
    /// Takes so many bytes for what is about to be written; false where they would eat into the reserve. What is
    /// written, or given up, is given back: the disk itself tells of the former then.
    func claim(_ bytes: Int) -> Bool
    func giveBack(_ bytes: Int)
}

/// For tools and tests: nobody asks how much there is.
package struct UnboundedDiskRoom: DiskRoom {
    package init() {}
    package func claim(_ bytes: Int) -> Bool { true }
    package func giveBack(_ bytes: Int) {}
}

/// The words of a log for what found no room.
package let noDiskRoom = "this server's disk has no room for it: what is left is kept for live calls (min-free-mb)"
