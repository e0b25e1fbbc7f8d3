internal import FastCGI
internal import Foundation

/// What a process was given by the one that it takes over from: listening sockets, and a line to talk about them.
///
/// The variable ``variable`` has a line for each: `KIND DESCRIPTOR,… ADDRESS`, and `link DESCRIPTOR`.
struct Handover: Sendable {
    static let variable = "LONGWIRED_HANDOVER"

    /// What a socket is for.
    enum Kind: String, Sendable { case fastcgi, http, https, tcp, control }

    /// A set of sockets that were opened for one address.
    struct Passed: Sendable {
        var kind: Kind
        var address: String
        var descriptors: [Int32]
    }

    private(set) var passed: [Passed] = []
    let link: HandoverLink

    /// What is in the environment, which is removed from there: it is meant for this process alone.
    ///
    /// Called once, before anything else runs that may look at the environment.
    static func taken() -> Handover? {
        guard let text = getenv(variable).map({ String(cString: $0) }) else { return nil }
        unsetenv(variable)
        // Sockets of a service manager were passed on to us like the others; its variables name another process.
        for name in ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"] { unsetenv(name) }
        var passed: [Passed] = []
        var link: Int32?
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 2).map(String.init)
            guard words.count >= 2 else { continue }
            let descriptors = words[1].split(separator: ",").compactMap { Int32($0) }.filter { $0 > 2 }
            for descriptor in descriptors { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
            if words[0] == "link" {
                link = descriptors.first
            } else if let kind = Kind(rawValue: words[0]) {
                passed.append(Passed(kind: kind, address: words.count > 2 ? words[2] : "", descriptors: descriptors))
            }
        }
        guard let link else { return nil }
        return Handover(passed: passed, link: HandoverLink(descriptor: link))
    }

    /// The sockets for an address, which are the caller's from then on; nil where there are none.
    mutating func take(_ kind: Kind, _ address: String) -> [Int32]? {
        guard let index = passed.firstIndex(where: { $0.kind == kind && $0.address == address }) else { return nil }
        return passed.remove(at: index).descriptors
    }

    /// Whether sockets of this kind came for an address.
    func has(_ kind: Kind, _ address: String) -> Bool {
        passed.contains { $0.kind == kind && $0.address == address }
    }

    /// Closes what nobody took, with the files: the configuration names it no more.
    ///
    /// - Returns: the addresses.
    mutating func closeRest() -> [String] {
        let left = passed
        passed = []
        for entry in left {
            let sockets =
                entry.kind == .control ? nil : try? BindAddress(parsing: entry.address).takeOver(entry.descriptors)
            if let sockets {
                for socket in sockets { socket.discard() }
            } else {
                for descriptor in entry.descriptors { close(descriptor) }
                if entry.kind == .control { unlink(entry.address) }
            }
        }
        return left.map(\.address)
    }
}
