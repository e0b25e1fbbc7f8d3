import NIOCore

@testable import FastCGI

extension Operation {
    /// FastCGI below a request: records in and out, and its head.
    static var records: [Operation] { [recordDecode, recordDecodeSplit, recordEncode, requestHead] }

    /// A STDIN record that came whole, with seven others in one read.
    private static var recordDecode: Operation {
        Operation(name: "record-decode", each: 8) { _ in
            let record = WebServer.record(5, Array(repeating: 1, count: 72))
            let read = ByteBuffer(bytes: (0..<8).flatMap { _ in record })
            var decoder = RecordDecoder()
            return { _ in
                var rest = read
                for _ in 0..<8 {
                    guard case .record = decoder.next(from: &rest) else { preconditionFailure("no record") }
                }
                guard case .needsMore = decoder.next(from: &rest) else { preconditionFailure("a ninth record") }
            }
        }
    }

    /// A STDIN record that two reads brought.
    private static var recordDecodeSplit: Operation {
        Operation(name: "record-decode-split") { _ in
            let record = WebServer.record(5, Array(repeating: 1, count: 72))
            let first = ByteBuffer(bytes: record.prefix(30))
            let second = ByteBuffer(bytes: record.dropFirst(30))
            var decoder = RecordDecoder()
            return { _ in
                var rest = first
                guard case .needsMore = decoder.next(from: &rest) else { preconditionFailure("a record too early") }
                rest = second
                guard case .record = decoder.next(from: &rest) else { preconditionFailure("no record") }
            }
        }
    }

    /// A STDOUT record into a buffer that is there.
    private static var recordEncode: Operation {
        Operation(name: "record-encode", each: 8) { _ in
            let content = ByteBuffer(repeating: 1, count: 72)
            var buffer = ByteBuffer()
            return { _ in
                buffer.clear()
                for _ in 0..<8 { RecordEncoder.writeStream(.stdout, requestID: 1, text: content, into: &buffer) }
            }
        }
    }

    /// The parameters that nginx sends, to the head of a request.
    private static var requestHead: Operation {
        Operation(name: "request-head") { _ in
            let bytes = ByteBuffer(bytes: WebServer.parameters(servlet: "echo"))
            let limits = NameValuePairs.Limits(nameBytes: 1024, valueBytes: 32_768, pairs: 512)
            return { _ in
                let pairs = must(try? NameValuePairs.decode(bytes, limits: limits), "no pairs")
                let parameters = FastCGIParameters(buffer: bytes, pairs: pairs)
                _ = must(try? RequestHead.make(from: parameters, maximumHeaderFields: 128), "no head")
            }
        }
    }
}
