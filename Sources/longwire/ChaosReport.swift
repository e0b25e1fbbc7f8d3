internal import Foundation
internal import LongwireTesting
internal import NIOCore

/// What `longwire chaos` tells of itself on standard error, in words or as lines of JSON (Docs/chaos.md).
struct ChaosReport: Sendable {
    let isJSON: Bool

    /// It listens.
    func began(at place: String, to server: String, seed: UInt64) {
        guard isJSON else { return say("at \(place), to \(server), seed \(seed)") }
        write(
            JSONText.object([
                ("event", .text("listening")), ("at", .text(place)), ("to", .text(server)), ("seed", .number(seed)),
            ]))
    }

    /// Something was done.
    func tell(_ event: ChaosEvent) {
        guard isJSON else { return say("\(event)") }
        write(
            JSONText.object([
                ("event", .text("fault")), ("ms", .number(UInt64(max(event.time.nanoseconds, 0) / 1_000_000))),
                ("what", .text(event.what)), ("connections", .number(UInt64(max(event.connections, 0)))),
            ]))
    }

    func say(_ sentence: String) { write("longwire: \(Printable.line(sentence))") }

    private func write(_ line: String) { Descriptor.write(Array("\(line)\n".utf8), to: STDERR_FILENO) }
}
