internal import CFastCGI
internal import NIOCore

/// The answer to GET_VALUES (FastCGI 1.0, section 4.1).
enum ManagementValues {
    /// Appends GET_VALUES_RESULT: of the variables asked for those that are known, each once however often it was
    /// asked, so that the answer is never longer than three pairs.
    static func writeResult(to query: ByteBuffer, configuration: FastCGIConfiguration, into buffer: inout ByteBuffer) {
        let limits = NameValuePairs.Limits(nameBytes: 256, valueBytes: 256, pairs: 256)
        let pairs = (try? NameValuePairs.decode(query, limits: limits)) ?? []
        let parameters = FastCGIParameters(buffer: query, pairs: pairs)
        let known = [
            (FCGI_MAX_CONNS, configuration.maximumConnections),
            (FCGI_MAX_REQS, configuration.maximumOpenRequests),
            (FCGI_MPXS_CONNS, configuration.maximumRequestsPerConnection > 1 ? 1 : 0),
        ]
        var content = ByteBuffer()
        for (name, value) in known where parameters[name] != nil {
            NameValuePairs.write(name: name, value: String(value), into: &content)
        }
        RecordEncoder.write(
            .getValuesResult, requestID: RecordHeader.managementID, content: content.readableBytesView, into: &buffer)
    }
}
