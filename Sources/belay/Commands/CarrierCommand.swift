import ArgumentParser
import Carrier
import Foundation
import People
import Telephony

/// `belay carrier`: who answers in the simulated carrier.
struct CarrierCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "carrier",
        abstract: "The simulated carrier that calls go to when no trunk is configured: who answers under which number.",
        discussion: """
            Examples:
              belay carrier list
                  the table of numbers, and the people of your own
              belay carrier --file people.yaml
                  checks a file with people of your own, and puts it where `belay serve` finds it
            docs/carrier.md tells what such a file holds.
            """,
        subcommands: [List.self, Add.self], defaultSubcommand: Add.self)

    /// Where `belay serve` looks for people of the user's own.
    static func peopleFile(in dataFolder: String) -> String { dataFolder + "/people.yaml" }

    struct DataFolder: ParsableArguments {
        @Option(help: ArgumentHelp("The data folder.", valueName: "dir"))
        var data: String?

        var path: String { ServerConfiguration.dataFolder(given: data) }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Print who answers under which number.")

        @OptionGroup var folder: DataFolder
        @Option(help: ArgumentHelp("A file with people of your own.", valueName: "file"))
        var file: String?

        func run() throws {
            try CarrierCommand.explaining {
                let installed = CarrierCommand.peopleFile(in: folder.path)
                let path = file ?? (FileManager.default.fileExists(atPath: installed) ? installed : nil)
                Terminal.print(lines: CarrierListing.text(own: try PeopleFile.read(at: path)))
            }
        }
    }

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add", abstract: "Check a file with people of your own, and add them.")

        @OptionGroup var folder: DataFolder
        @Option(help: ArgumentHelp("A YAML file; docs/carrier.md tells what it holds.", valueName: "file"))
        var file: String

        func run() throws {
            try CarrierCommand.explaining {
                let text = try PeopleFile.text(at: file)
                let people = try PeopleFile.parse(text, name: file)
                let target = CarrierCommand.peopleFile(in: folder.path)
                try FileManager.default.createDirectory(
                    atPath: folder.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
                try Data(text.utf8).write(to: URL(filePath: target), options: .atomic)
                Terminal.print(lines: CarrierListing.text(own: people, withTable: false))
                Terminal.print("They answer from the next start of `belay serve` on; the file is \(target) now.")
            }
        }
    }

    /// One sentence that says what to do, not a type's description.
    private static func explaining(_ body: () throws -> Void) throws {
        do { try body() } catch {
            Terminal.say("belay: \(lines: error)")
            throw ExitCode.failure
        }
    }
}

/// The table as a terminal shows it.
enum CarrierListing {
    static func text(own: [OwnPerson], withTable: Bool = true) -> String {
        let people = own.map { [$0.number, $0.name ?? "of your own"] }
        guard withTable else { return Terminal.table(people) }
        let rows = CarrierTable.entries.map { [$0.number, $0.summary] }
        let notes = [
            "Any other number: \(CarrierTable.others).", "With a trunk, \(CarrierNumber.range) is refused.",
        ]
        return Terminal.table(people + rows) + "\n\n" + notes.joined(separator: "\n")
    }
}
