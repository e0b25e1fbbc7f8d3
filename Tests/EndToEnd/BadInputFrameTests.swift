import LongwireProtocol
import NIOCore
import TestSupport
import Testing

/// Transactions whose frames break the protocol, each alone.
@Suite struct BadInputFrameTests {
    // R: D1
    @Test func aVersionBelowOneIsRefusedAndAHigherOneIsSpokenAsOne() async throws {
        let site = try await BadInputSite()
        for port in site.ports {
            var none = BadInputIdentity().open()
            none.version = 0
            let refusal = try await BadInputTransaction.refused(port: port, none)
            #expect(refusal == AbortFrame(received: 0, code: .version, reason: "this server speaks version 1"))

            var newer = BadInputIdentity().open()
            newer.version = 2
            let transaction = try await BadInputTransaction(port: port)
            try await transaction.send(.open(newer))
            #expect(try await transaction.opened()?.version == 1)
            try await transaction.sendText("from the future", number: 1)
            #expect(try await transaction.text() == "from the future")
        }
        try await site.expectUndisturbed()
    }

    // R: D11
    @Test func aWrongTokenOrInstanceIsNoSuchSessionAndLeavesTheSessionAlone() async throws {
        let site = try await BadInputSite()
        for port in site.ports {
            let identity = BadInputIdentity()
            let victim = try await BadInputTransaction.opened(port: port, identity.open())
            let unknown = AbortFrame(received: 0, code: .noSuchSession, reason: "")

            var thief = identity
            thief.token = BadInputIdentity().token
            #expect(try await BadInputTransaction.refused(port: port, thief.open(path: 2)) == unknown)

            var random = SystemRandomNumberGenerator()
            var stale = identity.open(path: 2)
            stale.instance = .random(using: &random)
            #expect(try await BadInputTransaction.refused(port: port, stale) == unknown)

            // The same identifier below another servlet is another session's.
            #expect(
                try await BadInputTransaction.refused(port: port, servlet: "room", identity.open(path: 2)) == unknown)

            var never = BadInputIdentity().open()
            never.instance = .random(using: &random)
            #expect(try await BadInputTransaction.refused(port: port, never) == unknown)

            try await victim.sendText("not impressed", number: 1)
            #expect(try await victim.text() == "not impressed")
        }
        try await site.expectUndisturbed()
    }

    // R: D11
    @Test func aMalformedFrameCutsTheLineTwiceAndTheThirdTimeTheSession() async throws {
        let site = try await BadInputSite()
        for port in site.ports {
            let identity = BadInputIdentity()
            for path in 1...3 as ClosedRange<UInt64> {
                let transaction = try await BadInputTransaction.opened(port: port, identity.open(path: path))
                // An ACK of one byte.
                try await transaction.send([0x05, 0x01, 0x00])
                let abort = try await transaction.abort()
                if path < 3 {
                    #expect(abort == nil)
                } else {
                    let reason = "unreadable input three times: a frame of type 5 is malformed"
                    #expect(abort == AbortFrame(received: 0, code: .protocolError, reason: reason))
                }
            }
        }
        try await site.expectUndisturbed()
    }

    // R: D11
    @Test func aNumberBeyondTheNextOneIsAGapThatNoLineCanHave() async throws {
        let site = try await BadInputSite()
        for port in site.ports {
            for number in [2, 100_000, VarInt.maximum] {
                let identity = BadInputIdentity()
                for path in 1...3 as ClosedRange<UInt64> {
                    let transaction = try await BadInputTransaction.opened(port: port, identity.open(path: path))
                    try await transaction.sendText("too far", number: number)
                    let abort = try await transaction.abort()
                    let reason = "unreadable input three times: frame \(number) came after 0"
                    let third = AbortFrame(received: 0, code: .protocolError, reason: reason)
                    #expect(abort == (path < 3 ? nil : third))
                }
            }
        }
        try await site.expectUndisturbed()
    }

    // R: D11
    @Test func somethingNewBetweenMalformedFramesKeepsTheSession() async throws {
        let site = try await BadInputSite()
        let identity = BadInputIdentity()
        for path in 1...6 as ClosedRange<UInt64> {
            let transaction = try await BadInputTransaction.opened(port: site.nginx.port, identity.open(path: path))
            try await transaction.sendText("\(path)", number: path)
            #expect(try await transaction.next("the echo") { $0.isText("\(path)") } == true)
            try await transaction.send([0x05, 0x01, 0x00])
            #expect(try await transaction.abort() == nil)
        }
        try await site.expectUndisturbed()
    }

    // R: D2
    @Test func whatBreaksTheRulesEndsTheSessionWithASentence() async throws {
        let site = try await BadInputSite()
        func numbered(_ number: UInt64, _ content: NumberedFrame.Content) -> Frame {
            .numbered(NumberedFrame(number: number, content: content))
        }
        let invalid = ByteBuffer(bytes: [0xff, 0xfe])
        let cases: [([Frame], CloseCode, String, received: UInt64)] = [
            (
                [.ack(AckFrame(received: 5, limit: 0, extra: 1))], .protocolError,
                "frame 5 is acknowledged and was never sent", 0
            ),
            (
                [.ack(AckFrame(received: 0, limit: 0, extra: 7))], .protocolError,
                "path 7 is used and was never opened", 0
            ),
            (
                [numbered(1, .close(.done, reason: "")), numbered(2, .text(ByteBuffer()))], .protocolError,
                "a frame after CLOSE", 1
            ),
            ([numbered(1, .text(invalid))], .protocolError, "a text message is not UTF-8", 1),
            ([.open(BadInputIdentity().open())], .protocolError, "a second OPEN in the middle of a transaction", 0),
            ([.going(.goingAway)], .protocolError, "GOING in the middle of a transaction", 0),
        ]
        for port in site.ports {
            for (frames, code, reason, received) in cases {
                let transaction = try await BadInputTransaction.opened(port: port, BadInputIdentity().open())
                for frame in frames { try await transaction.send(frame) }
                let abort = try await transaction.abort()
                #expect(abort == AbortFrame(received: received, code: code, reason: reason), "\(frames)")
                // Then the response ends; an ACK that was due may still come.
                let rest = try await transaction.framesToEnd().filter { if case .ack = $0 { false } else { true } }
                #expect(rest == [], "\(frames)")
            }
        }
        try await site.expectUndisturbed()
    }

    // R: D11
    @Test func aRepeatedRequestOfAProxyIsClosedAtOnceAndTheFirstGoesOn() async throws {
        let site = try await BadInputSite()
        for port in site.ports {
            let open = BadInputIdentity().open()
            let first = try await BadInputTransaction.opened(port: port, open)
            let again = try await BadInputTransaction(port: port)
            try await again.send(.open(open))
            #expect(try await again.framesToEnd() == [])
            #expect(again.head.hasPrefix("HTTP/1.1 200"))
            try await first.sendText("the first", number: 1)
            #expect(try await first.text() == "the first")
        }
        try await site.expectUndisturbed()
    }

    // R: D11
    @Test func aSecondTransactionIsACandidateUntilTheClientUsesIt() async throws {
        let site = try await BadInputSite()
        for port in site.ports {
            let identity = BadInputIdentity()
            let first = try await BadInputTransaction.opened(port: port, identity.open())
            let second = try await BadInputTransaction.opened(port: port, identity.open(path: 2, using: 1))
            try await first.sendText("on the first", number: 1)
            #expect(try await first.text() == "on the first")
            try await second.send(.ack(AckFrame(received: 1, limit: 256 * 1024, extra: 2)))
            // The first frame on a newly used path is an ACK; the other path is closed.
            let received = try await second.next("the ACK") { if case .ack(let ack) = $0 { ack.received } else { nil } }
            #expect(received == 1)
            #expect(try await first.next("the end") { _ in nil as Bool? } == nil)
            try await second.sendText("on the second", number: 2)
            #expect(try await second.text() == "on the second")
            // A number below the used one is dead for ever.
            let late = try await BadInputTransaction(port: port)
            try await late.send(.open(identity.open(path: 1, using: 2)))
            #expect(try await late.framesToEnd() == [])
        }
        try await site.expectUndisturbed()
    }

    // R: D9
    @Test func theNinthTransactionOfASessionIsRefused() async throws {
        let site = try await BadInputSite()
        let identity = BadInputIdentity()
        var open: [BadInputTransaction] = []
        for path in 1...8 as ClosedRange<UInt64> {
            open.append(
                try await BadInputTransaction.opened(port: site.nginx.port, identity.open(path: path, using: 1)))
        }
        let ninth = try await BadInputTransaction.refused(port: site.nginx.port, identity.open(path: 9, using: 1))
        #expect(
            ninth == AbortFrame(received: 0, code: .overloaded, reason: "more than 8 transactions of one session"))
        try await open[0].sendText("unharmed", number: 1)
        #expect(try await open[0].text() == "unharmed")
        try await site.expectUndisturbed()
    }
}

extension Frame {
    /// True for this text, nil for anything else.
    func isText(_ text: String) -> Bool? {
        guard case .numbered(let frame) = self, case .text(let payload) = frame.content else { return nil }
        return String(buffer: payload) == text ? true : nil
    }
}
