package import NIOCore
import NIOPosix

/// A loopback TCP proxy inside the test, which damages the line between two parties at the test's word.
///
/// Everything it holds belongs to one event loop; the functions may be called from anywhere and return when it is done.
package final class TCPCutter: Sendable {
    /// How a line is cut.
    package enum Cut: Sendable {
        /// As when the network says "connection reset".
        case reset
        /// As when the other side had closed in order.
        case close
    }

    /// Which way bytes go.
    package enum Direction: Sendable, CaseIterable {
        /// From the party that connected to us to the target.
        case up
        /// From the target to the party that connected to us.
        case down
    }

    /// The port to connect to.
    package let port: Int

    private let loop: any EventLoop
    private let core: NIOLoopBound<TCPCutterCore>

    /// Listens on a free loopback port and passes connections on to `target`.
    ///
    /// - Parameters:
    ///   - cutsAfter: every connection is cut when it has this age; nil: none is.
    ///   - forgetsAfter: a connection on which nothing went for so long is forgotten, as by a NAT: whatever comes
    ///     later is dropped, and neither side is told; nil: none is.
    package init(target: Int, cutsAfter: TimeAmount? = nil, forgetsAfter: TimeAmount? = nil) async throws {
        loop = MultiThreadedEventLoopGroup.singleton.next()
        port = try FreePort.next()
        core = try await loop.submit { [loop, port] in
            let core = TCPCutterCore(loop: loop, port: port, target: target)
            core.cutsAfter = cutsAfter
            core.forgetsAfter = forgetsAfter
            return NIOLoopBound(core, eventLoop: loop)
        }.get()
        try await loop.flatSubmit { [core] in core.value.listen() }.get()
    }

    deinit {
        loop.execute { [core] in
            core.value.refuse()
            core.value.cut(.reset)
        }
    }

    /// Cuts all connections now; new ones are accepted.
    package func cut(_ cut: Cut = .reset) async throws { try await onLoop { $0.cut(cut) } }

    /// Cuts all connections there are when that many further bytes have passed in one direction, in mid-byte-stream.
    package func cut(_ cut: Cut = .reset, after bytes: Int, going direction: Direction) async throws {
        try await onLoop { core in
            core.plannedCut = (cut, direction, core.passed[direction, default: 0] + bytes)
        }
    }

    /// Refuses connections ("connection refused"), or accepts them again on the same port.
    package func refuse(_ refuse: Bool) async throws {
        try await loop.flatSubmit { [core] in refuse ? core.value.refuse() : core.value.listen() }.get()
    }

    /// Passes nothing on in a direction and reads nothing more: the line is open and silent.
    package func pause(_ direction: Direction) async throws { try await onLoop { $0.pause(direction) } }

    /// Passes on again, what was held first.
    package func resume(_ direction: Direction) async throws { try await onLoop { $0.resume(direction) } }

    /// Passes everything on this much later than it came, in order, both ways; zero is at once.
    package func delay(_ delay: TimeAmount) async throws { try await onLoop { $0.delay = delay } }

    /// How many bytes were passed on in a direction, over all connections.
    package func bytes(_ direction: Direction) async throws -> Int {
        try await onLoop { $0.passed[direction, default: 0] }
    }

    /// How many connections were cut because of their age, or forgotten.
    package var faults: Int { get async throws { try await onLoop { $0.faults } } }
    /// How many connections are open now.
    package var openConnections: Int { get async throws { try await onLoop { $0.lines.count } } }
    /// How many connections were accepted.
    package var acceptedConnections: Int { get async throws { try await onLoop { $0.accepted } } }

    private func onLoop<Value: Sendable>(_ body: @escaping @Sendable (TCPCutterCore) -> Value) async throws -> Value {
        try await loop.submit { [core] in body(core.value) }.get()
    }
}
