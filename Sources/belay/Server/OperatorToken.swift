import API
import Foundation
import Telephony

/// What the operator shows to change accounts: 40 hexadecimal digits, in the file `admin` of the data folder, which
/// only the folder's owner may read.
struct OperatorToken {
    static let fileName = "admin"
    static let variable = "BELAY_ADMIN_TOKEN"
    private static let digits = 40

    let text: String

    var hash: [UInt8] { Authenticator.hash(ofKey: text.utf8) }

    /// The one of the environment, else the folder's, else a new one.
    static func prepare(folder: String, environment: [String: String]) throws -> OperatorToken {
        let path = folder + "/" + fileName
        let known = ServerAccess.lines(of: path)[variable]
        if let preset = environment[variable], !preset.isEmpty {
            guard preset.utf8.count >= digits, preset.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw ConfigurationError(
                    description: "\(variable) is malformed; at least \(digits) characters without spaces are needed")
            }
            if known != preset { try SecretFile.write("\(variable)=\(preset)\n", to: path) }
            return OperatorToken(text: preset)
        }
        if let known { return OperatorToken(text: known) }
        var random = SystemRandomNumberGenerator()
        let drawn = Hexadecimal.draw(digits: digits, from: &random)
        try SecretFile.write("\(variable)=\(drawn)\n", to: path)
        return OperatorToken(text: drawn)
    }
}
