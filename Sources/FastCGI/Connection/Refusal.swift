/// Why a request is answered by the library itself.
struct Refusal: Error, Hashable {
    /// The status of the answer.
    var status: Int
    /// The text of the answer, for whoever runs the web server; names limit and value.
    var reason: String

    static func malformed(_ reason: String) -> Refusal {
        Refusal(status: 400, reason: reason)
    }

    static func tooLarge(_ limit: String, _ value: Int) -> Refusal {
        Refusal(status: 431, reason: "The parameters of this request exceed \(limit) (\(value)).")
    }

    init(status: Int, reason: String) {
        self.status = status
        self.reason = reason
    }

    init(_ failure: NameValuePairs.Failure, limits: NameValuePairs.Limits) {
        switch failure {
        case .malformed:
            self = .malformed("The lengths in the parameters of this request do not add up.")
        case .nameTooLong:
            self = .tooLarge("maximumParameterNameBytes", limits.nameBytes)
        case .valueTooLong:
            self = .tooLarge("maximumParameterValueBytes", limits.valueBytes)
        case .tooManyPairs:
            self = .tooLarge("maximumParameters", limits.pairs)
        }
    }
}
