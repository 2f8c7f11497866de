import SDP
import SIP

/// The audio of an answered leg: what was agreed, later offers of either side, and the names in them.
///
/// A description that names a host waits for its address; until then the media that there is goes on as it was, and a
/// later description with an address goes before. An offer that comes to nothing is answered 488, with a Warning, and
/// changes nothing (RFC 3261 §14.2). A peer that removes the stream (port 0) holds the call, as one that says `inactive`
/// does, until another description brings it back (docs/decisions/0012-where-media-goes.md).
struct AudioNegotiation: Sendable {
    /// What a description of the peer came to.
    enum Outcome: Equatable, Sendable {
        /// Media flows as agreed; `isFirst`: from here on.
        case flows(isFirst: Bool)
        case offerRefused(DescriptionFault)
        /// An answer cannot be refused: the call goes on as it was.
        case answerPassedOver(DescriptionFault)
        /// Nor can this one, and there is nothing to go on with.
        case answerUnusable(DescriptionFault)
    }

    /// A host whose address is being looked up.
    private struct AddressLookup: Sendable {
        let question: NameQuestion
        let name: String
        let agreement: AudioAgreement
    }

    /// The peer's offer, whose answer waits for an address.
    private struct OfferLookup: Sendable {
        let lookup: AddressLookup
        let answer: SessionDescription
    }

    private let session: SessionID
    let sources: MediaSources
    private(set) var local: LocalAudio
    private(set) var agreement: AudioAgreement?
    /// Of the peer's answer to an offer of ours. Where it is the first, nothing flows until the address is known.
    private var answerLookup: AddressLookup?
    /// Of an offer of the peer.
    private var offerLookup: OfferLookup?
    private var namesAsked = 0

    /// - Parameter agreement: what offer and answer have come to; nil where the peer's answer is still to come.
    init(_ session: SessionID, _ local: LocalAudio, sources: MediaSources, agreement: AudioAgreement?) {
        self.session = session
        self.local = local
        self.sources = sources
        self.agreement = agreement
    }

    /// A re-INVITE or UPDATE; without a body it wants an offer of ours.
    mutating func offerReceived(_ body: [UInt8]?, _ turn: inout Turn) -> Outcome? {
        guard let body else {
            turn.order(.answerOffer(local.issue(local.offer)))
            return nil
        }
        if let described, let answer = local.answer(removing: body) {
            return take(described.withoutStream(seenFrom: local.address), answering: answer, &turn)
        }
        do throws(DescriptionFault) {
            let (place, answer) = try local.place(offer: body)
            switch place {
            case .known(let agreement): return take(agreement, answering: answer, &turn)
            case .named(let name, let agreement):
                offerLookup = OfferLookup(lookup: ask(for: name, agreement, &turn), answer: answer)
                return nil
            }
        } catch { return .offerRefused(error) }
    }

    /// The peer took its offer back.
    mutating func offerWithdrawn() { offerLookup = nil }

    /// The ACK to an offer of ours, which brings the peer's answer.
    mutating func acknowledged(_ body: [UInt8]?, _ turn: inout Turn) -> Outcome? {
        guard let body, !body.isEmpty else {
            // A script that runs before anything can be heard would wait for ever, or speak to nobody.
            guard agreement == nil, answerLookup == nil else { return nil }
            return .answerUnusable(DescriptionFault("the ACK has no SDP", warningCode: 399))
        }
        if let described, local.isRemoved(answer: body) {
            return adopt(described.withoutStream(seenFrom: local.address), &turn)
        }
        do throws(DescriptionFault) { return take(try local.place(answer: body), &turn) } catch {
            return answerRefused(error)
        }
    }

    /// What was agreed upon, also where it waits for an address; nil while the peer's first answer is to come.
    private var described: AudioAgreement? { agreement ?? answerLookup?.agreement }

    /// The peer's answer to an offer of ours can be taken, or once it is known where its host is.
    mutating func take(_ place: MediaPlace, _ turn: inout Turn) -> Outcome? {
        switch place {
        case .known(let agreement): return adopt(agreement, &turn)
        case .named(let name, let agreement):
            answerLookup = ask(for: name, agreement, &turn)
            return nil
        }
    }

    /// A name that was asked for has these addresses, or none.
    mutating func nameResolved(_ question: NameQuestion, _ addresses: [IPAddress], _ turn: inout Turn) -> Outcome? {
        if let lookup = answerLookup, lookup.question == question {
            answerLookup = nil
            do throws(DescriptionFault) {
                return adopt(
                    try lookup.agreement.placed(at: addresses, of: lookup.name, seenFrom: local.address), &turn)
            } catch { return answerRefused(error) }
        }
        guard let offer = offerLookup, offer.lookup.question == question else { return nil }
        offerLookup = nil
        do throws(DescriptionFault) {
            let agreement = try offer.lookup.agreement.placed(
                at: addresses, of: offer.lookup.name, seenFrom: local.address)
            return take(agreement, answering: offer.answer, &turn)
        } catch { return .offerRefused(error) }
    }

    /// Media flows as agreed.
    ///
    /// - Parameter isEarly: before the answer.
    static func connect(
        _ agreement: AudioAgreement, _ local: LocalAudio, _ sources: MediaSources, _ session: SessionID,
        isEarly: Bool = false, _ turn: inout Turn
    ) {
        turn.perform(
            .media(
                MediaHandle(rawValue: session.rawValue),
                .connect(
                    MediaConnection(
                        agreement: agreement, offeredEventPayload: local.telephoneEventPayload, sources: sources,
                        isEarly: isEarly))))
    }

    // MARK: Steps

    private mutating func ask(
        for name: String, _ agreement: AudioAgreement, _ turn: inout Turn
    ) -> AddressLookup {
        namesAsked += 1
        let question = NameQuestion(session: session, number: namesAsked)
        turn.perform(.resolveMediaName(question, name))
        return AddressLookup(question: question, name: name, agreement: agreement)
    }

    private mutating func take(
        _ agreement: AudioAgreement, answering answer: SessionDescription, _ turn: inout Turn
    ) -> Outcome {
        turn.order(.answerOffer(local.issue(answer)))
        return adopt(agreement, &turn)
    }

    private mutating func adopt(_ agreement: AudioAgreement, _ turn: inout Turn) -> Outcome {
        let isFirst = self.agreement == nil
        self.agreement = agreement
        // Whatever was being looked up for an earlier description is of no use any more.
        answerLookup = nil
        turn.want(.saveRecord)
        Self.connect(agreement, local, sources, session, &turn)
        return .flows(isFirst: isFirst)
    }

    private func answerRefused(_ fault: DescriptionFault) -> Outcome {
        agreement == nil ? .answerUnusable(fault) : .answerPassedOver(fault)
    }
}
