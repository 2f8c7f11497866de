/// The status of a call (docs/contract/calls.md#status). Five are terminal.
package enum CallStatus: String, Codable, Sendable, CaseIterable {
    case queued, ringing, inProgress, completed, canceled, busy, failed, noAnswer

    package var isTerminal: Bool {
        switch self {
        case .queued, .ringing, .inProgress: false
        case .completed, .canceled, .busy, .failed, .noAnswer: true
        }
    }
}

/// Who began the call, and how (docs/contract/webhooks.md#fields, docs/contract/calls.md#direction).
package enum CallDirection: String, Codable, Sendable {
    case inbound, outboundAPI, outboundDial
}

/// What machine detection found (docs/contract/calls.md#the-call-resource).
package enum AnsweredBy: String, Codable, Sendable {
    case human, machine
}

/// Why a call ended (docs/contract/calls.md#ended-reasons).
package enum CallEndedReason: String, Codable, Sendable, CaseIterable {
    case busy, failed, noAnswer, callCanceled, farEndHangup, appHangup, appReject, appNoPercl, appInvalidPercl
    case conferenceTerminated, conferenceEmptied, removedFromConference, machineDetected
    case webhookFailed, webhookInvalidResponse, voiceDisabled, configErrorNoApplication, configErrorNoVoiceUrl
    case maxRedirectsError, perclProcessingError, internalError, grpcHangup, maxDuration
}
