/// Finds what a problem body (RFC 9457) says, without a JSON parser: it is shown to people, nothing depends on it.
enum ProblemBody {
    static func detail(_ json: String) -> String? {
        guard let start = json.firstRange(of: "\"detail\":\"") else { return nil }
        var text = ""
        var isEscaped = false
        for character in json[start.upperBound...] {
            if isEscaped {
                text.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                return text
            } else {
                text.append(character)
            }
        }
        return nil
    }
}
