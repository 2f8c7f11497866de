import CallControl
import SIP
import Telephony

/// What can happen in the world. Whatever belongs to one life of the server carries that life's number, and is void
/// in the next.
enum Happening {
    /// A customer makes the call of this index.
    case callWanted(Int)
    case updateWanted(Int, CallUpdate)
    /// A client asks for something that concerns several calls.
    case deedWanted(RoomDeed)
    case datagramAtBelay([UInt8], from: TransportAddress)
    case datagramAtFarEnd(Int, [UInt8])
    case belayTimer
    case farTimer(Int)
    case batchDone(life: Int)
    case webhookAnswered(life: Int, EventID, WebhookOutcome, milliseconds: Int)
    case media(life: Int, MediaHandle, ModelMedia.Step)
    case mix(life: Int, ModelMixes.Step)
    case mediaNameResolved(life: Int, NameQuestion, [IPAddress])
    /// Whether there was such a conference is looked up.
    case conferenceLookedUp(life: Int, CallID, ConferenceID)
    case farEndHears(FarCall, FarEndHearing)
    case farMediaClosed(FarCall)
    case drain
    case hangUpAll
    case crash
    /// At the next 2xx, before its ACK.
    case crashBeforeACK
    case restart
}

/// One call at one of the far ends.
struct FarCall: Hashable {
    let farEnd: Int
    let session: SessionID
}

enum FarEndHearing {
    case voiceStarted, voiceEnded
    /// No media for so long that anybody would hang up.
    case nothingAnyMore
    case digit(Character)
}
