import Foundation
import FastCGI
import LongwireClient
import LongwireServer
import Logging
import NIOCore
import NIOPosix
import TestSupport
import Testing

/// The programs that Docs/exec.md shows, each in a file that may be executed.
struct ExecPrograms {
    let folder: TemporaryFolder
    let python: String
    let shell: String
    let node: String

    init() throws {
        let folder = try TemporaryFolder()
        let text = try String(contentsOfFile: Repository.path("Docs/exec.md"), encoding: .utf8)
        func save(_ beginning: String, as name: String) throws -> String {
            let start = try #require(text.range(of: beginning)).lowerBound
            let code = try #require(text.range(of: "#!", range: start..<text.endIndex)).lowerBound
            let end = try #require(text.range(of: "```", range: code..<text.endIndex)).lowerBound
            let program = String(text[code..<end])
            // Ten lines and the one that names the interpreter are what is promised at most.
            try #require(program.split(separator: "\n").count <= 12)
            let path = try folder.write(program, to: name)
            try #require(chmod(path, 0o755) == 0)
            return path
        }
        self.folder = folder
        python = try save("```python\n#!/usr/bin/python3", as: "answer.py")
        shell = try save("```sh\n#!/bin/sh", as: "answer.sh")
        node = try save("```js\n#!/usr/bin/env node", as: "answer.js")
    }

    /// The processes that run a program of this folder.
    var processes: [pid_t] { Self.processes(naming: folder.path) }

    /// The processes in whose command line a text stands, but for longwired's own.
    static func processes(naming text: String) -> [pid_t] {
        ProcessTable.all().map(\.pid).filter {
            let line = ProcessTable.commandLine(of: $0)
            return line.contains(text) && !line.contains("longwired") && !line.contains("nginx")
        }
    }
}

/// A mount of this process behind a real nginx, for what longwired's flags do not say.
struct ExecMount {
    let mount: Mount
    let nginx: NginxFixture
    private let listener: FastCGIListener
    private let group: MultiThreadedEventLoopGroup

    init(_ servlets: [String: ServletKind]) async throws {
        FileLimit.raise()
        let port = try FreePort.next()
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        mount = try Mount(servlets: servlets)
        listener = try await mount.fastCGIServer().bind(to: .tcp(host: "127.0.0.1", port: port), on: group)
        nginx = try await NginxFixture(to: .tcp(port: port))
    }

    func url(_ servlet: String) -> String { nginx.url("/longwire/\(servlet)") }

    func stop() async throws {
        await mount.drain(window: .zero, limit: .zero)
        await listener.close()
        try await nginx.stop()
        try await group.shutdownGracefully()
    }
}

extension Session {
    /// Everything that still comes, and how the session ends.
    func remainder() async throws -> (texts: [String], ending: SessionEnding) {
        var texts: [String] = []
        do { for try await message in messages { texts.append(message.text) } } catch is SessionEnding {}
        beginClose()
        return (texts, await ending)
    }
}
