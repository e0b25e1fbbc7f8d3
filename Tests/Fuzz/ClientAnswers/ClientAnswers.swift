import CLibFuzzer
import LongwireTransport

@testable import LongwireClient

/// What people, the environment and servers tell a client: any bytes, no trap.
@_cdecl("ClientAnswers_main")
func clientAnswers(_ argc: CInt, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    var argc = argc
    var argv = argv
    return LLVMFuzzerRunDriver(&argc, &argv) { data, size in
        let bytes = Array(UnsafeBufferPointer(start: data, count: size))
        guard let choice = bytes.first else { return 0 }
        let text = String(decoding: bytes.dropFirst(), as: UTF8.self)
        switch choice % 7 {
        case 0: if let endpoint = try? Endpoint(text) { _ = endpoint.target(session: "s", path: 1) }
        case 1: _ = NoProxy(text).holds(host: text, port: 80)
        case 2: _ = try? Proxy(text, source: "fuzz")
        case 3: _ = ProblemBody.detail(text)
        case 4: if let pin = KeyPin(text) { precondition(KeyPin(pin.description) == pin) }
        case 5: _ = DirectTCP(text)
        default: _ = AddressRange(text[...])?.address
        }
        return 0
    }
}
