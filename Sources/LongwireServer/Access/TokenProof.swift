/// The line of a file of tokens that somebody was let in with: it counts while it is there.
struct TokenProof: AccessProof {
    let file: WatchedFile<TokenList?>
    let entry: TokenList.Entry

    func counts() async -> Bool {
        let list = if let current = file.current { current } else { await file.looked() }
        // A file that cannot be read says nothing of anybody.
        return list?.all.contains(entry) ?? true
    }
}
