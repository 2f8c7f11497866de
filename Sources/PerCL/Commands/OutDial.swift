package import Telephony

/// Places a second call, the child of this one (docs/contract/percl.md#outdial). Terminal.
package struct OutDial: Hashable, Sendable {
    package var destination: PhoneNumber
    package var callingNumber: PhoneNumber
    package var actionURL: WebURL
    package var callConnectURL: WebURL
    package var ringTimeoutSeconds: Int
    package var sendDigits: String?
    package var ifMachine: MachineHandling?
    /// `ifMachineBeepSeconds` (ours); nil: as the server's setting says.
    package var machineBeepSeconds: Int?
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
        machineBeepSeconds = try attributes.integer("ifMachineBeepSeconds", in: MachineHandling.beepSeconds)
        guard machineBeepSeconds == nil || ifMachine != .hangup else {
            throw attributes.error("ifMachineBeepSeconds", "must not be given when ifMachine is hangup")
        }
        statusCallbackURL = try attributes.url("statusCallbackUrl")
        privacyMode = try attributes.bool("privacyMode", default: false)
    }
}
