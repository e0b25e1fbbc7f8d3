internal import Foundation
internal import LongwireServer
internal import Logging
internal import NIOCore

/// One process takes over from another, in the order in which nothing falls between them (Docs/service.md, "Upgrade").
///
/// 1. The new process reads its configuration and opens what it needs; it says `ready` and where it takes what comes
///    to the old one by mistake. Or it says `failed` and why, and nothing has changed.
/// 2. The old process keeps the sessions that it has and passes everything else on; it says which these are (`route`),
///    then `serve`.
/// 3. The new process passes on what belongs to those, accepts at the sockets of both, and says `serving`.
/// 4. The old process accepts no more, tells the service manager, says `go`, and drains.
enum Upgrade {
    /// How many identifiers a line holds.
    private static let identifiersInALine = 1_000

    // MARK: The old process

    /// Starts the new process and hands over to it.
    ///
    /// - Returns: the number of the new process, and the line to it, which is to be open for as long as this one lives.
    static func handOver(
        _ listening: Listening, mount: Mount, own: ForwardSocket, environment: [String: String], logger: Logger
    ) async throws(Successor.Failure) -> (process: pid_t, link: HandoverLink) {
        guard let (link, theirs) = HandoverLink.pair() else {
            throw Successor.Failure(sentence: "no descriptors are left")
        }
        let process: pid_t
        do {
            defer { close(theirs) }
            process = try Successor.start(listening.passed, link: theirs, environment: environment)
        } catch {
            link.end()
            throw error
        }
        logger.notice("upgrading", metadata: ["pid": .stringConvertible(process)])
        do {
            try await arrange(with: link, mount: mount, own: own)
        } catch {
            mount.disinherit()
            await HandoverLink.waiting {
                link.end()
                Successor.end(process)
            }
            throw error
        }
        return (process, link)
    }

    private static func arrange(
        with link: HandoverLink, mount: Mount, own: ForwardSocket
    ) async throws(Successor.Failure) {
        let answer = await HandoverLink.waiting { try? link.hear() }
        guard let answer, answer.hasPrefix("ready ") else {
            let why = answer.map { $0.hasPrefix("failed ") ? String($0.dropFirst(7)) : $0 }
            throw Successor.Failure(
                sentence: "the new longwired did not start" + (why.map { ": \($0)" } ?? "; its log says why"))
        }
        // Before anything of ours is said: what is asked of us from now on for another session is the heir's.
        var routes = mount.routed.map { ($0.key, $0.value) }
        routes.append((own.path, mount.succeed(by: String(answer.dropFirst(6)))))
        let lines = routes.flatMap { path, identifiers in
            stride(from: 0, to: identifiers.count, by: identifiersInALine).map { start in
                let part = identifiers[start..<min(start + identifiersInALine, identifiers.count)]
                return "route \(path) \(part.map(\.description).joined(separator: " "))"
            }
        }
        let last = await HandoverLink.waiting { () -> String? in
            do {
                // A process without sessions is one that may get some.
                try link.say("route \(own.path)")
                for line in lines { try link.say(line) }
                try link.say("serve")
                return try link.hear()
            } catch { return nil }
        }
        guard last == "serving" else {
            throw Successor.Failure(
                sentence: "the new longwired did not serve" + (last.map { ": \($0)" } ?? "; its log says why"))
        }
    }

    // MARK: The new process

    /// Waits until the old process has said what it keeps.
    ///
    /// - Returns: where it takes what comes for its sessions.
    static func inherit(_ link: HandoverLink, mount: Mount, own: ForwardSocket) async throws -> String {
        let lines = await HandoverLink.waiting { () -> [String]? in
            var lines: [String] = []
            do {
                try link.say("ready \(own.path)")
                while true {
                    let line = try link.hear()
                    if line == "serve" { return lines }
                    lines.append(line)
                }
            } catch { return nil }
        }
        guard let lines else { throw StartFailure("the longwired that asked for a successor is gone") }
        for line in lines {
            let words = line.split(separator: " ")
            guard words.first == "route", words.count > 1 else { continue }
            mount.route(words.dropFirst(2).compactMap { SessionIdentifier(hex: $0) }, to: String(words[1]))
        }
        return lines.first?.split(separator: " ").dropFirst().first.map(String.init) ?? ""
    }

    /// Says that this process serves, and forgets the old one's sessions once that is gone.
    ///
    /// - Returns: when the old process accepts no more, or is gone: what ends when it is gone.
    static func serving(_ link: HandoverLink, mount: Mount, old: String) async -> Task<Void, Never> {
        _ = await HandoverLink.waiting {
            try? link.say("serving")
            _ = try? link.hear()
        }
        return Task {
            await HandoverLink.waiting {
                link.awaitEnd()
                link.end()
            }
            mount.forgetRoutes(to: old)
        }
    }
}
