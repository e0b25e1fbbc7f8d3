internal import CProcess

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif
internal import NIOConcurrencyHelpers

/// The process groups of all programs that run, so that none outlives this process when it exits by itself.
enum RunningGroups {
    private static let groups = NIOLockedValueBox<Set<pid_t>>([])

    /// Once, with the first program: whoever calls exit(), for whatever reason, takes them along.
    private static let atExit: Int32 = atexit {
        RunningGroups.groups.withLockedValue { groups in
            for group in groups { kill(-group, SIGKILL) }
        }
    }

    static func insert(_ group: pid_t) {
        _ = atExit
        groups.withLockedValue { _ = $0.insert(group) }
    }

    static func remove(_ group: pid_t) { groups.withLockedValue { _ = $0.remove(group) } }
}

/// The limit on descriptors of other processes.
enum DescriptorLimits {
    /// What programs are used to; some take time in proportion, or use select().
    private static let usual: UInt64 = 1024

    /// Takes back from a program the raised soft limit that a server has; the hard one stays.
    static func lower(of pid: pid_t) {
        _ = longwire_lower_descriptor_limit(pid, usual)
    }
}
