import PerCL
import SIP
import Telephony

/// What several calls have to do with each other.
extension Exchange {
    /// What a call wants of a queue or a conference.
    mutating func carryOut(_ order: RoomOrder, of id: CallID) {
        guard let account = calls.look(at: id, { $0.dossier.call.accountID }) else { return }
        switch order {
        case .enqueue(let enqueue): self.enqueue(id, of: account, enqueue)
        case .leaveQueue(let queue): leave(queue, id)
        case .findPlace(let queue): findPlace(of: id, in: queue, account)
        case .createConference(let command): createConference(command, by: id, account)
        case .join(let command, let media): join(command, id, media, account)
        case .leaveConference(let conference): leave(conference, id, .ofItself)
        case .removeFromConference(let conference): leave(conference, id, .removed)
        case .changeStanding(let conference, let change):
            withConference(conference) { room, turn in room.change(id, change, &turn) }
        case .terminateConference(let conference):
            withConference(conference) { room, turn in room.terminate(&turn) }
        case .countParticipants(let conference):
            facts.tell(id, .participants(conferences.room(conference)?.members.count ?? 0, in: conference))
        case .talked(let conference, let milliseconds):
            withConference(conference) { room, turn in
                room.story.noteTalk(of: id, milliseconds: milliseconds, &turn)
            }
        }
    }

    /// Lets each call take what others had to tell it, until nobody has anything to tell.
    mutating func tellFacts() {
        while let (id, fact) = facts.next() {
            withCall(id) { call, turn in call.take(fact, &turn) }
        }
    }

    /// OutDial (docs/contract/percl.md#outdial): a call of its own, in the same transaction as what its parent does
    /// next.
    mutating func makeChild(_ dial: OutDial, _ number: PhoneNumberID?, of parent: CallID) {
        guard let (call, own) = calls.look(at: parent, { ($0.dossier.call, $0.dossier.terms) }) else { return }
        if let explanation = reasonForNoCalls {
            return facts.tell(parent, .childRefused(ChildRefusal(explanation: explanation, code: 55)))
        }
        let request = CallRequest(dial, of: call, own, showing: number)
        if let rule = brokenRule(by: request) {
            return facts.tell(
                parent, .childRefused(ChildRefusal(explanation: rule.explanation, rule: rule.name)))
        }
        // A script is not told to come again: its call is made, and ends at once, undialled.
        let late = lateTurn(of: request.accountID).map(explanation(of:))
        let child = admit(request, .outboundDial, reply: nil)
        if let late { facts.tell(child, .turnTooLate(explanation: late)) }
        facts.tell(parent, .childMade(child, dial))
    }

    /// For a REST request that makes a child (docs/contract/calls.md#parents).
    func describeParent(_ id: CallID, _ account: AccountID) -> Reply {
        guard let (call, terms) = calls.look(at: id, { ($0.dossier.call, $0.dossier.terms) }),
            call.accountID == account
        else { return .refused(.notFound) }
        return .parent(
            ParentCall(
                call: call, callConnectURL: call.direction == .inbound ? nil : terms.callConnectURL,
                statusCallbackURL: terms.statusCallbackURL))
    }
}
