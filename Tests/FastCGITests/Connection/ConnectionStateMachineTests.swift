import NIOCore
import Testing

@testable import FastCGI

/// Transcripts of the rules without a channel: one record, one answer.
@Suite struct ConnectionStateMachineTests {
    private let gauge = Gauge(limit: 100)

    private func machine() -> ConnectionStateMachine<String> {
        ConnectionStateMachine(
            limits: RequestLimits(maximumParameterBytes: 100, maximumRequests: 10, gauge: self.gauge))
    }

    /// The action as text: what a transcript is compared with.
    private func step(
        _ machine: inout ConnectionStateMachine<String>, _ type: RecordType, _ content: [UInt8] = [], id: UInt16 = 1,
        at second: Int64 = 0
    ) -> String {
        let header = RecordHeader(type: type, requestID: id, contentLength: UInt16(content.count))
        let now = NIODeadline.uptimeNanoseconds(0) + .seconds(second)
        switch machine.received(header, ByteBuffer(bytes: content), now: { now }) {
        case .ignore: return "ignore"
        case .head(let id, let parameters): return "head \(id), \(parameters.readableBytes) bytes"
        case .body(let payload, let body): return "body \(payload) \(String(buffer: body))"
        case .endOfBody(let payload): return "end \(payload)"
        case .reject(let id, let status): return "reject \(id) \(status.rawValue)"
        case .refuse(let id, let payload, let refusal): return "refuse \(id) \(payload ?? "-") \(refusal.status)"
        case .abort(let id, let payload): return "abort \(id) \(payload ?? "-")"
        case .getValues: return "values"
        case .unknownType(let type): return "unknown \(type.rawValue)"
        case .violation(let violation): return "\(violation)"
        }
    }

    private let begin: [UInt8] = [0, 1, 0, 0, 0, 0, 0, 0]
    private let beginKeeping: [UInt8] = [0, 1, 1, 0, 0, 0, 0, 0]

    @Test func aRequestFromBeginToEnd() {
        var machine = self.machine()
        #expect(self.step(&machine, .beginRequest, self.begin) == "ignore")
        #expect(machine.awaitsParameters)
        #expect(self.step(&machine, .params, [1, 1, 65]) == "ignore")
        #expect(self.step(&machine, .params, [66]) == "ignore")
        #expect(self.step(&machine, .params) == "head 1, 4 bytes")
        machine.attach("r", to: 1)
        #expect(!machine.awaitsParameters)
        #expect(self.step(&machine, .stdin, [120]) == "body r x")
        #expect(self.step(&machine, .stdin) == "end r")
        #expect(self.gauge.current == 1)
        let hasFinished = machine.finish(1)
        #expect(hasFinished)
        #expect(machine.isFinished)
        #expect(!machine.hasUnreadInput)
        #expect(self.step(&machine, .stdin, [120]) == "ignore")
        #expect(self.gauge.current == 0)
    }

    @Test func aResponseThatEndsFirstLeavesInputUnread() {
        var machine = self.machine()
        _ = self.step(&machine, .beginRequest, self.beginKeeping)
        _ = self.step(&machine, .params)
        machine.attach("r", to: 1)
        let hasFinished = machine.finish(1)
        #expect(hasFinished)
        #expect(machine.hasUnreadInput)
        #expect(!machine.isFinished)
        let finishesTwice = machine.finish(1)
        #expect(!finishesTwice)
    }

    @Test func theOldestIncompleteHeadIsKnown() {
        var machine = self.machine()
        _ = self.step(&machine, .beginRequest, self.beginKeeping, id: 1, at: 5)
        _ = self.step(&machine, .beginRequest, self.beginKeeping, id: 2, at: 3)
        #expect(machine.oldestIncompleteHead == .uptimeNanoseconds(3_000_000_000))
        #expect(self.step(&machine, .abortRequest, id: 2) == "abort 2 -")
        #expect(machine.oldestIncompleteHead == .uptimeNanoseconds(5_000_000_000))
        #expect(self.step(&machine, .beginRequest, self.begin, id: 1) == "duplicateRequest(1)")
    }

    @Test func theEndOfTheConnectionGivesBackAllPayloads() {
        var machine = self.machine()
        for id in 1...3 as ClosedRange<UInt16> {
            _ = self.step(&machine, .beginRequest, self.beginKeeping, id: id)
            _ = self.step(&machine, .params, id: id)
            machine.attach("r\(id)", to: id)
        }
        let payloads = machine.connectionClosed()
        #expect(payloads.sorted() == ["r1", "r2", "r3"])
        #expect(machine.openRequests == 0)
        #expect(self.gauge.current == 0)
    }
}

@Suite struct RequestTableTests {
    @Test func theTableIsADictionaryWhateverTheOrder() {
        var table = RequestTable<Int>()
        var model: [UInt16: Int] = [:]
        var generator = MutationTests.Generator(state: 9)
        for step in 0..<2000 {
            let id = UInt16.random(in: 0...5, using: &generator)
            if Bool.random(using: &generator) {
                table[id] = step
                model[id] = step
            } else {
                #expect(table.remove(id) == model.removeValue(forKey: id))
            }
            #expect(table.count == model.count)
            #expect(table.values.sorted() == model.values.sorted())
            if let only = table.only { #expect(Array(model.values) == [only]) }
        }
    }
}
