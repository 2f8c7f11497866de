import Foundation
import JSON
import Telephony

/// The server that runs with a data folder, as it tells of itself.
struct RunningServer {
    /// `GET /admin/status`.
    let status: JSONValue

    /// Nil where none runs there, and where this user may not ask it.
    static func find(inFolder folder: String) async -> RunningServer? {
        // What the environment names may be another server; the folder's own is meant.
        guard let token = ServerAccess.lines(of: "\(folder)/\(OperatorToken.fileName)")[OperatorToken.variable] else {
            return nil
        }
        let client = APIClient(
            server: ServerAddress(ofOperatorIn: folder), account: "", authorization: .operator(token: token))
        guard let status = try? await client.get("/admin/status"),
            // The port may be another server's by now.
            status["dataFolder"]?.string == URL(filePath: folder).standardizedFileURL.path
        else { return nil }
        return RunningServer(status: status)
    }

    var isReady: Bool { status["ready"] == true }
    var processID: String { status["processId"].map(\.text) ?? "?" }
    var started: String { status["started"]?.string ?? "?" }
    var http: String { status["http"]?.string ?? "?" }
    var sip: String { status["sip"]?.string ?? "?" }
    var rtpPortsInUse: Int64 { status["rtpPortsInUse"]?.integerValue ?? 0 }

    /// ``settings`` with the ports that it has, where it let the system choose.
    var bound: [String: SettingSource.Value] {
        var settings = settings
        for (name, address) in [("http", http.replacing("http://", with: "")), ("sip", sip)] {
            settings[name] = SettingSource.Value(text: address, origin: "the server that runs")
        }
        return settings
    }

    /// Its settings where they are set, in the words of their origins.
    var settings: [String: SettingSource.Value] {
        guard case .array(let settings)? = status["settings"] else { return [:] }
        var values: [String: SettingSource.Value] = [:]
        for setting in settings {
            guard let name = setting["name"]?.string, let text = setting["value"]?.string,
                let origin = setting["origin"]?.string
            else { continue }
            values[name] = SettingSource.Value(text: text, origin: origin)
        }
        return values
    }
}
