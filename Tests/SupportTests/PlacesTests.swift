import Foundation
import TestSupport
import Testing

@Suite struct PlacesTests {
    @Test func portsAreDistinctAndFreeForAServerThatReusesAddresses() async throws {
        let ports = try (0..<50).map { _ in try FreePort.next() }
        #expect(Set(ports).count == 50)
        for port in ports { #expect(!Probe.accepts(port: port)) }
    }

    @Test func aTemporaryFolderIsShortAndGoesWithItsObject() throws {
        var folder: TemporaryFolder? = try TemporaryFolder()
        let path = try #require(folder?.path)
        try folder?.write("text", to: "file")
        #expect(folder?.read("file") == "text")
        #expect((path + "/longwire.sock").utf8.count <= 107)
        folder = nil
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func certificatesNameTheLoopbackAddressAndAreSignedByTheAuthority() async throws {
        let certificates = try await Certificates()
        let shown = try await ManagedProcess.mustRun(
            "openssl", ["x509", "-noout", "-ext", "subjectAltName", "-in", certificates.certificate])
        #expect(shown.contains("IP Address:127.0.0.1") && shown.contains("DNS:localhost"))
        try await ManagedProcess.mustRun(
            "openssl", ["verify", "-CAfile", certificates.authority, certificates.certificate])
    }

    @Test func waitingForWhatNeverComesEndsWithItsName() async throws {
        let error = await #expect(throws: TimedOut.self) {
            try await eventually(within: .milliseconds(20), "pigs fly") { false }
        }
        #expect(error?.description.contains("pigs fly") == true)
    }

    @Test func theCheckoutIsFound() {
        #expect(FileManager.default.fileExists(atPath: Repository.path("Package.swift")))
    }
}
