import JSON
import PerCL
import SIP
import Telephony

extension CallMachine {
    /// OutDial: first it must be known whether the account may call from that number.
    mutating func outDial(_ dial: OutDial, _ now: Moment, _ directives: inout [CallDirective]) {
        guard case .connected(var conversation) = phase else { return }
        conversation.pendingDial = dial
        phase = .connected(conversation)
        directives.append(.effect(.resolveCaller(call.callID, call.accountID, dial.callingNumber)))
    }

    /// - Parameter number: the owned number that it is; nil where it is none. The two numbers of this call may be
    ///   used all the same (docs/contract/percl.md#outdial).
    mutating func callerResolved(_ number: PhoneNumberID?, now: Moment, into directives: inout [CallDirective]) {
        guard case .connected(var conversation) = phase, let dial = conversation.pendingDial else { return }
        conversation.pendingDial = nil
        phase = .connected(conversation)
        guard number != nil || [call.from, call.to].contains(dial.callingNumber.text) else {
            refuseOutDial(
                "callingNumber \(dial.callingNumber.text) is neither owned by the account nor part of this call",
                code: 46, now, &directives)
            return
        }
        directives.append(.makeChild(dial, number))
    }

    /// The parent goes on at once, whatever becomes of the child (docs/contract/percl.md#outdial).
    mutating func childMade(
        _ child: CallID, _ dial: OutDial, now: Moment, random: inout RandomSource,
        into directives: inout [CallDirective]
    ) {
        guard case .connected = phase else { return }
        fetchScript(
            from: dial.actionURL, type: CallWebhook.outDialStart, extras: ["dialCallId": .string(child.text)], &random,
            now, &directives)
    }

    mutating func refuseOutDial(
        _ explanation: String, code: Int? = nil, rule: String? = nil, _ now: Moment,
        _ directives: inout [CallDirective]
    ) {
        note(
            .error, .percl, "PerCL OutDial failed",
            [
                "explanation": .string(explanation), "code": JSONValue(code), "rule": JSONValue(rule),
            ].filter { $0.value != .null },
            now, &directives)
        finish(CallOutcome(.completed, .perclProcessingError, "OutDial: \(explanation)"), now, &directives)
    }
}
