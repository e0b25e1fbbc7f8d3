import Foundation
import NIOCore
import Testing

@testable import FastCGI

@Suite struct UnixSocketTests {
    private func expectService(at address: SocketAddress) async throws {
        let client = try await TestClient.connect(to: address)
        try await client.send(Wire.request(body: "x"))
        #expect(await client.ends())
        await client.close()
    }

    @Test(arguments: [0o600, 0o660, 0o666] as [UInt32]) func theModeIsSet(mode: UInt32) async throws {
        try await TestServer.withFolder { folder in
            let path = folder + "/a.sock"
            let address = BindAddress.unix(path: path, options: .init(mode: mode, owner: "\(getuid())"))
            try await TestServer.with(at: address) { _, address in
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                #expect(attributes[.posixPermissions] as? Int == Int(mode))
                try await self.expectService(at: address)
            }
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test func aStaleSocketFileIsReplaced() async throws {
        try await TestServer.withFolder { folder in
            let path = folder + "/a.sock"
            let bound = try UnixSocket(path: path, options: .init()).listen(backlog: 1)
            SystemCalls.closeDescriptor(bound.descriptor)
            #expect(FileManager.default.fileExists(atPath: path))
            try await TestServer.with(at: .unix(path: path)) { _, address in try await self.expectService(at: address) }
        }
    }

    @Test func aSocketInUseIsLeftAlone() async throws {
        try await TestServer.withFolder { folder in
            let path = folder + "/a.sock"
            try await TestServer.with(at: .unix(path: path)) { _, address in
                let error = await fastCGIError { try await TestServer.with(at: .unix(path: path)) { _, _ in } }
                #expect(error?.code == .addressInUse)
                #expect(error?.message.contains("stop it") == true)
                try await self.expectService(at: address)
            }
        }
    }

    @Test func aFileThatIsNoSocketIsLeftAlone() async throws {
        try await TestServer.withFolder { folder in
            let path = folder + "/a.sock"
            try "precious".write(toFile: path, atomically: true, encoding: .utf8)
            let error = await fastCGIError { try await TestServer.with(at: .unix(path: path)) { _, _ in } }
            #expect(error?.code == .notASocket)
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
        }
    }

    @Test func aPathTooLongIsRefusedWithTheLimit() async throws {
        let path = "/tmp/" + String(repeating: "x", count: 103)
        let error = await fastCGIError { try await TestServer.with(at: .unix(path: path)) { _, _ in } }
        #expect(error?.code == .pathTooLong)
        #expect(error?.message.contains("107") == true)
    }

    @Test func aMissingDirectoryIsRefused() async throws {
        let error = await fastCGIError { try await TestServer.with(at: .unix(path: "/no/such/dir/a.sock")) { _, _ in } }
        #expect(error?.code == .missingDirectory)
        #expect(error?.message.contains("/no/such/dir") == true)
    }

    @Test func anUnknownOwnerIsRefusedBeforeAnythingIsMade() async throws {
        try await TestServer.withFolder { folder in
            let path = folder + "/a.sock"
            let address = BindAddress.unix(path: path, options: .init(owner: "no such user"))
            #expect(await fastCGIError { try await TestServer.with(at: address) { _, _ in } }?.code == .unknownUser)
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test func aSocketFileThatSomebodyElseHasPutThereIsNotRemoved() async throws {
        try await TestServer.withFolder { folder in
            let path = folder + "/a.sock"
            let listener = try await TestServer.echo().bind(to: .unix(path: path), on: TestServer.group)
            try FileManager.default.moveItem(atPath: path, toPath: path + ".old")
            try await TestServer.with(at: .unix(path: path)) { _, address in
                await listener.stopAccepting()
                #expect(FileManager.default.fileExists(atPath: path))
                try await self.expectService(at: address)
            }
        }
    }
}
