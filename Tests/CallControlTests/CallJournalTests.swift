import SIP
import Telephony
import Testing

@testable import CallControl

@Suite("A call's journal, and the table of calls")
struct CallJournalTests {
    @Test(
        "What others can make any number of is noted up to its limit, then once that there is no more of it",
        arguments: CallJournal.Budget.allCases)
    func budgets(budget: CallJournal.Budget) {
        var journal = CallJournal()
        for _ in 0..<Int(budget.limit) { #expect(journal.spend(budget) == .noted) }
        #expect(journal.spend(budget) == .lastWords)
        for _ in 0..<10 { #expect(journal.spend(budget) == .leftOut) }
        // Each kind has its own.
        for other in CallJournal.Budget.allCases where other != budget { #expect(journal.spend(other) == .noted) }
    }

    @Test("Entries are numbered from 1, and on from where an earlier process stopped")
    func sequence() {
        var journal = CallJournal()
        #expect((0..<3).map { _ in journal.nextSequence() } == [1, 2, 3])
        var restored = CallJournal(sequence: 41)
        #expect(restored.nextSequence() == 42)
    }

    @Test("A place in the table is used again, and nobody is found in it under another's name")
    func places() throws {
        var random = RandomSource(seed: 5)
        var table = CallTable()
        var ids: [CallID] = []
        func call(_ id: CallID) throws -> CallMachine {
            let request = try Bench.request()
            let clock = CallClock(source: nil, from: Bench().moment)
            let resource = Call(
                callID: id, accountID: request.accountID, applicationID: nil, parentCallID: nil, phoneNumberID: nil,
                from: request.from.text, to: request.to.text, direction: .outboundAPI, status: .queued,
                created: clock.wall)
            return CallMachine(
                Dossier(resource, to: request.to, terms: request.terms, publicURL: "", clock: clock),
                Leg(
                    waiting: SessionID(rawValue: 1), InvitationIdentifiers(callID: "c", fromTag: "f", branch: "b"),
                    isStored: true))
        }
        for _ in 0..<20 {
            let id = CallID(random: &random)
            ids.append(id)
            table.insert(try call(id))
        }
        for id in ids[..<10] { #expect(table.remove(id)?.dossier.call.callID == id) }
        for id in ids[..<10] { #expect(table.remove(id) == nil && table.look(at: id) { $0.leg.isOver } == nil) }
        let late = CallID(random: &random)
        table.insert(try call(late))
        #expect(table.ids == (ids[10...] + [late]).sorted())
        for id in table.ids { #expect(table.look(at: id) { $0.dossier.call.callID } == id) }
        #expect(table.change(ids[0]) { $0.reachable(at: "x") } == nil)
        #expect(table.reduce(into: 0) { count, _ in count += 1 } == 11)
    }
}
