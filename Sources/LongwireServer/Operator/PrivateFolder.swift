#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A folder with a name that nobody had, which no other user may enter.
enum PrivateFolder {
    /// Makes one.
    ///
    /// - Parameter start: its path, up to the part that makes the name a new one.
    /// - Returns: its whole path.
    /// - Throws: a sentence with the system's reason.
    static func make(_ start: String) throws(OperatorSocketError) -> String {
        // What mkdtemp(3) replaces.
        var path = Array((start + String(repeating: "X", count: 6)).utf8CString)
        guard mkdtemp(&path) != nil else {
            throw OperatorSocketError("no folder can be made at \(start)…: \(String(cString: strerror(errno)))")
        }
        return String(decoding: path.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
