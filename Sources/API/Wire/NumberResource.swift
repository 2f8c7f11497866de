import JSON
import Telephony

/// The IncomingPhoneNumber resource (docs/contract/rest.md#numbers).
struct NumberResource {
    /// Of every number here.
    static let capabilities: JSONValue = [
        "shortCode": false, "sms": false, "tenDLC": false, "tollFree": false, "voice": true,
    ]

    let number: OwnedNumber

    func write(to writer: inout JSONWriter) {
        writer.object { object in
            object.member("accountId", number.accountID.text)
            object.member("alias", number.alias)
            object.member("applicationId", number.applicationID?.text)
            object.member("campaignId", String?.none)
            object.member("capabilities", Self.capabilities)
            object.member("country", NumberingPlan.origin(of: number.phoneNumber)?.region)
            object.member("dateCreated", number.dateCreated.rfc1123)
            object.member("dateUpdated", number.dateUpdated.rfc1123)
            object.member("offnet", false)
            object.member("phoneNumber", number.phoneNumber.text)
            object.member("phoneNumberId", number.phoneNumberID.text)
            object.member("region", String?.none)
            object.member("revision", number.revision)
            object.member("smsEnabled", false)
            object.member("uri", "/Accounts/\(number.accountID)/IncomingPhoneNumbers/\(number.phoneNumberID)")
            object.member("voiceEnabled", true)
        }
    }
}
