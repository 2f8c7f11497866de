internal import CSpanDSP

/// The tones of answering faxes and modems, found by spandsp: 2100 Hz with or without phase reversals and modulation, and
/// the flags in V.21 that a fax sends after it, or instead.
final class ModemTones {
    enum Heard: Equatable {
        /// CED, ANS, ANSam.
        case answer(reversals: Bool)
        case preamble
    }

    private let detector: OpaquePointer?

    init() {
        detector = modem_connect_tones_rx_init(
            nil, Int32(MODEM_CONNECT_TONES_FAX_CED_OR_PREAMBLE), nil, nil)
    }

    deinit {
        if let detector { modem_connect_tones_rx_free(detector) }
    }

    /// What these samples complete; each is told once.
    func observe(_ frame: UnsafeBufferPointer<Int16>) -> Heard? {
        guard let base = frame.baseAddress, let detector else { return nil }
        _ = modem_connect_tones_rx(detector, base, Int32(clamping: frame.count))
        switch modem_connect_tones_rx_get(detector) {
        case Int32(MODEM_CONNECT_TONES_FAX_PREAMBLE): return .preamble
        case Int32(MODEM_CONNECT_TONES_ANS), Int32(MODEM_CONNECT_TONES_ANSAM):
            return .answer(reversals: false)
        case Int32(MODEM_CONNECT_TONES_ANS_PR), Int32(MODEM_CONNECT_TONES_ANSAM_PR):
            return .answer(reversals: true)
        default: return nil
        }
    }
}
