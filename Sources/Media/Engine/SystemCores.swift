internal import Glibc

/// What this machine has.
enum SystemCores {
    /// Cores that are online, at least one.
    static var count: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
