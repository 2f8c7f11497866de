import JSON
import Storage
import StorageSamples
import Telephony
import Testing

@Suite struct CallReadTests {
    @Test("A call comes back with every field, before and after its changes", arguments: Implementation.allCases)
    func everyField(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        var call = Sample.call(1)
        call.parentCallID = Sample.callID(44)
        try await storage.commit([.saveCall(call)])
        #expect(try await storage.call(call.callID, account: Sample.account) == call)

        call.status = .completed
        call.endedReason = .farEndHangup
        call.answeredBy = .human
        call.revision = 4
        call.dateUpdated = call.dateCreated.advanced(byMicroseconds: 9_000_000)
        call.startTime = call.dateCreated.advanced(byMicroseconds: 1)
        call.connectTime = call.dateCreated.advanced(byMicroseconds: 2)
        call.endTime = call.dateCreated.advanced(byMicroseconds: 3)
        try await storage.commit([.saveCall(call)])
        #expect(try await storage.call(call.callID, account: Sample.account) == call)
        await storage.close()
    }

    @Test("Another account's call and journal are not found", arguments: Implementation.allCases)
    func foreign(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        try await storage.commit([.saveCall(Sample.call(1)), .appendJournal(Sample.entry(1, 1))])
        #expect(try await storage.call(Sample.callID(1), account: Sample.otherAccount) == nil)
        let list = try await storage.calls(account: Sample.otherAccount, filter: CallFilter(), after: nil)
        #expect(list.items.isEmpty && list.total == 0 && list.next == nil)
        let journal = try await storage.journal(of: Sample.callID(1), account: Sample.otherAccount, after: nil)
        #expect(journal.items.isEmpty && journal.total == 0)
        await storage.close()
    }

