import NIOCore

@testable import FastCGI

/// Runs any bytes through the rules of a connection, the parameters and the mapping of heads: no trap, and in the end
/// nothing left counted.
func followConnectionRules(_ bytes: ArraySlice<UInt8>, choice: UInt8) {
    let gauge = Gauge(limit: 5)
    let bounds = RequestLimits(maximumParameterBytes: 3000, maximumRequests: 4, gauge: gauge)
    var machine = ConnectionStateMachine<UInt16>(limits: bounds)
    var decoder = RecordDecoder()
    var buffer = ByteBuffer(bytes: bytes)
    let limits = NameValuePairs.Limits(nameBytes: 100, valueBytes: 1000, pairs: 20)
    reading: while true {
        guard case .record(let header, let content) = decoder.next(from: &buffer) else { break }
        switch machine.received(header, content, now: { .uptimeNanoseconds(1) }) {
        case .head(let id, let parameters):
            if let pairs = try? NameValuePairs.decode(parameters, limits: limits),
                (try? RequestHead.make(
                    from: FastCGIParameters(buffer: parameters, pairs: pairs), maximumHeaderFields: 10)) != nil
            {
                machine.attach(id, to: id)
            } else if !machine.finish(id) {
                fatalError("the head of a request that is not there")  // safe: this is the find we look for
            }
        case .body(let id, _), .endOfBody(let id):
            // safe: a body for a request of another id would be the find.
            guard id == header.requestID else { fatalError("the body went to \(id)") }
            if choice % 5 == 1 { _ = machine.finish(id) }
        case .getValues(let query):
            var answer = ByteBuffer()
            ManagementValues.writeResult(to: query, configuration: FastCGIConfiguration(), into: &answer)
            // safe: an answer that grows with the question would be the find.
            guard answer.readableBytes < 200 else { fatalError("\(answer.readableBytes) bytes of answer") }
        case .violation:
            break reading
        case .ignore, .reject, .refuse, .abort, .unknownType:
            break
        }
        // safe: a lost count would be the find.
        guard gauge.current == machine.openRequests else { fatalError("\(gauge.current) are counted") }
        guard machine.awaitsParameters == (machine.oldestIncompleteHead != nil) else { fatalError("heads miscounted") }
    }
    _ = machine.connectionClosed()
    guard gauge.current == 0 else { fatalError("\(gauge.current) left") }
}
