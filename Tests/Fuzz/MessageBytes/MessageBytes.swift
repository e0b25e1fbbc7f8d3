import CLibFuzzer
import LongwireProtocol
import LongwireTransport
import NIOCore

/// What programs and pipes write, in each framing: any bytes, in one piece and in pieces, and the same messages.
@_cdecl("MessageBytes_main")
func messageBytes(_ argc: CInt, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    var argc = argc
    var argv = argv
    return LLVMFuzzerRunDriver(&argc, &argv) { data, size in
        let bytes = Array(UnsafeBufferPointer(start: data, count: size))
        guard let choice = bytes.first else { return 0 }
        let framing = [MessageFraming.lines, .netstring, .length][Int(choice % 3)]
        let input = bytes.dropFirst()
        let whole = said(input, framing, piece: max(input.count, 1))
        let pieces = said(input, framing, piece: Int(choice / 3) % 17 + 1)
        // safe: a difference is the find this program looks for.
        guard whole.messages == pieces.messages else { fatalError("\(whole)\n\(pieces)") }
        return 0
    }
}

private func said(
    _ bytes: ArraySlice<UInt8>, _ framing: MessageFraming, piece: Int
) -> (messages: [Message], error: String?) {
    var decoder = MessageDecoder(framing, limit: 1000)
    var messages: [Message] = []
    var rest = bytes
    do {
        while !rest.isEmpty {
            decoder.append(ByteBuffer(bytes: rest.prefix(piece)))
            rest = rest.dropFirst(piece)
            while let message = try decoder.next() { messages.append(message) }
        }
        if let last = try decoder.finish() { messages.append(last) }
        return (messages, nil)
    } catch {
        return (messages, "\(error)")
    }
}
