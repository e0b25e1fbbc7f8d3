import NIOCore
import Testing

@testable import LongwireSession

/// The carriers of a session's paths, of which the first lies in place.
@Suite struct CarrierListTests {
    private final class Carrier: PathCarrier {
        let isWritable = true
        func write(control: ByteBuffer, data: ByteBuffer?) {}
        func flush() {}
        func close() {}
    }

    @Test func carriersKeepTheirOrderWhicheverLeaves() {
        for leaving in UInt64(1)...3 {
            var list = CarrierList()
            #expect(list.isEmpty && list.all.isEmpty)
            let carriers = (1...3).map { _ in Carrier() }
            for (index, carrier) in carriers.enumerated() { list.append(carrier, for: UInt64(index + 1)) }
            #expect(list[leaving] === carriers[Int(leaving) - 1])
            #expect(list.remove(leaving) === carriers[Int(leaving) - 1])
            #expect(list[leaving] == nil)
            #expect(list.remove(leaving) == nil)
            #expect(list.all.map(\.path) == [1, 2, 3].filter { $0 != leaving })
            #expect(list.count == 2)
            list.append(carriers[0], for: 4)
            var seen: [UInt64] = []
            list.forEach { path, _ in seen.append(path) }
            #expect(seen == [1, 2, 3, 4].filter { $0 != leaving })
        }
    }
}
