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

    /// Whether no segment is empty, `.` or `..`, but for the one after a final slash.
    static func isPlain(_ path: String) -> Bool {
        var segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        if segments.last == "" { segments = segments.dropLast() }
        return segments.allSatisfy { $0 != "" && $0 != "." && $0 != ".." && !$0.utf8.contains(0) }
    }
}
