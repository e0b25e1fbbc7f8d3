internal import Foundation

/// Typed lines that outlive a run, for those who ask for that: a private file, bounded, a line each.
struct HistoryFile: Sendable {
    /// What is kept, in lines.
    static let lineLimit = 1000
    /// What is read of a file, in bytes.
    private static let byteLimit = 1024 * 1024

    let path: String

    /// Where lines are kept: LONGWIRE_HISTORY, or with `--history` the user's folder of states; nil for nowhere.
    ///
    /// - Parameter wish: `--history`, `--no-history`, or neither.
    init?(wish: Bool?, environment: [String: String]) {
        guard wish != false else { return nil }
        if let path = environment["LONGWIRE_HISTORY"], !path.isEmpty {
            self.path = path
            return
        }
        guard wish == true else { return nil }
        if let folder = environment["XDG_STATE_HOME"], folder.hasPrefix("/") {
            path = folder + "/longwire/history"
        } else if let home = environment["HOME"], !home.isEmpty {
            path = home + "/.local/state/longwire/history"
        } else {
            return nil
        }
    }

    /// The lines kept, oldest first; what is too much goes, also from the file.
    func load() throws -> [String] {
        let folder = (path as NSString).deletingLastPathComponent
        if !folder.isEmpty {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
        let descriptor = try opened(O_RDWR | O_CREAT)
        defer { close(descriptor) }
        // What others could read until now they cannot from now on.
        guard fchmod(descriptor, 0o600) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        let size = lseek(descriptor, 0, SEEK_END)
        lseek(descriptor, max(size - off_t(Self.byteLimit), 0), SEEK_SET)
        var bytes = [UInt8](repeating: 0, count: Int(min(max(size, 0), off_t(Self.byteLimit))))
        let count = bytes.withUnsafeMutableBytes { Descriptor.read(into: $0, from: descriptor) }
        let text = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
        let all = text.split(separator: "\n").map(String.init)
        let lines = Array(all.suffix(Self.lineLimit))
        if all.count > Self.lineLimit || size > off_t(Self.byteLimit) { try replace(lines) }
        return lines
    }

    /// Adds a line.
    func append(_ line: String) throws {
        let descriptor = try opened(O_WRONLY | O_CREAT | O_APPEND)
        defer { close(descriptor) }
        let error = Descriptor.write((line + "\n").utf8, to: descriptor)
        if error != 0 { throw POSIXError(.init(rawValue: error) ?? .EIO) }
    }

    private func opened(_ flags: Int32) throws -> Int32 {
        // A pipe in the file's place must not hold us up.
        let descriptor = open(path, flags | O_CLOEXEC | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        return descriptor
    }

    /// Another run sees the old file or the new one, whole.
    private func replace(_ lines: [String]) throws {
        let fresh = path + ".\(getpid())"
        let descriptor = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        let error = Descriptor.write(lines.map { $0 + "\n" }.joined().utf8, to: descriptor)
        close(descriptor)
        guard error == 0, rename(fresh, path) == 0 else {
            let failure = error == 0 ? errno : error
            unlink(fresh)
            throw POSIXError(.init(rawValue: failure) ?? .EIO)
        }
    }
}
