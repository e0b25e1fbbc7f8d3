internal import NIOCore

/// One open conversation with something that sends back what it gets; on its event loop.
protocol EchoLine: AnyObject {
    /// Told of what comes back.
    var load: EchoLoad? { get set }
    /// Takes a message for sending; text of ASCII letters.
    func send(_ payload: ByteBuffer)
    /// What was taken since the last call goes out, as much of it as may go together.
    func flush()
    /// Ends it; nothing more is told.
    func close()
}

/// How a line to one kind of server is opened.
struct EchoWay: Sendable {
    /// As the table names it.
    var name: String
    /// What stands at the other end, in a few words.
    var about: String
    /// Opens a line for messages of one size.
    var open: @Sendable (_ loop: any EventLoop, _ size: Int) async throws -> NIOLoopBound<any EchoLine>
    /// The same to a server that was told to make do with one core; nil where that is no other one.
    var openOnOneCore: (@Sendable (_ loop: any EventLoop, _ size: Int) async throws -> NIOLoopBound<any EchoLine>)?
}

/// Why something could not be measured.
struct BenchFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
