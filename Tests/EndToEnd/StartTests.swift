import Foundation
import LongwireClient
import LongwireProtocol
import TestSupport
import Testing

/// The ways in which longwired comes to its listening socket.
@Suite struct StartTests {
    /// A session through nginx echoes, and the site's other paths go on as before.
    private func expectServes(_ nginx: NginxFixture, servlet: String = "echo") async throws {
        let session = try await Longwire.connect(nginx.url("/longwire/\(servlet)"))
        var messages = session.messages.makeAsyncIterator()
        for number in 1...10 {
            try await session.send("\(number)")
            #expect(try await messages.next()?.text == "\(number)")
        }
        #expect(await session.close().kind == .closed)
        let page = try await BadInputHTTP.exchange(port: nginx.port, "GET", "/")
        #expect(page.status == 200 && page.description.hasSuffix(NginxFixture.page), "\(page)")
    }

    // R: D1
    @Test func spawnFcgiGivesItASocketOnDescriptorZero() async throws {
        let folder = try TemporaryFolder()
        let socket = folder.path("lw.sock")
        let spawn = try ManagedProcess(
            "spawn-fcgi",
            [
                "-n", "-s", socket, "--", BuiltProducts.longwired, "--servlet", "echo", "--control",
                folder.path("control"),
            ])
        try await spawn.waitForLine(containing: "serving")
        try await expectServes(try await NginxFixture(to: .unix(path: socket)))
        // spawn-fcgi has become longwired, which drains on SIGTERM.
        spawn.terminate()
        #expect(try await spawn.waitUntilExit() == .exited(0), "\(spawn.report)")
    }

    // R: D1
    @Test func spawnFcgiGivesItATCPSocketToo() async throws {
        let folder = try TemporaryFolder()
        let port = try FreePort.next()
        let spawn = try ManagedProcess(
            "spawn-fcgi",
            [
                "-n", "-a", "127.0.0.1", "-p", "\(port)", "--", BuiltProducts.longwired, "--fastcgi", "fd:0",
                "--servlet", "echo", "--control", folder.path("control"),
            ])
        try await spawn.waitForLine(containing: "serving")
        try await expectServes(try await NginxFixture(to: .tcp(port: port)))
    }

    // R: D1, D8
    @Test func lighttpdStartsItByItself() async throws {
        let longwired = try BuiltProducts.longwired
        let lighttpd = try await LighttpdFixture { folder in
            """
            server.stream-request-body = 2
            server.stream-response-body = 2
            fastcgi.server = ( "/longwire" => ((
                "bin-path" => "\(longwired) --servlet echo --control \(folder)/control",
                "socket" => "\(folder)/lw.sock",
                "max-procs" => 1,
                "check-local" => "disable"
            )))
            """
        }
        let page = try await eventually(valueOf: "the mount's page") { () -> BadInputAnswer? in
            let answer = try await BadInputHTTP.exchange(port: lighttpd.port, "GET", "/longwire/")
            return answer.status == 200 ? answer : nil
        }
        #expect(page.description.contains("/longwire/echo"), "\(page)")
        let own = lighttpd.process.children.filter { ProcessTable.commandLine(of: $0).contains("longwired") }
        #expect(own.count == 1)

        // lighttpd wants a declared length, and refuses what has none.
        let chunked = try await BadInputTransaction(port: lighttpd.port)
        try await eventually("the answer to a chunked body") { try chunked.isOver() || !chunked.head.isEmpty }
        #expect(chunked.head.hasPrefix("HTTP/1.1 411"), "\(chunked.head)")

        let transaction = try await BadInputTransaction.opened(
            port: lighttpd.port, BadInputIdentity().open(), declaredLength: 1 << 40)
        for number in 1...10 as ClosedRange<UInt64> {
            try await transaction.sendText("\(number)", number: number)
            #expect(try await transaction.text() == "\(number)")
        }
        // Done in order: CLOSE, its answer, the end of the response.
        try await transaction.send(.numbered(NumberedFrame(number: 11, content: .close(.done, reason: ""))))
        let answer = try await transaction.next("CLOSE") { frame -> UInt64? in
            guard case .numbered(let frame) = frame, case .close(.done, _) = frame.content else { return nil }
            return frame.number
        }
        #expect(answer == 11)
        try await transaction.send(.ack(AckFrame(received: 11, limit: 256 * 1024, extra: 1)))
        _ = try await transaction.framesToEnd()

        let site = try await BadInputHTTP.exchange(port: lighttpd.port, "GET", "/")
        #expect(site.status == 200 && site.description.hasSuffix(NginxFixture.page), "\(site)")
    }

