import Foundation
import SIP
import Telephony
import Testing

@testable import CallControl

@Suite("A call's record prints what the sorted-keys encoder prints")
struct CallRecordTests {
    private func encoded(_ record: CallRecord) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(record), as: UTF8.self)
    }

    private func records(of effects: [Effect]) throws -> [CallRecord] {
        try effects.flatMap { effect -> [CallRecord] in
            guard case .store(let operations, _) = effect else { return [] }
            return try operations.compactMap { operation in
                guard case .saveRecord(_, let bytes) = operation else { return nil }
                let record = try CallRecord(reading: bytes)
                #expect(try String(decoding: bytes, as: UTF8.self) == encoded(record))
                return record
            }
        }
    }

    @Test("Every record that a call writes between its acceptance and its end")
    func phases() throws {
        var waiting = Bench { $0.trunk.callsAtOnce = 0 }
        try waiting.makeCall(sendDigits: "12{2}34#")
        var bench = Bench()
        try bench.makeCall()
        bench.farRing()
        bench.farAnswer()
        bench.answerWebhook(#"[{"Hangup":{}}]"#)
        let records = try records(of: waiting.effects) + records(of: bench.effects)
        #expect(Set(records.map(\.leg.phase)) == [.waiting, .opening, .ringing, .answered, .over])
        #expect(Set(records.map(\.leg.session?.phase)) == [nil, .calling, .early, .confirmed])
        #expect(Set(records.map { $0.talk?.request?.type }) == [nil, "outDialApiConnect"])
    }

    @Test("Every member, and texts that need escapes")
    func everyMember() throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farRing()
        bench.farAnswer()
        var record = try #require(try records(of: bench.effects).last)
        var random = SystemRandomNumberGenerator()
        record.call.applicationID = ApplicationID(random: &random)
        record.call.parentCallID = CallID(random: &random)
        record.call.phoneNumberID = PhoneNumberID(random: &random)
        record.call.from = "quote \" slash \\ / line \n tab \t bell \u{7} escape \u{1b} delete \u{7f} é😀"
        record.call.endedReason = .farEndHangup
        record.call.answeredBy = .human
        record.call.endTime = Timestamp(microseconds: .max)
        record.sendDigits = "1{2}#"
        record.clock = CallClock(source: "a \"boot\"", from: bench.moment)
        record.leg.session?.from.displayName = "A \"quoted\" \\ näme"
        record.leg.session?.identifiers = InvitationIdentifiers(
            callID: "a\u{1}b", fromTag: "", branch: "z9hG4bK/\u{2028}")
        #expect(try String(decoding: record.bytes, as: UTF8.self) == encoded(record))
        #expect(try CallRecord(reading: record.bytes) == record)
    }
}
