import FastCGI
import Foundation
import LongwireClient
import LongwireServer
import NIOCore
import NIOPosix
import Testing
import TestSupport

/// This test program started again as one side of a flow, so that its memory is its own and can be measured.
struct FlowRole: Sendable {
    private static let variable = "LONGWIRE_FLOW_ROLE"

    /// What this process was started as: a word, and arguments.
    static var own: [String]? {
        ProcessInfo.processInfo.environment[variable].map { $0.split(separator: ",").map(String.init) }
    }

    /// Starts this program as a role.
    static func start(_ words: [String]) throws -> ManagedProcess {
        try ManagedProcess(
            "/proc/self/exe".resolved, ["--testing-library", "swift-testing", "--filter", "FlowRoleTests"],
            environment: [variable: words.joined(separator: ",")], input: .pipe)
    }

    /// A line for the process that started this one.
    static func say(_ text: String) {
        print("role: \(text)")
        fflush(nil)
    }
}

extension String {
    fileprivate var resolved: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: self)) ?? self
    }
}

@Suite("A process of its own", .enabled(if: FlowRole.own != nil))
struct FlowRoleTests {
    @Test("plays the role it was started for")
    func play() async throws {
        guard let words = FlowRole.own, words.count >= 3, let plan = FlowPlan(words[2]) else { return }
        switch words[0] {
        case "server": try await serve(words[1], plan)
        case "client": try await connect(words[1], plan, mode: words.last ?? "")
        default: Issue.record("no role \(words)")
        }
    }

    /// Serves until it is killed.
    private func serve(_ address: String, _ plan: FlowPlan) async throws {
        FileLimit.raise()
        var configuration = MountConfiguration()
        configuration.session.receiveWindow = max(configuration.session.receiveWindow, plan.window)
        let echo = FlowServlet { session in
            for try await message in session.messages { try await session.send(message) }
        }
        let mount = try Mount(
            servlets: ["volume": .task(FlowVolume.servlet(plan)), "task": .task(echo), "echo": .inline(EchoServlet())],
            configuration: configuration)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        _ = try await mount.fastCGIServer().bind(to: BindAddress(parsing: address), on: group)
        FlowRole.say("serving")
        // Ends with whoever started this process.
        while readLine() != nil {}
    }

    private func connect(_ url: String, _ plan: FlowPlan, mode: String) async throws {
        let client = try await FlowClient.connect(url) {
            guard mode == "ignoring" || mode == "keeping" else { return }
            $0.session.ignoresAllowance = mode == "ignoring"
            $0.session.sendBuffer = plan.window
            $0.session.watchdog = .milliseconds(400)
        }
        var result: (problems: [String], stops: Int) = ([], 0)
        let seconds = try await flowSeconds { result = try await FlowVolume.client(client.session, plan) }
        FlowRole.say("breaks \(client.changes.breaks.count) \(client.changes.breaks.first ?? "")")
        FlowRole.say("stops \(result.stops)")
        FlowRole.say("memory \(ProcessTable.bytes("VmHWM", of: getpid()) ?? 0)")
        FlowRole.say("seconds \(seconds)")
        FlowRole.say(result.problems.isEmpty ? "equal" : "different: \(result.problems)")
    }
}

extension FlowPlan {
    /// The receive window of a flow whose client ignores the allowance: credit must not be what holds it back.
    var window: Int { seed == FlowPlan.ignoringSeed ? 4 << 20 : 0 }
    /// Marks the plans of such flows.
    static let ignoringSeed: UInt64 = 999
}
