/// An audio file on disk. It stays there for as long as this value, or a copy of it, lives.
package struct FetchedAudio: Sendable {
    package var path: String { file.path }
    /// As the server named it.
    package let contentType: String?
    /// In bytes; at least 1.
    package let size: Int
    let file: CachedFile
}
