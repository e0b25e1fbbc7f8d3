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
    /// - Parameter names: Further subject alternative names, such as `DNS:example.test`.
    package init(names: [String] = []) async throws {
        folder = try TemporaryFolder()
        let alternatives = (["DNS:localhost", "IP:127.0.0.1"] + names).joined(separator: ",")
        try folder.write(
            "subjectAltName=\(alternatives)\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n", to: "server.ext"
        )
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        try await openssl(
            ["req", "-x509", "-days", "2", "-subj", "/CN=Test authority", "-keyout", "ca.key", "-out", "ca.crt"] + curve
        )
        try await openssl(["req", "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr"] + curve)
        try await openssl([
            "x509", "-req", "-days", "2", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
            "-extfile", "server.ext", "-out", "server.crt",
        ])
    }

    private func openssl(_ arguments: [String]) async throws {
        try await ManagedProcess.mustRun("openssl", arguments, folder: folder.path)
    }
}
