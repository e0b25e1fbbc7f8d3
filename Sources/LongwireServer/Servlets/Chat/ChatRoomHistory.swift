/// The last messages of one room, bounded in number and in bytes.
struct ChatRoomHistory: Sendable, Equatable {
    private(set) var entries: [ChatEntry] = []
    private var bytes = 0
    /// Up to this number messages may be forgotten.
    private(set) var forgotten: UInt64

    static let bytesLimit = 64 * 1024

    init(forgotten: UInt64) { self.forgotten = forgotten }

    mutating func append(_ entry: ChatEntry, limit: Int) {
        entries.append(entry)
        bytes += entry.size
        while entries.count > limit || bytes > Self.bytesLimit, let first = entries.first {
            forgotten = first.number
            bytes -= first.size
            entries.removeFirst()
        }
    }

    /// What came after a number, and whether that is all of it.
    func after(_ number: UInt64) -> (entries: ArraySlice<ChatEntry>, isComplete: Bool) {
        (entries.drop { $0.number <= number }, number >= forgotten)
    }
}