    // R: D1
    @Test(arguments: [true, false]) func systemdStartsItWithTheFirstRequest(overTCP: Bool) async throws {
        let folder = try TemporaryFolder()
        let (descriptor, upstream) = try Self.listeningSocket(overTCP: overTCP, folder: folder)
        defer { close(descriptor) }
        let nginx = try await NginxFixture(to: upstream)
        // The request is there before the application is.
        async let opening = Longwire.connect(nginx.url("/longwire/echo"))
        try await eventually("nginx connects") {
            var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            return Glibc.poll(&poll, 1, 0) == 1
        }
        let longwired = try ManagedProcess(
            BuiltProducts.longwired, ["--servlet", "echo", "--control", folder.path("control")],
            passing: [descriptor], activated: true)
        let session = try await opening
        try await session.send("the first")
        var messages = session.messages.makeAsyncIterator()
        #expect(try await messages.next()?.text == "the first")
        #expect(await session.close().kind == .closed)
        try await expectServes(nginx)
        longwired.terminate()
        #expect(try await longwired.waitUntilExit() == .exited(0), "\(longwired.report)")
        // The socket is systemd's: it stays, and starts the next one.
        let next = try ManagedProcess(
            BuiltProducts.longwired,
            ["--fastcgi", "systemd", "--servlet", "echo", "--control", folder.path("control")],
            passing: [descriptor], activated: true)
        try await next.waitForLine(containing: "serving")
        try await expectServes(nginx)
    }

    // R: D1
    @Test func aSocketMeantForAnotherProcessIsNotTaken() async throws {
        let folder = try TemporaryFolder()
        let (descriptor, _) = try Self.listeningSocket(overTCP: false, folder: folder)
        defer { close(descriptor) }
        let result = try ManagedProcess(
            BuiltProducts.longwired, ["--servlet", "echo", "--control", folder.path("control")],
            environment: ["LISTEN_FDS": "1", "LISTEN_PID": "1"], passing: [descriptor])
        #expect(try await result.waitUntilExit() == .exited(1), "\(result.report)")
        #expect(result.errors?.text.contains("are meant for process 1, and this is") == true, "\(result.report)")
    }

    // R: D1, D10
    @Test func itListensInSeveralPlacesAtOnce() async throws {
        let folder = try TemporaryFolder()
        let (socket, port, httpPort) = (folder.path("lw.sock"), try FreePort.next(), try FreePort.next())
        let longwired = try ManagedProcess(
            BuiltProducts.longwired,
            [
                "--fastcgi", "unix:\(socket)?mode=0660", "--fastcgi", "127.0.0.1:\(port)", "--http",
                "127.0.0.1:\(httpPort)", "--servlet", "echo", "--servlet", "room=chat", "--mount", "/talk", "--control",
                folder.path("control"),
            ])
        try await longwired.waitForLine(containing: "serving")
        let attributes = try FileManager.default.attributesOfItem(atPath: socket)
        #expect(attributes[.posixPermissions] as? Int == 0o660)
        let nginx = try await NginxFixture(
            .init(mounts: [.init("/talk", to: .unix(path: socket)), .init("/longwire", to: .tcp(port: port))]))
        // What nginx sends there must be below longwired's own mount too.
        let other = try await BadInputHTTP.exchange(port: nginx.port, "GET", "/longwire/echo")
        #expect(other.isProblem(404, "Longwire is mounted at /talk."), "\(other)")
        for base in [nginx.url(), "http://127.0.0.1:\(httpPort)/"] {
            let session = try await Longwire.connect("\(base)talk/echo")
            try await session.send("hello")
            var messages = session.messages.makeAsyncIterator()
            #expect(try await messages.next()?.text == "hello")
            #expect(await session.close().kind == .closed)
        }
        longwired.terminate()
        #expect(try await longwired.waitUntilExit() == .exited(0), "\(longwired.report)")
        #expect(!FileManager.default.fileExists(atPath: socket))
        #expect(!FileManager.default.fileExists(atPath: folder.path("control")))
    }

    private static func listeningSocket(
        overTCP: Bool, folder: TemporaryFolder
    ) throws -> (Int32, NginxFixture.Upstream) {
        guard overTCP else {
            let path = folder.path("activated.sock")
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            let result = withUnsafePointer(to: address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            guard result == 0, listen(descriptor, 128) == 0 else { throw SystemError("listen at \(path)") }
            return (descriptor, .unix(path: path))
        }
        let port = try FreePort.next()
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
        address.sin_addr = in_addr(s_addr: UInt32(0x7f00_0001).bigEndian)
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0, listen(descriptor, 128) == 0 else { throw SystemError("listen at \(port)") }
        return (descriptor, .tcp(port: port))
    }
}
