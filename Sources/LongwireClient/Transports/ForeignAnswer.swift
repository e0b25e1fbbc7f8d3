internal import NIOCore

/// Says what an answer was that no Longwire server gave.
enum ForeignAnswer {
    static func describe(_ answer: FiniteResponse, dialer: Dialer) -> ConnectError {
        let endpoint = dialer.endpoint
        if case .forward(let proxy) = dialer.route,
            let failure = ProxyAnswer.inPlace(of: endpoint, by: proxy, answer)
        {
            return failure
        }
        let place = "\(endpoint.authority)\(endpoint.target)"
        guard answer.status != 200 else {
            let kind = answer.contentType.isEmpty ? "no content type" : answer.contentType
            return ConnectError(
                .notLongwire, "\(place) is not a Longwire servlet: it answered with \(kind)\(way(dialer))")
        }
        var detail = ""
        if answer.contentType.hasPrefix("application/problem+json"),
            let found = ProblemBody.detail(String(buffer: answer.body))
        {
            detail = ": " + found
        }
        return ConnectError(
            .status(answer.status), "\(place) answered with status \(answer.status)\(detail)\(way(dialer))")
    }

    /// Who else may have answered.
    private static func way(_ dialer: Dialer) -> String {
        if case .forward(let proxy) = dialer.route { ", by the proxy \(proxy.place)" } else { "" }
    }
}
