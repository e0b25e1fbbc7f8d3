internal import Foundation
internal import LongwireClient
internal import NIOCore

/// A message as a line of JSON: `{"text":"…"}`, or `{"bytes":"…"}` in base64.
enum JSONLine {
    static func line(_ message: Message) -> ByteBuffer {
        switch message.kind {
        case .text: ByteBuffer(string: "{\"text\":\(JSONText.string(message.text))}")
        case .bytes:
            ByteBuffer(string: "{\"bytes\":\"\(Data(message.payload.readableBytesView).base64EncodedString())\"}")
        }
    }

    /// Reads a line; nil for an empty one, and for an event, so that what one client wrote another can read.
    static func message(_ line: ByteBuffer, number: Int) throws(InputError) -> Message? {
        let bytes = line.readableBytesView
        if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }) { return nil }
        func wrong(_ what: String) -> InputError {
            InputError("line \(number) of the input \(what); write {\"text\":\"…\"} or {\"bytes\":\"…\"} with base64")
        }
        guard let value = try? JSONSerialization.jsonObject(with: Data(bytes)) else { throw wrong("is not JSON") }
        guard let object = value as? [String: Any] else { throw wrong("is not an object") }
        if object["event"] != nil { return nil }
        guard object.count == 1, let (key, value) = object.first else { throw wrong("has not just one member") }
        guard let text = value as? String else { throw wrong("has something else than a string in it") }
        switch key {
        case "text": return Message(text)
        case "bytes":
            guard let data = Data(base64Encoded: text) else { throw wrong("has no base64 in \"bytes\"") }
            return Message(ByteBuffer(bytes: data))
        default: throw wrong("has a member that is neither \"text\" nor \"bytes\"")
        }
    }
}
