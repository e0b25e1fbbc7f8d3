// Each part between two rules is a block of Docs/client.md, byte for byte; DocsClientTests compares them.
import NIOCore

// ----
import LongwireClient

func greet(_ url: String) async throws -> String {
    let session = try await Longwire.connect(url)
    var messages = session.messages.makeAsyncIterator()
    let question = try await messages.next()
    try await session.send("Ada")
    let answer = try await messages.next()
    await session.close()
    return "\(question?.text ?? "") \(answer?.text ?? "")"
}
// ----
func printAll(_ session: Session) async throws {
    for try await message in session.messages {
        switch message.kind {
        case .text: print(message.text)
        case .bytes: print("\(message.payload.readableBytes) bytes")
        }
    }
    print("the server has closed")
}
// ----
func printThroughUpgrades(_ url: String) async throws {
    let series = try await Longwire.follow(url)
    try await series.send("hello")
    for try await event in series.events {
        switch event {
        case .began(let session): print("session \(session.identifier): tell it again who we are")
        case .message(let message): print(message.text)
        case .ended(let ending): print("over: \(ending)")
        }
    }
}
// ----
func connectOrExplain(_ url: String) async throws -> Session? {
    do {
        return try await Longwire.connect(url)
    } catch let error as ConnectError {
        print(error)
        switch error.kind {
        case .refused, .unreachable, .timedOut: return nil  // nobody there: try again later
        case .refusedByServer(let code) where code.isWorthComingBack: return nil  // so too
        default: throw error  // nothing that waiting would mend
        }
    }
}
// ----
func connectAndTell(_ url: String, _ tell: @escaping @Sendable (String) -> Void) async throws -> Session {
    var configuration = ClientConfiguration()
    configuration.onChange = { change in
        switch change {
        case .connected(let transport): tell("connected over \(transport)")
        case .reconnecting(let why): tell("reconnecting: \(why)")
        case .going: tell("the server will stop soon; the session is being closed")
        }
    }
    return try await Longwire.connect(url, configuration: configuration)
}
// ----
func explain(_ session: Session) async -> String {
    let ending = await session.ending
    switch ending.kind {
    case .closed: return "done, with code \(ending.code.rawValue)"
    case .aborted, .lost: return "\(ending); not acknowledged: \(ending.unacknowledged)"
    }
}
// ----
func copy(_ chunks: [ByteBuffer], over session: Session) async throws -> Int {
    let stream = session.byteStream
    async let written: Void = {
        for chunk in chunks { try await stream.write(chunk) }
        stream.finishWriting()
    }()
    var received = 0
    for try await piece in stream.bytes { received += piece.readableBytes }
    try await written
    return received
}
// ----
func firstLine(of url: String) async throws -> String? {
    let session = try await Longwire.connect(url)
    defer { session.beginClose() }
    for try await message in session.messages { return message.text }
    return nil
}
// ----
func connectAsAda(_ url: String, certificates: String) async throws -> Session {
    var configuration = ClientConfiguration()
    configuration.headerFields = [("Authorization", "Bearer 1234")]
    configuration.trustedCertificates = certificates  // a PEM file, in place of the system's
    configuration.connectTimeout = .seconds(3)
    configuration.session.messageLimit = 4 * 1024 * 1024
    return try await Longwire.connect(url, configuration: configuration)
}
// ----
func connectBoth(_ urls: (String, String), on group: any EventLoopGroup) async throws -> (Session, Session) {
    let longwire = Longwire(group: group)
    async let first = longwire.connect(urls.0)
    async let second = longwire.connect(urls.1)
    return try await (first, second)
}
// ----
