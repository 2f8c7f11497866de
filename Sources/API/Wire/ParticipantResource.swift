import JSON
import Telephony

/// The Participant resource (docs/contract/rest.md#participants).
struct ParticipantResource {
    let participant: Participant

    func write(to writer: inout JSONWriter) {
        let conference = ConferenceResource.uri(participant.conferenceID, of: participant.accountID)
        writer.object { object in
            object.member("accountId", participant.accountID.text)
            object.member("callId", participant.callID.text)
            object.member("conferenceId", participant.conferenceID.text)
            object.member("dateCreated", participant.dateCreated.rfc1123)
            object.member("dateUpdated", participant.dateUpdated.rfc1123)
            object.member("dtmfPassThrough", participant.standing.dtmfPassThrough)
            object.member("listen", participant.standing.listen)
            object.member("revision", participant.revision)
            object.member("startConfOnEnter", participant.startConfOnEnter)
            object.member("talk", participant.standing.talk)
            object.member("uri", conference + "/Participants/\(participant.callID)")
        }
    }
}
