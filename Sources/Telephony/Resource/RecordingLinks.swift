/// Where the files of recordings are fetched (docs/contract/webhooks.md#recording-urls), and how large they are.
package struct RecordingLinks: Hashable, Sendable {
    /// Of a WAV file: its header, then 8,000 samples of 16 bits a second.
    private static let headerBytes = 44
    private static let bytesPerMillisecond = 16

    /// Where customers reach this server, without a slash at the end; empty until it is known.
    private let publicURL: String

    package init(publicURL: String) { self.publicURL = publicURL }

    /// recordingUrl.
    package func download(of recording: Recording) -> String {
        "\(publicURL)/apiserver/Accounts/\(recording.accountID.text)/Recordings/\(recording.recordingID.text)/Download"
    }

    /// The recording of that account which a link names: as it stands in a webhook, or by its path alone.
    package func recording(at link: String, of account: AccountID) -> RecordingID? {
        var path = Substring(link)
        if !path.hasPrefix("/") {
            guard !publicURL.isEmpty, path.hasPrefix("\(publicURL)/apiserver/") else { return nil }
            path = path.dropFirst("\(publicURL)/apiserver".count)
        }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[1] == "Accounts", parts[2] == account.text, parts[3] == "Recordings",
            parts[5] == "Download" || parts[5] == "Stream"
        else { return nil }
        return RecordingID(parts[4])
    }

    package static func fileBytes(milliseconds: Int) -> Int { headerBytes + milliseconds * bytesPerMillisecond }
}
