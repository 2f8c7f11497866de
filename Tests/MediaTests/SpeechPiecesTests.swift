import Foundation
import Testing

@testable import Media

@Suite("A text is cut where a speaker pauses")
struct SpeechPiecesTests {
    private static func joined(_ pieces: [String]) -> String {
        pieces.joined().filter { !$0.isWhitespace }
    }

    @Test("A short text is one piece, and blanks are none")
    func short() {
        #expect(SpeechPieces.of("Good morning. This is Belay.") == ["Good morning. This is Belay."])
        #expect(SpeechPieces.of("  Hello?\n") == ["Hello?"])
        #expect(SpeechPieces.of(" \n ").isEmpty)
        #expect(SpeechPieces.of("").isEmpty)
    }

    private static let long = String(repeating: "and so on and on it goes ", count: 6) + "to its end."

    @Test(
        "The first piece ends where a sentence does",
        arguments: [
            (
                "Good morning, this is the clinic. Please bring your card. ",
                "Good morning, this is the clinic. Please bring your card."
            ),
            ("Kommen Sie bitte um halb neun! ", "Kommen Sie bitte um halb neun!"),
            ("¿Puede usted venir el lunes? ", "¿Puede usted venir el lunes?"),
            ("He said \"come on Monday morning.\" ", "He said \"come on Monday morning.\""),
            ("This is one line of a paragraph\n\n", "This is one line of a paragraph"),
            ("Завтра мы будем закрыты весь день. ", "Завтра мы будем закрыты весь день."),
        ])
    func sentences(_ beginning: String, _ first: String) {
        let text = beginning + "Then " + Self.long
        let pieces = SpeechPieces.of(text)
        #expect(pieces.first == first)
        #expect(Self.joined(pieces) == Self.joined([text]))
    }

    @Test("Scripts without blanks have their own marks")
    func withoutBlanks() {
        let sentence = "您好，这里是诊所，您的预约在星期一上午九点半，请带上您的卡。"
        let pieces = SpeechPieces.of(String(repeating: sentence, count: 8))
        #expect(pieces.count > 1)
        #expect(pieces.allSatisfy { $0.hasSuffix("。") })
        #expect(Self.joined(pieces) == String(repeating: sentence, count: 8))
    }

    @Test(
        "Abbreviations, ordinals and numbers are not torn apart",
        arguments: [
            "Your appointment is with Dr. Smith", "It begins at 9 a.m. Monday", "Es kostet 3.50 Euro am 3. Oktober",
            "Das ist z. B. Herr Nr. 5", "Mr. J. R. Smith", "The number is 1,234,567.89 or 10:30",
            "Heinrich VIII. König",
            "See www.example.com. We", "The U.S. Army", "Es la Sra. García", "Le prix est env. 5 euros",
            "He asked \"why?\" and left", "and then. he",
        ])
    func together(_ phrase: String) {
        let text = phrase + " " + Self.long
        let pieces = SpeechPieces.of(text)
        // Where the phrase holds no true end, no piece ends within it.
        #expect(pieces.first.map { $0.count >= phrase.count } == true, "\(pieces)")
        #expect(Self.joined(pieces) == Self.joined([text]))
    }

    @Test("A long sentence is cut behind a comma, one without any between words, and one without blanks not at all")
    func long() {
        let commas = String(repeating: "first this and that, then ", count: 20) + "the end."
        let pieces = SpeechPieces.of(commas)
        #expect(pieces.count > 1)
        #expect(pieces.dropLast().allSatisfy { $0.hasSuffix(",") })
        let words = String(repeating: "word ", count: 400)
        #expect(SpeechPieces.of(words).count > 1)
        #expect(SpeechPieces.of(words).allSatisfy { $0.hasPrefix("word") && $0.hasSuffix("word") })
    }

    @Test(
        "A text without any pause or word is cut all the same: no piece keeps a program for long",
        arguments: ["7", "字", "é", "-", "7.", "12/", "😀"])
    func withoutWords(_ unit: String) {
        for (start, end) in [("", ""), ("Call ", ""), ("", ". That is all."), ("", " is it")] {
            let text = start + String(repeating: unit, count: 4000 / unit.count) + end
            let pieces = SpeechPieces.of(text)
            #expect(pieces.allSatisfy { $0.count <= 640 }, "\(pieces.map(\.count))")
            #expect(pieces[0].count <= 120, "the first is heard soon")
            #expect(Self.joined(pieces) == Self.joined([text]))
        }
    }

    @Test("Whatever the text, nothing is lost, nothing is empty, and the pieces are of bounded length")
    func anyText() {
        var random = Seeded(3)
        let alphabet = Array("ab cd.e, f! g? H. 12.\n\n«»\"()。，；: é…-")
        for _ in 0..<300 {
            let text = String(
                (0..<Int.random(in: 0..<900, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? "x" }
            )
            let pieces = SpeechPieces.of(text)
            #expect(Self.joined(pieces) == Self.joined([text]))
            #expect(pieces.allSatisfy { !$0.isEmpty && $0.count <= 660 })
        }
    }
}
