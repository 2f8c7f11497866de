import CallControl
import SIP
import Telephony

/// What Belay wants done: past the checks, into the trace, out into the world.
extension World {
    func carryOut(_ effect: Effect) throws(Violation) {
        switch effect {
        case .send(let bytes, let destination): try sendFromBelay(bytes, destination)
        case .store(let operations, let token): try store(operations, token)
        case .deliver(let webhook, let attempt): try deliver(webhook, attempt)
        // Nothing waits for its turn here.
        case .withdrawWebhook: break
        case .reply(let token, let reply): try answered(token, reply)
        case .media(let handle, let order): try carryOut(order, handle)
        case .resolveMediaName(let question, let name): resolve(name, question)
        case .resolveHop(_, let host):
            throw Violation("simulation", "nobody here is at a name, not even at \(host)")
        case .resolveCaller, .routeInbound:
            throw Violation("simulation", "nobody here dials out of a script, or in")
        case .mix(let mix, let order): try carryOut(order, mix)
        case .prepareMusic(let conference, let url, _): prepareMusic(of: conference, url)
        case .forgetMusic(let conference): forgetMusic(of: conference)
        case .lookUpConference(let call, _, let conference):
            queue.schedule(
                .conferenceLookedUp(life: life, call, conference), at: after(milliseconds: draw(1...30)))
        case .fault(let call, let explanation):
            trace.tell(now, "fault: \(explanation)")
            // A failing disk is a fault of the world.
            guard explanation.contains("could not be stored") else {
                throw Violation("no impossible state", "\(call.map(\.text) ?? "-"): \(explanation)")
            }
        case .refused(let refusal, _, _):
            trace.mix(refusal.reason.rawValue)
        case .discarded(let reason):
            trace.mix(reason.rawValue)
        }
    }

    // MARK: Storage

