import AnswerTrials
import ArgumentParser
import Foundation
import JSON
import Media

/// `belay machines`.
struct MachinesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "machines", abstract: "Measure machine detection with calls of your own.",
        subcommands: [EvaluateMachinesCommand.self, LabelMachineCommand.self])
}

struct EvaluateMachinesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Tell how well both detectors do on recordings.",
        discussion: """
            The folder has human/*.wav, machine/*.wav and fax/*.wav: what called parties sent, from their answer on. \
            Needs no server.

            Example:
              belay machines evaluate recordings
            """)

    @Argument(help: ArgumentHelp("The folder.", valueName: "dir"))
    var folder: String
    @Option(help: ArgumentHelp("Name so many errors of each detector.", valueName: "n"))
    var errors = 50

    func run() throws {
        guard FileManager.default.fileExists(atPath: folder) else {
            Terminal.say("belay: there is no folder \(folder)")
            throw ExitCode.validationFailure
        }
        do {
            let reports = try TrialRecordings(folder).judge()
            Terminal.print(lines: reports.map { $0.text(failures: max(0, errors)) }.joined(separator: "\n\n"))
        } catch let failure as TrialRecordings.Failure {
            Terminal.say("belay: \(failure)")
            throw ExitCode.validationFailure
        }
    }
}

struct LabelMachineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "label", abstract: "Put what a call's other side said into a folder, under who it was.",
        discussion: """
            Takes the call's recordings: a script that begins with StartRecordCall makes one from soon after the answer.

            Example:
              belay machines label CA0123… human --into recordings
            """)

    /// Of a recording's file, in bytes; the channel heard comes before the one said.
    private static let header = 44

    @OptionGroup var access: ServerAccess
    @Argument(help: ArgumentHelp("The call.", valueName: "call"))
    var call: String
    @Argument(help: ArgumentHelp("human, machine or fax.", valueName: "who"))
    var who: String
    @Option(help: ArgumentHelp("The folder to collect in.", valueName: "dir"))
    var into = "recordings"

    func validate() throws {
        guard TrialRecordings.labels.contains(where: { $0.rawValue == who }) else {
            throw ValidationError("a call was answered by human, machine or fax, not \(who)")
        }
    }

    func run() async throws {
        try await ClientCommand.run {
            let client = try access.client()
            let recordings = try await client.items(client.path("/Calls/\(call)/Recordings"), "recordings")
            guard !recordings.isEmpty else { throw ClientError("the call \(call) has no recordings") }
            let folder = "\(into)/\(who)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for recording in recordings {
                guard let name = recording["recordingId"]?.string, let url = recording["downloadUrl"]?.string else {
                    Terminal.say("a recording's file is gone: \(recording["recordingId"]?.string ?? "")")
                    continue
                }
                let heard = Self.heard(try await client.file("/apiserver" + url))
                let path = "\(folder)/\(name).wav"
                do {
                    try WAVFileWriter(path: path, channels: 1).append(heard)
                } catch {
                    throw ClientError("\(path) cannot be written: \(error)")
                }
                Terminal.print("\(path)")
            }
        }
    }

    /// The first channel of a recording's file; the only one where there is no other.
    private static func heard(_ file: [UInt8]) -> [Int16] {
        guard file.count > header else { return [] }
        let channels = max(1, Int(file[22]))
        return stride(from: header, to: file.count - 1, by: channels * 2).map { offset in
            Int16(bitPattern: UInt16(file[offset]) | UInt16(file[offset + 1]) << 8)
        }
    }
}
