/// One change of what is on disk. A list of them is one transaction (ARCHITECTURE.md#one-transaction-an-input).
package enum StorageOperation: Hashable, Sendable {
    /// Inserts the call's row, or replaces it.
    case saveCall(Call)
    /// Keeps what an unfinished call needs to be ended or gone on with after a crash: versioned JSON, opaque here.
    case saveRecord(CallID, [UInt8])
    /// The call is over and owes nothing: its record, and the secrets in it, are overwritten and removed.
    case removeRecord(CallID)
    case appendJournal(JournalEntry)
    /// Keeps the key by which the call was asked for; a conflict where the account used it within a day.
    case saveKey(IdempotencyKey, CallID, Timestamp)
    /// Inserts the recording's row, or replaces it. Its call, or its conference, is stored already.
    case saveRecording(Recording)
    /// A notification that is owed (docs/contract/webhooks.md#notifications).
    case saveNotification(PendingNotification)
    /// Delivered, or given up: removed with its body.
    case removeNotification(EventID)
    /// Inserts the queue's row, or replaces it.
    case saveQueue(CallQueue)
    case removeQueue(QueueID)
    /// Inserts the conference's row, or replaces it, with what a start needs to take it up: opaque here, and none of one
    /// that has been terminated and has told of its recordings.
    case saveConference(Conference, record: [UInt8]?)
}

extension StorageOperation {
    /// The first row of a call.
    package var beginsCall: Bool {
        if case .saveCall(let call) = self { call.revision == Call.firstRevision } else { false }
    }

    /// The row of a call that is over.
    package var endsCall: Bool {
        if case .saveCall(let call) = self { call.status.isTerminal } else { false }
    }
}

/// A notification that waits for its next attempt.
package struct PendingNotification: Hashable, Sendable {
    package var webhook: Webhook
    /// Attempts made so far.
    package var attempts: Int
    package var firstAttempt: Timestamp
    package var nextAttempt: Timestamp

    package init(webhook: Webhook, attempts: Int, firstAttempt: Timestamp, nextAttempt: Timestamp) {
        self.webhook = webhook
        self.attempts = attempts
        self.firstAttempt = firstAttempt
        self.nextAttempt = nextAttempt
    }
}

/// What a start finds on disk of calls that had not ended.
package struct UnfinishedWork: Sendable {
    /// In order of the calls' creation.
    package var records: [(CallID, [UInt8])]
    /// In order of the calls' creation and the events' sequence; behind them those of conferences, likewise.
    package var notifications: [PendingNotification]
    /// The highest journal sequence of each call in `records`, so that the journal goes on without a gap.
    package var journalSequences: [CallID: Int]
    /// Of the calls in `records`, and of each conference in `conferences` the latest at least,
    /// ``Conference/mostIncompleteRecordings`` of them.
    package var recordings: [RecordingID: Recording]
    /// Every call that has a record or has not ended, in order of creation: what is known of it where it has no record,
    /// or none that can be read.
    package var rows: [UnfinishedRow]
    /// What could not be read and was left out, in words for the operator.
    package var complaints: [String]
    /// In the order in which they were made.
    package var queues: [CallQueue]
    /// Those that have not been terminated, with their records, and those that have and have a record, in the order in
    /// which they were made.
    package var conferences: [(Conference, [UInt8]?)]

    package init(
        records: [(CallID, [UInt8])], notifications: [PendingNotification], journalSequences: [CallID: Int],
        recordings: [RecordingID: Recording] = [:], rows: [UnfinishedRow] = [], complaints: [String] = [],
        queues: [CallQueue] = [], conferences: [(Conference, [UInt8]?)] = []
    ) {
        self.rows = rows
        self.complaints = complaints
        self.queues = queues
        self.conferences = conferences
        self.records = records
        self.notifications = notifications
        self.journalSequences = journalSequences
        self.recordings = recordings
    }
}

/// What is known of an unfinished call without its record.
package struct UnfinishedRow: Hashable, Sendable {
    package var call: Call
    /// Its application's, for where nothing else tells who wants to hear of the end.
    package var applicationStatusCallbackURL: WebURL?
    /// The highest of the events that it still owes; 0: none.
    package var eventSequence: Int

    package init(call: Call, applicationStatusCallbackURL: WebURL? = nil, eventSequence: Int = 0) {
        self.call = call
        self.applicationStatusCallbackURL = applicationStatusCallbackURL
        self.eventSequence = eventSequence
    }
}

/// What an account has used of a day.
package struct DayUse: Hashable, Sendable {
    package var accountID: AccountID
    /// Calls that were begun.
    package var calls: Int
    /// Talked in calls that have ended.
    package var seconds: Int

    package init(accountID: AccountID, calls: Int, seconds: Int) {
        self.accountID = accountID
        self.calls = calls
        self.seconds = seconds
    }
}
