import SIP

/// What lies between Belay and two far ends where a call is forked (RFC 3261 §16.7): requests without a To tag, and
/// ACKs of refusals, go to both; a refusal comes back only when both have refused, every 2xx at once.
struct ForkingProxy {
    private var finals: [String: [Int?]] = [:]
    private var branches: Set<String> = []

    /// True where a copy of a request of Belay to the first far end goes to the second.
    mutating func copies(_ sighting: Sighting, isForked: (String) -> Bool) -> Bool {
        switch sighting.method {
        case .invite:
            guard isForked(sighting.number) else { return false }
            if finals[sighting.callID] == nil { finals[sighting.callID] = [nil, nil] }
            branches.insert(sighting.branch)
            return true
        case .cancel, .ack: return branches.contains(sighting.branch)
        default: return false
        }
    }

    /// False for a response that the proxy keeps to itself.
    mutating func passes(_ sighting: Sighting, from farEnd: Int) -> Bool {
        guard !sighting.isRequest, sighting.method == .invite, sighting.status >= 200,
            var finals = finals[sighting.callID]
        else { return true }
        finals[farEnd] = sighting.status
        self.finals[sighting.callID] = finals
        if sighting.status < 300 { return true }
        guard let first = finals[0], let second = finals[1] else { return false }
        return first >= 300 && second >= 300
    }
}
