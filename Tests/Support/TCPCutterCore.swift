import Foundation
import NIOCore
import NIOPosix

/// The state of a ``TCPCutter``, touched only on its event loop.
final class TCPCutterCore {
    let loop: any EventLoop
    private let port: Int
    private let target: Int
    private var listener: (any Channel)?

    var lines: [ObjectIdentifier: TCPCutterLine] = [:]
    var accepted = 0
    var passed: [TCPCutter.Direction: Int] = [:]
    var paused: Set<TCPCutter.Direction> = []
    var delay = TimeAmount.zero
    var cutsAfter: TimeAmount?
    var forgetsAfter: TimeAmount?
    /// Lines cut because of their age, or forgotten.
    var faults = 0
    var plannedCut: (cut: TCPCutter.Cut, direction: TCPCutter.Direction, at: Int)?

    init(loop: any EventLoop, port: Int, target: Int) {
        self.loop = loop
        self.port = port
        self.target = target
    }

    func listen() -> EventLoopFuture<Void> {
        guard listener == nil else { return loop.makeSucceededVoidFuture() }
        let bound = NIOLoopBound(self, eventLoop: loop)
        return ServerBootstrap(group: loop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 4096)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { bound.value.accept($0) }
            .bind(host: "127.0.0.1", port: port)
            .map { bound.value.listener = $0 }
    }

    @discardableResult
    func refuse() -> EventLoopFuture<Void> {
        guard let listener else { return loop.makeSucceededVoidFuture() }
        self.listener = nil
        return listener.close()
    }

    private func accept(_ front: any Channel) -> EventLoopFuture<Void> {
        accepted += 1
        let line = TCPCutterLine(core: self, front: front)
        lines[ObjectIdentifier(line)] = line
        let bound = NIOLoopBound(line, eventLoop: loop)
        return loop.makeCompletedFuture { try front.pipeline.syncOperations.addHandler(line.handler(.up)) }
            .map { [loop, target] in
                ClientBootstrap(group: loop)
                    .channelOption(.autoRead, value: false)
                    .channelOption(.allowRemoteHalfClosure, value: true)
                    .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                    .channelInitializer { back in
                        loop.makeCompletedFuture {
                            bound.value.back = back
                            try back.pipeline.syncOperations.addHandler(bound.value.handler(.down))
                        }
                    }
                    .connect(host: "127.0.0.1", port: target)
                    .whenComplete { result in
                        if case .failure = result { bound.value.cut(.reset) } else { bound.value.open() }
                    }
            }
    }

    func cut(_ cut: TCPCutter.Cut) { for line in Array(lines.values) { line.cut(cut) } }

    func pause(_ direction: TCPCutter.Direction) { paused.insert(direction) }

    func resume(_ direction: TCPCutter.Direction) {
        paused.remove(direction)
        for line in Array(lines.values) { line.resume(direction) }
    }

    /// Counts what goes through; how much of it still goes before a planned cut, and that cut.
    func count(_ bytes: Int, _ direction: TCPCutter.Direction) -> (bytes: Int, then: TCPCutter.Cut?) {
        let before = passed[direction, default: 0]
        if let plan = plannedCut, plan.direction == direction, before + bytes >= plan.at {
            plannedCut = nil
            passed[direction] = plan.at
            return (plan.at - before, plan.cut)
        }
        passed[direction] = before + bytes
        return (bytes, nil)
    }
}
