internal import FastCGI
internal import Foundation
internal import LongwireServer
internal import Logging
internal import NIOCore

/// Everything that one longwired listens at.
struct Listening {
    private var fastCGI: [FastCGIListener] = []
    private var http: [HTTPListener] = []
    private var control: OperatorSocket?

    init(serve: Serve, mount: Mount, group: any EventLoopGroup, logger: Logger) async throws {
        let server = mount.fastCGIServer()
        for address in try Self.fastCGIAddresses(serve) {
            do {
                let listener = try await server.bind(to: address, on: group)
                fastCGI.append(listener)
                for local in listener.localAddresses { logger.notice("FastCGI", metadata: ["address": "\(local)"]) }
            } catch {
                if serve.fastcgi.isEmpty, address == .descriptor(0) {
                    throw StartFailure(
                        "nothing to listen at: say --http 127.0.0.1:8080, or --fastcgi 127.0.0.1:9000 behind a web "
                            + "server (descriptor 0 is no listening socket either: \(error))")
                }
                throw StartFailure("cannot serve FastCGI at \(address): \(error)")
            }
        }
        for address in serve.http {
            let (host, port) = try Serve.hostAndPort(address)
            do {
                let listener = try await HTTPListener.bind(host: host, port: port, mount: mount, on: group)
                http.append(listener)
                if let local = listener.localAddress { logger.notice("HTTP", metadata: ["address": "\(local)"]) }
            } catch {
                throw StartFailure("cannot serve HTTP at \(address): \(error)")
            }
        }
        control = try await Self.openControl(serve.control, mount: mount, group: group, logger: logger)
        logger.notice(
            "serving", metadata: ["mount": "\(mount.configuration.path)", "servlets": "\(mount.servletNames)"])
    }

    /// What was asked for, or what the process was started with.
    private static func fastCGIAddresses(_ serve: Serve) throws -> [BindAddress] {
        if !serve.fastcgi.isEmpty { return try serve.fastcgi.map { try BindAddress(parsing: $0) } }
        if !serve.http.isEmpty { return [] }
        if ProcessInfo.processInfo.environment["LISTEN_FDS"] != nil { return [.systemd()] }
        return [.descriptor(0)]
    }

    /// The operator's socket: where it was asked for it must open, at its standard place it may not.
    private static func openControl(
        _ option: ControlOption, mount: Mount, group: any EventLoopGroup, logger: Logger
    ) async throws -> OperatorSocket? {
        let path = option.chosen
        do {
            if option.path == nil {
                let folder = (path as NSString).deletingLastPathComponent
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
            }
            return try await OperatorSocket.bind(path: path, mount: mount, on: group)
        } catch {
            if option.path != nil { throw StartFailure("cannot open the operator's socket at \(path): \(error)") }
            logger.info("no operator's socket", metadata: ["path": "\(path)", "error": "\(error)"])
            return nil
        }
    }

    /// Stops listening and closes everything.
    func stop() async {
        for listener in http { await listener.stopAccepting() }
        for listener in fastCGI { await listener.drain() }
        await control?.close()
    }
}

/// Why longwired did not start, as a sentence.
struct StartFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
