public import HeapModule

/// All timers of one owner: at most one deadline for each key, the earliest of them always known.
///
/// A heap with lazy removal: cancelling or arming again leaves the old entry in the heap, marked stale by its
/// sequence number. Stale entries at the top are taken away at once (so that `nextDeadline` never wakes anybody for
/// nothing), and once they outnumber the live ones the heap is built afresh, so memory stays within a factor of the
/// live timers. Ties fire in the order of arming, whatever the hashing of the process.
///
/// Inlinable, so that whoever owns a table gets one made for its keys: a general one takes several times as long.
public struct TimerTable<Key: Hashable & Sendable>: Sendable {
    @usableFromInline
    struct Entry: Comparable, Sendable {
        @usableFromInline let deadline: Instant
        @usableFromInline let sequence: UInt64

        @inlinable
        init(deadline: Instant, sequence: UInt64) {
            self.deadline = deadline
            self.sequence = sequence
        }

        @inlinable
        static func < (left: Entry, right: Entry) -> Bool {
            (left.deadline, left.sequence) < (right.deadline, right.sequence)
        }

        @inlinable
        static func == (left: Entry, right: Entry) -> Bool {
            left.sequence == right.sequence
        }
    }

    /// Stale entries that are always tolerated, so that small tables are not rebuilt over and over.
    @usableFromInline static var toleratedStaleEntries: Int { 64 }

    @usableFromInline var heap = Heap<Entry>()
    @usableFromInline var live: [Key: UInt64] = [:]
    /// Beside the heap, so that its entries are plain numbers, which cost nothing to move.
    @usableFromInline var keys: [UInt64: Key] = [:]
    @usableFromInline var sequence: UInt64 = 0

    @inlinable
    public init() {}

    /// How many timers are armed.
    @inlinable public var count: Int { live.count }

    /// Entries held in memory, live and stale: for the tests of the bound above.
    var storedEntries: Int { heap.count }

    /// The earliest deadline of all armed timers; nil when none is armed.
    @inlinable public var nextDeadline: Instant? { heap.min?.deadline }

    /// Arms the timer `key`, in place of an earlier deadline of the same key.
    @inlinable
    public mutating func arm(_ key: Key, at deadline: Instant) {
        sequence += 1
        if let earlier = live.updateValue(sequence, forKey: key) { keys[earlier] = nil }
        keys[sequence] = key
        heap.insert(Entry(deadline: deadline, sequence: sequence))
        discardStaleEntries()
    }

    /// Disarms the timer `key`; nothing happens where it is not armed.
    @inlinable
    public mutating func cancel(_ key: Key) {
        guard let armed = live.removeValue(forKey: key) else { return }
        keys[armed] = nil
        discardStaleEntries()
    }

    @inlinable
    public func isArmed(_ key: Key) -> Bool { live[key] != nil }

    /// Takes the earliest timer that is due at `now`; nil when none is. Call it until it answers nil.
    @inlinable
    public mutating func popDue(_ now: Instant) -> Key? {
        guard let first = heap.min, first.deadline <= now else { return nil }
        heap.removeMin()
        // Never nil: stale entries do not stay at the top.
        let key = keys.removeValue(forKey: first.sequence)
        if let key { live[key] = nil }
        discardStaleEntries()
        return key
    }

    @inlinable
    mutating func discardStaleEntries() {
        while let first = heap.min, keys[first.sequence] == nil { heap.removeMin() }
        guard heap.count > 2 * live.count + Self.toleratedStaleEntries else { return }
        heap = Heap(heap.unordered.filter { keys[$0.sequence] != nil })
    }
}
