import Foundation
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import FastCGI

/// Servers and files for the tests over real sockets.
enum TestServer {
    /// A server that answers as `echo` does.
    static func echo(configure: (inout FastCGIConfiguration) -> Void = { _ in }) -> FastCGIServer {
        var configuration = FastCGIConfiguration()
        configuration.webServerAddresses = nil
        configure(&configuration)
        return FastCGIServer(configuration: configuration, logger: .silent) { request, head, parameters in
            TestHandler(request, head, parameters, react: FastCGITests.echo)
        }
    }

    static let loopback = BindAddress.tcp(host: "127.0.0.1", port: 0)

    static var group: any EventLoopGroup { NIOSingletons.posixEventLoopGroup }

    /// Runs `body` with a listener and closes it.
    static func with<Result>(
        _ server: FastCGIServer = TestServer.echo(), at address: BindAddress = TestServer.loopback,
        _ body: (FastCGIListener, SocketAddress) async throws -> Result
    ) async throws -> Result {
        let listener = try await server.bind(to: address, on: self.group)
        do {
            let result = try await body(listener, #require(listener.localAddress))
            await listener.close()
            return result
        } catch {
            await listener.close()
            throw error
        }
    }

    /// Runs `body` with a folder of its own whose path is short enough for sockets.
    static func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.path + "/f\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try await body(folder)
    }
}

/// The error a closure throws, as far as it is ours.
func fastCGIError(_ body: () async throws -> Void) async -> FastCGIError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? FastCGIError
    }
}
