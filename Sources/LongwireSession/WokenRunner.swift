/// Whoever runs the jobs of a task that stays on a session's event loop.
package protocol WokenRunner: AnyObject {
    /// Runs `job` now; on the event loop.
    func run(_ job: UnownedJob)
}
