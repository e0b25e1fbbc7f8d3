#if TLS
    import Foundation
    import HTTPTypes
    import Logging
    import NIOConcurrencyHelpers
    import TestSupport

    @testable import LongwireJWT
    @testable import LongwireServer

    /// A rule with a key set in a file, a clock that a test moves, and what it has logged.
    final class JWTSite: Sendable {
        let folder: TemporaryFolder
        let rule: JWTAccess
        private let clock: NIOLockedValueBox<Double>
        private let log: NIOLockedValueBox<[String]>

        /// The time at the beginning.
        static let start: Double = 1_800_000_000

        init(_ entries: [String], _ change: (inout JWTRequirements) -> Void = { _ in }) throws {
            folder = try TemporaryFolder()
            let clock = NIOLockedValueBox(Self.start)
            let log = NIOLockedValueBox<[String]>([])
            var requirements = JWTRequirements()
            change(&requirements)
            try folder.write(Self.set(entries), to: "keys.json")
            rule = try JWTAccess(
                keys: folder.path("keys.json"), requirements: requirements,
                logger: Logger(label: "test") { _ in LogKeeper(lines: log) }
            ) { clock.withLockedValue { $0 } }
            self.clock = clock
            self.log = log
        }

        static func set(_ entries: [String]) -> String { "{\"keys\":[\(entries.joined(separator: ","))]}" }

        /// Claims that are good at ``start`` for a minute.
        static func claims(_ more: String = "", name: String = "ada") -> String {
            #"{"sub":"\#(name)","exp":\#(Int(start) + 60)\#(more)}"#
        }

        var lines: [String] { log.withLockedValue { $0 } }

        func set(clock seconds: Double) { clock.withLockedValue { $0 = seconds } }

        func write(_ entries: [String]) throws { try folder.write(Self.set(entries), to: "keys.json") }

        func judge(_ token: String?) -> AccessAnswer {
            var head = HTTPRequest(method: .get, scheme: "http", authority: nil, path: "/")
            if let token { head.headerFields[.authorization] = "Bearer \(token)" }
            return rule.judge(SessionRequest(servlet: "echo", principal: nil, remoteAddress: nil, head: head))
        }

        /// What a token was let in with.
        func proof(_ token: String) async -> (any AccessProof)? {
            if case .allowed(_, let proof) = await verdict(token) { proof } else { nil }
        }

        func verdict(_ token: String?) async -> AccessVerdict {
            switch judge(token) {
            case .now(let verdict): verdict
            case .later(let find): await find()
            }
        }
    }

    private struct LogKeeper: LogHandler {
        let lines: NIOLockedValueBox<[String]>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let more = (event.metadata ?? [:]).map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ")
            lines.withLockedValue { $0.append("\(event.level) \(event.message) \(more)") }
        }
    }
#endif
