import Telephony

/// Each call that waits in a queue is given out once, the first in line first, and goes on at its application
/// (docs/contract/rest.md#queue-members).
struct ServingCheck {
    private struct Served {
        let call: CallID
        let wasFirst: Bool
    }

    private struct Stay: Hashable {
        let call: CallID
        let enqueued: Timestamp
    }

    /// Whom each request has taken out.
    private var served: [RequestID: Served] = [:]
    private var givenOut: Set<Stay> = []
    /// Whose application is to be asked how they go on.
    private var awaited: Set<CallID> = []

    mutating func took(_ call: CallID, by request: RequestID?, isFirst: Bool) throws(Violation) {
        guard let request, served[request] == nil else {
            throw Violation("each waiting member is served once", "\(call) is taken out by nobody's request")
        }
        served[request] = Served(call: call, wasFirst: isFirst)
        awaited.insert(call)
    }

    /// - Parameter named: whom the client asked for; nil: whoever is first.
    mutating func answered(_ member: QueueMember, to request: RequestID, named: CallID?) throws(Violation) {
        guard givenOut.insert(Stay(call: member.callID, enqueued: member.dateEnqueued)).inserted else {
            throw Violation("each waiting member is served once", "\(member.callID) is given out again")
        }
        guard let served = served[request], served.call == member.callID else {
            throw Violation("each waiting member is served once", "\(member.callID) is given out, and stays in line")
        }
        guard named == nil ? served.wasFirst && member.position == 1 : named == member.callID else {
            throw Violation(
                "the first in line is served first", "\(member.callID) was given out at \(member.position)")
        }
    }

    /// Its application is asked, or nobody wants to know any more.
    mutating func goesOn(_ call: CallID) { awaited.remove(call) }

    mutating func crashed() { awaited = [] }

    func concluded() throws(Violation) {
        guard let call = awaited.min() else { return }
        throw Violation("everybody is told", "\(call) was taken out of its queue, and its application is not asked")
    }
}
