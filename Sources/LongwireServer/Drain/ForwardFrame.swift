internal import HTTPTypes
internal import NIOCore

/// What two processes of one mount tell each other of a transaction that came to the wrong one of them.
///
/// One connection carries one transaction: the head, the body and its end one way, the response the other. Both ends
/// are of the same user, and mostly of one version; what cannot be read ends the transaction.
enum ForwardFrame {
    case head(HTTPRequest, ExchangeFacts)
    case body(ByteBuffer)
    case bodyEnded
    case response(HTTPResponse)
    case finish
    case drop

    /// What cannot be read.
    struct Unreadable: Error {}

    private enum Kind: UInt8 { case head = 1, body, bodyEnded, response, finish, drop }

    /// The greatest frame: a piece of a body is what one read brought, or one write.
    private static let limit = 4 * 1024 * 1024

    // MARK: Writing

    func encoded() -> ByteBuffer {
        var buffer = ByteBuffer()
        switch self {
        case .head(let head, let facts):
            Self.write(.head, to: &buffer) { buffer in
                for text in [head.method.rawValue, head.scheme, head.authority, head.path] {
                    Self.write(text, to: &buffer)
                }
                Self.write(head.headerFields, to: &buffer)
                Self.write(facts.isLoopbackTCP ? "yes" : nil, to: &buffer)
                Self.write(facts.remoteAddress, to: &buffer)
                Self.write(facts.principal, to: &buffer)
                Self.write(facts.clientCertificate, to: &buffer)
                let variables = facts.variables()
                buffer.writeInteger(UInt32(variables.count))
                for (name, value) in variables {
                    Self.write(name, to: &buffer)
                    Self.write(value, to: &buffer)
                }
            }
        case .body(let bytes): Self.write(.body, to: &buffer) { $0.writeImmutableBuffer(bytes) }
        case .bodyEnded: Self.write(.bodyEnded, to: &buffer) { _ in }
        case .response(let head):
            Self.write(.response, to: &buffer) { buffer in
                buffer.writeInteger(UInt32(head.status.code))
                Self.write(head.headerFields, to: &buffer)
            }
        case .finish: Self.write(.finish, to: &buffer) { _ in }
        case .drop: Self.write(.drop, to: &buffer) { _ in }
        }
        return buffer
    }

    private static func write(_ kind: Kind, to buffer: inout ByteBuffer, _ value: (inout ByteBuffer) -> Void) {
        buffer.writeInteger(kind.rawValue)
        let place = buffer.writerIndex
        buffer.writeInteger(UInt32(0))
        value(&buffer)
        buffer.setInteger(UInt32(buffer.writerIndex - place - 4), at: place)
    }

    private static func write(_ text: String?, to buffer: inout ByteBuffer) {
        guard let text else {
            buffer.writeInteger(UInt32.max)
            return
        }
        buffer.writeInteger(UInt32(text.utf8.count))
        buffer.writeString(text)
    }

    private static func write(_ fields: HTTPFields, to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt32(fields.count))
        for field in fields {
            write(field.name.rawName, to: &buffer)
            write(field.value, to: &buffer)
        }
    }

    // MARK: Reading

    /// The next frame of what has come, or nil where it is not whole.
    static func next(in buffer: inout ByteBuffer) throws(Unreadable) -> ForwardFrame? {
        guard let length = buffer.getInteger(at: buffer.readerIndex + 1, as: UInt32.self) else { return nil }
        guard length <= limit else { throw Unreadable() }
        guard buffer.readableBytes >= 5 + Int(length), let kind = buffer.readInteger(as: UInt8.self),
            buffer.readInteger(as: UInt32.self) != nil, var value = buffer.readSlice(length: Int(length))
        else { return nil }
        switch Kind(rawValue: kind) {
        case .head: return try head(&value)
        case .body: return .body(value)
        case .bodyEnded: return .bodyEnded
        case .response:
            guard let status = value.readInteger(as: UInt32.self), (100..<600).contains(status) else {
                throw Unreadable()
            }
            return .response(
                HTTPResponse(status: HTTPResponse.Status(code: Int(status)), headerFields: try fields(&value)))
        case .finish: return .finish
        case .drop: return .drop
        case nil: throw Unreadable()
        }
    }

    private static func head(_ value: inout ByteBuffer) throws(Unreadable) -> ForwardFrame {
        guard let method = try text(&value).flatMap({ HTTPRequest.Method($0) }) else { throw Unreadable() }
        let head = HTTPRequest(
            method: method, scheme: try text(&value), authority: try text(&value), path: try text(&value),
            headerFields: try fields(&value))
        var facts = ExchangeFacts(
            isLoopbackTCP: try text(&value) != nil, remoteAddress: try text(&value), principal: try text(&value))
        facts.clientCertificate = try text(&value)
        var variables: ServerVariables = []
        for _ in 0..<(try count(&value)) {
            guard let name = try text(&value) else { throw Unreadable() }
            if let value = try text(&value) { variables.append((name, value)) }
        }
        facts.variables = { [variables] in variables }
        return .head(head, facts)
    }

    private static func count(_ value: inout ByteBuffer) throws(Unreadable) -> UInt32 {
        guard let count = value.readInteger(as: UInt32.self), count <= 10_000 else { throw Unreadable() }
        return count
    }

    private static func text(_ value: inout ByteBuffer) throws(Unreadable) -> String? {
        guard let length = value.readInteger(as: UInt32.self) else { throw Unreadable() }
        guard length != .max else { return nil }
        guard let text = value.readString(length: Int(length)) else { throw Unreadable() }
        return text
    }

    private static func fields(_ value: inout ByteBuffer) throws(Unreadable) -> HTTPFields {
        var fields = HTTPFields()
        for _ in 0..<(try count(&value)) {
            guard let name = try text(&value).flatMap({ HTTPField.Name($0) }), let text = try text(&value) else {
                throw Unreadable()
            }
            fields.append(HTTPField(name: name, value: text))
        }
        return fields
    }
}
