import NIOCore
import Testing

@testable import LongwireProtocol

@Suite("SessionConfiguration")
struct SessionConfigurationTests {
    @Test("The defaults work")
    func defaults() throws {
        try SessionConfiguration().validate()
    }

    @Test("What cannot work is refused with a sentence")
    func refused() {
        let mistakes: [(inout SessionConfiguration) -> Void] = [
            { $0.receiveWindow = 16_000 }, { $0.sendBuffer = 1 }, { $0.bundleBytes = 0 },
            { $0.allowanceBytes = 16_500 },
            { $0.allowanceBytesLoopback = -1 }, { $0.allowancePieces = 7 }, { $0.messageLimit = 0 },
            { $0.heartbeat = .zero }, { $0.pollHold = .seconds(16) }, { $0.timeToOpen = .zero },
            { $0.resumeTime = .seconds(-1) }, { $0.linger = .seconds(-1) }, { $0.bundleMessages = 0 },
            { $0.pollRequests = 0 }, { $0.uplinkRequests = 0 }, { $0.unansweredLimit = 0 },
            { $0.greatestAge = .milliseconds(10) }, { $0.greatestSize = 1000 },
        ]
        for (index, mistake) in mistakes.enumerated() {
            var configuration = SessionConfiguration()
            mistake(&configuration)
            #expect(throws: ConfigurationError.self, "mistake \(index)") { try configuration.validate() }
        }
    }

    // R: D11, C4
    @Test("What may be switched off may be")
    func zero() throws {
        var configuration = SessionConfiguration()
        configuration.resumeTime = .zero
        configuration.linger = .zero
        configuration.greatestAge = .zero
        configuration.greatestSize = 0
        configuration.allowancePieces = 0
        configuration.heartbeatMode = .interval
        try configuration.validate()
    }
}
