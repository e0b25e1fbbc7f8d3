/// What somebody was let in with, which may cease to count while their line is open: then the line is cut.
///
/// The session lives on for the resume time: whoever is let in under the same name by then goes on with it.
public protocol AccessProof: Sendable {
    /// Whether it still counts: asked off the event loops for each line that was opened with it, a second after the
    /// answer of before.
    ///
    /// Many lines are asked about at once; where one ends before its answer, the question is cancelled. What cannot be
    /// found out says nothing against anybody: true.
    func counts() async -> Bool
}
