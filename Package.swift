// swift-tools-version: 6.2
import PackageDescription

let strict = Context.environment["LONGWIRE_CI"] != nil

func nio(_ name: String) -> Target.Dependency { .product(name: name, package: "swift-nio") }
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTPTypesHTTP1 = Target.Dependency.product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let nioHTTPTypesHTTP2 = Target.Dependency.product(name: "NIOHTTPTypesHTTP2", package: "swift-nio-extras")
let nioHTTP2 = Target.Dependency.product(name: "NIOHTTP2", package: "swift-nio-http2")
let nioSSL = Target.Dependency.product(
    name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["TLS"]))
let jwtKit = Target.Dependency.product(
    name: "JWTKit", package: "jwt-kit", condition: .when(traits: ["TLS"]))
let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")

let package = Package(
    name: "longwire",
    products: [
        .library(name: "FastCGI", targets: ["FastCGI"]),
        .library(name: "LongwireServer", targets: ["LongwireServer"]),
        .library(name: "LongwireJWT", targets: ["LongwireJWT"]),
        .library(name: "LongwireClient", targets: ["LongwireClient"]),
        .library(name: "LongwireTesting", targets: ["LongwireTesting"]),
        .executable(name: "longwired", targets: ["longwired"]),
        .executable(name: "longwire", targets: ["longwire"]),
    ],
    traits: [
        // One trait for both: SwiftPM names several to the compiler in an order that changes from run to run, and each
        // change of order builds all of our modules again.
        .trait(name: "TLS", description: "TLS on both sides (swift-nio-ssl), and JSON Web Tokens (jwt-kit)."),
        .default(enabledTraits: ["TLS"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        .systemLibrary(name: "CFastCGI", providers: [.apt(["libfcgi-dev"])]),
        .systemLibrary(name: "CProcess"),
        .systemLibrary(name: "CLibedit", pkgConfig: "libedit", providers: [.apt(["libedit-dev"])]),
        .target(
            name: "FastCGI",
            dependencies: [
                "CFastCGI", nio("NIOCore"), nio("NIOConcurrencyHelpers"), nio("NIOPosix"), httpTypes, nioHTTPTypes, log,
            ]),
        .target(name: "LongwireProtocol", dependencies: [nio("NIOCore")]),
        .target(
            name: "LongwireSession", dependencies: ["LongwireProtocol", nio("NIOCore"), nio("NIOConcurrencyHelpers")]),
        .target(
            name: "LongwireTransport",
            dependencies: ["LongwireSession", "LongwireProtocol", nio("NIOCore"), httpTypes]),
        .target(
            name: "LongwireServer",
            dependencies: [
                "CProcess", "FastCGI", "LongwireProtocol", "LongwireSession", "LongwireTransport", nio("NIOCore"),
                nio("NIOConcurrencyHelpers"), nio("NIOPosix"), nio("NIOHTTP1"), httpTypes, nioHTTPTypes,
                nioHTTPTypesHTTP1, nioHTTPTypesHTTP2, nioHTTP2, nio("NIOWebSocket"), nioSSL, log, subprocess,
            ],
            resources: [
                .embedInCode("Browser/longwire.js"), .embedInCode("Browser/longwire.d.ts"),
                .embedInCode("Browser/chat.html"),
            ]),
        .target(
            name: "LongwireJWT",
            dependencies: [
                "LongwireServer", "LongwireTransport", nio("NIOCore"), nio("NIOConcurrencyHelpers"), log, jwtKit,
            ]),
        .target(
            name: "LongwireClient",
            dependencies: [
                "LongwireProtocol", "LongwireSession", "LongwireTransport", nio("NIOCore"),
                nio("NIOConcurrencyHelpers"), nio("NIOPosix"), nio("NIOHTTP1"), nio("NIOWebSocket"), nioSSL, httpTypes,
                log,
            ]),
        .target(
            name: "LongwireTesting",
            dependencies: [
                "LongwireProtocol", "LongwireSession", "LongwireTransport", nio("NIOCore"), nio("NIOEmbedded"),
                nio("NIOPosix"),
            ]),
        .executableTarget(
            name: "longwired",
            dependencies: [
                "LongwireServer", "FastCGI", .target(name: "LongwireJWT", condition: .when(traits: ["TLS"])),
                nio("NIOCore"), nio("NIOPosix"), argumentParser, yams,
                unixSignals, log,
            ]),
        .executableTarget(
            name: "longwire",
            dependencies: [
                "LongwireClient", "LongwireTesting", "LongwireTransport", "CLibedit", nio("NIOCore"),
                nio("NIOConcurrencyHelpers"), nio("NIOPosix"), argumentParser, log,
            ]),
        .executableTarget(
            name: "longwire-bench",
            dependencies: [
                "FastCGI", "LongwireClient", "LongwireServer", nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"),
            ],
            path: "Benchmarks/Driver"),
        .target(
            name: "TestSupport", dependencies: [nio("NIOCore"), nio("NIOConcurrencyHelpers"), nio("NIOPosix")],
            path: "Tests/Support"),
        .testTarget(
            name: "FastCGITests",
            dependencies: [
                "FastCGI", nio("NIOCore"), nio("NIOConcurrencyHelpers"), nio("NIOPosix"), nio("NIOEmbedded"),
                nio("NIOTestUtils"), httpTypes,
                nioHTTPTypes, log,
            ]),
        .testTarget(
            name: "LongwireProtocolTests",
            dependencies: ["LongwireProtocol", "LongwireTesting", nio("NIOCore"), nio("NIOEmbedded")]),
        .testTarget(
            name: "LongwireSessionTests",
            dependencies: [
                "LongwireSession", "LongwireProtocol", "LongwireTesting", nio("NIOCore"), nio("NIOConcurrencyHelpers"),
                nio("NIOPosix"),
                nio("NIOEmbedded"),
            ]),
        .testTarget(
            name: "LongwireTransportTests",
            dependencies: ["LongwireTransport", "LongwireProtocol", nio("NIOCore"), nio("NIOEmbedded")]),
        .testTarget(
            name: "LongwireClientTests",
            dependencies: ["LongwireClient", "LongwireSession", nio("NIOCore"), nio("NIOEmbedded"), nio("NIOHTTP1")]),
        .testTarget(
            name: "LongwireServerTests",
            dependencies: [
                "LongwireServer", "LongwireClient", "LongwireProtocol", "LongwireSession", "LongwireTesting",
                "LongwireTransport", "TestSupport", nio("NIOWebSocket"),
                nio("NIOCore"), nio("NIOConcurrencyHelpers"), nio("NIOPosix"),
                nio("NIOHTTP1"), nio("NIOEmbedded"), httpTypes, nioHTTPTypes, nioHTTPTypesHTTP1, log,
            ]),
        .testTarget(
            name: "LongwireJWTTests",
            dependencies: [
                "LongwireJWT", "LongwireServer", "LongwireTransport", "TestSupport",
                nio("NIOCore"), nio("NIOConcurrencyHelpers"), httpTypes, log, jwtKit,
            ]),
        .testTarget(name: "SupportTests", dependencies: ["TestSupport", nio("NIOCore"), nio("NIOPosix")]),
        .testTarget(
            name: "LongwireTestingTests",
            dependencies: [
                "LongwireTesting", "LongwireProtocol", "LongwireSession", "TestSupport", nio("NIOCore"),
                nio("NIOPosix"),
            ]),
        .testTarget(
            name: "LongwiredTests",
            dependencies: ["longwired", "LongwireServer", "TestSupport", nio("NIOCore"), argumentParser, log]),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "TestSupport", "LongwireClient", "LongwireServer", "LongwireProtocol", "LongwireTransport", "FastCGI",
                nio("NIOCore"), nio("NIOConcurrencyHelpers"), nio("NIOPosix"),
            ],
            path: "Tests/EndToEnd"),
        .testTarget(
            name: "ChaosTests",
            dependencies: [
                "TestSupport", "LongwireClient", "LongwireServer", "LongwireProtocol", "LongwireSession",
                "LongwireTesting", "FastCGI", nio("NIOCore"), nio("NIOPosix"),
            ],
            path: "Tests/Chaos"),
    ],
    swiftLanguageModes: [.v6]
)

