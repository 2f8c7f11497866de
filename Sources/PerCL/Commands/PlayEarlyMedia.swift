/// Plays audio before an inbound call is answered (docs/contract/percl.md#playearlymedia).
package struct PlayEarlyMedia: Hashable, Sendable {
    package var file: AudioFileReference

    init(_ attributes: AttributeReader) throws(ScriptError) {
        file = try AudioFileReference("file", attributes)
    }
}
