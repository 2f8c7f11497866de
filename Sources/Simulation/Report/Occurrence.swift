/// What the seeds must have brought about, so that a run that finds nothing has looked.
package enum Occurrence: String, CaseIterable, Hashable, Sendable {
    // MARK: How calls ended, as stored
    case completedAppHangup = "completed/appHangup"
    case completedFarEndHangup = "completed/farEndHangup"
    case completedAppNoPercl = "completed/appNoPercl"
    case completedAppInvalidPercl = "completed/appInvalidPercl"
    case completedWebhookFailed = "completed/webhookFailed"
    case completedWebhookInvalidResponse = "completed/webhookInvalidResponse"
    case completedMaxRedirectsError = "completed/maxRedirectsError"
    case completedPerclProcessingError = "completed/perclProcessingError"
    case completedMachineDetected = "completed/machineDetected"
    case completedMaxDuration = "completed/maxDuration"
    case completedInternalError = "completed/internalError"
    case completedFailed = "completed/failed"
    case busy = "busy/busy"
    case noAnswer = "noAnswer/noAnswer"
    case failed = "failed/failed"
    case failedInternalError = "failed/internalError"
    case canceled = "canceled/callCanceled"

    // MARK: Races
    case cancelHeldUntilProvisional = "CANCEL held back until a provisional response"
    case cancelMetAnswer = "CANCEL crossed a 200"
    case cancelMetRefusal = "CANCEL crossed a refusal"
    case cancelObeyed = "CANCEL led to a 487"
    case byesCrossed = "BYEs crossed"
    case twoForksAnswered = "two forks answered"
    case answerRepeated = "a 200 came again"
    case byeDuringFetch = "BYE while a script was fetched"
    case machineDuringFetch = "a machine was found while a script was fetched"
    case restEndedUnanswered = "REST ended a call that was not answered"
    case restEndedAnswered = "REST ended a call that was answered"
    case restCameTooLate = "REST came to a call that was over"
    case restEndedQueued = "REST ended a call that waited for its turn"

    // MARK: Faults of the network
    case datagramLost = "datagram lost"
    case datagramDuplicated = "datagram duplicated"
    case datagramReordered = "datagram overtaken"

    // MARK: Faults of the storage
    case commitLate = "commit took over 100 ms"
    case commitFailed = "commit failed"
    case creationNotStored = "a call could not be stored"

    // MARK: Crashes, counted by call
    case crashWhileQueued = "crash: call waited for its turn"
    case crashWhileOpening = "crash: INVITE not yet sent"
    case crashWhileRinging = "crash: call rang"
    case crashWhileConnected = "crash: call was answered"
    case crashWhileSettling = "crash: status stood, far end not told"
    case crashWhileFetching = "crash: script was fetched"
    case crashWithNotification = "crash: notification owed"
    case crashBeforeACK = "crash: answered, and the ACK waited for the disk"
    case stoppedByOperator = "calls left when the operator stopped"

    // MARK: Faults of the webhook application
    case webhookSlow = "webhook answered after over 2 s"
    case webhookTimedOut = "webhook never answered"
    case webhookRefused = "webhook connection refused"
    case webhookBroke = "webhook connection broke"
    case webhookStatus500 = "webhook answered 500"
    case webhookStatus429 = "webhook answered 429"
    case webhookNoContent = "webhook answered 204"
    case webhookEmptyScript = "webhook answered []"
    case webhookNotJSON = "webhook answered something else than JSON"
    case webhookInvalidScript = "webhook answered an invalid script"
    case webhookUnsupported = "webhook answered a command of a later version"
    case webhookTooLarge = "webhook answered too much"
    case notificationRetried = "notification retried"
    case notificationGivenUp = "notification given up"
    case notificationUnanswered = "notification never answered"

    // MARK: Faults of media
    case mediaOpenFailed = "RTP port could not be opened"
    case mediaNameResolved = "a description named a host"
    case mediaNameUnknown = "a description named a host that has no address"
    case playbackFailed = "playback failed"
    case peerSilent = "the peer's media fell silent"
    case digitsSent = "sendDigits dialled"
    case digitReceived = "digit received"
    case answererFound = "who answered, or a beep, was found"
    case machineDetected = "machineDetected asked for a script"
    case recordingBegun = "recording begun"
    case digitsCollected = "getDigits asked for a script"
    case utteranceRecorded = "record asked for a script, or told of a hang-up"

    // MARK: Rooms
    case completedConferenceTerminated = "completed/conferenceTerminated"
    case completedConferenceEmptied = "completed/conferenceEmptied"
    case completedRemovedFromConference = "completed/removedFromConference"
    case enqueued = "a call entered a queue"
    case queueWasFull = "a queue was full"
    case parked = "a call was parked"
    case waitAsked = "waitUrl asked for a script"
    case leftWait = "a call left a queue, or the parking, and went on"
    case servedOverREST = "a client took a call out of a queue"
    case servedTogether = "a client took one out in the instant in which another did"
    case nobodyWaited = "a client asked for somebody where nobody waited"
    case restResumed = "REST resumed a parked call"
    case restNotParked = "REST resumed a call that was not parked"
    case conferenceMade = "a conference was made"
    case conferenceMadeOverREST = "a client made a conference"
    case joined = "a call came into a conference"
    case joinedTooLate = "a call came to a conference that had been terminated"
    case joinedUnknown = "a call came to a conference that never was"
    case waitedForModerator = "a conference waited for whoever starts it"
    case conferenceBegan = "a conference was in progress"
    case moderatorLeft = "who started a conference left it before others"
    case controlAsked = "callControl asked for a script"
    case sentOutOfConference = "a call was sent out of a conference"
    case conferenceEmptied = "a client emptied a conference"
    case conferenceTerminated = "a conference was terminated"
    case conferenceEndedTwice = "a conference was ended again"
    case conferenceRecorded = "a recording of a conference ended"
    case beeped = "a conference beeped"
    case musicFailed = "a conference's music could not be had"
    case roomNotStored = "a queue or a conference could not be stored"
    case crashWhileWaiting = "crash: call waited in a queue, or was parked"
    case crashInConference = "crash: call was in a conference"

    /// Those that the scenario must bring about: everything before the rooms' own, or these.
    package static func expected(in scenario: Scenario) -> ArraySlice<Occurrence> {
        let first = allCases.firstIndex(of: .completedConferenceTerminated) ?? allCases.endIndex
        return switch scenario {
        case .calls: allCases[..<first]
        case .rooms: allCases[first...]
        }
    }
}

/// How often each occurred.
package struct Counters: Hashable, Sendable {
    private var counts = [Int](repeating: 0, count: Occurrence.allCases.count)

    package init() {}

    package subscript(occurrence: Occurrence) -> Int {
        get { counts[Self.index(of: occurrence)] }
        set { counts[Self.index(of: occurrence)] = newValue }
    }

    package mutating func count(_ occurrence: Occurrence, times: Int = 1) { self[occurrence] += times }

    package mutating func add(_ other: Counters) {
        for index in counts.indices { counts[index] += other.counts[index] }
    }

    /// Those that the scenario must bring about, in the order of their declaration.
    package func expected(in scenario: Scenario) -> [(Occurrence, Int)] {
        Occurrence.expected(in: scenario).map { ($0, self[$0]) }
    }

    private static let indices = Dictionary(
        uniqueKeysWithValues: zip(Occurrence.allCases, Occurrence.allCases.indices))

    private static func index(of occurrence: Occurrence) -> Int { indices[occurrence] ?? 0 }
}
