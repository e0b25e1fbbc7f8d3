internal import CFastCGI

/// The kind of a record (FastCGI 1.0, section 3.3): an open set, as the octet comes from the wire.
struct RecordType: RawRepresentable, Hashable, Sendable {
    var rawValue: UInt8

    static var beginRequest: RecordType { .init(wire: FCGI_BEGIN_REQUEST) }
    static var abortRequest: RecordType { .init(wire: FCGI_ABORT_REQUEST) }
    static var endRequest: RecordType { .init(wire: FCGI_END_REQUEST) }
    static var params: RecordType { .init(wire: FCGI_PARAMS) }
    static var stdin: RecordType { .init(wire: FCGI_STDIN) }
    static var stdout: RecordType { .init(wire: FCGI_STDOUT) }
    static var stderr: RecordType { .init(wire: FCGI_STDERR) }
    static var data: RecordType { .init(wire: FCGI_DATA) }
    static var getValues: RecordType { .init(wire: FCGI_GET_VALUES) }
    static var getValuesResult: RecordType { .init(wire: FCGI_GET_VALUES_RESULT) }
    static var unknownType: RecordType { .init(wire: FCGI_UNKNOWN_TYPE) }

    private init(wire: Int32) {
        self.rawValue = UInt8(truncatingIfNeeded: wire)
    }

    init(rawValue: UInt8) {
        self.rawValue = rawValue
    }
}
