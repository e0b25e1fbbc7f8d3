package import NIOCore

/// Whoever waits for time in a ``TimerWheel``.
package protocol WheelMember: AnyObject {
    /// Where this member is entered, nil for not at all; the wheel writes it, nobody else.
    var wheelPlace: WheelPlace? { get set }
    /// The time asked for has come, or an earlier one: enter again with what is due next.
    func wheelTurned(now: NIODeadline)
}

/// Where somebody waits in a ``TimerWheel``.
package struct WheelPlace {
    /// The tick that is waited for.
    var tick: UInt64
    /// The place among those who wait for it: whoever leaves is found at once, however many they are.
    var index: UInt32
}

/// One coarse clock for all sessions of an event loop: 10 ms a tick, asleep while nobody waits.
///
/// A member is entered once; asking for an earlier time moves it, asking for a later one does nothing until the
/// earlier has come. Times beyond the wheel's circumference come round more than once.
package final class TimerWheel {
    private static let slotCount: UInt64 = 512
    private static let tickNanoseconds: UInt64 = 10_000_000
    private static let keptPlaces = 4

    let eventLoop: any EventLoop
    private var slots: [[any WheelMember]]
    private var occupied = [UInt64](repeating: 0, count: Int(slotCount / 64))
    /// The last tick whose members were called.
    private var turned: UInt64
    private var scheduled: (task: Scheduled<Void>, tick: UInt64)?
    /// Who settles as soon as the event loop has run what is queued: one task for all of them, as in a room of thousands.
    private var settling: [SessionCore] = []
    private var settled: [SessionCore] = []

    /// Whether jobs of tasks that are woken just now are kept in ``woken``, to run in this very turn.
    private var keepsWoken = false
    private var woken: [(job: UnownedJob, runner: any WokenRunner)] = []

    /// The memory that the sessions of this event loop write into, one after the other.
    private var scratch = ByteBuffer()
    /// What most writes fit in, and the most that is kept.
    private static let scratchBytes = (least: 240, kept: 16 * 1024)

    package init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        slots = Array(repeating: [], count: Int(Self.slotCount))
        turned = eventLoop.now.uptimeNanoseconds / Self.tickNanoseconds
    }

    /// Calls `member` at `deadline` or up to 10 ms later, unless it is entered for an earlier time.
    package func enter(_ member: any WheelMember, at deadline: NIODeadline) {
        let wanted = (deadline.uptimeNanoseconds + Self.tickNanoseconds - 1) / Self.tickNanoseconds
        let tick = min(max(wanted, turned + 1), turned + Self.slotCount - 1)
        if let entered = member.wheelPlace {
            guard tick < entered.tick else { return }
            leave(member)
        }
        let slot = Int(tick % Self.slotCount)
        member.wheelPlace = WheelPlace(tick: tick, index: UInt32(slots[slot].count))
        slots[slot].append(member)
        occupied[slot / 64] |= 1 << UInt64(slot % 64)
        schedule()
    }

    /// Lets `core` settle with those who asked before it, once the event loop has run what was queued by the first.
    func settleSoon(_ core: SessionCore) {
        settling.append(core)
        guard settling.count == 1 else { return }
        let wheel = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.execute { wheel.value.settle() }
    }

    /// Empty memory to write into; what was written goes to ``keepScratch(_:)``.
    @inline(__always)
    func takeScratch() -> ByteBuffer {
        // What has not left yet is another's, and only so much is taken in its place.
        scratch.clear(minimumCapacity: Self.scratchBytes.least)
        defer { scratch = ByteBuffer() }
        return scratch
    }

    @inline(__always)
    func keepScratch(_ bytes: ByteBuffer) {
        if bytes.capacity <= Self.scratchBytes.kept { scratch = bytes }
    }

    /// Runs `wake`, and then the tasks that it woke and that stay on this event loop.
    ///
    /// - Returns: whether one of them ran; others come by the event loop's queue, as always.
    func runWoken(by wake: () -> Void) -> Bool {
        // One task never runs within another's.
        guard !keepsWoken, withUnsafeCurrentTask(body: { $0 == nil }) else {
            wake()
            return false
        }
        keepsWoken = true
        wake()
        keepsWoken = false
        guard !woken.isEmpty else { return false }
        // Taken out, for whatever a task makes run here must not find it.
        var jobs: [(job: UnownedJob, runner: any WokenRunner)] = []
        swap(&jobs, &woken)
        for (job, runner) in jobs { runner.run(job) }
        jobs.removeAll(keepingCapacity: true)
        // The memory is kept for the next time.
        if woken.isEmpty { woken = jobs }
        return true
    }

    /// Keeps the job of a task that was woken for ``runWoken(by:)``; on the event loop.
    ///
    /// - Returns: false where nobody waits for it.
    func keepWoken(_ job: UnownedJob, _ runner: any WokenRunner) -> Bool {
        guard keepsWoken else { return false }
        woken.append((job, runner))
        return true
    }

    private func settle() {
        swap(&settling, &settled)
        for core in settled { core.settleNow() }
        // The memory is kept for the next time.
        settled.removeAll(keepingCapacity: true)
    }

    /// Forgets `member`.
    package func leave(_ member: any WheelMember) {
        guard let place = member.wheelPlace else { return }
        member.wheelPlace = nil
        let slot = Int(place.tick % Self.slotCount)
        // While a slot is turned it is empty already, and its members only forget their places.
        let index = Int(place.index)
        guard index < slots[slot].count, slots[slot][index] === member else { return }
        slots[slot].swapAt(index, slots[slot].count - 1)
        slots[slot].removeLast()
        if index < slots[slot].count { slots[slot][index].wheelPlace?.index = place.index }
        if slots[slot].isEmpty {
            // Who opens a session enters and leaves within one read: a few places are kept for the next.
            if slots[slot].capacity > Self.keptPlaces { slots[slot] = [] }
            occupied[slot / 64] &= ~(1 << UInt64(slot % 64))
        }
    }

    private func nextOccupied() -> UInt64? {
        var tick = turned + 1
        let end = turned + Self.slotCount
        while tick < end {
            let slot = tick % Self.slotCount
            let word = occupied[Int(slot / 64)] >> (slot % 64)
            if word != 0 { return tick + UInt64(word.trailingZeroBitCount) }
            tick += 64 - slot % 64
        }
        return nil
    }

    private func schedule() {
        guard let next = nextOccupied() else { return }
        if let scheduled {
            guard next < scheduled.tick else { return }
            scheduled.task.cancel()
        }
        let time = NIODeadline.uptimeNanoseconds(next * Self.tickNanoseconds)
        let wheel = NIOLoopBound(self, eventLoop: eventLoop)
        scheduled = (eventLoop.scheduleTask(deadline: time) { wheel.value.turn() }, next)
    }

    private func turn() {
        scheduled = nil
        let now = eventLoop.now
        let current = now.uptimeNanoseconds / Self.tickNanoseconds
        while let tick = nextOccupied(), tick <= current {
            turned = tick
            let slot = Int(tick % Self.slotCount)
            let members = slots[slot]
            slots[slot] = []
            occupied[slot / 64] &= ~(1 << UInt64(slot % 64))
            for member in members where member.wheelPlace?.tick == tick {
                member.wheelPlace = nil
                member.wheelTurned(now: now)
            }
        }
        turned = max(turned, current)
        schedule()
    }
}
