import Foundation
import NIOCore
import Testing

@testable import FastCGI

private let cgiFcgi = ["/usr/bin/cgi-fcgi", "/usr/local/bin/cgi-fcgi"]
    .first { FileManager.default.isExecutableFile(atPath: $0) }

/// libfcgi's own client as the peer.
@Suite(.enabled(if: cgiFcgi != nil, "cgi-fcgi of libfcgi-bin is not installed"))
struct CgiFcgiTests {
    /// Runs cgi-fcgi as a web server would run a CGI program, and returns what it prints.
    private func run(_ target: String, body: Data, environment: [String: String]) async throws -> String {
        try await TestServer.withFolder { folder in
            // Through files, so that no pipe can fill up while nobody reads.
            let input = URL(fileURLWithPath: folder + "/in")
            let output = URL(fileURLWithPath: folder + "/out")
            try body.write(to: input)
            try Data().write(to: output)
            let process = Process()
            process.executableURL = URL(fileURLWithPath: try #require(cgiFcgi))
            process.arguments = ["-bind", "-connect", target]
            process.environment = environment
            process.standardInput = try FileHandle(forReadingFrom: input)
            process.standardOutput = try FileHandle(forWritingTo: output)
            try process.run()
            let hasEnded = await eventually { !process.isRunning }
            if !hasEnded { process.terminate() }
            #expect(hasEnded)
            return String(decoding: try Data(contentsOf: output), as: UTF8.self)
        }
    }

    private let environment = [
        "REQUEST_METHOD": "POST", "REQUEST_URI": "/longwire/echo?x=1", "HTTP_HOST": "example.org",
    ]

    // R: D1
    @Test(arguments: [0, 5, 100_000]) func libfcgisClientIsServedOverTCP(length: Int) async throws {
        try await TestServer.with { _, address in
            let body = Data(repeating: 97, count: length)
            var environment = self.environment
            environment["CONTENT_LENGTH"] = "\(length)"
            let output = try await self.run(
                "127.0.0.1:\(try #require(address.port))", body: body, environment: environment)
            #expect(output.hasPrefix("Status: 200 OK\r\n\r\n"))
            #expect(output.hasSuffix("[POST /longwire/echo?x=1]"))
        }
    }

    // R: D1
    @Test func libfcgisClientIsServedOverAUnixSocket() async throws {
        try await TestServer.withFolder { folder in
            let path = folder + "/l.sock"
            try await TestServer.with(at: .unix(path: path)) { _, _ in
                var environment = self.environment
                environment["CONTENT_LENGTH"] = "2"
                let output = try await self.run(path, body: Data("hi".utf8), environment: environment)
                #expect(output == "Status: 200 OK\r\n\r\nhi[POST /longwire/echo?x=1]")
            }
        }
    }

    @Test func libfcgisClientSeesARefusal() async throws {
        try await TestServer.with { _, address in
            let output = try await self.run(
                "127.0.0.1:\(try #require(address.port))", body: Data(), environment: ["REQUEST_URI": "/"])
            #expect(output.hasPrefix("Status: 400"))
        }
    }
}
