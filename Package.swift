// swift-tools-version: 6.2
import PackageDescription

// The rooms of Belay, in the order data flows through them: ARCHITECTURE.md tells each one's job.
// Arrows run one way. A room that may not import another does not list it here.

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// Where each use of what the compiler cannot check for memory safety is marked `unsafe` and has its reason (`Safe:`).
let checked = settings + [SwiftSetting.strictMemorySafety()]

/// What a room's tests use besides the room itself.
let testDependencies: [String: [Target.Dependency]] = [
    "SIP": ["JSON"],
    "CallControl": ["JSON", "SIP", "SDP", "Telephony", "PerCL"],
    "People": ["SIP", "SDP", "Telephony"],
    "Carrier": [
        "SIP", "SDP", "RTP", "Telephony", "People", "Media", "SIPTransport",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
    ],
    "Media": ["RTP", "Telephony", "AnswerDetection", "CMedia"],
    "PerCL": ["JSON", "Telephony"],
    "PQL": ["JSON", "SIP", "Telephony"],
    "NameResolution": [
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
    ],
    "Webhooks": [
        "NameResolution", "Telephony",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
    ],
    // What every implementation has to do; each has tests of its own besides.
    "Storage": ["JSON", "Telephony", "PQL", "StorageSQLite", "StorageSamples"],
    "StorageSQLite": [
        "JSON", "Telephony", "PQL", "Storage", "StorageSamples", .product(name: "GRDB", package: "GRDB.swift"),
    ],
    "API": [
        "JSON", "Telephony", "PQL",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdTesting", package: "hummingbird"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "Yams", package: "Yams"),
    ],
    "Runtime": ["Telephony"],
    "Simulation": ["SIP", "Telephony", "CallControl"],
    "AnswerDetection": ["AnswerTrials", "Telephony"],
]

let testTargets: [Target] = [
    "MessageDigests", "SIP", "SDP", "RTP", "JSON", "Telephony", "Sharing", "PerCL", "PQL", "CallControl", "People",
    "Carrier", "Media",
    "NameResolution", "Webhooks", "Storage", "StorageSQLite", "API", "Runtime", "Simulation", "AnswerDetection",
].map { (room: String) -> Target in
    .testTarget(
        name: "\(room)Tests", dependencies: testDependencies[room, default: []] + [.byName(name: room)],
        // Tests are compiled once and run once: an optimizer would cost more than they do. Nor is a room's tests one piece of
        // work, which one core would do while others have none left.
        swiftSettings: settings + [.unsafeFlags(["-Onone", "-no-whole-module-optimization", "-enable-batch-mode"])])
}

