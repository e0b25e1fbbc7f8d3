internal import Foundation

/// The cores that the processes of a run may use; taskset(1) says so to the system.
struct Cores {
    private let processes: [Int]
    /// Those that this process may use, as taskset writes lists.
    private let all: String

    /// - Parameter processes: with their children, and this process besides.
    init(of processes: [Int]) {
        self.processes = processes.flatMap { [$0] + Self.children(of: $0) } + [Int(getpid())]
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
        all = line?.split(whereSeparator: \.isWhitespace).last.map(String.init) ?? "0"
    }

    private static func children(of process: Int) -> [Int] {
        let text = try? String(contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8)
        return text?.split(separator: " ").compactMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) } ?? []
    }

    /// Puts all of them on one core.
    func narrow() throws {
        let first = String(all.prefix { $0.isNumber })
        for process in processes {
            guard set(process, first) else { throw BenchFailure("taskset could not move process \(process)") }
        }
    }

    /// Lets them use all again.
    func widen() { for process in processes { _ = set(process, all) } }

    private func set(_ process: Int, _ list: String) -> Bool {
        let program = Process()
        program.executableURL = URL(fileURLWithPath: "/usr/bin/taskset")
        program.arguments = ["-a", "-c", "-p", list, "\(process)"]
        program.standardOutput = FileHandle.nullDevice
        guard (try? program.run()) != nil else { return false }
        program.waitUntilExit()
        return program.terminationStatus == 0
    }
}
