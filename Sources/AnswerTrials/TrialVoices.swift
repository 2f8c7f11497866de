import Foundation

/// The three sets that no voice is in two of.
package enum TrialSet: String, CaseIterable, Sendable {
    case train
    case tune
    case test
}

/// Where speech comes from.
package enum TrialSource: String, CaseIterable, Sendable {
    case espeak = "espeak-ng"
    case flite
    /// Prompts of Asterisk's, by professional speakers.
    case asterisk
    case codec2
    case pocketsphinx
    /// Letters and syllables in many languages.
    case klettres
}

/// Which voice is in which set.
enum TrialVoices {
    static func espeak(_ set: TrialSet) -> [String] {
        switch set {
        case .train:
            [
                "m1", "m3", "m5", "m7", "f1", "f3", "f5", "klatt2", "Alex", "Andy", "Lee", "Mario", "Michael", "adam",
                "anika", "belinda", "caleb", "david", "iven", "john", "linda", "max", "miguel", "pablo", "quincy",
                "robert", "sandro", "steph", "travis", "zac",
            ]
        case .tune:
            [
                "m2", "m6", "f2", "klatt3", "Annie", "Gene", "Jacky", "Mike", "antonio", "benjamin", "ed", "edward",
                "gustave", "norbert", "paul", "victor",
            ]
        case .test:
            [
                "m4", "m8", "f4", "klatt4", "Alicia", "Andrea", "Diogo", "Denis", "Henrique", "Hugo", "Nguyen", "Storm",
                "aunty", "boris", "grandma", "grandpa", "kaukovalta", "marcelo", "michel", "pedro", "rob", "shelby",
            ]
        }
    }

    static func flite(_ set: TrialSet) -> [String] {
        switch set {
        case .train: ["kal", "rms"]
        case .tune: ["awb"]
        case .test: ["slt"]
        }
    }

    /// Folders of Asterisk's prompts. English and Spanish are one speaker's.
    static func asterisk(_ set: TrialSet) -> [String] {
        let root = "/usr/share/asterisk/sounds/"
        return switch set {
        case .train: [root + "it_IT_m_Carlo", root + "fr_CA_f_June"]
        case .tune: [root + "ru_RU_f_IvrvoiceRU"]
        case .test: [root + "en_US_f_Allison", root + "es_MX_f_Allison"]
        }
    }

    /// Recordings of somebody who talks for seconds. What may be the same speaker is in one set.
    static func talk(_ source: TrialSource, _ set: TrialSet) -> [String] {
        let wav = "/usr/share/codec2/wav/"
        let data = "/usr/share/pocketsphinx/test/data/"
        switch (source, set) {
        case (.codec2, .train): return ["hts1a", "hts2a", "morig", "m2400", "vk5qi"].map { wav + $0 + ".wav" }
        case (.codec2, .tune): return ["mmt1", "forig", "f2400"].map { wav + $0 + ".wav" }
        case (.codec2, .test):
            // Not david4 and vk2tpm_004: they are modems' signals.
            return ["ve9qrp", "big_dog", "cross", "wia_16kHz"].map { wav + $0 + ".wav" }
        case (.pocketsphinx, .train):
            return ["0870", "0880", "0890", "0920", "0930"].map {
                data + "librivox/sense_and_sensibility_01_austen_64kb-\($0).wav"
            }
        case (.pocketsphinx, .tune), (.pocketsphinx, .test):
            let cards = ["001", "002", "003", "004", "005"].map { data + "cards/\($0).wav" }
            return set == .test ? cards : []
        default: return []
        }
    }

    /// Languages of the letters and syllables.
    static func klettres(_ set: TrialSet) -> [String] {
        let root = "/usr/share/klettres/"
        return switch set {
        case .train: ["ar", "cs", "da", "de", "es", "fr", "it", "ml", "nl", "uk"].map { root + $0 }
        case .tune: ["he", "lt", "nb", "pt_BR"].map { root + $0 }
        case .test: ["en", "en_GB", "hu", "nds", "ru", "tn"].map { root + $0 }
        }
    }

    /// Hold music.
    static func music(_ set: TrialSet) -> [String] {
        let root = "/usr/share/asterisk/moh/"
        return switch set {
        case .train: ["macroform-cold_day", "manolo_camp-morning_coffee"].map { root + $0 + ".wav" }
        case .tune: [root + "macroform-robot_dity.wav"]
        case .test: ["macroform-the_simplicity", "reno_project-system"].map { root + $0 + ".wav" }
        }
    }
}
