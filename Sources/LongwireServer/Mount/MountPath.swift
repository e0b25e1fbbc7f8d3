/// What a request's target asks for below a mount (Docs/protocol.md, "HTTP binding").
///
/// The web server matched its own normalised path; we see the raw target. So everything that the two could read
/// differently is refused rather than guessed.
enum MountPath: Equatable {
    /// The mount itself.
    case page
    /// A servlet by its name.
    case servlet(String)
    /// Another path: not ours.
    case elsewhere
    /// Nobody sends this in good faith.
    case bad(String)

    /// Reads a request target in origin or absolute form.
    init(target: String, mount: String, authority: String?) {
        if let name = Self.plainName(in: target, mount: mount) {
            self = .servlet(name)
            return
        }
        var rest = target[...]
        if let scheme = ["http://", "https://"].first(where: { rest.lowercased().hasPrefix($0) }) {
            rest = rest.dropFirst(scheme.count)
            let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
            guard let authority, rest[..<end].lowercased() == authority.lowercased() else {
                self = .bad("the request names another host")
                return
            }
            rest = rest[end...]
            if rest.first != "/" { rest = "/" + rest }
        }
        let raw = rest.prefix { $0 != "?" && $0 != "#" }
        guard raw.first == "/" else {
            self = .bad("the request target must begin with a slash")
            return
        }
        let lowered = raw.lowercased()
        for forbidden in ["%2f", "%5c", "%00", "\\"] where lowered.contains(forbidden) {
            self = .bad("the path must not contain \(forbidden)")
            return
        }
        guard let path = PercentEncoding.decoded(raw) else {
            self = .bad("the path is not valid percent-encoded UTF-8")
            return
        }
        guard Self.isPlain(path) else {
            self = .bad("the path must not contain empty, . or .. segments")
            return
        }
        let prefix = mount == "/" ? "" : mount
        if path == prefix || path == prefix + "/" {
            self = .page
        } else if path.hasPrefix(prefix + "/") {
            let name = path.dropFirst(prefix.count + 1)
            self = .servlet(String(name.hasSuffix("/") ? name.dropLast() : name))
        } else {
            self = .elsewhere
        }
    }

    /// The servlet's name where nothing in the target could be read in two ways: one segment of unreserved letters
    /// behind the mount, and then nothing, or a query.
    ///
    /// Every request of `stream` and `poll` comes by here.
    private static func plainName(in target: String, mount: String) -> String? {
        let prefix = mount == "/" ? 0 : mount.utf8.count
        let name = target.utf8.withContiguousStorageIfAvailable { bytes -> String? in
            guard bytes.count > prefix + 1, bytes[prefix] == UInt8(ascii: "/"),
                bytes[..<prefix].elementsEqual(mount.utf8.prefix(prefix))
            else { return nil }
            let end = bytes[(prefix + 1)...].firstIndex { !isLetter($0) } ?? bytes.endIndex
            guard end > prefix + 1, end == bytes.endIndex || bytes[end] == UInt8(ascii: "?") else { return nil }
            return String(decoding: bytes[(prefix + 1)..<end], as: UTF8.self)
        }
        return name ?? nil
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// Whether no segment is empty, `.` or `..`, but for the one after a final slash.
    static func isPlain(_ path: String) -> Bool {
        var segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        if segments.last == "" { segments = segments.dropLast() }
        return segments.allSatisfy { $0 != "" && $0 != "." && $0 != ".." && !$0.utf8.contains(0) }
    }
}
