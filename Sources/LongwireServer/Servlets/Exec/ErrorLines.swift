internal import Logging
internal import NIOCore

/// Puts what a program writes on its standard error into the log, line by line.
final class ErrorLines: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// A longer line is logged in pieces of this many bytes.
    static let lineBytes = 4096

    private let logger: Logger
    private var line = ByteBuffer()

    /// - Parameter logger: with whatever tells the session from others.
    init(logger: Logger) { self.logger = logger }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        while bytes.readableBytes > 0 {
            let view = bytes.readableBytesView.prefix(Self.lineBytes - line.readableBytes)
            let newline = view.firstIndex(of: UInt8(ascii: "\n"))
            let length = (newline ?? view.endIndex) - view.startIndex
            if var part = bytes.readSlice(length: length) { line.writeBuffer(&part) }
            if newline != nil { bytes.moveReaderIndex(forwardBy: 1) }
            if newline != nil || line.readableBytes >= Self.lineBytes { logLine() }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if line.readableBytes > 0 { logLine() }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func logLine() {
        logger.notice("stderr: \(Self.printable(String(buffer: line)))")
        line.clear(minimumCapacity: 0)
    }

    /// Without anything that a terminal would obey.
    static func printable(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control where scalar != "\t", .format, .lineSeparator, .paragraphSeparator:
                result.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
