internal import CMedia

/// What `top -H` calls a thread.
package enum ThreadName {
    /// - Parameter name: of the calling thread from now on; cut to 15 bytes.
    // Safe: the name outlives the call, which copies it.
    package static func set(_ name: String) { unsafe cmedia_thread_name(name) }
}
