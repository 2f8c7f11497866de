extension UserAgent {
    /// One turn: lends `random` and `effects` to the workbench, does the work, gives them back.
    mutating func work(
        _ now: Instant, _ random: inout RandomSource, _ effects: inout [UserAgentEffect],
        _ body: (inout UserAgent) -> Void
    ) {
        bench.output.now = now
        swap(&bench.random, &random)
        swap(&bench.output.effects, &effects)
        body(&self)
        swap(&bench.output.effects, &effects)
        swap(&bench.random, &random)
    }

    mutating func changeIncoming(
        _ id: SessionID, _ now: Instant, _ random: inout RandomSource, _ effects: inout [UserAgentEffect],
        _ body: (inout IncomingSession, inout Workbench) -> Void
    ) {
        work(now, &random, &effects) { agent in
            agent.change(id) { session, bench in
                guard var incoming = session as? IncomingSession else { return }
                body(&incoming, &bench)
                session = incoming
            }
        }
    }

    /// Lets `body` change a session, and forgets the session if all is quiet afterwards. Unknown numbers are ignored.
    mutating func change(_ id: SessionID, _ body: (inout any SessionMachine, inout Workbench) -> Void) {
        guard var session = sessions.removeValue(forKey: id) else { return }
        body(&session, &bench)
        keep(session)
    }

    mutating func keep(_ session: any SessionMachine) {
        guard session.isQuiet else {
            sessions[session.id] = session
            return
        }
        var session = session
        session.close(&bench)
    }

    /// Hands what the transactions have to say to their sessions.
    ///
    /// - Parameter explanation: why nothing could be sent, where that is what they say.
    mutating func handle(_ events: [TransactionLayer.Event], because explanation: String = "") {
        for event in events {
            switch event {
            case .response(let response, let key, let id?):
                change(id) { session, bench in session.receive(response, of: key, &bench) }
            case .timedOut(let key, let id?):
                change(id) { session, bench in session.transactionFailed(key, .timedOut, &bench) }
            case .transportFailed(let key, let id?):
                change(id) { session, bench in session.transactionFailed(key, .notSent(explanation), &bench) }
            case .terminated(let key, let id?):
                change(id) { session, bench in session.transactionTerminated(key, &bench) }
            case .response(_, _, nil), .timedOut(_, nil), .transportFailed(_, nil), .terminated(_, nil): break
            }
        }
    }
}
