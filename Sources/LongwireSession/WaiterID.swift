internal import Synchronization

/// Names for those who wait, so that a cancelled one is found.
enum WaiterID {
    private static let last = Atomic<UInt64>(0)

    static func next() -> UInt64 { last.wrappingAdd(1, ordering: .relaxed).newValue }
}
