// swift-tools-version: 6.2
import PackageDescription

// A package of its own, because libFuzzer wants flags that a package others depend on may not have. Built and run by
// scripts/fuzz. To add a program: a folder in Sources with one file, whose entry is NAME_main and calls
// LLVMFuzzerRunDriver, and its name in this list; whatever it finds becomes a named unit test beside the code.
let programs: [String: [Target.Dependency]] = [
    "RecordBytes": [.product(name: "FastCGI", package: "longwire")],
    "FrameBytes": [.product(name: "LongwireTesting", package: "longwire")],
    "SessionOperations": [.product(name: "LongwireTesting", package: "longwire")],
]

let package = Package(
    name: "fuzz",
    dependencies: [
        .package(name: "longwire", path: "../..", traits: []),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [.target(name: "CLibFuzzer")]
        + programs.map { name, dependencies in
            .executableTarget(
                name: name,
                dependencies: dependencies + ["CLibFuzzer", .product(name: "NIOCore", package: "swift-nio")],
                swiftSettings: [.unsafeFlags(["-parse-as-library"])],
                linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])])
        },
    swiftLanguageModes: [.v6]
)
