import LongwireProtocol
import LongwireTransport
import NIOCore
import Testing

/// The order in which transports are tried.
struct TransportChooserTests {
    private static let all: [TransportKind] = [.tcp, .duplex, .websocket, .stream, .poll]
    private let now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private func round(_ chooser: inout TransportChooser, after time: TimeAmount = .zero) -> [TransportKind] {
        chooser.beginRound(now: now + time)
        var order: [TransportKind] = []
        while let next = chooser.next() { order.append(next) }
        return order
    }

    @Test("What cannot be had is left out, and taken in again when it can, at its place")
    func absent() {
        var chooser = TransportChooser(transports: Self.all)
        chooser.set(.tcp, isAbsent: true)
        chooser.set(.websocket, isAbsent: true)
        #expect(round(&chooser) == [.duplex, .stream, .poll])
        #expect(chooser.better(than: .stream, now: now) == [.duplex])
        chooser.set(.tcp, isAbsent: false)
        #expect(round(&chooser) == [.tcp, .duplex, .stream, .poll])
        #expect(chooser.better(than: .stream, now: now) == [.tcp, .duplex])
        chooser.used(.tcp)
        chooser.set(.tcp, isAbsent: true)
        #expect(round(&chooser) == [.duplex, .stream, .poll])
        var alone = TransportChooser(transports: [.websocket])
        alone.set(.websocket, isAbsent: true)
        #expect(round(&alone) == [.websocket], "the only one there is stays")
    }

    // R: B7
    @Test("What was not tried here comes before what carried the last session, once")
    func first() {
        var chooser = TransportChooser(transports: Self.all, remembered: .stream)
        chooser.tryFirst(.tcp)
        #expect(round(&chooser) == [.tcp, .stream, .duplex, .websocket, .poll])
        #expect(round(&chooser) == [.stream, .tcp, .duplex, .websocket, .poll])
    }

    @Test("What dies young three times in a row goes to the end for ten minutes")
    func demoted() {
        var chooser = TransportChooser(transports: Self.all)
        for _ in 1...3 {
            chooser.used(.tcp)
            chooser.died(.tcp, age: .seconds(1), moved: false, now: now)
        }
        #expect(round(&chooser) == [.duplex, .websocket, .stream, .poll, .tcp])
        #expect(chooser.better(than: .duplex, now: now) == [])
        #expect(round(&chooser, after: .minutes(11)) == Self.all)
    }
}
