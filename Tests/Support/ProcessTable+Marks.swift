package import Foundation

extension ProcessTable {
    /// The processes whose environment, as they were started, holds `NAME=value`; those that only wait to be reaped
    /// are not among them.
    package static func processes(marked mark: String) -> [pid_t] {
        let wanted = Array(mark.utf8)
        return all().filter { entry in
            guard entry.state != "Z", let data = FileManager.default.contents(atPath: "/proc/\(entry.pid)/environ")
            else { return false }
            return data.split(separator: 0).contains { $0.elementsEqual(wanted) }
        }.map(\.pid)
    }
}
