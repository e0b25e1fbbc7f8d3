import CLibFuzzer
import HTTPTypes
import LongwireProtocol
import LongwireTransport
import NIOCore

@testable import LongwireServer

/// What a request can say besides its body, and the files and certificates that say who may in: any bytes, no trap.
@_cdecl("RequestFields_main")
func requestFields(_ argc: CInt, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    var argc = argc
    var argv = argv
    return LLVMFuzzerRunDriver(&argc, &argv) { data, size in
        let bytes = Array(UnsafeBufferPointer(start: data, count: size))
        guard let choice = bytes.first else { return 0 }
        let input = Array(bytes.dropFirst())
        let text = String(decoding: input, as: UTF8.self)
        switch choice % 12 {
        case 0: target(text)
        case 1: forwarded(text, .xForwardedFor)
        case 2: forwarded(text, .forwarded)
        case 3: authorization(text)
        case 4: tokens(text)
        case 5: _ = DistinguishedName.subject(ofCertificate: input)
        case 6: hosts(text)
        case 7: origins(text)
        case 8: open(text)
        case 9: _ = try? CommandWords.split(text)
        case 10: _ = try? ByteServiceAddress(parsing: text)
        default: _ = ProxyTrust.complaint(about: text)
        }
        return 0
    }
}

private func target(_ text: String) {
    let parts = text.split(separator: "\n", maxSplits: 1).map(String.init)
    let place = MountPath(target: parts.first ?? "", mount: "/longwire", authority: parts.last)
    if case .servlet(let name) = place {
        // safe: a name that leads out of the mount is the find this program looks for.
        guard !name.split(separator: "/").contains("..") else { fatalError(name) }
    }
    let head = HTTPRequest(method: .get, scheme: "http", authority: nil, path: text)
    _ = SessionRequest(servlet: "echo", principal: nil, remoteAddress: nil, head: head).query
}

private func forwarded(_ text: String, _ field: ForwardedField) {
    var fields = HTTPFields()
    guard let name = HTTPField.Name(field.rawValue), HTTPField.isValidValue(text) else { return }
    fields[name] = text
    let own = ProxyTrust(proxies: [], field: field).client(of: "192.0.2.1", fields)
    // safe: an address that a client chose is the find this program looks for.
    guard own == "192.0.2.1" else { fatalError(text) }
    let told = ProxyTrust(proxies: ["192.0.2.0/24"], field: field).client(of: "192.0.2.1", fields)
    // safe: so is what is no address.
    guard let told, AddressRange(address: told[...]) != nil else { fatalError(text) }
}

private func authorization(_ text: String) {
    guard let token = SessionRequest.bearerToken(in: text) else { return }
    // safe: a token that is no token is the find this program looks for.
    guard SessionRequest.bearerToken(in: "Bearer \(token)") == token else { fatalError(text) }
}

private func tokens(_ text: String) {
    let list = TokenList(text)
    _ = list.entry(of: text)
}

private func hosts(_ text: String) {
    _ = AllowedHosts([text], host: "127.0.0.1", isLoopback: true).admit(text)
    let isLet = AllowedHosts([], host: "127.0.0.1", isLoopback: true).admit(text)
    // safe: another name that is let in is the find this program looks for.
    guard
        !isLet || text.isEmpty || text.lowercased().contains("localhost") || text.contains("127.0.0.1")
            || text.contains("::1")
    else { fatalError(text) }
}

private func origins(_ text: String) {
    var head = HTTPRequest(method: .get, scheme: "http", authority: "example.org", path: "/")
    guard HTTPField.isValidValue(text) else { return }
    head.headerFields[.origin] = text
    _ = OriginRule(allowed: []).verdict(on: head)
    _ = OriginRule(allowed: ["https://example.org", "null"]).verdict(on: head)
    _ = OriginRule.complaint(about: text)
}

private func open(_ text: String) {
    guard let bytes = Base64.urlDecoded(text) else { return }
    var decoder = FrameDecoder()
    decoder.append(ByteBuffer(bytes: bytes))
    _ = try? decoder.next()
}
