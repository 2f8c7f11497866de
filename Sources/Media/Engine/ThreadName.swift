internal import CMedia

/// What `top -H` calls a thread.
package enum ThreadName {
    /// - Parameter name: of the calling thread from now on; cut to 15 bytes.
    package static func set(_ name: String) { cmedia_thread_name(name) }
}
