internal import ArgumentParser
internal import Foundation
internal import LongwireServer

/// Makes a bearer token: `longwired token NAME`.
struct Token: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes a bearer token, and the line of a file of tokens that lets its holder in.",
        discussion: """
            Example: longwired token ada --file /etc/longwire/tokens > ada.token
            The token is printed once and kept nowhere; without --file its line follows.
            """)

    @Argument(help: "Whom it lets in.")
    var name: String

    @Option(help: ArgumentHelp("The file of tokens to add the line to; made where it is not there.", valueName: "file"))
    var file: String?

    @Flag(help: "Take the token from standard input, and print its line alone.")
    var fromInput = false

    func validate() throws {
        guard AccessToken.isName(name) else {
            throw ValidationError(
                "\"\(LogText.plain(name))\" cannot be a name; write 1 to 256 bytes without spaces, not beginning with #"
            )
        }
    }

    func run() throws {
        let token = try fromInput ? read() : .random()
        let line = token.line(name: name)
        if let file { try append(line + "\n", to: file) }
        if !fromInput { print(token.text) }
        if file == nil { print(line) }
    }

    private func read() throws -> AccessToken {
        let text = String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self)
        guard let token = AccessToken(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw ValidationError(
                "standard input is no token; it has 32 characters or more: letters, digits, and - . _ ~ + / =")
        }
        return token
    }

    private func append(_ line: String, to path: String) throws {
        let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw TokenFailure(path) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            // A last line without its end would swallow the new one.
            let size = try handle.seekToEnd()
            var start = ""
            if size > 0 {
                try handle.seek(toOffset: size - 1)
                if try handle.read(upToCount: 1) != Data("\n".utf8) { start = "\n" }
            }
            try handle.write(contentsOf: Data((start + line).utf8))
        } catch { throw TokenFailure(path) }
    }
}

/// Why a token was not written down.
struct TokenFailure: Error, CustomStringConvertible {
    let description: String

    init(_ path: String) {
        description = "cannot write to \(path): \(String(cString: strerror(errno))); no token was made"
    }
}
