public import Logging
public import LongwireSession

/// Lets in who brings a token of a file, under the name that the file has for it.
///
/// The file is read again when it changes, within a second. What cannot be read then lets nobody in: a token that was
/// taken out is out, and lines that were opened with it are cut a second later. (While the file cannot be read, lines
/// that are open go on.)
public struct TokenAccess: AccessRule {
    private let file: WatchedFile<TokenList?>

    /// The tokens of a file; reads it at once, so that it blocks.
    ///
    /// - Throws: ``ConfigurationError`` where it cannot be read, or says something that is no token.
    public init(file path: String, logger: Logger) throws(ConfigurationError) {
        file = WatchedFile(path: path) { bytes in
            guard let bytes, let text = String(validating: bytes, as: UTF8.self) else {
                logger.error("the file of tokens cannot be read: nobody is let in", metadata: ["file": "\(path)"])
                return nil
            }
            let list = TokenList(text)
            for complaint in list.complaints {
                logger.error(
                    "not a token: \(complaint.sentence)",
                    metadata: ["file": "\(path)", "line": .stringConvertible(complaint.line)])
            }
            return list
        }
        guard let list = file.current ?? nil else {
            throw ConfigurationError(
                "the file of tokens \(path) cannot be read; longwired token NAME makes a line for it")
        }
        if let complaint = list.complaints.first {
            throw ConfigurationError("\(path), line \(complaint.line): \(complaint.sentence)")
        }
    }

    /// Whose token it is.
    public func judge(_ request: SessionRequest) -> AccessAnswer {
        guard let token = request.bearerToken else {
            return .now(request.hasAuthorization ? .refused("the field Authorization has no bearer token") : .missing)
        }
        if let list = file.current { return .now(verdict(token, list)) }
        return .later { verdict(token, await file.looked()) }
    }

    private func verdict(_ token: String, _ list: TokenList?) -> AccessVerdict {
        guard let list else { return .unavailable("tokens cannot be checked now") }
        guard let entry = list.entry(of: token) else { return .refused("the token is not known") }
        return .allowed(principal: entry.name, proof: TokenProof(file: file, entry: entry))
    }
}
