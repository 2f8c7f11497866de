import JSON
import Telephony

/// The body of Make a Call, its fields checked each for itself (docs/contract/calls.md#make-a-call,
/// docs/contract/calls.md#ring-timeout, docs/contract/calls.md#connect-url, docs/contract/calls.md#pauses).
struct MakeCallBody {
    let from: PhoneNumber
    let to: CallDestination
    let applicationID: ApplicationID?
    let parentCallID: CallID?
    /// As far as the body has them; the application's URLs are to be filled in.
    let terms: CallTerms

    /// Where the connect URL may come from (docs/contract/calls.md#connect-url).
    private static let urlSources = ["callConnectUrl", "applicationId", "parentCallId"]

    /// - Throws: 400 that names every faulty field.
    init(_ fields: consuming BodyFields, requestID: RequestID) throws(APIError) {
        let from = fields.phoneNumber("from")
        let to = fields.destination("to")
        let callConnectURL = fields.url("callConnectUrl")
        let applicationID: ApplicationID? = fields.identifier("applicationId")
        let timeout = fields.integer("timeout", in: CallRequest.ringTimeoutSeconds, unit: "seconds")
        let sendDigits = Self.sendDigits(&fields)
        let ifMachine = Self.ifMachine(&fields)
        let machineBeepSeconds = fields.integer(
            "ifMachineBeepSeconds", in: MachineHandling.beepSeconds, unit: "seconds")
        let isPrivate = fields.flag("privacyMode") ?? false
        let parentCallID: CallID? = fields.identifier("parentCallId")
        if !fields.isPresent("from") { fields.missing("from", allowed: BodyFields.numberForm) }
        if !fields.isPresent("to") { fields.missing("to", allowed: BodyFields.destinationForm) }
        if !Self.urlSources.contains(where: fields.isPresent) {
            fields.missing("callConnectUrl", allowed: "one of \(Self.urlSources.joined(separator: ", "))")
        }
        try fields.check()
        guard let from, let to else { throw .internalFailure }
        self.from = from
        self.to = to
        self.applicationID = applicationID
        self.parentCallID = parentCallID
        terms = CallTerms(
            requestID: requestID, callConnectURL: callConnectURL, statusCallbackURL: nil, sendDigits: sendDigits,
            ringTimeoutSeconds: timeout ?? CallRequest.defaultRingTimeoutSeconds, isPrivate: isPrivate,
            ifMachine: ifMachine, machineBeepSeconds: machineBeepSeconds)
    }

    /// `ifMachineUrl` belongs to `redirect`, and to nothing else (docs/contract/calls.md#ifmachine). Without
    /// `ifMachine` it means nothing.
    private static func ifMachine(_ fields: inout BodyFields) -> MachineHandling? {
        let kind: MachineHandling.Kind? = fields.choice("ifMachine")
        switch kind {
        case .hangup:
            if let value = fields.value("ifMachineUrl") {
                let _: MachineHandling? = fields.malformed(
                    "ifMachineUrl", value, "nothing: with ifMachine hangup the call ends and no URL is asked")
            }
            if let value = fields.value("ifMachineBeepSeconds") {
                let _: MachineHandling? = fields.malformed(
                    "ifMachineBeepSeconds", value, "nothing: with ifMachine hangup no script waits for the beep")
            }
            return .hangup
        case .redirect:
            if !fields.isPresent("ifMachineUrl") {
                fields.missing("ifMachineUrl", allowed: "\(BodyFields.urlForm); ifMachine redirect needs it")
            }
            return fields.url("ifMachineUrl").map(MachineHandling.redirect)
        case nil:
            _ = fields.url("ifMachineUrl")
            return nil
        }
    }

    private static func sendDigits(_ fields: inout BodyFields) -> DigitString? {
        guard let value = fields.value("sendDigits") else { return nil }
        // Whoever asked for privacy gets it, even though the request as a whole is refused.
        let isPrivate = fields.value("privacyMode").map { $0 != .bool(false) && $0 != .integer(0) } ?? false
        let form = "digits 0-9, *, # and pauses such as {2}"
        guard let text = value.string else {
            return fields.malformed("sendDigits", value, form, isPrivate: isPrivate)
        }
        do {
            return try DigitString(text)
        } catch {
            // The explanation repeats part of the digits.
            let allowed = isPrivate ? form : "\(form); this \(error.explanation)"
            return fields.malformed("sendDigits", value, allowed, isPrivate: isPrivate)
        }
    }
}
