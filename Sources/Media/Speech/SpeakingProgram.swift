internal import CMedia

/// A text at which the program that speaks ended before its time. The reason is for logs and says nothing of the text.
package struct SpeechCrash: Error, Equatable, Sendable, CustomStringConvertible {
    package let reason: String
    /// It was spoken at the second attempt.
    package let isSpoken: Bool

    package var description: String {
        isSpoken
            ? "\(reason); letters, digits and pauses of the text were spoken by the plain voice"
            : "\(reason), and again at the plain letters of the text"
    }
}

/// espeak-ng, shut in: text to samples.
struct SpeakingProgram: Sendable {
    /// 4,096 digits, each spoken as a word, take about half an hour: 80 MB at espeak-ng's 22,050 Hz.
    private static let maximumOutputBytes = 128 << 20

    let path: String
    let timeoutMilliseconds: Int
    private let confinement: Confinement

    init(path: String, timeoutMilliseconds: Int, _ layers: ConfinementLayers) {
        self.path = path
        self.timeoutMilliseconds = timeoutMilliseconds
        confinement = Confinement(
            of: path, layers, .init(processorSeconds: max(1, (timeoutMilliseconds + 999) / 1000)))
    }

    /// Speaks; where the program ends before its time, once more in another way: a plainer text, the voice without its
    /// variant. Blocks the calling thread.
    ///
    /// - Throws: what went wrong, for logs; `SpeechCrash` where it was that twice.
    func speak(_ key: SpeechCache.Key) throws -> (samples: [Int16], crash: SpeechCrash?, held: ConfinementLayers) {
        let crash: String
        do throws(ProgramFailure) {
            let output = try program(key.voice, key).run(input: Array(key.text.utf8))
            return (try samples(of: output.bytes), nil, output.layers)
        } catch {
            guard case .crashed(let reason) = error else { throw error }
            crash = reason
        }
        let voice = String(key.voice.prefix { $0 != "+" })
        do throws(ProgramFailure) {
            let output = try program(voice, key).run(input: Array(SpeechText.plain(key.text).utf8))
            return (try samples(of: output.bytes), SpeechCrash(reason: crash, isSpoken: true), output.layers)
        } catch {
            throw SpeechCrash(reason: crash, isSpoken: false)
        }
    }

    private func program(_ voice: String, _ key: SpeechCache.Key) -> ChildProgram {
        ChildProgram(
            path: path, arguments: ["--stdin", "--stdout", "-b", "1", "-v", voice, "-s", String(key.wordsPerMinute)],
            timeoutMilliseconds: timeoutMilliseconds, maximumOutputBytes: Self.maximumOutputBytes,
            confinement: confinement)
    }

    /// The program's sound at the line's rate and level.
    private func samples(of sound: [UInt8]) throws(ProgramFailure) -> [Int16] {
        // Safe: the bytes and their count outlive the call.
        let descriptor = unsafe cmedia_file_in_memory("speech", sound, sound.count)
        guard descriptor >= 0 else {
            throw .unusable(MediaFailure("keeping speech in memory", errno: Int(descriptor)).description)
        }
        var limits = AudioDecoder.Limits()
        limits.bytes = Int64(Self.maximumOutputBytes)
        do throws(MediaFailure) {
            var samples = try AudioDecoder(limits: limits).samples(ofDescriptor: descriptor)
            SpeechLevel.normalise(&samples)
            return samples
        } catch {
            throw .unusable(error.description)
        }
    }
}
