/// What happens when a machine answers: `ifMachine` and `ifMachineUrl` (docs/contract/calls.md#ifmachine).
package enum MachineHandling: Hashable, Sendable {
    /// `ifMachine`.
    package enum Kind: String, CaseIterable, Sendable, Codable { case redirect, hangup }

    /// How long the script of ifMachineUrl may wait for a beep: greetings are shorter
    /// (docs/contract/calls.md#ifmachine).
    package static let beepSeconds = 0...300

    /// The call ends.
    case hangup
    /// What runs is aborted, and the URL is asked for a script.
    case redirect(WebURL)

    package var kind: Kind {
        switch self {
        case .hangup: .hangup
        case .redirect: .redirect
        }
    }

    /// `ifMachineUrl`.
    package var url: WebURL? {
        if case .redirect(let url) = self { url } else { nil }
    }
}
