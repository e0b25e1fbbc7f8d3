import Foundation
import TestSupport
import Testing

@Suite struct ManagedProcessTests {
    @Test func outputsAreReadLineByLineAndTheExitCodeIsTold() async throws {
        let process = try ManagedProcess("sh", ["-c", "echo one; echo two >&2; printf three; exit 3"])
        #expect(try await process.waitUntilExit() == .exited(3))
        #expect(process.output?.lines == ["one", "three"])
        #expect(process.errors?.lines == ["two"])
    }

    @Test func aLineIsAwaitedAndItsAbsenceIsReportedWithWhatWasWritten() async throws {
        let process = try ManagedProcess("sh", ["-c", "echo ready on 9000; exec cat"], input: .pipe)
        #expect(try await process.waitForLine(containing: "ready") == "ready on 9000")
        process.closeInput()
        try await process.waitUntilExit()
        await #expect(throws: TimedOut.self) { try await process.waitForLine(containing: "never") }
    }

    @Test func inputPassesThroughAPipeWhateverItsLength() async throws {
        let process = try ManagedProcess("cat", input: .pipe)
        let bytes = [UInt8](repeating: 7, count: 3_000_000)
        try await process.write(bytes)
        process.closeInput()
        #expect(try await process.waitUntilExit() == .exited(0))
        #expect(process.output?.bytes == bytes)
    }

    @Test func writingToAProgramThatEndedIsAnErrorAndNoSignal() async throws {
        let process = try ManagedProcess("true", input: .pipe)
        try await process.waitUntilExit()
        await #expect(throws: SystemError.self) { try await process.write("anyone there?") }
    }

    @Test func signalsArriveAndAreReported() async throws {
        let process = try ManagedProcess("cat", input: .pipe)
        process.pause()
        try await eventually("stopped") { ProcessTable.entry(process.pid)?.state == "T" }
        process.resume()
        try await eventually("running again") { ProcessTable.entry(process.pid)?.state == "S" }
        process.terminate()
        #expect(try await process.waitUntilExit() == .signalled(SIGTERM))
        #expect(!process.send(signal: SIGTERM))
    }

    @Test func droppingTheObjectKillsTheProgramAndWhatItStarted() async throws {
        var process: ManagedProcess? = try ManagedProcess(
            "sh", ["-c", "tail -f /dev/null & tail -f /dev/null & echo up; wait"], input: .pipe)
        try await process?.waitForLine(containing: "up")
        let family = ProcessTable.family(of: try #require(process?.pid))
        #expect(family.count == 3)
        process = nil
        try await eventually("all gone") { family.allSatisfy { ProcessTable.entry($0) == nil } }
    }

    @Test func childrenOfAProgramThatEndedAreKilledToo() async throws {
        let folder = try TemporaryFolder()
        var process: ManagedProcess? = try ManagedProcess(
            "sh", ["-c", "tail -f /dev/null >/dev/null 2>&1 & echo $! > child; exit 0"], folder: folder.path)
        #expect(try await process?.waitUntilExit() == .exited(0))
        let child = try #require(pid_t(folder.read("child").trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(ProcessTable.entry(child) != nil)
        process = nil
        try await eventually("the child is gone") { ProcessTable.entry(child).map { $0.state == "Z" } ?? true }
    }

    @Test func onlyTheGivenDescriptorsAreInherited() async throws {
        let stray = open("/dev/null", O_RDONLY)
        defer { close(stray) }
        let given = open("/dev/zero", O_RDONLY)
        defer { close(given) }
        let process = try ManagedProcess("ls", ["-l", "/proc/self/fd"], passing: [given])
        try await process.waitUntilExit()
        let text = try #require(process.output?.text)
        #expect(text.contains("3 -> /dev/zero"))
        #expect(!text.contains(" 4 -> /dev/null"))
    }

    @Test func socketActivationTellsTheProgramItsOwnNumber() async throws {
        let process = try ManagedProcess(
            "sh", ["-c", "echo $LISTEN_FDS $LISTEN_PID $$ \"$@\"", "x", "a b"], passing: [0, 0], activated: true)
        try await process.waitUntilExit()
        #expect(process.output?.lines == ["2 \(process.pid) \(process.pid) a b"])
    }

    @Test func useOfMemoryAndDescriptorsIsSeen() async throws {
        let process = try ManagedProcess("sh", ["-c", "tail -f /dev/null & echo up; wait"], input: .pipe)
        try await process.waitForLine(containing: "up")
        #expect(process.residentMemory() > 100_000)
        try await eventually("the child counts") {
            process.residentMemory(withChildren: true) > process.residentMemory()
        }
        #expect(process.peakResidentMemory() >= process.residentMemory())
        #expect(process.openDescriptors >= 3)
    }

    @Test func aHundredProgramsAtOnceAllEndAndAreTold() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                group.addTask {
                    let result = try await ManagedProcess.run("sh", ["-c", "cat; exit \(number)"], input: "\(number)")
                    #expect(result.status == .exited(Int32(number)))
                    #expect(result.output == "\(number)")
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func aProgramThatDoesNotExistIsAnError() {
        #expect(throws: SystemError.self) { try ManagedProcess("no-such-program-here") }
        #expect(throws: SystemError.self) { try ManagedProcess("/nowhere/at-all") }
    }
}
