internal import ArgumentParser
internal import LongwireServer

@main
struct Longwired: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "longwired",
        abstract: "Serves sessions: behind nginx over FastCGI, or by itself over HTTP.",
        discussion: """
            Examples:
              longwired --http 127.0.0.1:8080
              longwired --fastcgi 127.0.0.1:9000 --servlet echo --servlet room=chat
              longwired --config /etc/longwire/longwired.yaml
            The flags for serving: longwired serve --help
            """,
        version: ServerVersion.text,
        subcommands: [
            Serve.self, CheckConfig.self, DefaultConfig.self, Sessions.self, Close.self, UpgradeCommand.self,
            Token.self, Version.self,
        ],
        defaultSubcommand: Serve.self)
}
