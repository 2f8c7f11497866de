/// The status of a call (spec §5.1). Five are terminal.
package enum CallStatus: String, Codable, Sendable, CaseIterable {
    case queued, ringing, inProgress, completed, canceled, busy, failed, noAnswer

    package var isTerminal: Bool {
        switch self {
        case .queued, .ringing, .inProgress: false
        case .completed, .canceled, .busy, .failed, .noAnswer: true
        }
    }
}

/// Who began the call, and how (spec §4.1, decision 4).
package enum CallDirection: String, Codable, Sendable {
    case inbound, outboundAPI, outboundDial
}

/// What machine detection found (spec §2.5).
package enum AnsweredBy: String, Codable, Sendable {
    case human, machine
}

/// Why a call ended (spec §5.3).
package enum CallEndedReason: String, Codable, Sendable, CaseIterable {
    case busy, failed, noAnswer, callCanceled, farEndHangup, appHangup, appReject, appNoPercl, appInvalidPercl
    case conferenceTerminated, conferenceEmptied, removedFromConference, machineDetected
    case webhookFailed, webhookInvalidResponse, voiceDisabled, configErrorNoApplication, configErrorNoVoiceUrl
    case maxRedirectsError, perclProcessingError, internalError, grpcHangup, maxDuration
}