    @Test("Filters choose by number, status and activity, alone and together", arguments: Implementation.allCases)
    func filters(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        let statuses = CallStatus.allCases
        for number in 0..<64 {
            let call = Sample.call(
                number, status: statuses[number % statuses.count], from: "+1222333000\(number / 8 % 2)",
                to: "+1555666000\(number / 16)")
            try await storage.commit([.saveCall(call)])
        }
        func numbers(_ filter: CallFilter) async throws -> [CallID] {
            try await storage.calls(account: Sample.account, filter: filter, after: nil).items.map(\.callID)
        }
        func expected(_ isIncluded: (Int) -> Bool) -> [CallID] {
            (0..<64).reversed().filter(isIncluded).map(Sample.callID)
        }
        #expect(try await numbers(CallFilter()) == expected { _ in true })
        for (index, status) in statuses.enumerated() {
            #expect(try await numbers(CallFilter(status: status)) == expected { $0 % statuses.count == index })
        }
        #expect(try await numbers(CallFilter(to: "+15556660002")) == expected { $0 / 16 == 2 })
        #expect(try await numbers(CallFilter(from: "+12223330001")) == expected { $0 / 8 % 2 == 1 })
        #expect(try await numbers(CallFilter(isActive: true)) == expected { !statuses[$0 % 8].isTerminal })
        #expect(
            try await numbers(
                CallFilter(to: "+15556660001", from: "+12223330000", status: .ringing, isActive: true))
                == expected { $0 / 16 == 1 && $0 / 8 % 2 == 0 && statuses[$0 % 8] == .ringing })
        #expect(try await numbers(CallFilter(status: .busy, isActive: true)) == [])
        await storage.close()
    }

    @Test(
        "Parents, applications and times filter as they do in memory, each by itself and together",
        arguments: Implementation.allCases)
    func families(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        var random = SystemRandomNumberGenerator()
        let applications = (0..<3).map { _ in ApplicationID(random: &random) }
        let start = Timestamp(microseconds: 1_700_000_000_000_000)
        var calls: [Call] = []
        for number in 0..<40 {
            var call = Sample.call(number, status: .completed, from: "+12223330000", to: "+15556660000")
            if number % 2 == 1 { call.parentCallID = Sample.callID(number / 10) }
            if number % 4 != 0 { call.applicationID = applications[number % 4 - 1] }
            if number % 5 != 0 { call.startTime = start.advanced(byMicroseconds: Int64(number) * 1_000_000) }
            if number % 3 != 0 { call.endTime = start.advanced(byMicroseconds: Int64(number) * 2_000_000) }
            calls.append(call)
            try await storage.commit([.saveCall(call)])
        }
        for parent in [nil, Sample.callID(2)] {
            for chosen in [[], [applications[0]], [applications[1], applications[2]]] {
                for (from, until) in [
                    (nil, nil), (start.advanced(byMicroseconds: 12_000_000), nil),
                    (nil, start.advanced(byMicroseconds: 50_000_000)),
                    (start, start.advanced(byMicroseconds: 60_000_000)),
                ] as [(Timestamp?, Timestamp?)] {
                    var filter = CallFilter()
                    filter.parentCallID = parent
                    filter.applicationIDs = chosen
                    filter.startedFrom = from
                    filter.endedUntil = until
                    let found = try await storage.calls(account: Sample.account, filter: filter, after: nil).items
                    #expect(found.map(\.callID) == calls.reversed().filter(filter.matches).map(\.callID))
                }
            }
        }
        await storage.close()
    }

    @Test(
        "Every two filters together, of few calls and of more than a list holds, find what they find in memory",
        arguments: Implementation.allCases)
    func together(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        let start = Timestamp(microseconds: 1_700_000_000_000_000)
        let applications = (1...2).map(Sample.applicationID)
        var calls: [Call] = []
        for number in 0..<24_000 {
            // The first ones and every 500th are of another kind.
            let isRare = number < 300 || number % 500 == 0
            var call = Sample.call(
                number, account: number % 11 == 0 ? Sample.otherAccount : Sample.account,
                status: isRare ? .busy : number % 900 == 1 ? .inProgress : .completed,
                from: isRare ? "+12223330001" : "+12223330000", to: "+1555\(number % 2)")
            call.applicationID = isRare ? nil : applications[number % 2]
            call.parentCallID = isRare ? Sample.callID(0) : Sample.callID(1)
            // Not in the order in which they were asked for.
            call.startTime = start.advanced(byMicroseconds: Int64(number ^ 31) * 1_000_000)
            if call.status.isTerminal { call.endTime = call.startTime?.advanced(byMicroseconds: 5_000_000) }
            calls.append(call)
        }
        try await storage.commit(calls.map(StorageOperation.saveCall))
        func time(_ second: Int) -> Timestamp { start.advanced(byMicroseconds: Int64(second) * 1_000_000) }
        let choices: [(inout CallFilter) -> Void] = [
            { _ in }, { $0.from = "+12223330000" }, { $0.from = "+12223330001" }, { $0.status = .completed },
            { $0.status = .failed }, { $0.isActive = true }, { $0.applicationIDs = applications },
            { $0.applicationIDs = [applications[1]] }, { $0.parentCallID = Sample.callID(1) },
            { $0.startedFrom = time(21_900) }, { $0.startedFrom = time(3_000) }, { $0.endedUntil = time(400) },
            { $0.endedUntil = time(11_500) }, { $0.endedUntil = time(15_000) }, { $0.endedUntil = time(21_000) },
            { $0.to = "+15551" },
        ]
        let own = calls.reversed().filter { $0.accountID == Sample.account }
        for (place, first) in choices.enumerated() {
            for second in choices[place...] {
                var filter = CallFilter()
                first(&filter)
                second(&filter)
                let expected = own.filter(filter.matches).map(\.callID)
                var found: [CallID] = []
                var cursor: PageCursor?
                for _ in 0..<3 {
                    let page = try await storage.calls(account: Sample.account, filter: filter, after: cursor)
                    #expect(page.start == found.count)
                    if let total = page.total {
                        #expect(total == min(expected.count, PageLimits.maximumTotal), "\(filter)")
                    } else {
                        #expect(expected.count > 5_000, "\(filter)")
                    }
                    found += page.items.map(\.callID)
                    cursor = page.next
                    if cursor == nil { break }
                }
                #expect(found == Array(expected.prefix(300)), "\(filter)")
                #expect((cursor == nil) == (expected.count <= 300), "\(filter)")
            }
        }
        await storage.close()
    }

    @Test(
        "Ended calls are listed over all accounts in the order of their ends, page by page, each once",
        arguments: Implementation.allCases)
    func endedCalls(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        let start = Timestamp(microseconds: 1_700_000_000_000_000)
        var ended: [Call] = []
        for number in 0..<EndedCallFilter.pageSize + 50 {
            var call = Sample.call(number, status: .completed)
            // Several end at one moment, and not in the order in which they began.
            call.endTime = start.advanced(byMicroseconds: Int64((number * 7) % 400) * 1_000_000)
            ended.append(call)
        }
        try await storage.commit((ended + [Sample.call(5000)]).map { .saveCall($0) })
        var found: [Call] = []
        var position: EndedCallPosition?
        repeat {
            let page = try await storage.endedCalls(EndedCallFilter(), after: position)
            found += page.calls
            position = page.next
        } while position != nil
        let order = ended.enumerated().sorted { ($0.element.endTime!, $0.offset) < ($1.element.endTime!, $1.offset) }
        #expect(found == order.map(\.element))
        let middle = start.advanced(byMicroseconds: 100_000_000), late = start.advanced(byMicroseconds: 110_000_000)
        let some = try await storage.endedCalls(
            EndedCallFilter(accountID: Sample.account, since: middle, until: late), after: nil)
        #expect(some.calls == order.map(\.element).filter { middle <= $0.endTime! && $0.endTime! < late })
        var random = SystemRandomNumberGenerator()
        let others = EndedCallFilter(accountID: AccountID(random: &random))
        #expect(try await storage.endedCalls(others, after: nil).calls.isEmpty)
        await storage.close()
    }

    @Test("A call moves between the lists of the statuses as it changes", arguments: Implementation.allCases)
    func statusChange(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        var call = Sample.call(1)
        for status in [CallStatus.queued, .ringing, .inProgress, .completed] {
            call.status = status
            try await storage.commit([.saveCall(call)])
            for other in CallStatus.allCases {
                let page = try await storage.calls(
                    account: Sample.account, filter: CallFilter(status: other), after: nil)
                #expect(page.total == (other == status ? 1 : 0))
            }
            let active = try await storage.calls(
                account: Sample.account, filter: CallFilter(isActive: true), after: nil)
            #expect(active.total == (status == .completed ? 0 : 1))
        }
        await storage.close()
    }

    @Test("Pages stay where they were when calls are added between them", arguments: Implementation.allCases)
    func stablePaging(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        for number in 1...250 { try await storage.commit([.saveCall(Sample.call(number))]) }
        var seen: [CallID] = []
        var cursor: PageCursor?
        for round in 0..<3 {
            let page = try await storage.calls(account: Sample.account, filter: CallFilter(), after: cursor)
            #expect(page.start == round * PageLimits.pageSize)
            #expect(page.items.count == (round < 2 ? 100 : 50))
            seen += page.items.map(\.callID)
            cursor = page.next
            try await storage.commit((0..<30).map { .saveCall(Sample.call(1000 + round * 30 + $0)) })
        }
        #expect(cursor == nil)
        #expect(seen == (1...250).reversed().map(Sample.callID))
        await storage.close()
    }

    @Test("A list of exactly one page has no next one", arguments: Implementation.allCases)
    func exactPage(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        try await storage.commit((1...PageLimits.pageSize).map { .saveCall(Sample.call($0)) })
        let page = try await storage.calls(account: Sample.account, filter: CallFilter(), after: nil)
        #expect(page.items.count == PageLimits.pageSize && page.total == PageLimits.pageSize && page.next == nil)
        await storage.close()
    }

    @Test(
        "The journal comes newest first by sequence, whole over its pages, with its metadata",
        arguments: Implementation.allCases)
    func journal(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        try await storage.commit([.saveCall(Sample.call(1)), .saveCall(Sample.call(2))])
        let metadata: [String: JSONValue] = ["status": 486, "text": "Besetzt \u{1F4DE}", "list": [1, nil, true]]
        for sequence in 1...230 {
            try await storage.commit([
                .appendJournal(Sample.entry(1, sequence, metadata: sequence % 2 == 0 ? metadata : [:])),
                .appendJournal(Sample.entry(2, sequence)),
            ])
        }
        var entries: [JournalEntry] = []
        var cursor: PageCursor?
        for _ in 0..<3 {
            let page = try await storage.journal(of: Sample.callID(1), account: Sample.account, after: cursor)
            #expect(page.total == 230)
            entries += page.items
            cursor = page.next
            // The journal grows while it is read.
            try await storage.commit([.appendJournal(Sample.entry(2, 1000 + entries.count))])
        }
        #expect(cursor == nil)
        #expect(
            entries
                == (1...230).reversed().map { Sample.entry(1, $0, metadata: $0 % 2 == 0 ? metadata : [:]) })
        await storage.close()
    }

    @Test(
        "A journal is read on from an entry, oldest first, a page at a time, and another account's not at all",
        arguments: Implementation.allCases)
    func journalBehind(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        // Between them a sequence is missing, as where an entry could not be stored.
        let sequences = (1...250).filter { $0 != 120 }
        try await storage.commit(
            [.saveCall(Sample.call(1)), .saveCall(Sample.call(2))]
                + sequences.flatMap {
                    [StorageOperation.appendJournal(Sample.entry(1, $0)), .appendJournal(Sample.entry(2, $0))]
                })
        func behind(_ sequence: Int, account: AccountID = Sample.account) async throws -> [JournalEntry] {
            try await storage.journal(of: Sample.callID(1), account: account, behind: sequence)
        }
        var read: [JournalEntry] = []
        while true {
            let page = try await behind(read.last?.sequence ?? 0)
            #expect(page.count <= PageLimits.pageSize)
            guard !page.isEmpty else { break }
            read += page
        }
        #expect(read == sequences.map { Sample.entry(1, $0) })
        #expect(try await behind(248).map(\.sequence) == [249, 250])
        #expect(try await behind(250).isEmpty)
        #expect(try await behind(.max).isEmpty)
        #expect(try await behind(0, account: Sample.otherAccount).isEmpty)
        await storage.close()
    }

    @Test("An entry of no call is kept apart from every call's journal", arguments: Implementation.allCases)
    func accountEntry(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        var entry = Sample.entry(1, 0)
        entry.callID = nil
        try await storage.commit([.saveCall(Sample.call(1)), .appendJournal(entry)])
        let page = try await storage.journal(of: Sample.callID(1), account: Sample.account, after: nil)
        #expect(page.items.isEmpty)
        await storage.close()
    }

    @Test("A foreign cursor past everything gives an empty page", arguments: Implementation.allCases)
    func farCursor(_ implementation: Implementation) async throws {
        let place = implementation.place()
        let storage = try await place.opened()
        try await storage.commit([.saveCall(Sample.call(1))])
        let cursor = PageCursor(after: 0, position: PageLimits.maximumTotal)
        let page = try await storage.calls(account: Sample.account, filter: CallFilter(), after: cursor)
        #expect(page.items.isEmpty && page.next == nil)
        await storage.close()
    }
}
