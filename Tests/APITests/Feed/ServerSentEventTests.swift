import Testing

@testable import API

/// https://html.spec.whatwg.org §9.2.
@Suite("Streams of events, written and read")
struct ServerSentEventTests {
    private func read(_ text: String, by size: Int = .max) throws -> [ServerSentEvent] {
        var reader = ServerSentEventReader()
        var rest = Array(text.utf8)[...]
        var events: [ServerSentEvent] = []
        while !rest.isEmpty {
            events += try reader.read(rest.prefix(size))
            rest = rest.dropFirst(size)
        }
        return events
    }

    private func event(_ name: String, _ data: String, id: String? = nil) -> ServerSentEvent {
        ServerSentEvent(name, id: id, data: Array(data.utf8))
    }

    @Test("What is written is read as it was, however it is cut up on the way", arguments: [1, 2, 3, 7, .max])
    func roundTrip(_ size: Int) throws {
        let events = [
            event("log", #"{"message":"grüße 📞"}"#, id: "1"), event("call", "{}", id: "1"),
            event("end", "two\nlines", id: "12"),
        ]
        var bytes: [UInt8] = []
        for event in events { event.append(to: &bytes) }
        bytes += ServerSentEvent.comment
        #expect(try read(String(decoding: bytes, as: UTF8.self), by: size) == events)
    }

    @Test("One event is its name, its id and its data, each on a line, and an empty line")
    func written() {
        var bytes: [UInt8] = []
        event("log", "{}", id: "7").append(to: &bytes)
        event("end", "{}").append(to: &bytes)
        #expect(
            String(decoding: bytes, as: UTF8.self) == "event: log\nid: 7\ndata: {}\n\nevent: end\ndata: {}\n\n")
    }

    @Test(
        "Lines end in LF, CR or both; one space behind the colon is no part of the value",
        arguments: [
            "event: a\ndata: x\ndata:  y\n\n", "event:a\rdata:x\rdata:  y\r\r",
            "event: a\r\ndata: x\r\ndata:  y\r\n\r\n",
        ])
    func lineEnds(_ text: String) throws {
        for size in [1, Int.max] { #expect(try read(text, by: size) == [event("a", "x\n y")]) }
    }

    @Test("An event without a name is a message; one without data is none; a byte order mark is passed over")
    func small() throws {
        #expect(try read("\u{FEFF}data: x\n\n") == [event("message", "x")])
        #expect(try read("event: a\nid: 5\n\nevent: b\n\ndata\n\n") == [event("message", "", id: "5")])
        #expect(try read(": comment\n\nfoo: bar\nretry: 5\n\n") == [])
    }

    @Test("The id stays until another comes; one with a zero in it is none")
    func identifiers() throws {
        #expect(
            try read("id: 1\ndata: a\n\ndata: b\n\nid: 2\0\ndata: c\n\nid\ndata: d\n\n") == [
                event("message", "a", id: "1"), event("message", "b", id: "1"), event("message", "c", id: "1"),
                event("message", "d", id: ""),
            ])
    }

    @Test("What has not ended is not told")
    func unfinished() throws {
        #expect(try read("data: a\n\ndata: b\n") == [event("message", "a")])
    }

    @Test("A line without an end is given up")
    func endless() throws {
        var reader = ServerSentEventReader()
        let chunk = Array(repeating: UInt8(ascii: "x"), count: 1 << 20)
        #expect(throws: ServerSentEventReader.TooLong.self) {
            for _ in 0..<5 { _ = try reader.read(chunk) }
        }
    }
}
