import Foundation

/// A certificate authority of the test's own, and a server certificate for localhost and 127.0.0.1 signed by it.
package final class Certificates: Sendable {
    private let folder: TemporaryFolder

    /// The authority's certificate, PEM: what a client trusts.
    package var authority: String { folder.path("ca.crt") }
    /// The server's certificate, PEM.
    package var certificate: String { folder.path("server.crt") }
    /// The server's key, PEM.
    package var key: String { folder.path("server.key") }

    /// Makes them with the openssl program.
    ///
    /// - Parameters:
    ///   - names: Further subject alternative names, such as `DNS:example.test`.
    ///   - own: The names of this machine, which the certificate has besides; something else for one of another host.
    ///   - hasExpired: Whether the server's certificate was good until yesterday.
    package init(
        names: [String] = [], own: String = "DNS:localhost,IP:127.0.0.1", hasExpired: Bool = false
    ) async throws {
        folder = try TemporaryFolder()
        let alternatives = ([own] + names).joined(separator: ",")
        try folder.write(
            "subjectAltName=\(alternatives)\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n", to: "server.ext"
        )
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        try await openssl(
            ["req", "-x509", "-days", "2", "-subj", "/CN=Test authority", "-keyout", "ca.key", "-out", "ca.crt"] + curve
        )
        try await openssl(["req", "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr"] + curve)
        try await openssl([
            "x509", "-req", "-days", hasExpired ? "-1" : "2", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
            "-CAcreateserial",
            "-extfile", "server.ext", "-out", "server.crt",
        ])
    }

    /// Makes a certificate for a client, signed by the same authority, and its key.
    package func client(_ subject: String) async throws -> (certificate: String, key: String) {
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        try folder.write("basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth\n", to: "client.ext")
        try await openssl(["req", "-subj", subject, "-keyout", "client.key", "-out", "client.csr", "-utf8"] + curve)
        try await openssl([
            "x509", "-req", "-days", "2", "-in", "client.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
            "-extfile", "client.ext", "-out", "client.crt",
        ])
        return (folder.path("client.crt"), folder.path("client.key"))
    }

    private func openssl(_ arguments: [String]) async throws {
        try await ManagedProcess.mustRun("openssl", arguments, folder: folder.path)
    }
}
