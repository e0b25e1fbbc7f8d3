/// Makes listening unix sockets: every check first, each error says what to do.
///
/// The socket is bound, given its mode and owner, and only then made to listen: nobody connects in between.
struct UnixSocket {
    let path: String
    let options: UnixSocketOptions

    /// A listening socket and what identifies its file.
    struct Bound {
        var descriptor: Int32
        var identity: SystemCalls.FileIdentity?
    }

    func listen(backlog: Int) throws(FastCGIError) -> Bound {
        try self.checkPath()
        let user = try self.user()
        let group = try self.group()
        try self.makeRoom()
        let descriptor = SystemCalls.unixSocket()
        guard descriptor >= 0 else {
            throw FastCGIError(.systemError, "No unix socket: \(SystemCalls.text(SystemCalls.lastError)).")
        }
        do throws(FastCGIError) {
            try self.bind(descriptor)
        } catch {
            SystemCalls.closeDescriptor(descriptor)
            throw error
        }
        let identity = SystemCalls.identity(self.path)
        do throws(FastCGIError) {
            try self.setRights(user: user, group: group)
            try self.check(SystemCalls.listenOn(descriptor, backlog: backlog), "listen on")
        } catch {
            SystemCalls.closeDescriptor(descriptor)
            Self.remove(self.path, ifStill: identity)
            throw error
        }
        return Bound(descriptor: descriptor, identity: identity)
    }

    /// Removes the socket file unless somebody has put another in its place.
    static func remove(_ path: String, ifStill identity: SystemCalls.FileIdentity?) {
        guard let identity, SystemCalls.identity(path) == identity else { return }
        _ = SystemCalls.remove(path)
    }

    private func checkPath() throws(FastCGIError) {
        guard !self.path.utf8.contains(0), !self.path.isEmpty else {
            throw FastCGIError(.invalidAddress, "The path of the unix socket is empty or contains a zero byte.")
        }
        guard self.path.utf8.count <= SystemCalls.maximumPathBytes else {
            throw FastCGIError(
                .pathTooLong,
                "The path of the unix socket has \(self.path.utf8.count) bytes and the system allows "
                    + "\(SystemCalls.maximumPathBytes): choose a shorter one, for example below /run. Path: \(self.path)"
            )
        }
        let directory = self.directory
        let kind = SystemCalls.kind(directory, followingLinks: true)
        guard kind != .unreachable else {
            throw FastCGIError(
                .permissionDenied,
                "The user of this program may not reach \(directory): let it enter every folder on the way there.")
        }
        guard kind == .directory else {
            throw FastCGIError(
                .missingDirectory,
                "The directory \(directory) of the unix socket does not exist: create it (RuntimeDirectory= does so "
                    + "for a systemd service) and let the program's user write to it.")
        }
    }

    private var directory: String {
        guard let slash = self.path.lastIndex(of: "/") else { return "." }
        return slash == self.path.startIndex ? "/" : String(self.path[..<slash])
    }

    /// Removes a socket file that nobody listens on; refuses where somebody does, or where it is no socket.
    private func makeRoom() throws(FastCGIError) {
        switch SystemCalls.kind(self.path, followingLinks: false) {
        case .nothing, .unreachable:
            return
        case .directory, .other:
            throw FastCGIError(
                .notASocket, "\(self.path) exists and is not a socket: remove it or choose another path.")
        case .socket:
            break
        }
        let probe = SystemCalls.unixSocket()
        guard probe >= 0 else {
            throw FastCGIError(.systemError, "No unix socket: \(SystemCalls.text(SystemCalls.lastError)).")
        }
        let answer = SystemCalls.connectUnix(probe, self.path)
        SystemCalls.closeDescriptor(probe)
        switch answer {
        case SystemCalls.connectionRefused:
            let error = SystemCalls.remove(self.path)
            guard error == 0 || error == SystemCalls.noSuchFile else {
                throw FastCGIError(
                    .permissionDenied,
                    "The stale socket \(self.path) cannot be removed: \(SystemCalls.text(error)). Remove it yourself.")
            }
        case SystemCalls.noSuchFile:
            return
        case 0, SystemCalls.tryAgain:
            throw FastCGIError(
                .addressInUse,
                "Another process listens on \(self.path): stop it or choose another path.")
        default:
            throw FastCGIError(
                .addressInUse,
                "\(self.path) is a socket, and whether it is in use cannot be found out "
                    + "(\(SystemCalls.text(answer))): remove it if nothing uses it.")
        }
    }

    private func bind(_ descriptor: Int32) throws(FastCGIError) {
        let error = SystemCalls.bindUnix(descriptor, self.path)
        switch error {
        case 0:
            return
        case SystemCalls.addressInUse:
            throw FastCGIError(.addressInUse, "Another process has just taken \(self.path): start only one.")
        case SystemCalls.accessDenied, SystemCalls.notPermitted:
            throw FastCGIError(
                .permissionDenied,
                "The socket \(self.path) cannot be made: the user of this program may not write to \(self.directory).")
        default:
            try self.check(error, "make")
        }
    }

    private func setRights(user: UInt32?, group: UInt32?) throws(FastCGIError) {
        if user != nil || group != nil {
            let error = SystemCalls.setOwner(self.path, user: user, group: group)
            guard error == 0 else {
                throw FastCGIError(
                    .permissionDenied,
                    "The owner of \(self.path) cannot be changed (\(SystemCalls.text(error))): only root gives files "
                        + "to other users, and one gives only to groups one is in.")
            }
        }
        if let mode = self.options.mode {
            try self.check(SystemCalls.setMode(self.path, mode), "set the mode of")
        }
    }

    private func user() throws(FastCGIError) -> UInt32? {
        guard let owner = self.options.owner else { return nil }
        guard let user = SystemCalls.userID(owner) else {
            throw FastCGIError(.unknownUser, "There is no user '\(owner)' to own the socket \(self.path).")
        }
        return user
    }

    private func group() throws(FastCGIError) -> UInt32? {
        guard let name = self.options.group else { return nil }
        guard let group = SystemCalls.groupID(name) else {
            throw FastCGIError(.unknownUser, "There is no group '\(name)' to own the socket \(self.path).")
        }
        return group
    }

    private func check(_ error: Int32, _ what: String) throws(FastCGIError) {
        guard error == 0 else {
            throw FastCGIError(.systemError, "Could not \(what) the socket \(self.path): \(SystemCalls.text(error)).")
        }
    }
}
