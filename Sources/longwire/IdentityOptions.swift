internal import ArgumentParser
internal import Foundation
internal import LongwireClient

/// The flags about who we are, and who the server must be (Docs/access.md, Docs/tls.md).
struct IdentityOptions: ParsableArguments {
    @Option(
        name: .long, help: ArgumentHelp("A bearer token; or in LONGWIRE_BEARER.", valueName: "file"),
        completion: .file())
    var bearerFile: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The server's key, whatever its certificate says.", valueName: "sha256/…", visibility: .hidden))
    var pin: [String] = []

    @Option(
        name: .long,
        help: ArgumentHelp("Our certificate (PEM), where one is asked for.", valueName: "file", visibility: .hidden),
        completion: .file())
    var cert: String?

    @Option(
        name: .long, help: ArgumentHelp("Its private key (PEM).", valueName: "file", visibility: .hidden),
        completion: .file())
    var key: String?

    func validate() throws {
        for text in pin where KeyPin(text) == nil {
            throw ValidationError(
                "--pin \(text): write sha256/ and the base64 of the SHA-256 of the server's public key, 44 characters")
        }
        guard (cert == nil) == (key == nil) else {
            throw ValidationError("--cert and --key belong together; name the other one too")
        }
        if let bearer = try BearerFile.chosen(bearerFile), bearer.token == nil { throw bearer.failure }
    }

    /// What the library is told of it.
    func apply(to configuration: inout ClientConfiguration) {
        configuration.pinnedKeys = Set(pin.compactMap { KeyPin($0) })
        if let cert, let key { configuration.identity = ClientIdentity(certificate: cert, key: key) }
        if let bearer = try? BearerFile.chosen(bearerFile) { configuration.bearerToken = { bearer.token } }
    }
}
