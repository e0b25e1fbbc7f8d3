import Testing

@testable import LongwireProtocol

/// The queue of what arrived.
struct FifoTests {
    @Test func whatGoesInComesOutInOrderWhateverTheTurns() {
        var fifo = Fifo<Int>()
        var model: [Int] = []
        var next = 0
        // More in than out at first, then less, so that it grows, moves up and becomes empty again.
        for turn in 0..<4000 {
            let isGrowing = turn % 1000 < 600
            for _ in 0..<(isGrowing ? 3 : 1) {
                fifo.append(next)
                model.append(next)
                next += 1
            }
            for _ in 0..<(isGrowing ? 1 : 6) where !model.isEmpty {
                #expect(fifo.popFirst() == model.removeFirst())
            }
            #expect(fifo.count == model.count)
            #expect(fifo.isEmpty == model.isEmpty)
            #expect(fifo.first == model.first)
            #expect(fifo.last == model.last)
        }
        while !model.isEmpty { #expect(fifo.popFirst() == model.removeFirst()) }
        #expect(fifo.popFirst() == nil)
    }

    @Test func theNewestAreChangedOrRemovedAndTheOthersStay() {
        var fifo = Fifo<Int>()
        for number in 0..<5 { fifo.append(number) }
        _ = fifo.popFirst()
        fifo.updateLast(2) { $0 += 100 }
        fifo.removeLast()
        let sum = fifo.reduce(0) { $0 + $1 }
        #expect(sum == 106)
        var left: [Int] = []
        while let number = fifo.popFirst() { left.append(number) }
        #expect(left == [1, 2, 103])
        fifo.append(7)
        fifo.removeLast()
        #expect(fifo.isEmpty && fifo.last == nil)
    }
}
