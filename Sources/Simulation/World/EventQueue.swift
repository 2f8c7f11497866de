import SIP

/// What will happen, earliest first; of equal instants, in the order of scheduling. A binary heap.
struct EventQueue<Event> {
    private struct Entry {
        let instant: Instant
        let sequence: UInt64
        let event: Event

        func precedes(_ other: Entry) -> Bool {
            instant != other.instant ? instant < other.instant : sequence < other.sequence
        }
    }

    private var heap: [Entry] = []
    private var sequence: UInt64 = 0

    var count: Int { heap.count }

    mutating func schedule(_ event: Event, at instant: Instant) {
        sequence += 1
        heap.append(Entry(instant: instant, sequence: sequence, event: event))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].precedes(heap[parent]) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func popFirst() -> (Instant, Event)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            var parent = 0
            while true {
                var least = parent
                for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                    if heap[child].precedes(heap[least]) { least = child }
                }
                guard least != parent else { break }
                heap.swapAt(least, parent)
                parent = least
            }
        }
        return (first.instant, first.event)
    }
}
