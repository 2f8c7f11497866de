import Telephony
import Testing

@testable import Media

@Suite("Whose music is kept, and whose gives way (docs/sharing.md)")
struct MusicShelfTests {
    private static func id<Kind>(_: Kind.Type, _ number: Int) throws -> Identifier<Kind> {
        let digits = String(number, radix: 16)
        return try #require(Identifier(Kind.prefix + String(repeating: "0", count: 40 - digits.count) + digits))
    }

    private static func conference(_ number: Int) throws -> ConferenceID { try id(ConferenceKind.self, number) }

    private static func source(_ number: Int, account: Int = 1) throws -> MusicShelf.Source {
        MusicShelf.Source(
            account: try id(AccountKind.self, account), url: try #require(WebURL("http://files.example/\(number).wav")))
    }

    /// Conference and piece have the same number.
    private static func take(_ number: Int, _ shelf: inout MusicShelf, account: Int = 1) throws -> Bool {
        guard try shelf.makeRoom(for: source(number, account: account)) else { return false }
        try shelf.take(source(number, account: account), for: conference(number), fetching: Task {})
        return true
    }

    private static func full() throws -> MusicShelf {
        var shelf = MusicShelf()
        for number in 0..<MusicShelf.maximumPieces { #expect(try take(number, &shelf)) }
        return shelf
    }

    @Test("The piece that was longest not wanted gives way to one more; its conference has it fetched again")
    func oldest() throws {
        var shelf = try Self.full()
        try shelf.use(Self.source(0), for: Self.conference(0))
        #expect(try Self.take(900, &shelf))
        #expect(try shelf[Self.source(1)] == nil)
        #expect(try shelf.choices[Self.conference(1)] != nil, "it is still what the conference is to have")
        for number in [0, 2, 900] { #expect(try shelf[Self.source(number)] != nil, "\(number)") }
        // One that is there makes nobody give way, nor does another account's.
        #expect(try Self.take(900, &shelf))
        #expect(try Self.take(901, &shelf, account: 2))
        #expect(try shelf[Self.source(2)] != nil)
    }

    @Test("What is being heard does not give way; where all are, there is no room")
    func heard() throws {
        var shelf = try Self.full()
        for number in 0..<MusicShelf.maximumPieces {
            shelf.listening[MixID(rawValue: UInt64(number))] = MusicShelf.Listening(
                conference: try Self.conference(number), isInSilence: false)
        }
        #expect(try !Self.take(900, &shelf))
        shelf.listening[MixID(rawValue: 7)] = nil
        #expect(try Self.take(900, &shelf))
        #expect(try shelf[Self.source(7)] == nil)
    }

    @Test("A piece goes with the last conference that has it, and a conference that has none leaves nothing")
    func released() throws {
        var shelf = MusicShelf()
        #expect(try Self.take(1, &shelf))
        try shelf.take(Self.source(1), for: Self.conference(2), fetching: Task {})
        try shelf[Self.source(1)]?.audio = (AudioClip(samples: [1]), "a")
        #expect(try shelf[Self.source(1)]?.conferences.count == 2)
        #expect(try shelf.release(Self.conference(1))?.source.url == Self.source(1).url)
        #expect(try shelf[Self.source(1)]?.audio?.path == "a")
        #expect(try shelf.release(Self.conference(1)) == nil)
        #expect(try shelf.release(Self.conference(2)) != nil)
        #expect(try shelf[Self.source(1)] == nil)
        #expect(shelf.choices.isEmpty)
    }
}
