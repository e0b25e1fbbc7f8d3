import Foundation

extension ManagedProcess.Output {
    var limit: Int {
        if case .capture(let limit) = self { limit } else { 0 }
    }
}

/// The two ends of a program's first three descriptors: the program's and ours.
struct Ends {
    private(set) var theirs: [Int32] = []
    /// Where we write its input.
    private(set) var input: Int32?
    /// Where we read its output.
    private(set) var output: Int32?
    /// Where we read its errors.
    private(set) var errors: Int32?

    private var borrowed: Set<Int32> = []

    init(input: ManagedProcess.Input, output: ManagedProcess.Output, errors: ManagedProcess.Output) throws {
        do {
            switch input {
            case .null: theirs.append(try Self.opened("/dev/null", O_RDONLY))
            case .file(let path): theirs.append(try Self.opened(path, O_RDONLY))
            case .descriptor(let descriptor):
                borrowed.insert(descriptor)
                theirs.append(descriptor)
            case .pipe:
                let pipe = try Self.pipe()
                theirs.append(pipe.reading)
                self.input = pipe.writing
                _ = fcntl(pipe.writing, F_SETFL, O_NONBLOCK)
            }
            self.output = try attach(output)
            self.errors = try attach(errors)
        } catch {
            closeTheirs()
            closeOurs()
            throw error
        }
    }

    private mutating func attach(_ output: ManagedProcess.Output) throws -> Int32? {
        switch output {
        case .discard: theirs.append(try Self.opened("/dev/null", O_WRONLY))
        case .file(let path): theirs.append(try Self.opened(path, O_WRONLY | O_CREAT | O_TRUNC))
        case .descriptor(let descriptor):
            borrowed.insert(descriptor)
            theirs.append(descriptor)
        case .capture:
            let pipe = try Self.pipe()
            theirs.append(pipe.writing)
            return pipe.reading
        }
        return nil
    }

    func closeTheirs() {
        for descriptor in theirs where !borrowed.contains(descriptor) { close(descriptor) }
    }

    func closeOurs() {
        for descriptor in [input, output, errors] {
            if let descriptor { close(descriptor) }
        }
    }

    private static func opened(_ path: String, _ flags: Int32) throws -> Int32 {
        let descriptor = open(path, flags | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SystemError("open \(path)") }
        return descriptor
    }

    private static func pipe() throws -> (reading: Int32, writing: Int32) {
        var pair: [Int32] = [0, 0]
        guard Glibc.pipe(&pair) == 0 else { throw SystemError("pipe") }
        for descriptor in pair { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        return (pair[0], pair[1])
    }
}
