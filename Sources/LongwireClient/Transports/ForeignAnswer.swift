internal import NIOCore

/// Says what an answer was that no Longwire server gave.
enum ForeignAnswer {
    static func describe(_ answer: FiniteResponse, endpoint: Endpoint) -> ConnectError {
        let place = "\(endpoint.authority)\(endpoint.target)"
        guard answer.status != 200 else {
            let kind = answer.contentType.isEmpty ? "no content type" : answer.contentType
            return ConnectError(.notLongwire, "\(place) is not a Longwire servlet: it answered with \(kind)")
        }
        var detail = ""
        if answer.contentType.hasPrefix("application/problem+json"),
            let found = ProblemBody.detail(String(buffer: answer.body))
        {
            detail = ": " + found
        }
        return ConnectError(.status(answer.status), "\(place) answered with status \(answer.status)\(detail)")
    }
}
