import Foundation
import Media

/// Signals and comparisons for tests.
enum Sound {
    static func sine(_ frequency: Double, milliseconds: Int, amplitude: Double = 10_000, rate: Int = 8000) -> [Int16] {
        (0..<(milliseconds * rate / 1000)).map { index in
            Int16(amplitude * sin(2 * .pi * frequency * Double(index) / Double(rate)))
        }
    }

    /// Noise that changes slowly enough to be speech-like, and never repeats.
    static func noise(milliseconds: Int, amplitude: Double = 12_000, seed: UInt64 = 1) -> [Int16] {
        var random = Seeded(seed)
        var smooth = 0.0
        return (0..<(milliseconds * 8)).map { _ in
            smooth = 0.7 * smooth + 0.3 * Double.random(in: -1...1, using: &random)
            return Int16(amplitude * smooth)
        }
    }

    /// The best normalised correlation of `wanted` with a stretch of `heard`, over all places where it may begin.
    static func correlation(of wanted: [Int16], in heard: [Int16], step: Int = 1) -> Double {
        guard heard.count >= wanted.count, !wanted.isEmpty else { return 0 }
        let reference = wanted.map(Double.init)
        let signal = heard.map(Double.init)
        let power = reference.reduce(0) { $0 + $1 * $1 }
        // A coarse look at the beginning finds the place, as the whole would take too long everywhere.
        let head = min(800, reference.count)
        let headPower = reference[..<head].reduce(0) { $0 + $1 * $1 }
        var best = (0.0, 0)
        for start in stride(from: 0, through: signal.count - reference.count, by: step) {
            var product = 0.0
            var other = 0.0
            for index in 0..<head {
                product += reference[index] * signal[start + index]
                other += signal[start + index] * signal[start + index]
            }
            let value = other > 0 ? product / (headPower * other).squareRoot() : 0
            if value > best.0 { best = (value, start) }
        }
        var product = 0.0
        var other = 0.0
        for index in reference.indices {
            product += reference[index] * signal[best.1 + index]
            other += signal[best.1 + index] * signal[best.1 + index]
        }
        return other > 0 ? product / (power * other).squareRoot() : 0
    }

    /// One channel of a recording of ours: 0 heard, 1 said.
    static func channel(_ channel: Int, ofRecording path: String) throws -> [Int16] {
        let data = try Data(contentsOf: URL(fileURLWithPath: path)).dropFirst(44)
        let bytes = [UInt8](data)
        return stride(from: channel * 2, to: bytes.count - 1, by: 4).map { offset in
            Int16(bitPattern: UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8)
        }
    }

    /// A recording of ours that has one channel.
    static func samples(ofRecording path: String) throws -> [Int16] {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)).dropFirst(44))
        return stride(from: 0, to: bytes.count - 1, by: 2).map { offset in
            Int16(bitPattern: UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8)
        }
    }

    /// A WAV file of any format code, rate, channels and data.
    static func wav(format: UInt16, rate: Int, channels: Int, bits: Int, data: [UInt8]) -> [UInt8] {
        func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
            withUnsafeBytes(of: number.littleEndian) { Array($0) }
        }
        let block = channels * bits / 8
        var bytes = Array("RIFF".utf8) + little(UInt32(36 + data.count)) + Array("WAVEfmt ".utf8)
        bytes += little(UInt32(16)) + little(format) + little(UInt16(channels)) + little(UInt32(rate))
        bytes += little(UInt32(rate * block)) + little(UInt16(block)) + little(UInt16(bits))
        return bytes + Array("data".utf8) + little(UInt32(data.count)) + data
    }

    static func bytes(_ samples: [Int16]) -> [UInt8] {
        samples.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    }
}

/// A folder that is gone when the test is.
final class Scratch: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("belay-media-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func file(_ name: String) -> String { path + "/" + name }

    func write(_ bytes: [UInt8], to name: String) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
        return file(name)
    }
}
