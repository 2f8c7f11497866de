import CallControl
import Telephony

/// Who hears whom is who is in the conference: nobody is in two mixes, and nobody is left in one that is closed. Asked
/// when all that an input has come to is done, for a mix may close before those are taken out who were in it. A recording
/// of a stay is one member's, and of that stay alone.
struct MixCheck {
    private var open: Set<MixID> = []
    private var closed: Set<MixID> = []
    private var places: [MediaHandle: MixID] = [:]
    /// Recordings of stays that go on.
    private var recordings: [MediaHandle: RecordingID] = [:]

    /// Sessions that are in a mix.
    var memberCount: Int { places.count }

    func contains(_ handle: MediaHandle) -> Bool { places[handle] != nil }

    mutating func opened(_ mix: MixID) throws(Violation) {
        guard !closed.contains(mix), open.insert(mix).inserted else {
            throw Violation("mixes", "\(mix.rawValue) is opened twice")
        }
    }

    func ordered(_ mix: MixID) throws(Violation) {
        guard open.contains(mix) else { throw Violation("mixes", "\(mix.rawValue) is told something, and is not open") }
    }

    mutating func closed(_ mix: MixID) throws(Violation) {
        guard open.remove(mix) != nil else { throw Violation("mixes", "\(mix.rawValue) is closed, and is not open") }
        closed.insert(mix)
    }

    mutating func joined(_ handle: MediaHandle, _ mix: MixID) throws(Violation) {
        guard open.contains(mix) || closed.contains(mix) else {
            throw Violation("mixes", "\(handle.rawValue) joins \(mix.rawValue), which was never opened")
        }
        try unrecorded(handle)
        places[handle] = mix
    }

    mutating func recorded(_ handle: MediaHandle, _ recording: RecordingID) throws(Violation) {
        guard places[handle] != nil else {
            throw Violation("mixes", "the stay of \(handle.rawValue) is recorded, and it is in no mix")
        }
        try unrecorded(handle)
        recordings[handle] = recording
    }

    mutating func recordingStopped(_ handle: MediaHandle, _ recording: RecordingID) {
        if recordings[handle] == recording { recordings[handle] = nil }
    }

    private func unrecorded(_ handle: MediaHandle) throws(Violation) {
        guard let recording = recordings[handle] else { return }
        throw Violation("mixes", "\(recording), of one stay of \(handle.rawValue), goes on behind it")
    }

    func changed(_ handle: MediaHandle) throws(Violation) {
        guard places[handle] != nil else {
            throw Violation("mixes", "\(handle.rawValue) is given other terms, and is in no mix")
        }
    }

    mutating func left(_ handle: MediaHandle) throws(Violation) {
        try unrecorded(handle)
        places[handle] = nil
    }

    /// Its media ends, and what is recorded of it.
    mutating func ended(_ handle: MediaHandle) {
        places[handle] = nil
        recordings[handle] = nil
    }

    /// An input has been carried out whole.
    ///
    /// - Parameter participants: how many are in conferences.
    func settled(participants: Int) throws(Violation) {
        if let (handle, mix) = places.filter({ !open.contains($0.value) }).min(by: { $0.key < $1.key }) {
            throw Violation(
                "nobody is left in a room that ended", "\(handle.rawValue) is in mix \(mix.rawValue), which is closed")
        }
        guard places.count == participants else {
            throw Violation(
                "a member is in one place",
                "\(participants) are in conferences, and \(places.count) hear each other")
        }
    }

    /// Everything is over.
    func concluded() throws(Violation) {
        guard let mix = open.min() else { return }
        throw Violation("nothing is left over", "mix \(mix.rawValue) is open")
    }

    /// The media engine ends with its process, and numbers begin anew.
    mutating func crashed() { self = MixCheck() }
}
