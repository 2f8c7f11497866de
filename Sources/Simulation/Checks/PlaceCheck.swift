import Telephony

/// A call waits in one queue, is parked, or is in one conference (docs/contract/percl.md#conferences), and is nowhere once
/// it has ended; a room that is over is empty. Told by what the rooms note of who came and who went.
struct PlaceCheck {
    enum Place: Hashable {
        case room(RoomID)
        case parking
    }

    private var places: [CallID: Place] = [:]
    /// In the order in which they came.
    private var members: [RoomID: [CallID]] = [:]

    func place(of call: CallID) -> Place? { places[call] }

    /// In the order in which they came.
    func members(of room: RoomID) -> [CallID] { members[room] ?? [] }

    var participantCount: Int { places.values.count { $0.isConference } }

    mutating func came(_ call: CallID, to place: Place) throws(Violation) {
        if let former = places[call] {
            throw Violation("a member is in one place", "\(call) comes to \(place.text) from \(former.text)")
        }
        places[call] = place
        if case .room(let room) = place { members[room, default: []].append(call) }
    }

    mutating func left(_ call: CallID, _ place: Place) throws(Violation) {
        guard places[call] == place else {
            throw Violation(
                "a member is in one place",
                "\(call) leaves \(place.text), and is in \(places[call]?.text ?? "none")")
        }
        places[call] = nil
        guard case .room(let room) = place else { return }
        members[room]?.removeAll { $0 == call }
        if members[room]?.isEmpty == true { members[room] = nil }
    }

    mutating func ended(_ call: CallID) throws(Violation) {
        switch places[call] {
        case nil: break
        // Its end says that it is parked no longer.
        case .parking: places[call] = nil
        case .room(let room):
            throw Violation("nobody is left in a room", "\(call) has ended, and is in \(room.text)")
        }
    }

    func isOver(_ room: RoomID) throws(Violation) {
        guard let call = members(of: room).first else { return }
        throw Violation("nobody is left in a room that ended", "\(room.text) is over, or empty, and \(call) is in it")
    }

    func isPopulated(_ room: RoomID) throws(Violation) {
        guard members(of: room).isEmpty else { return }
        throw Violation("statuses in order", "\(room.text) goes on, and nobody is in it")
    }

    /// Nobody outlives the process.
    mutating func crashed() { self = PlaceCheck() }

    /// Everything is over.
    func concluded() throws(Violation) {
        guard let call = places.keys.min() else { return }
        throw Violation("nobody is left in a room", "\(call) is in \(places[call]?.text ?? "none")")
    }
}

extension PlaceCheck.Place {
    var isConference: Bool { if case .room(.conference) = self { true } else { false } }

    var text: String {
        switch self {
        case .room(let room): room.text
        case .parking: "the parking"
        }
    }
}