    private func store(_ operations: [StorageOperation], _ token: CommitToken?) throws(Violation) {
        trace.mix(10)
        trace.mix(token?.rawValue ?? 0)
        for operation in operations {
            switch operation {
            case .saveCall(let call):
                trace.mix(call.status.rawValue)
                trace.tell(now, "store \(call.to) \(call.status) \(call.endedReason?.rawValue ?? "") r\(call.revision)")
                try statuses.stored(call)
                if let index = CallPlan.index(of: call.to), callIDs.indices.contains(index) {
                    callIDs[index] = call.callID
                }
            case .saveRecord(let id, let bytes):
                trace.mix(id.text)
                trace.mix(bytes)
                if bytes.holds(#""phase":"opening""#) { dialling.insert(id) }
                settled.remove(id)
            case .removeRecord(let id):
                trace.mix(id.text)
                settled.insert(id)
            case .appendJournal(let entry):
                trace.mix(entry.message)
                trace.mix(UInt64(entry.sequence))
                if entry.message.contains("not delivered : givenUp") { counters.count(.notificationGivenUp) }
                if entry.message.contains("not delivered : unanswered") { counters.count(.notificationUnanswered) }
            case .saveKey(let key, let call, _):
                trace.mix(key.text)
                trace.mix(call.text)
            case .saveRecording(let recording):
                trace.mix(recording.recordingID.text)
                trace.mix(UInt64(recording.durationSeconds ?? 0))
            case .saveNotification(let pending): trace.mix(UInt64(pending.attempts))
            case .removeNotification(let id):
                trace.mix(id.text)
                try webhooks.removing(id, now: now)
            case .saveQueue(let queue): trace.mix(queue.queueID.text)
            case .removeQueue(let id): trace.mix(id.text)
            case .saveConference(let conference, let record):
                trace.mix(conference.conferenceID.text)
                trace.mix(conference.status.rawValue)
                trace.mix(record ?? [])
            }
        }
        try noteRooms(operations)
        storage.submit(.init(operations: operations, token: token))
        if let token { latestCommit = token }
        beginBatch()
    }

    func beginBatch() {
        guard storage.beginBatch() else { return }
        var microseconds = draw(weather.commitMicroseconds)
        if !isDiskSound, isChosen(perMille: weather.slowCommitPerMille) {
            counters.count(.commitLate)
            microseconds += draw(100_000...1_500_000)
        }
        queue.schedule(.batchDone(life: life), at: now + .microseconds(microseconds))
    }

    func endBatch() throws(Violation) {
        let isCommitted = isDiskSound || !isChosen(perMille: weather.failedCommitPerMille)
        let batch = storage.endBatch(isCommitted: isCommitted)
        if !isCommitted { counters.count(.commitFailed) }
        for transaction in batch {
            if isCommitted { try noteCommitted(transaction) } else { noteLost(transaction) }
        }
        beginBatch()
        for transaction in batch {
            guard let token = transaction.token, subject != nil else { continue }
            trace.tell(now, "\(isCommitted ? "committed" : "commit failed") \(token.rawValue)")
            try feed(isCommitted ? .committed(token) : .commitFailed(token, .other))
            try checkUpdates(after: token)
        }
    }

    func noteCommitted(_ transaction: ModelStorage.Transaction) throws(Violation) {
        for operation in transaction.operations {
            if case .saveCall(let call) = operation { try statuses.committed(call) }
            webhooks.committed(operation)
            checks.conferences.committed(operation)
        }
    }

    private func noteLost(_ transaction: ModelStorage.Transaction) {
        for operation in transaction.operations {
            checks.conferences.lost(operation)
            switch operation {
            case .saveCall(let call): statuses.lost(call.callID)
            case .saveRecord(let id, _), .removeRecord(let id): statuses.lost(id)
            case .saveNotification(let pending): if let call = pending.webhook.callID { statuses.lost(call) }
            case .removeNotification, .appendJournal, .saveKey, .saveRecording, .saveQueue, .removeQueue,
                .saveConference:
                break
            }
        }
    }

    // MARK: Webhooks

    private func deliver(_ webhook: Webhook, _ attempt: Int) throws(Violation) {
        trace.mix(11)
        trace.mix(webhook.eventID.text)
        trace.mix(webhook.body)
        trace.tell(
            now,
            "post \(webhook.requestType) \(webhook.eventSequence) for "
                + "\(webhook.callID.map(number(of:)) ?? webhook.owner.text), attempt \(attempt)")
        try durability.delivering(webhook)
        try webhooks.delivering(webhook, attempt: attempt, now: now)
        if attempt > 1, webhook.purpose == .notification { counters.count(.notificationRetried) }
        switch webhook.requestType {
        case "getDigits": counters.count(.digitsCollected)
        case "record": counters.count(.utteranceRecorded)
        case "machineDetected": counters.count(.machineDetected)
        case "queueWait", "parkWait": counters.count(.waitAsked)
        case "callControl": counters.count(.controlAsked)
        default: break
        }
        let answer = try answer(to: webhook, attempt)
        if let occurrence = answer.occurrence { counters.count(occurrence) }
        queue.schedule(
            .webhookAnswered(
                life: life, webhook.eventID, answer.outcome, milliseconds: answer.milliseconds),
            at: after(milliseconds: answer.milliseconds))
    }

    private func answer(to webhook: Webhook, _ attempt: Int) throws(Violation) -> ModelApp.Answer {
        switch webhook.owner {
        case .call(let id):
            guard let plan = plan(of: id) else {
                throw Violation("webhooks", "\(webhook.requestType) for a call that nobody made")
            }
            switch webhook.requestType {
            case "dequeue": checks.serving.goesOn(id)
            case "leaveConference": checks.told.goesOn(id)
            default: break
            }
            return app.answer(webhook, attempt: attempt, plan, scene, &random)
        case .conference:
            // Its app takes what it tells as that of some call does, the same at each attempt.
            let notices = plans[webhook.eventSequence % plans.count].notices
            return app.answer(ofConference: webhook, notices, &random)
        }
    }

    func webhookAnswered(
        _ life: Int, _ event: EventID, _ outcome: WebhookOutcome, _ milliseconds: Int
    ) throws(Violation) {
        // An answer to a request of an earlier life is heard by nobody, but the application has the request.
        guard life == self.life, subject != nil else {
            if outcome.delivers { webhooks.tookEarlier(event) }
            return
        }
        trace.tell(now, "webhook answered: \(outcome.summary)")
        webhooks.finished(event, outcome)
        try feed(.webhookFinished(event, outcome, milliseconds: milliseconds))
    }

    // MARK: REST

    private func answered(_ token: ReplyToken, _ reply: Reply) throws(Violation) {
        trace.mix(12)
        trace.mix(token.rawValue)
        try durability.replied(token, reply, storage)
        if let request = roomRequests[token] { return try answered(request, reply) }
        guard let index = requests[token] else { throw Violation("REST", "an answer to a request nobody made") }
        let plan = plans[index]
        switch reply {
        case .made(let call, _):
            trace.tell(now, "202 for \(call.to)")
            for (after, update) in plan.updates {
                queue.schedule(.updateWanted(index, update), at: self.after(milliseconds: after))
            }
        case .updated, .parent, .queue, .conference: break
        case .refused(let refusal):
            trace.tell(now, "refused \(refusal) for \(plan.number)")
            switch refusal {
            case .notStored:
                counters.count(.creationNotStored)
                if let id = callIDs[index] { durability.notStored(id) }
            case .notFound: counters.count(.restCameTooLate)
            case .notParked: counters.count(.restNotParked)
            case .draining, .overloaded, .queueFull, .turnTooLate, .notAllowed, .diskFull, .diskFailing, .keyInUse:
                break
            }
        }
    }

    func makeCall(_ index: Int) throws(Violation) {
        guard subject != nil else {
            // Connection refused: the customer tries again later.
            queue.schedule(.callWanted(index), at: after(milliseconds: 1_000))
            return
        }
        let plan = plans[index]
        guard let to = CallDestination(plan.number) else {
            throw Violation("simulation", "\(plan.number) is no number")
        }
        let token = drawToken(for: index)
        trace.tell(now, "POST Calls \(plan.number): \(plan.behaviour), \(plan.manner)")
        let terms = CallTerms(
            requestID: RequestID(random: &random), callConnectURL: callConnectURL,
            statusCallbackURL: plan.hasStatusCallback ? statusCallbackURL : nil, sendDigits: plan.sendDigits,
            ringTimeoutSeconds: plan.ringTimeoutSeconds, ifMachine: plan.listening?.handling)
        let request = CallRequest(
            terms, from: fromNumber, to: to, accountID: accountID, applicationID: nil, phoneNumberID: nil)
        try feed(.makeCall(token, request))
    }

    func updateCall(_ index: Int, _ update: CallUpdate) throws(Violation) {
        guard subject != nil, let id = callIDs[index] else { return }
        let token = drawToken(for: index)
        if update == .inProgress {
            if checks.places.place(of: id) == .parking { counters.count(.restResumed) }
        } else {
            countEnd(of: id, index)
        }
        trace.tell(now, "POST Calls/\(plans[index].number) \(update)")
        let status = statuses.latest(id)?.status
        let former = latestCommit
        try feed(.updateCall(token, id, accountID, update, RequestID(random: &random)))
        guard subject != nil, !isTerminal(status), !durability.isAnswered(token) else { return }
        // That of a call that waits is answered when the disk knows that it does not any more.
        guard status == .queued, let latestCommit, latestCommit != former else {
            throw Violation("REST", "an update of \(plans[index].number) is not answered")
        }
        owedUpdates[latestCommit, default: []].append(token)
    }

    private func countEnd(of id: CallID, _ index: Int) {
        switch statuses.latest(id)?.status {
        case .queued:
            counters.count(signalling.hasInvited(plans[index].number) ? .restEndedUnanswered : .restEndedQueued)
        case .ringing: counters.count(.restEndedUnanswered)
        case .inProgress: counters.count(.restEndedAnswered)
        default: break
        }
    }

    /// What the client waits for with a commit is answered with it, whatever became of it.
    private func checkUpdates(after commit: CommitToken) throws(Violation) {
        for token in owedUpdates.removeValue(forKey: commit) ?? [] where subject != nil && !durability.isAnswered(token)
        {
            throw Violation("REST", "an update is not answered, although its commit \(commit.rawValue) is done")
        }
    }

    private func isTerminal(_ status: CallStatus?) -> Bool { status?.isTerminal ?? true }

    private func drawToken(for index: Int) -> ReplyToken {
        let token = ReplyToken(rawValue: nextRequest)
        nextRequest += 1
        requests[token] = index
        return token
    }

    // MARK: Whose

    func number(of id: CallID) -> String { statuses.latest(id)?.to ?? id.text }

    func plan(of id: CallID) -> CallPlan? {
        guard let number = statuses.latest(id)?.to, let index = CallPlan.index(of: number),
            plans.indices.contains(index)
        else { return nil }
        return plans[index]
    }
}

extension WebhookOutcome {
    var summary: String {
        switch self {
        case .answered(let status, _, let body): "\(status) \(String(decoding: body.prefix(60), as: UTF8.self))"
        case .answerTooLarge(let status): "\(status), too large"
        case .redirected(let status, _): "\(status), redirected"
        case .failed(let failure): failure.kind.rawValue
        }
    }
}
