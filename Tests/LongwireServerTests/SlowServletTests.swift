import LongwireClient
import LongwireServer
import Logging
import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

/// What an operator hears of servlets that hold their event loop.
@Suite(.timeLimit(.minutes(2))) struct SlowServletTests {
    /// Keeps what is logged.
    private struct CapturingHandler: LogHandler {
        let events: NIOLockedValueBox<[(level: Logger.Level, text: String)]>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let text = "\(event.message) \(event.metadata ?? [:])"
            events.withLockedValue { $0.append((event.level, text)) }
        }
    }

    /// Computes for as long as the limit, and answers.
    private struct Holding: InlineServlet {
        let time: TimeAmount

        func received(_ message: Message, in session: Session) {
            let end = NIODeadline.now() + time
            while NIODeadline.now() < end {}
            _ = session.offer(message)
        }
    }

    /// The same as a task.
    private struct HoldingTask: Servlet {
        let time: TimeAmount

        func service(_ session: Session) async throws {
            for try await message in session.messages {
                let end = NIODeadline.now() + time
                while NIODeadline.now() < end {}
                try await session.send(message)
            }
        }
    }

    private static let limit = TimeAmount.milliseconds(50)

    private static func warnings(of kind: ServletKind, limit: TimeAmount) async throws -> [String] {
        let events = NIOLockedValueBox<[(level: Logger.Level, text: String)]>([])
        let logger = Logger(label: "test") { _ in CapturingHandler(events: events) }
        let server = try await TestServer(["slow": kind], logger: logger) { $0.slowServlet = limit }
        let session = try await server.connect("slow")
        try await session.send("think")
        #expect(try await session.nextText() == "think")
        #expect(await session.close().kind == .closed)
        try await server.stop()
        return events.withLockedValue { $0.filter { $0.level == .warning }.map(\.text) }
    }

    @Test func aServletThatHoldsItsLoopIsLogged() async throws {
        let inline = try await Self.warnings(of: .inline(Holding(time: Self.limit)), limit: Self.limit)
        #expect(inline.contains { $0.contains("held its event loop") && $0.contains("slow") })
        let task = try await Self.warnings(of: .task(HoldingTask(time: Self.limit)), limit: Self.limit)
        #expect(task.contains { $0.contains("held its event loop") })
    }

    @Test func oneThatDoesNotIsNot() async throws {
        let patient = TimeAmount.hours(1)
        #expect(try await Self.warnings(of: .inline(Holding(time: .zero)), limit: patient).isEmpty)
        #expect(try await Self.warnings(of: .task(HoldingTask(time: .zero)), limit: patient).isEmpty)
    }
}
