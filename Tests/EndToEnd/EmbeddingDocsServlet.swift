// What lies between the two rules is Docs/servlet.md's own text; EmbeddingDocsTests compares them.
// ----
import LongwireServer

struct Greeter: Servlet {
    func service(_ session: Session) async throws {
        try await session.send("Say your name.")
        for try await message in session.messages {
            try await session.send("Hello, \(message.text)!")
        }
    }
}
// ----
