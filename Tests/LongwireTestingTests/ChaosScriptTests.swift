import LongwireTesting
import NIOCore
import Testing

@Suite("Scripts of faults")
struct ChaosScriptTests {
    @Test("Every word that a script may have is read, and written as it was")
    func words() throws {
        let lines = [
            "after 2s cut", "after 300ms cut one", "every 5s reset", "after 64KiB down reset one",
            "after 1m half-close up", "after 1s half-close down one", "every 5s for 300ms stall",
            "after 500 up stall down", "after 10s for 3s delay 50ms", "after 0ms delay 50ms jitter 20ms",
            "after 1s for 1s limit 64KiB", "after 1s limit 1000 up", "after 1MiB up corrupt down",
            "after 1s for 2s refuse",
            "after 1s for 2s buffer requests", "after 1s buffer responses", "after 1s buffer both", "every 1s repeat",
            "every 1s swap", "after 1s answer 503", "after 1s answer 302 http://127.0.0.1:1/else",
        ]
        let plan = try ChaosScript.parse(lines.joined(separator: "\n"))
        #expect(plan.steps.count == lines.count)
        #expect(plan.description == lines.map { $0 + "\n" }.joined())
        #expect(try ChaosScript.parse(plan.description) == plan)
    }

    @Test("Comments, empty lines and spaces count for nothing")
    func spaces() throws {
        let plan = try ChaosScript.parse("# first\n\n  every  1.5s   cut one # often\r\n\t\n")
        #expect(plan == ChaosPlan([ChaosPlan.Step(.every(.milliseconds(1500)), .cut(.one))]))
        #expect(try ChaosScript.parse("").steps.isEmpty)
    }

    @Test(
        "What cannot be read is refused with its line and with what to write",
        arguments: [
            ("cut", "no beginning"), ("after", "after what"), ("after soon cut", "neither a time nor a size"),
            ("after 5 cut", "such as 5ms"), ("every 0s cut", "above 0"), ("after 1s", "what happens then"),
            ("after 1s explode", "write one of cut, reset"), ("after 1s for 1s cut", "leave out \"for\""),
            ("after 1s for ever stall", "no time"), ("after 1s limit fast", "bytes a second"),
            ("after 1s buffer nothing", "requests, responses or both"), ("after 1s answer 99", "from 200 to 599"),
            ("after 1s half-close", "up or down"), ("after 1s cut all", "\"all\" is too much"),
            ("after 25h cut", "neither a time"), ("after 99999999999999999999s cut", "neither a time"),
        ])
    func wrong(line: String, words: String) {
        do {
            _ = try ChaosScript.parse("every 1s cut\n\n\(line)")
            Issue.record("read: \(line)")
        } catch {
            #expect(error.line == 3)
            #expect(error.description.contains(words), "\(error)")
        }
    }
}

@Suite("Plans of faults that seeds make")
struct ChaosPlanTests {
    @Test("A seed makes the same plan each time, and another seed another")
    func seeds() {
        func plan(_ seed: UInt64) -> ChaosPlan {
            ChaosPlan(seed: seed, kinds: ChaosPlan.Kind.allCases, over: .seconds(10), count: 50)
        }
        #expect(plan(7) == plan(7))
        #expect(Set((1...100).map { plan($0).description }).count == 100)
        // The very same on every machine and in every version: what a seed found can be looked for again.
        #expect(
            ChaosPlan(seed: 1, kinds: [.cut, .stall, .delay], over: .seconds(10), count: 3).description == """
                after 290ms cut one
                after 710ms for 804ms stall
                after 3200ms for 1132ms stall down

                """)
    }

    @Test("Nothing begins or lasts beyond the span, and only what was asked for happens", arguments: 1...200)
    func bounds(seed: UInt64) {
        let kinds: [ChaosPlan.Kind] = [.stall, .limit, .answer]
        let plan = ChaosPlan(seed: seed, kinds: kinds, over: .seconds(2), count: 20)
        #expect(plan.steps.count == 20)
        for step in plan.steps {
            guard case .after(let start) = step.moment else {
                Issue.record("\(step)")
                continue
            }
            #expect(start + (step.duration ?? .zero) <= .seconds(2))
            #expect((step.duration != nil) == step.fault.lasts)
            switch step.fault {
            case .stall, .limit, .answer: break
            default: Issue.record("\(step)")
            }
        }
    }

    @Test("Every kind is made, and every plan can be written as a script and read again")
    func everyKind() throws {
        for kind in ChaosPlan.Kind.allCases {
            let plan = ChaosPlan(seed: 3, kinds: [kind], over: .seconds(10), count: 20)
            #expect(plan.steps.allSatisfy { $0.description.contains(" \(kind.rawValue)") }, "\(plan)")
            #expect(try ChaosScript.parse(plan.description) == plan)
        }
        #expect(ChaosPlan(seed: 3, kinds: [], over: .seconds(10), count: 20).steps.isEmpty)
    }
}
