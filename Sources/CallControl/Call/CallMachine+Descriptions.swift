import JSON
import SDP
import SIP
import Telephony

/// The descriptions of a call after its INVITE: the answer, later offers of either side, and the names in them.
///
/// A description that names a host waits for its address; until then the media that there is goes on as it was, and a
/// later description with an address goes before. An offer that comes to nothing is answered 488, with a Warning, and
/// changes nothing (RFC 3261 §14.2).
extension CallMachine {
    /// A host whose address is being looked up.
    struct AddressLookup: Sendable {
        let question: NameQuestion
        let name: String
        let agreement: AudioAgreement
    }

    /// The peer's offer, whose answer waits for an address.
    struct OfferLookup: Sendable {
        let lookup: AddressLookup
        let answer: SessionDescription
    }

    /// A re-INVITE or UPDATE; without a body it wants an offer of ours.
    mutating func offerReceived(
        _ body: [UInt8]?, configuration: ExchangeConfiguration, now: Moment, random: inout RandomSource,
        into directives: inout [CallDirective]
    ) {
        guard case .connected(var conversation) = phase, var localAudio else {
            directives.append(.refuseOffer(SIPHeaders()))
            return
        }
        guard let body else {
            let offer = localAudio.issue(localAudio.offer)
            self.localAudio = localAudio
            directives.append(.answerOffer(offer))
            return
        }
        do throws(DescriptionFault) {
            let (place, answer) = try localAudio.place(offer: body)
            switch place {
            case .known(let agreement):
                take(agreement, answering: answer, configuration, now, &random, &directives)
            case .named(let name, let agreement):
                let lookup = ask(for: name, agreement, &directives)
                conversation.offerLookup = OfferLookup(lookup: lookup, answer: answer)
                phase = .connected(conversation)
            }
        } catch { refuseOffer(error, now, &directives) }
    }

    /// The peer took its offer back.
    mutating func offerWithdrawn() {
        guard case .connected(var conversation) = phase else { return }
        conversation.offerLookup = nil
        phase = .connected(conversation)
    }

    /// The ACK to an offer of ours brings the peer's answer.
    mutating func acknowledged(
        _ body: [UInt8]?, configuration: ExchangeConfiguration, now: Moment, random: inout RandomSource,
        into directives: inout [CallDirective]
    ) {
        if let body, !body.isEmpty, isConnected, let localAudio {
            do throws(DescriptionFault) {
                let place = try localAudio.place(answer: body)
                takeAnswer(place, configuration, now, &random, &directives)
            } catch { refuseAnswer(error, now, &directives) }
        }
        guard case .connected(let conversation) = phase else { return }
        guard agreement != nil else {
            // A script that runs before anything can be heard would wait for ever, or speak to nobody.
            if conversation.answerLookup == nil {
                refuseAnswer(DescriptionFault("the ACK has no SDP", warningCode: 399), now, &directives)
            }
            return
        }
        advanceScript(now, &random, &directives) { run, memory, steps in run.answered(&memory, into: &steps) }
    }

    /// The peer's answer to an offer of ours can be taken, or once it is known where its host is.
    mutating func takeAnswer(
        _ place: MediaPlace, _ configuration: ExchangeConfiguration, _ now: Moment, _ random: inout RandomSource,
        _ directives: inout [CallDirective]
    ) {
        guard case .connected(var conversation) = phase else { return }
        switch place {
        case .known(let agreement): adopt(agreement, configuration, now, &random, &directives)
        case .named(let name, let agreement):
            conversation.answerLookup = ask(for: name, agreement, &directives)
            phase = .connected(conversation)
        }
    }

    /// A name that was asked for has these addresses, or none.
    mutating func nameResolved(
        _ question: NameQuestion, _ addresses: [IPAddress], configuration: ExchangeConfiguration, now: Moment,
        random: inout RandomSource, into directives: inout [CallDirective]
    ) {
        guard case .connected(var conversation) = phase, let local = localAudio?.address else { return }
        if let lookup = conversation.answerLookup, lookup.question == question {
            conversation.answerLookup = nil
            phase = .connected(conversation)
            do throws(DescriptionFault) {
                let agreement = try lookup.agreement.placed(at: addresses, of: lookup.name, seenFrom: local)
                adopt(agreement, configuration, now, &random, &directives)
            } catch { refuseAnswer(error, now, &directives) }
        } else if let offer = conversation.offerLookup, offer.lookup.question == question {
            conversation.offerLookup = nil
            phase = .connected(conversation)
            do throws(DescriptionFault) {
                let agreement = try offer.lookup.agreement.placed(at: addresses, of: offer.lookup.name, seenFrom: local)
                take(agreement, answering: offer.answer, configuration, now, &random, &directives)
            } catch { refuseOffer(error, now, &directives) }
        }
    }

    // MARK: What comes of them

    private mutating func ask(
        for name: String, _ agreement: AudioAgreement, _ directives: inout [CallDirective]
    ) -> AddressLookup {
        namesAsked += 1
        let question = NameQuestion(session: session, number: namesAsked)
        directives.append(.effect(.resolveMediaName(question, name)))
        return AddressLookup(question: question, name: name, agreement: agreement)
    }

    private mutating func take(
        _ agreement: AudioAgreement, answering answer: SessionDescription, _ configuration: ExchangeConfiguration,
        _ now: Moment, _ random: inout RandomSource, _ directives: inout [CallDirective]
    ) {
        guard var localAudio else { return }
        directives.append(.answerOffer(localAudio.issue(answer)))
        self.localAudio = localAudio
        adopt(agreement, configuration, now, &random, &directives)
    }

    /// Media flows as agreed from here on. The first time, what waited for it begins.
    private mutating func adopt(
        _ agreement: AudioAgreement, _ configuration: ExchangeConfiguration, _ now: Moment,
        _ random: inout RandomSource, _ directives: inout [CallDirective]
    ) {
        guard case .connected(var conversation) = phase else { return }
        let isFirst = self.agreement == nil
        self.agreement = agreement
        // Whatever was being looked up for an earlier description is of no use any more.
        conversation.answerLookup = nil
        phase = .connected(conversation)
        connectMedia(agreement, configuration, &directives)
        guard isFirst else { return }
        if ifMachine != nil { directives.append(.effect(.observeAnswerer(media, true))) }
        if let sendDigits { dial(.sendDigits, sendDigits, now, &random, &directives) }
        advanceScript(now, &random, &directives) { run, memory, steps in run.answered(&memory, into: &steps) }
        startHeldScript(now, &random, &directives)
    }

    private mutating func refuseOffer(
        _ fault: DescriptionFault, _ now: Moment, _ directives: inout [CallDirective]
    ) {
        note(
            .warning, .media, "Offer refused; the call goes on as it was",
            ["explanation": .string(fault.explanation)], now, &directives)
        directives.append(.refuseOffer(fault.headers))
    }

    /// An answer cannot be refused: the call goes on as it was, or is hung up where there is nothing to go on with.
    private mutating func refuseAnswer(
        _ fault: DescriptionFault, _ now: Moment, _ directives: inout [CallDirective]
    ) {
        guard agreement == nil else {
            note(
                .warning, .media, "Answer unusable; the call goes on as it was",
                ["explanation": .string(fault.explanation)], now, &directives)
            return
        }
        finish(
            CallOutcome(.completed, .failed, "answered without usable media, so we hung up: \(fault.explanation)"),
            awaitsSession: true, now, &directives)
    }
}
