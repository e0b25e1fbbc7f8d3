internal import LongwireSession

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A chat's history in a file: a line a message, added as it is said, so that it outlives the process.
///
/// Lines are handed to the system at once and left to it: what a machine that loses its power had not written yet is
/// lost. The file is written anew from time to time, so that it does not grow for ever.
struct ChatHistoryFile: Sendable {
    private let path: String
    private var descriptor: CInt
    private var size = 0
    private var sizeAtStart = 0

    /// The file grows by this much, or to twice what it was, before it is written anew.
    private static let growth = 1024 * 1024

    /// Opens a history, or begins one.
    ///
    /// - Throws: ``ConfigurationError`` where the file cannot be used, or is something else.
    static func open(_ path: String, limit: Int) throws(ConfigurationError) -> (ChatHistory, ChatHistoryFile) {
        let descriptor = Self.descriptor(path, O_RDWR | O_CREAT)
        guard descriptor >= 0 else { throw failure(path, "cannot be opened") }
        let text = read(descriptor)
        close(descriptor)
        guard let text else { throw failure(path, "cannot be read") }
        var history = ChatHistory(limit: limit)
        if !text.isEmpty {
            guard let kept = ChatHistory(lines: text.split(separator: "\n"), limit: limit) else {
                throw ConfigurationError(
                    "\(path) is not the history of a chat; name a file of its own, or one that is not there yet")
            }
            history = kept
        }
        var file = ChatHistoryFile(path: path, descriptor: -1)
        guard file.rewrite(history) else { throw failure(path, "cannot be written") }
        return (history, file)
    }

    private init(path: String, descriptor: CInt) {
        self.path = path
        self.descriptor = descriptor
    }

    /// Adds a line; writes the whole anew when that is due.
    mutating func append(_ line: String, of history: ChatHistory) {
        if size > sizeAtStart + max(Self.growth, sizeAtStart) {
            // The history has the line already.
            rewrite(history)
        } else {
            write(line + "\n")
        }
    }

    /// Puts a new file in the place of the old one, which stays where that fails.
    @discardableResult
    private mutating func rewrite(_ history: ChatHistory) -> Bool {
        var next = ChatHistoryFile(path: path, descriptor: Self.descriptor(path + ".new", O_RDWR | O_CREAT | O_TRUNC))
        guard next.descriptor >= 0 else { return false }
        guard next.write(history.lines.joined(separator: "\n") + "\n"), rename(path + ".new", path) == 0 else {
            close(next.descriptor)
            unlink(path + ".new")
            return false
        }
        if descriptor >= 0 { close(descriptor) }
        next.sizeAtStart = next.size
        self = next
        return true
    }

    @discardableResult
    private mutating func write(_ text: String) -> Bool {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            size += count
            bytes = bytes.dropFirst(count)
        }
        return true
    }

    private static func descriptor(_ path: String, _ flags: CInt) -> CInt {
        // What people say is read by whom the operator lets.
        systemOpen(path, flags | O_APPEND | O_CLOEXEC, 0o600)
    }

    private static func read(_ descriptor: CInt) -> String? {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = part.withUnsafeMutableBytes { systemRead(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += part[..<count]
        }
    }

    private static func failure(_ path: String, _ what: String) -> ConfigurationError {
        ConfigurationError("\(path) \(what) for the history of a chat: \(String(cString: strerror(errno)))")
    }
}

// The system's functions by names that no method here has.
private func systemWrite(_ descriptor: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
private func systemRead(_ descriptor: CInt, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, bytes, count)
}
private func systemOpen(_ path: String, _ flags: CInt, _ mode: mode_t) -> CInt { open(path, flags, mode) }
