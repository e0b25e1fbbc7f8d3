import CLibFuzzer
@testable import FastCGI
import NIOCore

/// Any bytes, in one piece and in pieces: no trap, the same records and the same end whatever the pieces.
@_cdecl("RecordBytes_main")
func recordBytes(_ argc: CInt, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    var argc = argc
    var argv = argv
    return LLVMFuzzerRunDriver(&argc, &argv) { data, size in
        let bytes = Array(UnsafeBufferPointer(start: data, count: size))
        guard let choice = bytes.first else { return 0 }
        let input = bytes.dropFirst()
        let whole = decoded(input, piece: max(input.count, 1))
        let pieces = decoded(input, piece: Int(choice) % 17 + 1)
        // safe: a difference is the find this program looks for.
        guard whole == pieces else { fatalError("\(whole)\n\(pieces)") }
        followConnectionRules(input, choice: choice)
        return 0
    }
}

/// What the decoder says, in order.
private func decoded(_ bytes: ArraySlice<UInt8>, piece: Int) -> [RecordDecoder.Result] {
    var decoder = RecordDecoder()
    var said: [RecordDecoder.Result] = []
    var rest = bytes
    while !rest.isEmpty {
        var buffer = ByteBuffer(bytes: rest.prefix(piece))
        rest = rest.dropFirst(piece)
        reading: while true {
            let result = decoder.next(from: &buffer)
            switch result {
            case .record: said.append(result)
            case .needsMore: break reading
            case .wrongVersion: return said + [result]
            }
        }
    }
    return said
}
