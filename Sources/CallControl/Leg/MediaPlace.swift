import SDP
import SIP

/// What offer and answer agreed upon, as far as it is known where its media goes.
enum MediaPlace: Equatable, Sendable {
    case known(AudioAgreement)
    /// `c=` names a host, whose addresses have to be asked for (RFC 8866 §5.7).
    case named(String, AudioAgreement)
}

extension LocalAudio {
    /// What the peer's answer to an offer of ours comes to.
    func place(answer: [UInt8]) throws(DescriptionFault) -> MediaPlace {
        guard !answer.isEmpty else { throw DescriptionFault("the answer has no SDP", warningCode: 399) }
        let agreement: AudioAgreement
        do { agreement = try self.agreement(answer: answer) } catch { throw DescriptionFault(error) }
        return try agreement.place(seenFrom: address)
    }

    /// What the peer's offer comes to, and our answer to it.
    func place(offer: [UInt8]) throws(DescriptionFault) -> (place: MediaPlace, answer: SessionDescription) {
        let agreed: (agreement: AudioAgreement, answer: SessionDescription)
        do { agreed = try answer(to: offer) } catch { throw DescriptionFault(error) }
        return (try agreed.agreement.place(seenFrom: address), agreed.answer)
    }

    /// What a caller is told: the answer to its offer and what both agree on, or our own offer where it made none
    /// (RFC 3261 §13.3.1).
    func reply(to offer: [UInt8]?) throws(AudioDisagreement) -> (sdp: [UInt8], agreement: AudioAgreement?) {
        guard let offer else { return (self.offer.bytes, nil) }
        let (agreement, answer) = try answer(to: offer)
        return (answer.bytes, agreement)
    }
}

extension AudioAgreement {
    /// - Parameter local: our own address for media: only its family can be reached.
    func place(seenFrom local: String) throws(DescriptionFault) -> MediaPlace {
        let own = IPAddress(local)
        guard !ConnectionAddress(host: remoteAddress).isUnspecified else {
            // On hold nothing is sent, so that the family does not matter (RFC 3264 §8.4).
            return .known(with(own?.isVersion6 == true ? "::" : "0.0.0.0"))
        }
        guard let address = IPAddress(remoteAddress)?.unmapped else {
            guard remoteAddress.isHostName else {
                throw DescriptionFault(
                    "c= has \(remoteAddress.prefix(80)), which is neither an address nor a name", warningCode: 301)
            }
            return .named(remoteAddress, self)
        }
        if let own, own.isVersion6 != address.isVersion6 {
            throw DescriptionFault(
                "c= has \(address), which cannot be reached from \(own): the other version of IP", warningCode: 300)
        }
        guard address.isUnicast else {
            throw DescriptionFault("c= has \(address), which is no address of one host", warningCode: 330)
        }
        return .known(with(address.description))
    }

    /// The first of a name's addresses that can be reached.
    func placed(at addresses: [IPAddress], of name: String, seenFrom local: String) throws(DescriptionFault) -> Self {
        let own = IPAddress(local)
        let address = addresses.lazy.map(\.unmapped).first { address in
            address.isUnicast && (own == nil || own?.isVersion6 == address.isVersion6)
        }
        guard let address else {
            let explanation =
                addresses.isEmpty
                ? "c= names \(name), which has no address"
                : "c= names \(name), none of whose addresses can be reached from \(local)"
            throw DescriptionFault(explanation, warningCode: 301)
        }
        return with(address.description)
    }

    /// What is left of it where the peer removes the stream (RFC 3264 §8.2): neither RTP nor RTCP goes anywhere, and
    /// nobody is missed. A later offer brings it back.
    ///
    /// - Parameter local: as above.
    func withoutStream(seenFrom local: String) -> Self {
        var agreement = with(IPAddress(local)?.isVersion6 == true ? "::" : "0.0.0.0")
        agreement.remotePort = 0
        agreement.direction = .inactive
        return agreement
    }

    private func with(_ address: String) -> Self {
        var agreement = self
        agreement.remoteAddress = address
        return agreement
    }
}

extension IPAddress {
    fileprivate var isVersion6: Bool { if case .v6 = self { true } else { false } }

    /// An IPv4 address that is written as an IPv6 one (RFC 4291 §2.5.5.2).
    fileprivate var unmapped: IPAddress {
        guard case .v6(let high, let low) = self, high == 0, low >> 32 == 0xFFFF else { return self }
        return .v4(UInt32(truncatingIfNeeded: low))
    }
}

extension String {
    /// Letters, digits, `-` and `_` in labels of at most 63 (RFC 1123 §2.1); what ends in a number is a broken address.
    fileprivate var isHostName: Bool {
        let labels = (hasSuffix(".") ? dropLast() : self[...]).split(separator: ".", omittingEmptySubsequences: false)
        guard utf8.count <= 253, let last = labels.last, !last.utf8.allSatisfy({ (48...57).contains($0) }) else {
            return false
        }
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count)
                && label.utf8.allSatisfy { byte in
                    (48...57).contains(byte) || (97...122).contains(byte | 32) || byte == 45 || byte == 95
                }
        }
    }
}
