/// The sockets a service manager has passed: LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES, as sd_listen_fds(3) says.
struct SystemdSockets: Equatable {
    /// One passed descriptor.
    struct Passed: Equatable {
        var descriptor: Int32
        var name: String
    }

    /// Passed descriptors begin here.
    static let firstDescriptor: Int32 = 3

    var passed: [Passed]

    /// Reads the variables; throws what to do when they are missing, or meant for another process.
    init(environment: (String) -> String?, processID: Int) throws(FastCGIError) {
        guard let count = environment("LISTEN_FDS"), let pid = environment("LISTEN_PID") else {
            throw FastCGIError(
                .noInheritedSocket,
                "No sockets were passed: LISTEN_FDS and LISTEN_PID are not set. Start the program through a systemd "
                    + "socket unit (or systemd-socket-activate), or name an address to listen on instead.")
        }
        guard Int(pid) == processID else {
            throw FastCGIError(
                .noInheritedSocket,
                "The sockets in LISTEN_FDS are meant for process \(pid), and this is \(processID): a wrapper between "
                    + "the service manager and the program must replace itself with exec.")
        }
        guard let number = Int32(count), (1...1024).contains(number) else {
            throw FastCGIError(.noInheritedSocket, "LISTEN_FDS is '\(count)': no socket was passed.")
        }
        let names = (environment("LISTEN_FDNAMES") ?? "").split(separator: ":", omittingEmptySubsequences: false)
        self.passed = (0..<number).map { offset in
            let name = Int(offset) < names.count ? String(names[Int(offset)]) : "unknown"
            return Passed(descriptor: Self.firstDescriptor + offset, name: name)
        }
    }

    /// All descriptors, or those called `name`.
    func descriptors(named name: String?) throws(FastCGIError) -> [Int32] {
        let chosen = self.passed.filter { name == nil || $0.name == name }
        guard !chosen.isEmpty else {
            let names = self.passed.map(\.name).joined(separator: ", ")
            throw FastCGIError(
                .noInheritedSocket,
                "No passed socket is called '\(name ?? "")'; there are: \(names). FileDescriptorName= of the socket "
                    + "unit names them.")
        }
        return chosen.map(\.descriptor)
    }
}
