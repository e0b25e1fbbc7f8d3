import NIOCore
import Testing

@testable import LongwireProtocol

@Suite("SessionDirectory")
struct SessionDirectoryTests {
    private let now = NIODeadline.uptimeNanoseconds(1_000_000_000)
    private let token = FrameSamples.token
    private let identifier = FrameSamples.identifier
    private let instance = FrameSamples.instance

    private func open(
        token: SessionToken? = nil, instance: SessionInstance? = nil, transport: TransportKind = .duplex,
        identifier: SessionIdentifier? = FrameSamples.identifier
    ) -> OpenFrame {
        OpenFrame(
            transport: transport, path: 1, identifier: identifier, token: token ?? self.token, instance: instance,
            using: 0, received: 0, limit: 0)
    }

    private struct Entry: SessionDirectoryEntry {
        var identifier = FrameSamples.identifier
        let token: SessionToken
        let instance: SessionInstance
        let servlet = "/m/echo"
        let principal: String? = "ann"
    }

    private func filled() -> SessionDirectory<Entry> {
        var directory = SessionDirectory<Entry>(tombstones: 4)
        directory.insert(Entry(identifier: identifier, token: token, instance: instance))
        return directory
    }

    private func decide(
        _ directory: inout SessionDirectory<Entry>, _ open: OpenFrame, servlet: String = "/m/echo",
        principal: String? = "ann", after: TimeAmount = .zero
    ) -> String {
        switch directory.decide(open, servlet: servlet, principal: principal, now: now + after) {
        case .create: "create"
        case .existing(let entry): "\(entry.identifier == identifier ? "it" : "another")"
        case .refuse(let code, let received, _): "refused \(code.rawValue) \(received)"
        }
    }

    // R: C2
    @Test("An OPEN without identifier or instance may make a session; an uplink never does")
    func creating() {
        var directory = SessionDirectory<Entry>(tombstones: 4)
        #expect(decide(&directory, open(identifier: nil)) == "create")
        #expect(decide(&directory, open()) == "create")
        #expect(decide(&directory, open(instance: instance)) == "refused 6 0")
        #expect(decide(&directory, open(transport: .uplink)) == "refused 6 0")
        #expect(decide(&directory, open(transport: .uplink, identifier: nil)) == "refused 6 0")
        #expect(decide(&directory, open(instance: instance, transport: .poll)) == "refused 6 0")
    }

    @Test("A session is found with its token, in its place, by its principal, in its life; else the one answer is 6")
    func finding() {
        var directory = filled()
        #expect(decide(&directory, open()) == "it")
        #expect(decide(&directory, open(instance: instance)) == "it")
        #expect(decide(&directory, open(instance: instance, transport: .uplink)) == "it")
        #expect(decide(&directory, open(transport: .uplink)) == "refused 6 0")
        #expect(decide(&directory, open(token: FrameSamples.token)) == "refused 6 0")
        #expect(decide(&directory, open(instance: SessionInstance(rawValue: 1))) == "refused 6 0")
        #expect(decide(&directory, open(), servlet: "/m/chat") == "refused 6 0")
        #expect(decide(&directory, open(), principal: "bob") == "refused 6 0")
        #expect(decide(&directory, open(), principal: nil) == "refused 6 0")
    }

    @Test("A session that ended answers with its end for the resume time, to whom it belonged")
    func tombstones() {
        var directory = filled()
        directory.remove(
            identifier: identifier, finalReceived: 42, code: .done, reason: "", resumeTime: .seconds(60), now: now)
        #expect(directory.count == 0)
        #expect(decide(&directory, open(instance: instance)) == "refused 0 42")
        #expect(decide(&directory, open()) == "refused 0 42")
        #expect(decide(&directory, open(token: FrameSamples.token)) == "refused 6 0")
        #expect(decide(&directory, open(), principal: "bob") == "refused 6 0")
        #expect(decide(&directory, open(instance: instance), after: .seconds(61)) == "refused 6 0")
        #expect(decide(&directory, open(), after: .seconds(61)) == "create")
    }

    @Test("The ring of those that ended is of fixed size: the newest replaces the oldest")
    func ring() {
        var directory = SessionDirectory<Entry>(tombstones: 2)
        let identifiers = (1...3).map { SessionIdentifier(high: 1, low: $0) }
        for identifier in identifiers {
            directory.insert(Entry(identifier: identifier, token: token, instance: instance))
            directory.remove(
                identifier: identifier, finalReceived: 1, code: .done, reason: "", resumeTime: .seconds(60), now: now)
        }
        let answers = identifiers.map { decide(&directory, open(identifier: $0)) }
        #expect(answers == ["create", "refused 0 1", "refused 0 1"])
    }

    @Test("An entry that was never used is forgotten, and may be made again")
    func forgetting() {
        var directory = filled()
        directory.forget(identifier: identifier)
        #expect(decide(&directory, open()) == "create")
    }

    @Test("A token prints nothing of itself, and equals only itself")
    func tokens() {
        #expect(token == token)
        #expect(token != FrameSamples.token)
        #expect("\(token)" == "<token>")
    }

    @Test("An identifier is 32 hexadecimal digits and nothing else")
    func identifiers() {
        #expect(SessionIdentifier(hex: identifier.description) == identifier)
        for bad in ["", "0", String(repeating: "g", count: 32), "+" + String(repeating: "0", count: 31)] {
            #expect(SessionIdentifier(hex: bad) == nil)
        }
    }
}
