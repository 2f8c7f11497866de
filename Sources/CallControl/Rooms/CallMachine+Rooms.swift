import Telephony

extension CallMachine {
    /// What the call hears of others goes to the part that it concerns.
    mutating func take(_ fact: RoomFact, _ turn: inout Turn) {
        switch fact {
        case .childMade(let child, let dial):
            withTalk(&turn) { talk, _, dossier, turn in
                talk.childMade(child, dial, &dossier, &turn)
                return nil
            }
        case .childRefused(let refusal):
            withTalk(&turn) { talk, _, dossier, turn in talk.refuseOutDial(refusal, &dossier, &turn) }
        case .turnTooLate(let explanation): waitedTooLong(explanation, &turn)
        }
    }
}
