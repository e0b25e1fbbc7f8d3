internal import NIOCore

/// Keeps a number of messages under way on one line, and checks that each comes back once and in order.
final class EchoLoad {
    private let line: any EchoLine
    private let size: Int
    private let window: Int
    private var template: ByteBuffer
    private var sent: UInt64 = 0
    private var isRunning = false
    private var sentAt = NIODeadline.now()
    /// How many came back.
    private(set) var received: UInt64 = 0
    /// How long each took, in nanoseconds, where one is under way at a time.
    private(set) var times: [Int64] = []
    /// What was wrong, if anything.
    private(set) var failure: String?

    /// - Parameters:
    ///   - size: of a message, in bytes, at least 16.
    ///   - window: how many are under way at a time.
    init(_ line: any EchoLine, size: Int, window: Int) {
        self.line = line
        self.size = size
        self.window = window
        template = ByteBuffer(repeating: UInt8(ascii: "x"), count: size)
        line.load = self
    }

    func start() {
        isRunning = true
        for _ in 0..<window { sendNext() }
        line.flush()
    }

    func stop() {
        isRunning = false
        line.load = nil
        line.close()
    }

    /// Forgets what was counted so far.
    func begin() {
        received = 0
        times = []
    }

    private func sendNext() {
        sent += 1
        if window == 1 { sentAt = .now() }
        var message = template
        message.setInteger(Self.written(sent), at: message.readerIndex, as: (UInt64, UInt64).self)
        line.send(message)
    }

    /// The number in 16 letters.
    private static func written(_ number: UInt64) -> (UInt64, UInt64) { (spread(number >> 32), spread(number)) }

    private static func spread(_ number: UInt64) -> UInt64 {
        var rest = number & 0xffff_ffff
        var letters: UInt64 = 0
        for _ in 0..<8 {
            letters = letters << 8 | (UInt64(UInt8(ascii: "a")) + (rest & 15))
            rest >>= 4
        }
        return letters
    }

    private var expected: UInt64 = 1

    /// A message came back.
    func received(_ payload: ByteBuffer) {
        guard isRunning else { return }
        let (high, low) = Self.written(expected)
        guard payload.readableBytes == size,
            payload.getInteger(at: payload.readerIndex, as: UInt64.self) == high,
            payload.getInteger(at: payload.readerIndex + 8, as: UInt64.self) == low
        else {
            failed("message \(expected) did not come back as it was sent")
            return
        }
        expected += 1
        received += 1
        if window == 1 { times.append((.now() - sentAt).nanoseconds) }
        sendNext()
    }

    /// What came together has been told.
    func readEnded() { if isRunning { line.flush() } }

    func failed(_ reason: String) {
        guard failure == nil else { return }
        failure = reason
        isRunning = false
    }
}

extension ByteBuffer {
    fileprivate mutating func setInteger(_ pair: (UInt64, UInt64), at index: Int, as: (UInt64, UInt64).Type) {
        setInteger(pair.0, at: index)
        setInteger(pair.1, at: index + 8)
    }
}
