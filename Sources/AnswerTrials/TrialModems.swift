internal import CSpanDSP

/// Faxes and modems by spandsp.
enum TrialModems {
    /// 2100 Hz, with a leap of phase every 450 ms, with a slow change of level.
    static func answerTone(hasReversals: Bool, isModulated: Bool, milliseconds: Int) -> [Int16] {
        let type =
            switch (hasReversals, isModulated) {
            case (false, false): Int32(MODEM_CONNECT_TONES_ANS)
            case (true, false): Int32(MODEM_CONNECT_TONES_ANS_PR)
            case (false, true): Int32(MODEM_CONNECT_TONES_ANSAM)
            case (true, true): Int32(MODEM_CONNECT_TONES_ANSAM_PR)
            }
        var samples = [Int16](repeating: 0, count: milliseconds * 8)
        guard let generator = modem_connect_tones_tx_init(nil, type) else { return samples }
        samples.withUnsafeMutableBufferPointer { buffer in
            for start in stride(from: 0, to: buffer.count, by: 160) {
                guard let base = buffer.baseAddress else { return }
                _ = modem_connect_tones_tx(generator, base + start, 160)
            }
        }
        modem_connect_tones_tx_free(generator)
        return samples
    }

    /// What a fax that answers sends: the answer tone, a pause, the flags and who it is, again and again.
    static func session(milliseconds: Int) -> [Int16] {
        var samples = [Int16](repeating: 0, count: milliseconds * 8)
        guard let fax = fax_init(nil, 0) else { return samples }
        fax_set_transmit_on_idle(fax, 1)
        samples.withUnsafeMutableBufferPointer { buffer in
            for start in stride(from: 0, to: buffer.count, by: 160) {
                guard let base = buffer.baseAddress else { return }
                _ = fax_tx(fax, base + start, 160)
            }
        }
        fax_free(fax)
        return samples
    }

    static func preamble() -> [Int16] {
        let whole = session(milliseconds: 9000)
        // The answer tone's 2.6 s and the 75 ms after it are left out, with what is silent before.
        let powers = TrialSound.powers(whole)
        var isInTone = false
        for (index, power) in powers.enumerated() {
            if power > 1000 { isInTone = true }
            if isInTone, power < 100 { return Array(whole[(index * 160)...]) }
        }
        return whole
    }
}
