import CMicroCounter

/// Counts what single operations cost: `scripts/bench-micro` runs it, by itself for allocations and under Valgrind for
/// instructions.
///
///     longwire-micro            a line an operation: its name, how often a round performs it, allocations of all rounds
///     longwire-micro NAME …     these only
///     longwire-micro --stacks NAME    where one round of it takes memory
@main
enum Micro {
    static let rounds = 200
    /// Rounds before those that count: buffers have their sizes then, and caches their entries.
    static let warmRounds = 50

    static func main() throws {
        var names = Array(CommandLine.arguments.dropFirst())
        let showsStacks = names.first == "--stacks"
        if showsStacks { names.removeFirst() }
        let all = Operation.records + Operation.frames + Operation.sessions + Operation.echoes + Operation.openings
        let chosen = names.isEmpty ? all : all.filter { names.contains($0.name) }
        for operation in chosen {
            let rounds = showsStacks ? 1 : rounds
            let perform = try operation.prepare(warmRounds + rounds)
            for round in 0..<warmRounds { perform(round) }
            if showsStacks { counter_keep_stacks() }
            let allocations = measured {
                for round in warmRounds..<warmRounds + rounds { perform(round) }
            }
            if showsStacks {
                counter_write_stacks()
            } else {
                let seen = counter_sees_allocations() ? "\(allocations)" : "-"
                print("\(operation.name) \(operation.each * rounds) \(seen)")
            }
        }
    }

    /// The allocations of `body`.
    private static func measured(_ body: () -> Void) -> UInt64 {
        withoutActuallyEscaping(body) { body in
            var body = body
            return withUnsafeMutablePointer(to: &body) { pointer in
                counter_measured({ $0?.assumingMemoryBound(to: (() -> Void).self).pointee() }, pointer)
            }
        }
    }
}

/// Something that the product does for every record, frame or message.
struct Operation {
    let name: String
    /// How often a round performs it.
    var each = 1
    /// Makes everything that so many rounds need; what is returned performs one.
    let prepare: (_ rounds: Int) throws -> (_ round: Int) -> Void
}

/// A benchmark that does not do what it says measures nothing.
func must<Value>(_ value: Value?, _ what: String) -> Value {
    guard let value else { preconditionFailure("the benchmark is wrong: \(what)") }
    return value
}
