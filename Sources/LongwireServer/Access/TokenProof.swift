/// The line of a file of tokens that somebody was let in with.
struct TokenProof: Sendable {
    let file: WatchedFile<TokenList?>
    let entry: TokenList.Entry
}
