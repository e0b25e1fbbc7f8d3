package import Foundation

/// What /proc tells about processes.
package enum ProcessTable {
    /// One line of the table.
    package struct Entry: Sendable {
        /// The process.
        package let pid: pid_t
        /// Its parent.
        package let parent: pid_t
        /// Its process group.
        package let group: pid_t
        /// The letter of its state: R, S, D, T, Z and so on.
        package let state: Character
    }

    /// All processes this one may see.
    package static func all() -> [Entry] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { name in pid_t(name).flatMap(entry) }
    }

    /// One process; nil when there is none, also none waiting to be reaped.
    package static func entry(_ pid: pid_t) -> Entry? {
        // Name in brackets may hold anything; the fields count from the last closing one.
        guard let text = contents("/proc/\(pid)/stat"), let bracket = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: bracket)...].split(separator: " ")
        guard fields.count > 3, let state = fields[0].first, let parent = pid_t(fields[1]), let group = pid_t(fields[2])
        else { return nil }
        return Entry(pid: pid, parent: parent, group: group, state: state)
    }

    /// Children of a process.
    package static func children(of pid: pid_t) -> [pid_t] { all().filter { $0.parent == pid }.map(\.pid) }

    /// A process with its children, their children, and so on.
    package static func family(of pid: pid_t) -> [pid_t] {
        let table = all()
        var family = [pid]
        var next = 0
        while next < family.count {
            family += table.filter { $0.parent == family[next] }.map(\.pid)
            next += 1
        }
        return family
    }

    /// The arguments, joined by spaces; nginx and others write their own text there.
    package static func commandLine(of pid: pid_t) -> String {
        (contents("/proc/\(pid)/cmdline") ?? "").replacingOccurrences(of: "\0", with: " ")
    }

    /// A figure of /proc/PID/status that stands there in kB, such as `VmRSS`, in bytes.
    package static func bytes(_ field: String, of pid: pid_t) -> Int? {
        guard let text = contents("/proc/\(pid)/status") else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix(field + ":") {
            return line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
        }
        return nil
    }

    /// How many descriptors a process has open.
    package static func openDescriptors(of pid: pid_t) -> Int {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")) ?? []).count
    }

    private static func contents(_ path: String) -> String? {
        // /proc files have no size, so they are read to their end.
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
