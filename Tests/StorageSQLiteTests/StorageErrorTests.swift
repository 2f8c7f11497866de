import GRDB
import Storage
import StorageSamples
import Telephony
import Testing

@testable import StorageSQLite

/// docs/decisions/0032
@Suite struct StorageErrorTests {
    private static let outages: [StorageError] = [
        .diskFull, .inputOutput("x"), .stalled(milliseconds: 12_000), .corrupt("x"), .locked("x"),
        .replaced(path: "/d/x"), .cannotOpen(path: "/d/x", reason: "y"),
    ]
    private static let others: [StorageError] = [
        .folderInUse(path: "/d", processID: 7), .newerSchema(path: "/d/x"), .noDatabase(path: "/d/x"),
        .foreign(path: "/d/x", reason: "y"), .conflict("x"), .unknownCall(Sample.callID(1)),
        .unknownAccount(Sample.account), .notFound, .closed, .tooSlow(milliseconds: 2000), .busy, .cancelled,
        .database("x"),
    ]

    @Test("The disk's faults pass, and what is busy; what is wrong with the content does not")
    func passing() {
        for error in Self.outages {
            #expect(error.isOutage, "\(error)")
            #expect(error.trouble == .diskFailing, "\(error)")
        }
        for error in Self.others {
            #expect(!error.isOutage, "\(error)")
            #expect(error.trouble == (error == .busy ? .tooManyReads : nil), "\(error)")
        }
    }

    @Test("Each says in words what it is, with its path, its reason and its time")
    func words() {
        for error in Self.outages + Self.others { #expect(error.description.count > 10) }
        let all = (Self.outages + Self.others).map(\.description)
        #expect(Set(all).count == all.count)
        #expect(StorageError.stalled(milliseconds: 12_900).description.contains("for 12 s"))
        #expect(StorageError.tooSlow(milliseconds: 2000).description.contains("after 2000 ms"))
        #expect(StorageError.folderInUse(path: "/d", processID: 7).description.contains("/d is in use"))
        #expect(StorageError.folderInUse(path: "/d", processID: 7).description.contains("(process 7)"))
        #expect(!StorageError.folderInUse(path: "/d", processID: nil).description.contains("(process"))
        #expect(StorageError.cannotOpen(path: "/d/x", reason: "y").description == "/d/x cannot be opened: y")
        #expect(StorageError.unknownCall(Sample.callID(1)).description.contains(Sample.callID(1).text))
        #expect(StorageError.database("x").description == "the database reports: x")
    }

    @Test(
        "What SQLite reports is sorted by whose fault it is",
        arguments: [
            (ResultCode.SQLITE_FULL, StorageError.diskFull), (.SQLITE_IOERR, .inputOutput("m")),
            (.SQLITE_READONLY, .inputOutput("m")), (.SQLITE_CANTOPEN, .inputOutput("m")),
            (.SQLITE_PERM, .inputOutput("m")), (.SQLITE_AUTH, .inputOutput("m")), (.SQLITE_NOLFS, .inputOutput("m")),
            (.SQLITE_NOMEM, .inputOutput("there is not enough memory")), (.SQLITE_BUSY, .locked("m")),
            (.SQLITE_LOCKED, .locked("m")), (.SQLITE_PROTOCOL, .locked("m")), (.SQLITE_CORRUPT, .corrupt("m")),
            (.SQLITE_NOTADB, .corrupt("m")), (.SQLITE_CONSTRAINT, .conflict("m")), (.SQLITE_MISUSE, .closed),
            (.SQLITE_ERROR, .database("m")), (.SQLITE_INTERRUPT, .database("m")),
        ])
    func sorted(_ code: ResultCode, _ error: StorageError) {
        #expect(StorageError(DatabaseError(resultCode: code, message: "m")) == error)
    }

    @Test("What is no fault of SQLite's: our own stays, a cancelled task is one")
    func foreign() {
        struct Odd: Error, CustomStringConvertible { let description = "odd" }
        #expect(StorageError(StorageError.notFound) == .notFound)
        #expect(StorageError(CancellationError()) == .cancelled)
        #expect(StorageError(Odd()) == .database("odd"))
    }

    @Test("No time beyond the year 9999 nor before 1970 is one that was written here, and no count below zero")
    func ranges() {
        #expect(ColumnRange.time(0) == Timestamp(microseconds: 0) && ColumnRange.time(-1) == nil)
        let last: Int64 = 253_402_300_799_999_999
        #expect(ColumnRange.time(last)?.iso8601.hasPrefix("9999-12-31T23:59:59") == true)
        #expect(ColumnRange.time(last + 1) == nil)
        #expect(ColumnRange.count(0) == 0 && ColumnRange.count(-1) == nil)
        #expect(ColumnRange.count(1 << 40) == 1 << 40 && ColumnRange.count((1 << 40) + 1) == nil)
    }
}
