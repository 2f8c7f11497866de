import SIP

/// The descriptions of a leg after its INVITE (``AudioNegotiation``).
extension Leg {
    /// What is agreed upon; nil before.
    var isAudible: Bool {
        guard case .answered(let answered) = phase else { return false }
        return answered.audio.agreement != nil
    }

    mutating func offerReceived(_ body: [UInt8]?, _ turn: inout Turn) -> Fact? {
        guard let outcome = withAnswered({ $0.audio.offerReceived(body, &turn) }) else {
            turn.order(.refuseOffer(SIPHeaders()))
            return nil
        }
        return outcome.map(Fact.described)
    }

    mutating func offerWithdrawn() { _ = withAnswered { $0.audio.offerWithdrawn() } }

    mutating func acknowledged(_ body: [UInt8]?, _ turn: inout Turn) -> Fact? {
        (withAnswered { $0.audio.acknowledged(body, &turn) } ?? nil).map(Fact.described)
    }

    mutating func nameResolved(_ question: NameQuestion, _ addresses: [IPAddress], _ turn: inout Turn) -> Fact? {
        (withAnswered { $0.audio.nameResolved(question, addresses, &turn) } ?? nil).map(Fact.described)
    }
}
