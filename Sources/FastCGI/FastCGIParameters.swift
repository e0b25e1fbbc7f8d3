internal import NIOCore

/// The parameters of one request (FastCGI 1.0, section 6.2): what a CGI program finds in its environment.
///
/// A view of the bytes as they came; strings are made when asked for. Keeping it keeps all of the request's
/// parameters in memory, so take what you need and let go. The library itself keeps none.
public struct FastCGIParameters: Sendable {
    private let buffer: ByteBuffer
    private let pairs: [NameValuePairs.Pair]

    init(buffer: ByteBuffer, pairs: [NameValuePairs.Pair]) {
        self.buffer = buffer
        self.pairs = pairs
    }

    /// The value of the first parameter called `name`, or nil.
    ///
    /// Names are compared octet by octet. Bytes that are not UTF-8 are repaired as `String(decoding:as:)` does. That
    /// the first of several wins is what libfcgi does.
    public subscript(name: String) -> String? {
        for index in self.pairs.indices where self.name(at: index, equals: name) {
            return self.value(at: index)
        }
        return nil
    }

    func name(at index: Int) -> String {
        String(decoding: self.bytes(self.pairs[index].name), as: UTF8.self)
    }

    func value(at index: Int) -> String {
        String(decoding: self.bytes(self.pairs[index].value), as: UTF8.self)
    }

    func nameBytes(at index: Int) -> ByteBufferView {
        self.bytes(self.pairs[index].name)
    }

    func valueBytes(at index: Int) -> ByteBufferView {
        self.bytes(self.pairs[index].value)
    }

    private func name(at index: Int, equals name: String) -> Bool {
        self.pairs[index].name.count == name.utf8.count
            && self.bytes(self.pairs[index].name).withUnsafeBytes { $0.elementsEqual(name.utf8) }
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
