import Testing

@testable import longwired

@Suite struct NearestTests {
    @Test func changesAreCounted() {
        for (left, right, changes) in [("", "", 0), ("a", "", 1), ("mont", "mount", 1), ("kitten", "sitting", 3)] {
            #expect(Nearest.changes(left, right) == changes && Nearest.changes(right, left) == changes)
        }
    }

    @Test func onlyWhatIsNearIsMeant() {
        #expect(Nearest.word("windw", among: ["window", "limit"]) == "window")
        #expect(Nearest.word("Window", among: ["window", "limit"]) == "window")
        #expect(Nearest.word("colour", among: ["window", "limit"]) == nil)
    }
}
