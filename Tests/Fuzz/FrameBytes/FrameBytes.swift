import CLibFuzzer
import LongwireProtocol
import NIOCore

/// Any bytes, in one piece and in pieces: no trap, the same frames and the same error whatever the pieces.
@_cdecl("FrameBytes_main")
func frameBytes(_ argc: CInt, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    var argc = argc
    var argv = argv
    return LLVMFuzzerRunDriver(&argc, &argv) { data, size in
        let bytes = Array(UnsafeBufferPointer(start: data, count: size))
        guard let choice = bytes.first else { return 0 }
        let input = bytes.dropFirst()
        let whole = decoded(input, checksum: choice & 1 == 1, piece: max(input.count, 1))
        let pieces = decoded(input, checksum: choice & 1 == 1, piece: Int(choice >> 1) % 17 + 1)
        // safe: a difference is the find this program looks for.
        guard whole == pieces else { fatalError("\(whole)\n\(pieces)") }
        return 0
    }
}

/// What a decoder said: frames, and at the end perhaps an error.
private struct Said: Equatable {
    var frames: [Frame] = []
    var error: String?
}

private func decoded(_ bytes: ArraySlice<UInt8>, checksum: Bool, piece: Int) -> Said {
    var decoder = FrameDecoder(checksum: checksum)
    var said = Said()
    var rest = bytes
    do {
        while !rest.isEmpty {
            decoder.append(ByteBuffer(bytes: rest.prefix(piece)))
            rest = rest.dropFirst(piece)
            while let frame = try decoder.next() { said.frames.append(frame) }
            decoder.readCompleted()
        }
    } catch {
        said.error = "\(error)"
    }
    return said
}
