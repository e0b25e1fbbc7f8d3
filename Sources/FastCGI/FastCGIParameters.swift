internal import NIOCore

/// The parameters of one request (FastCGI 1.0, section 6.2): what a CGI program finds in its environment.
///
/// A view of the bytes as they came; strings are made when asked for. Keeping it keeps all of the request's
/// parameters in memory, so take what you need and let go. The library itself keeps none.
public struct FastCGIParameters: Sendable {
    private let buffer: ByteBuffer
    let pairs: [NameValuePairs.Pair]

    init(buffer: ByteBuffer, pairs: [NameValuePairs.Pair]) {
        self.buffer = buffer
        self.pairs = pairs
    }

    /// The value of the first parameter called `name`, or nil.
    ///
    /// Names are compared octet by octet. Bytes that are not UTF-8 are repaired as `String(decoding:as:)` does. That
    /// the first of several wins is what libfcgi does.
    public subscript(name: String) -> String? {
        var name = name
        return name.withUTF8 { name in
            self.withUnsafeBytes { bytes in
                for pair in self.pairs where pair.nameCount == name.count {
                    guard UnsafeRawBufferPointer(rebasing: bytes[pair.name]).equals(name) else { continue }
                    return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[pair.value]), as: UTF8.self)
                }
                return nil
            }
        }
    }

    /// Shows the bytes of all parameters, in which the ranges of ``pairs`` lie.
    func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        self.buffer.withUnsafeReadableBytes(body)
    }

    func name(at index: Int) -> String {
        String(decoding: self.bytes(self.pairs[index].name), as: UTF8.self)
    }

    func value(at index: Int) -> String {
        String(decoding: self.bytes(self.pairs[index].value), as: UTF8.self)
    }

    private func bytes(_ range: Range<Int>) -> ByteBufferView {
        // The ranges were found in this very buffer, so the view is always there.
        self.buffer.viewBytes(at: self.buffer.readerIndex + range.lowerBound, length: range.count)
            ?? ByteBufferView()
    }
}

extension FastCGIParameters: RandomAccessCollection {
    /// The position of the first parameter.
    public var startIndex: Int { self.pairs.startIndex }

    /// The position after the last parameter.
    public var endIndex: Int { self.pairs.endIndex }

    /// The pair at a position, in the order of arrival; names may repeat.
    public subscript(position: Int) -> (name: String, value: String) {
        (self.name(at: position), self.value(at: position))
    }
}
