internal import ArgumentParser

@main
struct Longwired: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "longwired",
        abstract: "Serves sessions: behind nginx over FastCGI, or by itself over HTTP.",
        discussion: """
            Example:
              longwired --mount /longwire --fastcgi 127.0.0.1:9000 --servlet echo --servlet room=chat
            """,
        version: "0.1.0",
        subcommands: [Serve.self, Sessions.self, Close.self],
        defaultSubcommand: Serve.self)
}
