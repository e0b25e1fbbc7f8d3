internal import NIOCore

/// One thing that is measured of each way.
enum Figure: String, CaseIterable, Sendable {
    /// Half of the round trips take less: one session, one message of 64 bytes under way.
    case roundTrip = "round trip"
    /// The same while every process that takes part is on one core: no processor has to be woken.
    case oneCore = "one core"
    /// Messages of 64 bytes a second, there and back: 8 sessions with 128 under way each.
    case rate
    /// Bytes a second, there and back, in messages of 16 KiB: one session with 16 under way.
    case bulk

    var sessions: Int { self == .rate ? 8 : 1 }
    var size: Int { self == .bulk ? 16 * 1024 : 64 }
    var window: Int {
        switch self {
        case .roundTrip, .oneCore: 1
        case .rate: 128
        case .bulk: 16
        }
    }

    /// Whether less is better.
    var isTime: Bool { self == .roundTrip || self == .oneCore }

    /// How it is called in tables.
    var title: String {
        switch self {
        case .roundTrip: "round trip"
        case .oneCore: "round trip on one core"
        case .rate: "64-byte messages"
        case .bulk: "16-KiB messages"
        }
    }

    /// What was counted, in the figure's unit: µs, thousands a second, MB a second.
    func value(received: UInt64, times: [Int64], seconds: Double) -> Double {
        switch self {
        case .roundTrip, .oneCore: Double(times.sorted()[times.count / 2]) / 1_000
        case .rate: Double(received) / seconds / 1_000
        case .bulk: Double(received) * Double(size) / seconds / 1_000_000
        }
    }

    var unit: String {
        switch self {
        case .roundTrip, .oneCore: "µs"
        case .rate: "k/s"
        case .bulk: "MB/s"
        }
    }

    /// How good `value` is beside `other`: above 1 is better.
    func gain(_ value: Double, over other: Double) -> Double { isTime ? other / value : value / other }
}

/// Measures one figure of one way, once.
struct Measurement: Sendable {
    var way: EchoWay
    var figure: Figure
    var seconds: Double

    func run(on loop: any EventLoop) async throws -> Double {
        var lines: [NIOLoopBound<any EchoLine>] = []
        let open = figure == .oneCore ? way.openOnOneCore ?? way.open : way.open
        for _ in 0..<figure.sessions { lines.append(try await open(loop, figure.size)) }
        let opened = lines
        let (figure, seconds) = (figure, seconds)
        let loads = try await loop.submit {
            let loads = opened.map { EchoLoad($0.value, size: figure.size, window: figure.window) }
            for load in loads { load.start() }
            return NIOLoopBound(loads, eventLoop: loop)
        }.get()
        // What is slow only at first (connections, windows, memory) is not what is measured.
        try await Task.sleep(for: .seconds(seconds / 4))
        let start = try await loop.submit {
            for load in loads.value { load.begin() }
            return NIODeadline.now()
        }.get()
        try await Task.sleep(for: .seconds(seconds))
        return try await loop.submit {
            defer { for load in loads.value { load.stop() } }
            let passed = Double((.now() - start).nanoseconds) / 1e9
            if let failure = loads.value.lazy.compactMap(\.failure).first { throw BenchFailure(failure) }
            let received = loads.value.reduce(0) { $0 + $1.received }
            let times = loads.value.flatMap(\.times)
            guard received > 0, !figure.isTime || !times.isEmpty else { throw BenchFailure("nothing came back") }
            return figure.value(received: received, times: times, seconds: passed)
        }.get()
    }
}
