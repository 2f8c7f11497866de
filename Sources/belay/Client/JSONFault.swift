import JSON

/// What is wrong with a text that should be JSON.
enum JSONFault {
    static func words(_ error: any Error) -> String {
        guard let malformed = error as? JSONReader.Malformed else { return "\(error)" }
        return "at byte \(malformed.offset) \(malformed.explanation)"
    }
}
