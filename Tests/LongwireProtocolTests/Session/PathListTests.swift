import NIOCore
import Testing

@testable import LongwireProtocol

@Suite struct PathListTests {
    @Test func theListIsAnArrayWhateverIsAskedForLast() {
        var list = PathList()
        var model: [Path] = []
        for number in 1...5_000 as ClosedRange<UInt64> {
            let isFull = model.count == 6
            if !isFull, model.isEmpty || Bool.random() {
                let phase: Path.Phase = model.contains { $0.phase == .used } ? .candidate : .used
                let path = Path(number: number, transport: .duplex, phase: phase, now: .uptimeNanoseconds(number))
                list.append(path)
                model.append(path)
            } else {
                let index = Int.random(in: model.indices)
                list[index].bytesRead += number
                model[index].bytesRead += number
                #expect(list[index].number == model[index].number)
                let other = Int.random(in: model.indices)
                if isFull || Bool.random() { #expect(list.remove(at: other).number == model.remove(at: other).number) }
            }
            #expect(list.count == model.count && list.isEmpty == model.isEmpty)
            #expect(list.all.map(\.number) == model.map(\.number))
            #expect(list.all.map(\.bytesRead) == model.map(\.bytesRead))
            #expect(list.usedIndex == model.firstIndex { $0.phase == .used })
            let sought = UInt64.random(in: number.advanced(by: -min(6, Int(number)))...number)
            #expect(list.index(of: sought) == model.firstIndex { $0.number == sought })
            #expect(list.firstIndex { $0.number > sought } == model.firstIndex { $0.number > sought })
        }
    }
}