let package = Package(
    name: "belay",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "SIP", targets: ["SIP"]),
        .library(name: "SDP", targets: ["SDP"]),
        .library(name: "RTP", targets: ["RTP"]),
        .executable(name: "belay", targets: ["belay"]),
        .executable(name: "belay-sim", targets: ["belay-sim"]),
        .executable(name: "belay-bench", targets: ["belay-bench"]),
        .executable(name: "belay-machines", targets: ["belay-machines"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CLibCrypto", path: "Sources/CLibCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),

        // MARK: Pure rooms: no I/O, no clock, no random source, no async, no lock.
        .target(name: "MessageDigests", dependencies: ["CLibCrypto"], swiftSettings: checked),
        .target(
            name: "SIP",
            dependencies: [
                "JSON",
                "MessageDigests",
                .product(name: "HeapModule", package: "swift-collections"),
            ],
            swiftSettings: checked),
        .target(name: "SDP", swiftSettings: checked),
        .target(name: "RTP", swiftSettings: checked),
        .target(name: "JSON", swiftSettings: checked),
        .target(name: "Telephony", dependencies: ["JSON"], swiftSettings: checked),
        .target(name: "Sharing", swiftSettings: checked),
        .target(name: "PerCL", dependencies: ["JSON", "Telephony"], swiftSettings: checked),
        .target(name: "PQL", dependencies: ["JSON", "Telephony"], swiftSettings: checked),
        .target(
            name: "CallControl",
            dependencies: ["JSON", "SIP", "SDP", "Telephony", "PerCL"],
            swiftSettings: checked),
        .target(name: "People", dependencies: ["SIP", "SDP", "Telephony"], swiftSettings: checked),

        .systemLibrary(
            name: "CSpanDSP", path: "Sources/CSpanDSP", providers: [.apt(["libspandsp-dev"])]),
        .target(name: "AnswerDetection", dependencies: ["CSpanDSP", "Telephony"], swiftSettings: settings),

        // MARK: Shells: do what the core says.
        .target(name: "CSIPTransport"),
        .target(
            name: "SIPTransport",
            dependencies: [
                "SIP", "CSIPTransport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: settings),
        .systemLibrary(
            name: "CCares", path: "Sources/CCares", pkgConfig: "libcares", providers: [.apt(["libc-ares-dev"])]),
        .target(
            name: "NameResolution",
            dependencies: [
                "CCares", "Sharing",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: settings),
        .systemLibrary(
            name: "CSndFile", path: "Sources/CSndFile", pkgConfig: "sndfile",
            providers: [.apt(["libsndfile1-dev"])]),
        .systemLibrary(
            name: "CSpeexDSP", path: "Sources/CSpeexDSP", pkgConfig: "speexdsp",
            providers: [.apt(["libspeexdsp-dev"])]),
        .target(name: "CMedia"),
        .target(
            name: "Media",
            dependencies: ["RTP", "SDP", "Telephony", "Sharing", "AnswerDetection", "CMedia", "CSndFile", "CSpeexDSP"],
            swiftSettings: checked),
        .target(
            name: "Webhooks",
            dependencies: [
                "NameResolution", "Telephony", "Sharing",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                "MessageDigests",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: settings),
        .target(name: "Storage", dependencies: ["Telephony", "PQL"], swiftSettings: settings),
        .target(
            name: "StorageSQLite",
            dependencies: [
                "JSON", "Telephony", "PQL", "Sharing", "Storage",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            swiftSettings: settings),
        .target(
            name: "API",
            dependencies: [
                "JSON", "Telephony", "PQL",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                "MessageDigests",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .target(
            name: "Runtime",
            dependencies: [
                "JSON", "SIP", "SDP", "RTP", "Telephony", "PerCL", "PQL", "CallControl", "AnswerDetection",
                "NameResolution", "SIPTransport", "Media", "Webhooks", "Storage", "API",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .target(
            name: "Carrier",
            dependencies: [
                "SIP", "SDP", "RTP", "Telephony", "People", "SIPTransport", "Media",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "belay",
            dependencies: [
                "API", "AnswerDetection", "AnswerTrials", "CallControl", "Carrier", "JSON", "Media", "NameResolution",
                "People", "PQL", "Runtime", "SIP",
                "SIPTransport", "Storage", "StorageSQLite",
                "Telephony", "Webhooks",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                "MessageDigests",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: settings),

        // MARK: The simulation and the benchmarks.
        .target(
            name: "AnswerTrials", dependencies: ["AnswerDetection", "CSpanDSP", "Media", "RTP", "Telephony"],
            swiftSettings: settings),
        .executableTarget(
            name: "belay-machines",
            dependencies: [
                "AnswerDetection", "AnswerTrials", "Media", "Telephony",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),
        .target(
            name: "Simulation",
            dependencies: ["JSON", "SIP", "SDP", "Telephony", "PerCL", "CallControl", "People"],
            swiftSettings: settings),
        .executableTarget(
            name: "belay-sim",
            dependencies: [
                "Simulation", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "belay-bench",
            dependencies: [
                "JSON", "Media", "SIP", "Storage", "StorageSQLite", "Telephony",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: settings),

        // MARK: What tests of several rooms share.
        .target(
            name: "StorageSamples", dependencies: ["JSON", "PQL", "SIP", "Storage", "Telephony"],
            path: "Tests/StorageSamples", swiftSettings: settings),
    ] + testTargets
)
