extension BindAddress {
    /// Reads an address in one of the forms listed at the type.
    public init(parsing text: String) throws(FastCGIError) {
        if let rest = text.removing(prefix: "unix:") {
            self = try Self.parseUnix(rest)
        } else if text.utf8.first == UInt8(ascii: "/") {
            self = try Self.parseUnix(text)
        } else if let rest = text.removing(prefix: "fd:") {
            guard let number = Int32(rest), number >= 0 else {
                throw Self.invalid(text, "after fd: there must be a descriptor number, such as fd:0")
            }
            self = .descriptor(number)
        } else if text == "systemd" {
            self = .systemd()
        } else if let name = text.removing(prefix: "systemd:") {
            guard !name.isEmpty else { throw Self.invalid(text, "after systemd: there must be a name") }
            self = .systemd(name: name)
        } else {
            self = try Self.parseTCP(text)
        }
    }

    private static func parseUnix(_ text: String) throws(FastCGIError) -> BindAddress {
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = String(parts.first ?? "")
        guard !path.isEmpty else { throw self.invalid(text, "the path of the unix socket is missing") }
        var options = UnixSocketOptions()
        for item in parts.dropFirst().joined().split(separator: "&") {
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = pair.count == 2 ? String(pair[1]) : ""
            guard !value.isEmpty else { throw self.invalid(text, "'\(item)' has no value") }
            switch pair[0] {
            case "mode":
                guard let mode = UInt32(value, radix: 8), mode <= 0o777 else {
                    throw self.invalid(text, "the mode must be octal, such as mode=0660")
                }
                options.mode = mode
            case "owner": options.owner = value
            case "group": options.group = value
            default: throw self.invalid(text, "'\(pair[0])' is not one of mode, owner, group")
            }
        }
        return .unix(path: path, options: options)
    }

    private static func parseTCP(_ text: String) throws(FastCGIError) -> BindAddress {
        guard let colon = text.lastIndex(of: ":") else {
            throw self.invalid(text, "write host:port, :port, unix:/path, fd:0, systemd or systemd:name")
        }
        var host = text[..<colon]
        guard let port = UInt16(text[text.index(after: colon)...]) else {
            throw self.invalid(text, "the port must be a number up to 65535")
        }
        if host.first == "[", host.last == "]" {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw self.invalid(text, "write an IPv6 address in brackets, such as [::1]:9000")
        }
        return .tcp(host: host.isEmpty ? "0.0.0.0" : String(host), port: Int(port))
    }

    private static func invalid(_ text: String, _ why: String) -> FastCGIError {
        FastCGIError(.invalidAddress, "'\(text)' is not an address to listen on: \(why).")
    }
}

extension BindAddress: CustomStringConvertible {
    /// The address in the form that can be parsed.
    public var description: String {
        switch self.kind {
        case .tcp(let host, let port):
            return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path, let options):
            var items: [String] = []
            if let mode = options.mode { items.append("mode=0" + String(mode, radix: 8)) }
            if let owner = options.owner { items.append("owner=" + owner) }
            if let group = options.group { items.append("group=" + group) }
            return "unix:" + path + (items.isEmpty ? "" : "?" + items.joined(separator: "&"))
        case .descriptor(let number):
            return "fd:\(number)"
        case .systemd(let name):
            return name.map { "systemd:" + $0 } ?? "systemd"
        }
    }
}

extension String {
    /// The rest after `prefix`, or nil.
    fileprivate func removing(prefix: String) -> String? {
        self.hasPrefix(prefix) ? String(self.dropFirst(prefix.count)) : nil
    }
}
