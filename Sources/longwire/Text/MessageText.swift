internal import LongwireClient
internal import NIOCore

extension Printable {
    /// A message as a terminal shows it: text as it is, bytes as the start of them in hex.
    static func message(_ message: Message) -> String {
        switch message.kind {
        case .text: return lines(message.text)
        case .bytes:
            let count = message.payload.readableBytes
            let shown = message.payload.readableBytesView.prefix(24)
            let hex = shown.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            let unit = count == 1 ? "byte" : "bytes"
            return "[binary, \(count) \(unit)] \(hex)\(count > shown.count ? "…" : "")"
        }
    }
}
