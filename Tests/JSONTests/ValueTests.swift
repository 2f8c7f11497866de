import JSON
import Testing

@Suite("JSON values print compactly, keys in order, nulls written out")
struct ValueTests {
    @Test("The webhook of the signature's test vector prints to the letter")
    func vector() {
        let value: JSONValue = [
            "to": "+13121000096", "from": "+13121000109", "callId": "CAccb0b00506553cda09b51c5477f672a49e0b2213",
            "conferenceId": nil, "parentCallId": nil, "queueId": nil, "callStatus": "ringing",
            "direction": "inbound", "requestType": "inboundCall",
            "accountId": "AC1334ffb694cd8d969f51cddf5f7c9b478546d50c",
        ]
        #expect(
            value.text
                == #"{"accountId":"AC1334ffb694cd8d969f51cddf5f7c9b478546d50c","callId":"CAccb0b00506553cda09b51c5477f672a49e0b2213","callStatus":"ringing","conferenceId":null,"direction":"inbound","from":"+13121000109","parentCallId":null,"queueId":null,"requestType":"inboundCall","to":"+13121000096"}"#
        )
    }

    @Test("What is printed reads back as it was")
    func roundTrip() throws {
        let value: JSONValue = [
            "a\"\\\n\u{1}": [1, -5, true, nil, "ä\u{1F600}/", .number(1.5)], "": [:], "b": [],
        ]
        #expect(try JSONValue(parsing: value.bytes) == value)
    }
}
