import PerCL
import Telephony

extension CallRequest {
    /// What OutDial asks for, on behalf of the call whose script holds it (docs/contract/percl.md#outdial).
    ///
    /// - Parameter number: the owned number that is shown; nil where it is one of the parent's own two.
    init(_ dial: OutDial, of parent: Call, _ own: CallTerms, showing number: PhoneNumberID?) {
        let terms = CallTerms(
            requestID: own.requestID, callConnectURL: dial.callConnectURL,
            statusCallbackURL: dial.statusCallbackURL ?? own.statusCallbackURL,
            sendDigits: dial.sendDigits.flatMap { try? DigitString($0) },
            ringTimeoutSeconds: dial.ringTimeoutSeconds, isPrivate: dial.privacyMode, ifMachine: dial.ifMachine,
            machineBeepSeconds: dial.machineBeepSeconds)
        self.init(
            terms, from: dial.callingNumber, to: .number(dial.destination), accountID: parent.accountID,
            applicationID: parent.applicationID, phoneNumberID: number)
        parentCallID = parent.callID
    }
}
