/// What has a place in the wheel: it works in its slot, each 20 ms, after those that came there before it.
class SlotRider {
    /// The wheel's slot; nil while it has none.
    var slot: Int?

    /// It has done all that it was to do: the wheel lets it go.
    var isOver: Bool { false }

    /// - Parameter tick: the milliseconds of the monotonic clock that it stands for, whenever it is run.
    func tick(_ tick: Int64, _ workspace: MediaWorkspace) {}
}
