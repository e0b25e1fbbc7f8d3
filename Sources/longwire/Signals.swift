internal import Foundation

/// Signals as ordinary calls on a thread of their own.
enum Signals {
    private static let ends = {
        let ends = Descriptor.makePipe()
        Descriptor.setNonBlocking(ends.writing)
        return ends
    }()

    /// Calls `handler` whenever one of these signals comes; those that were ignored when we started stay ignored.
    static func handle(_ numbers: [Int32], _ handler: @escaping @Sendable (Int32) -> Void) {
        let reading = ends.reading
        Thread.detachNewThread {
            var byte: UInt8 = 0
            while true {
                let count = withUnsafeMutableBytes(of: &byte) { Descriptor.read(into: $0, from: reading) }
                guard count == 1 else { return }
                handler(Int32(byte))
            }
        }
        for number in numbers where !isIgnored(number) {
            // Only what is safe in a signal handler: one write to a pipe that is open already.
            signal(number) { number in
                let saved = errno
                var byte = UInt8(truncatingIfNeeded: number)
                _ = Foundation.write(Signals.ends.writing, &byte, 1)
                errno = saved
            }
        }
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var old = sigaction()
        guard sigaction(number, nil, &old) == 0 else { return false }
        return unsafeBitCast(old.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
