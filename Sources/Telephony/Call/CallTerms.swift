/// What a call was asked for: by Make a Call, by an OutDial, or by the application of a number that was called.
package struct CallTerms: Hashable, Sendable {
    package var requestID: RequestID
    /// Whose answer is the first script: callConnectUrl, or voiceUrl. Nil for a call that came in to no application.
    package var callConnectURL: WebURL?
    package var statusCallbackURL: WebURL?
    /// Dialled when the call is answered.
    package var sendDigits: DigitString?
    /// `timeout`; 0 for a call that came in.
    package var ringTimeoutSeconds: Int
    /// `privacyMode`: sendDigits are masked wherever they can be read later.
    package var isPrivate: Bool
    /// Nil: nobody listens for machines.
    package var ifMachine: MachineHandling?
    /// `ifMachineBeepSeconds` (ours): so long the script of ifMachineUrl waits for the machine's beep, 0: not at all;
    /// nil: as the server's setting says.
    package var machineBeepSeconds: Int?

    package init(
        requestID: RequestID, callConnectURL: WebURL?, statusCallbackURL: WebURL?, sendDigits: DigitString? = nil,
        ringTimeoutSeconds: Int = 0, isPrivate: Bool = false, ifMachine: MachineHandling? = nil,
        machineBeepSeconds: Int? = nil
    ) {
        self.requestID = requestID
        self.callConnectURL = callConnectURL
        self.statusCallbackURL = statusCallbackURL
        self.sendDigits = sendDigits
        self.ringTimeoutSeconds = ringTimeoutSeconds
        self.isPrivate = isPrivate
        self.ifMachine = ifMachine
        self.machineBeepSeconds = machineBeepSeconds
    }
}