// What single operations cost is counted by a program of this package: it sees internals as tests do, and with the
// flags of the tests (scripts/common) everything below it is built already.
if strict {
    package.targets += [
        .target(name: "CMicroCounter", path: "Benchmarks/Micro/Counter"),
        .executableTarget(
            name: "longwire-micro",
            dependencies: [
                "CMicroCounter", "FastCGI", "LongwireProtocol", "LongwireServer", "LongwireTransport",
                nio("NIOCore"), nio("NIOEmbedded"), log,
            ],
            path: "Benchmarks/Micro/Program"),
    ]
}

// The fuzzers are programs of this package, so that they see what tests see; only scripts/fuzz asks for them, because
// libFuzzer wants flags that a package others depend on may not have.
if Context.environment["LONGWIRE_FUZZ"] != nil {
    let programs: [String: [Target.Dependency]] = [
        "RecordBytes": ["FastCGI"],
        "FrameBytes": ["LongwireProtocol"],
        "MessageBytes": ["LongwireProtocol", "LongwireTransport"],
        "RequestFields": ["LongwireProtocol", "LongwireServer", "LongwireTransport", httpTypes],
        "ClientAnswers": ["LongwireClient", "LongwireTransport"],
        "WebSocketBytes": ["LongwireServer", "LongwireTransport", httpTypes, nio("NIOEmbedded")],
        "SessionOperations": ["LongwireProtocol"],
    ]
    package.targets.append(.target(name: "CLibFuzzer", path: "Tests/Fuzz/CLibFuzzer"))
    package.targets += programs.map { name, dependencies in
        .executableTarget(
            name: name, dependencies: dependencies + ["CLibFuzzer", nio("NIOCore")], path: "Tests/Fuzz/\(name)",
            swiftSettings: [.unsafeFlags(["-parse-as-library"])],
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])])
    }
}

// Where a sanitizer watches the unit tests alone (scripts/test), what only other tests need is not built with it.
if Context.environment["LONGWIRE_UNITS"] != nil {
    let others = ["longwire", "longwire-bench", "longwire-micro", "EndToEndTests", "ChaosTests", "SupportTests"]
    package.products.removeAll { others.contains($0.name) }
    package.targets.removeAll { others.contains($0.name) }
}

for target in package.targets where [.regular, .executable, .test].contains(target.type) {
    target.swiftSettings =
        (target.swiftSettings ?? []) + [
            .enableUpcomingFeature("ExistentialAny"),  // SE-0335
            .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
            .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
            .enableUpcomingFeature("NonisolatedNonsendingByDefault"),  // SE-0461
        ] + (strict ? [.treatAllWarnings(as: .error)] : [])
}
