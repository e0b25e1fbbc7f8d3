#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif
internal import LongwireSession

/// Where a program is, looked for before anybody waits for it.
enum Executable {
    /// The path of the program that a configuration names.
    ///
    /// - Throws: ``ConfigurationError`` when it is not there or may not be executed.
    static func locate(_ configuration: ExecConfiguration) throws(ConfigurationError) -> String {
        guard let name = configuration.command.first, !name.isEmpty else {
            throw ConfigurationError("the command is empty; write a program and its arguments, such as /usr/bin/cat -u")
        }
        if let folder = configuration.workingDirectory {
            guard isFolder(folder) else {
                throw ConfigurationError("\(folder), where \(name) is to run, is no folder that can be entered")
            }
        }
        if name.contains("/") {
            let path = name.hasPrefix("/") ? name : (configuration.workingDirectory ?? ".") + "/" + name
            if let why = whyNot(path) { throw ConfigurationError("\(path) cannot be run: \(why)") }
            // A relative path is one below the working directory, where the program starts.
            return name
        }
        let folders = configuration.environment["PATH"] ?? ProgramEnvironment.path
        var why = "no such file"
        for folder in folders.split(separator: ":") {
            let path = folder + "/" + name
            guard let obstacle = whyNot(path) else { return path }
            if access(path, F_OK) == 0 { why = obstacle }
        }
        throw ConfigurationError("\(name) cannot be run: \(why) in \(folders); write its whole path")
    }

    /// What stands in the way of running a file; nil when nothing is seen to.
    static func whyNot(_ path: String) -> String? {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return String(cString: strerror(errno)).lowercased() }
        guard facts.st_mode & S_IFMT == S_IFREG else { return "it is not a file" }
        guard access(path, X_OK) == 0 else { return "it is not executable; chmod +x makes it so" }
        return nil
    }

    private static func isFolder(_ path: String) -> Bool {
        var facts = stat()
        return stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR && access(path, X_OK) == 0
    }
}
