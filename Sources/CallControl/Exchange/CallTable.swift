import Telephony

/// The calls of a process, each in a place of its own that it keeps while it lasts: looking at one reads it where it
/// stands.
struct CallTable: Sendable {
    private var slots: [CallMachine?] = []
    private var free: [Int] = []
    private var places: [CallID: Int] = [:]

    var isEmpty: Bool { places.isEmpty }

    /// In an order that is the same in every process.
    var ids: [CallID] { places.keys.sorted() }

    func contains(_ id: CallID) -> Bool { places[id] != nil }

    mutating func insert(_ call: CallMachine) {
        let id = call.dossier.call.callID
        if let place = places[id] {
            slots[place] = call
        } else if let place = free.popLast() {
            slots[place] = call
            places[id] = place
        } else {
            places[id] = slots.count
            slots.append(call)
        }
    }

    mutating func remove(_ id: CallID) -> CallMachine? {
        guard let place = places.removeValue(forKey: id) else { return nil }
        free.append(place)
        defer { slots[place] = nil }
        return slots[place]
    }

    /// Nil where there is no such call.
    func look<Answer>(at id: CallID, _ look: (borrowing CallMachine) -> Answer) -> Answer? {
        places[id].flatMap { slots[$0]?.shown(to: look) }
    }

    /// Nil where there is no such call.
    mutating func change<Answer>(_ id: CallID, _ change: (inout CallMachine) -> Answer) -> Answer? {
        guard let place = places[id] else { return nil }
        return slots[place]?.lent(to: change)
    }

    mutating func forEach(_ change: (inout CallMachine) -> Void) {
        for place in slots.indices { slots[place]?.lent(to: change) }
    }

    /// What all of them come to together; the order must not matter.
    func reduce<Result>(into result: Result, _ step: (inout Result, borrowing CallMachine) -> Void) -> Result {
        var result = result
        for place in slots.indices { slots[place]?.shown { step(&result, $0) } }
        return result
    }
}

// By methods an element of an array can be had where it stands; taken out of its optional it would be copied.
extension CallMachine {
    fileprivate func shown<Answer>(to look: (borrowing CallMachine) -> Answer) -> Answer { look(self) }

    fileprivate mutating func lent<Answer>(to change: (inout CallMachine) -> Answer) -> Answer { change(&self) }
}
