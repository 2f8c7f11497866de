package import Telephony

/// Places a second call, the child of this one (spec §3.3 "OutDial"). Terminal.
package struct OutDial: Hashable, Sendable, Codable {
    static let name = "OutDial"

    package var destination: PhoneNumber
    package var callingNumber: PhoneNumber
    package var actionURL: WebURL
    package var callConnectURL: WebURL
    package var ringTimeoutSeconds: Int
    package var sendDigits: String?
    package var ifMachine: MachineHandling?
    package var statusCallbackURL: WebURL?
    package var privacyMode: Bool

    init(_ attributes: AttributeReader) throws(ScriptError) {
        destination = try attributes.phoneNumber("destination")
        callingNumber = try attributes.phoneNumber("callingNumber")
        actionURL = try attributes.requiredURL("actionUrl")
        callConnectURL = try attributes.requiredURL("callConnectUrl")
        ringTimeoutSeconds =
            try attributes.integer("timeout", in: CallRequest.ringTimeoutSeconds)
            ?? CallRequest.defaultRingTimeoutSeconds
        sendDigits = try attributes.digits(
            "sendDigits", pauseMilliseconds: DigitString.standardPauseMilliseconds)?.text
        ifMachine = try attributes.machineHandling()
        statusCallbackURL = try attributes.url("statusCallbackUrl")
        privacyMode = try attributes.bool("privacyMode", default: false)
    }
}
