import Foundation
import Telephony

/// What a command prints: results on stdout, everything else on stderr, colours on a terminal alone.
enum Terminal {
    enum Colour: String {
        case red = "31"
        case green = "32"
        case yellow = "33"
        case grey = "90"
    }

    private static let isColourful =
        isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil

    static func print(_ text: TerminalText) {
        do { try FileHandle.standardOutput.write(contentsOf: Data((text.text + "\n").utf8)) } catch {
            // Whoever read has gone, as `head` does: there is nothing left to do.
            exit(0)
        }
    }

    /// Lines that are there already: JSON, tables, files.
    static func print(lines: String) { print(TerminalText(lines: lines)) }

    static func say(_ text: TerminalText) {
        try? FileHandle.standardError.write(contentsOf: Data((text.text + "\n").utf8))
    }

    static func paint(_ text: TerminalText, _ colour: Colour) -> TerminalText {
        isColourful ? text.painted(colour) : text
    }

    /// Columns as wide as their widest cell; two spaces between them. A cell stays within its line.
    static func table(_ rows: [[String]]) -> String {
        let rows = rows.map { $0.map(VisibleText.line) }
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { index, cell in
                index == row.count - 1 ? cell : cell.padding(toLength: widths[index], withPad: " ", startingAt: 0)
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
